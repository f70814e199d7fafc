//! Media of an entry → its lead picture and its attachments.

use ::url::Url;

use super::{absolute, html};
use crate::model::{Attachment, Image, Seconds};
use crate::parse::Media;

fn is_picture(media: &Media) -> bool {
    media.picture
        || media.thumbnail
        || media
            .mime_type
            .as_deref()
            .is_some_and(|kind| kind.starts_with("image/"))
}

/// The lead picture: wide feed media, the first in the content, other feed media, a thumbnail.
pub(super) fn image(media: &[Media], content_html: &str, base: &Url) -> Option<Image> {
    let pictures: Vec<&Media> = media
        .iter()
        .filter(|media| is_picture(media) && is_lead(&media.url, media.width, media.height))
        .collect();
    let to_image = |media: &&Media| {
        Some(Image {
            url: absolute(base, &media.url)?,
            alt: None,
            caption: media.description.clone(),
            credit: media.credit.clone(),
            width: media.width,
            height: media.height,
            mime_type: media.mime_type.clone(),
        })
    };
    let wide = pictures
        .iter()
        .find(|media| media.width.is_some_and(|width| width >= 600))
        .and_then(to_image);
    let inline = html::first_image(content_html)
        .filter(|(url, alt)| is_lead(url, None, None) && alt.as_deref() != Some("author-image"));
    let other = || {
        pictures
            .iter()
            .find(|media| !media.thumbnail)
            .and_then(to_image)
    };
    let thumbnail = || pictures.first().and_then(to_image);
    let from_content = inline.clone().map(|(url, alt)| Image {
        url,
        alt,
        ..Image::default()
    });
    let mut chosen = wide.or(from_content).or_else(other).or_else(thumbnail)?;
    if let Some((url, alt)) = inline
        && chosen.alt.is_none()
        && url.split('?').next() == chosen.url.split('?').next()
    {
        chosen.alt = alt;
    }
    Some(chosen)
}

fn is_lead(url: &str, width: Option<u32>, height: Option<u32>) -> bool {
    const NEVER: &[&str] = &[
        "avatar",
        "author-image",
        "gravatar",
        "logo",
        "sprite",
        "icon",
        "emoji",
        "placeholder",
        "spacer",
        "pixel",
        "badge",
    ];
    let lower = url.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    let small = [width, height].into_iter().flatten().any(|side| side < 200);
    !small
        && !path.ends_with(".svg")
        && !path.ends_with(".ico")
        && !lower.starts_with("data:")
        && !NEVER.iter().any(|word| path.contains(word))
}

/// Enclosures: each address once, pictures aside.
pub(super) fn attachments(media: &[Media], base: &Url) -> Vec<Attachment> {
    let mut out: Vec<Attachment> = Vec::new();
    for media in media.iter().filter(|media| !media.thumbnail) {
        let Some(url) = absolute(base, &media.url) else {
            continue;
        };
        if out.iter().all(|known| known.url != url) {
            out.push(Attachment {
                url,
                mime_type: media.mime_type.clone(),
                size: media.size,
                duration: media.duration_ms.map(Seconds),
                title: media.title.clone(),
                width: media.width,
                height: media.height,
            });
        }
    }
    out
}
