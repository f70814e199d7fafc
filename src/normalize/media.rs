//! Media of an entry → its lead picture and its attachments.

use ::url::Url;

use memchr::memchr2;

use super::html::Inline;
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

/// The lead picture: wide feed media, the first in the content, other feed media, a thumbnail. A description serves as
/// its alternative text when the content has none; a caption that says nothing more than that or the title goes.
pub(super) fn image(
    media: &[Media],
    content_html: &str,
    title: Option<&str>,
    base: &Url,
) -> Option<Image> {
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
            mime_type: mime_type(media),
        })
    };
    let wide = pictures
        .iter()
        .find(|media| media.width.is_some_and(|width| width >= 600))
        .and_then(to_image);
    let shown: Vec<Inline> = html::pictures(content_html).collect();
    let inline = shown.iter().find(|picture| {
        is_lead(&picture.url, picture.width, picture.height)
            && !picture.alt.as_deref().is_some_and(names_furniture)
    });
    let other = || {
        pictures
            .iter()
            .find(|media| !media.thumbnail)
            .and_then(to_image)
    };
    let thumbnail = || pictures.first().and_then(to_image);
    let from_content = || {
        inline.map(|picture| Image {
            url: picture.url.clone(),
            width: picture.width,
            height: picture.height,
            ..Image::default()
        })
    };
    let mut chosen = wide
        .or_else(from_content)
        .or_else(other)
        .or_else(thumbnail)?;
    let path = path_of(&chosen.url);
    chosen.alt = shown
        .iter()
        .find(|picture| path_of(&picture.url) == path)
        .and_then(|picture| picture.alt.clone())
        .or_else(|| chosen.caption.clone());
    chosen.caption = chosen
        .caption
        .filter(|caption| Some(caption.as_str()) != title && Some(caption) != chosen.alt.as_ref());
    Some(chosen)
}

/// An address without query and fragment.
fn path_of(url: &str) -> &str {
    memchr2(b'?', b'#', url.as_bytes()).map_or(url, |end| &url[..end])
}

/// Whether an address or an alternative text names a picture that belongs to the site, not to the article.
fn is_furniture(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "avatar",
        "badge",
        "emoji",
        "gravatar",
        "icon",
        "logo",
        "pixel",
        "placeholder",
        "spacer",
        "sprite",
    ];
    let lower = name.to_ascii_lowercase();
    let path = path_of(&lower);
    let file = path.rsplit('/').next().unwrap_or_default();
    let has = |words: &[&str]| {
        path.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| words.contains(&word) || words.contains(&word.trim_end_matches('s')))
    };
    has(WORDS) || path == "author-image" || file.starts_with("default")
}

/// Whether an alternative text is only the name of what it shows: an avatar, a logo.
pub(super) fn names_furniture(alt: &str) -> bool {
    alt.split_whitespace().count() <= 3 && is_furniture(alt)
}

pub(super) fn is_lead(url: &str, width: Option<u32>, height: Option<u32>) -> bool {
    let path = path_of(url);
    let is_small = [width, height].into_iter().flatten().any(|side| side < 200);
    let is_odd = match (width, height) {
        (Some(width), Some(height)) => width > 4 * height || height > 4 * width,
        _ => false,
    };
    let is_kind = |kind: &str| {
        let ending = path.as_bytes().last_chunk::<4>();
        ending.is_some_and(|ending| ending.eq_ignore_ascii_case(kind.as_bytes()))
    };
    !is_small
        && !is_odd
        && !is_furniture(url)
        && !is_kind(".svg")
        && !is_kind(".ico")
        && !url.starts_with("data:")
}

/// What a picture or attachment is said to be, when that can be a media type (RFC 6838 §4.2); parameters stay.
fn mime_type(media: &Media) -> Option<String> {
    let kind = media.mime_type.as_deref()?.trim();
    let (top, sub) = kind.split(';').next()?.trim().split_once('/')?;
    let is_name = |name: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        (1..=127).contains(&name.len()) && name.chars().all(allowed)
    };
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    (is_name(top) && is_name(sub) && kind.chars().all(is_plain) && !kind.contains(['<', '>']))
        .then(|| kind.to_owned())
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
                mime_type: mime_type(media),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://example.org/a/").expect("fixture")
    }

    fn picture(url: &str, width: Option<u32>) -> Media {
        Media {
            url: url.to_owned(),
            picture: true,
            width,
            ..Media::default()
        }
    }

    fn lead(media: &[Media], html: &str) -> Option<String> {
        image(media, html, None, &base()).map(|image| image.url)
    }

    #[test]
    fn wide_feed_media_then_content_then_other_feed_media_lead() {
        let inline = "<p>a</p><img src=\"https://example.org/in.jpg\">";
        let (wide, plain) = (picture("/wide.jpg", Some(1200)), picture("/feed.jpg", None));
        let all = [plain.clone(), wide];
        assert_eq!(
            lead(&all, inline).as_deref(),
            Some("https://example.org/wide.jpg")
        );
        assert_eq!(
            lead(std::slice::from_ref(&plain), inline).as_deref(),
            Some("https://example.org/in.jpg")
        );
        assert_eq!(
            lead(&[plain], "").as_deref(),
            Some("https://example.org/feed.jpg")
        );
    }

    #[test]
    fn pictures_of_the_site_do_not_lead() {
        for other in [
            "src=\"https://example.org/avatars/7.jpg\"",
            "src=\"https://example.org/img/site-logo.png\"",
            "src=\"https://example.org/default-image.jpg\"",
            "src=\"https://example.org/a.svg\"",
            "src=\"https://example.org/a.jpg\" alt=\"author-image\"",
            "src=\"https://example.org/a.jpg\" width=\"150\"",
            "src=\"https://example.org/a.jpg\" width=\"2000\" height=\"300\"",
        ] {
            let good = "https://example.org/sites/default/files/silicon.jpg";
            let html =
                format!("<img {other}><img src=\"{good}\" alt=\"The logo of the new ferry line\">");
            assert_eq!(lead(&[], &html).as_deref(), Some(good), "{other}");
        }
    }

    #[test]
    fn alternative_text_comes_from_the_content_and_captions_repeat_nothing() {
        let mut media = picture("/a.jpg?w=1", Some(900));
        media.description = Some("The ferry at dusk".to_owned());
        let found = |title, html| {
            image(std::slice::from_ref(&media), html, title, &base()).expect("a picture")
        };
        let alone = found(None, "");
        assert_eq!(
            (alone.alt.as_deref(), alone.caption),
            (Some("The ferry at dusk"), None)
        );
        let html = "<img src=\"https://example.org/a.jpg\" alt=\"A ferry\">";
        let both = found(None, html);
        assert_eq!(
            (both.alt.as_deref(), both.caption.as_deref()),
            (Some("A ferry"), Some("The ferry at dusk"))
        );
        assert_eq!(found(Some("The ferry at dusk"), html).caption, None);
    }
}
