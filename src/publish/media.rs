//! Pictures and attachments as Media RSS (<https://www.rssboard.org/media-rss>), in Atom and in RSS.

use super::text::unobeyed;
use super::xml::Xml;
use crate::model::{Article, Attachment, Image};

/// The namespace of Media RSS.
pub(super) const NAMESPACE: &str = "http://search.yahoo.com/mrss/";

/// Whether anything of an article is said in Media RSS. `all`: also attachments that need no more than an enclosure.
pub(super) fn is_used(article: &Article, all: bool) -> bool {
    let details = &article.entry.details;
    details.image.is_some() || details.attachments.iter().any(|one| all || says_more(one))
}

/// The lead picture.
pub(super) fn picture(xml: &mut Xml, image: &Image) {
    let [width, height] = [image.width, image.height].map(pixels);
    let size = [("width", width.as_deref()), ("height", height.as_deref())];
    let url = ("url", Some(image.url.as_str()));
    let attributes = [
        url,
        ("medium", Some("image")),
        ("type", image.mime_type.as_deref()),
        size[0],
        size[1],
    ];
    let description = image.alt.as_deref().or(image.caption.as_deref());
    if description.is_none() && image.credit.is_none() {
        xml.empty("media:content", &attributes);
    } else {
        xml.open("media:content", &attributes);
        if let Some(description) = description {
            xml.text("media:description", &[], &unobeyed(description));
        }
        if let Some(credit) = &image.credit {
            xml.text("media:credit", &[], &unobeyed(credit));
        }
        xml.close("media:content");
    }
    xml.empty("media:thumbnail", &[url, size[0], size[1]]);
}

/// Whether an attachment has properties that no enclosure can carry.
pub(super) fn says_more(attachment: &Attachment) -> bool {
    attachment.duration.is_some() || attachment.width.is_some() || attachment.height.is_some()
}

/// An attachment with all its properties.
pub(super) fn attachment(xml: &mut Xml, attachment: &Attachment) {
    let size = attachment.size.map(|bytes| bytes.to_string());
    let seconds = attachment.duration.map(|length| whole_seconds(length.0));
    let [width, height] = [attachment.width, attachment.height].map(pixels);
    let attributes = [
        ("url", Some(attachment.url.as_str())),
        ("medium", medium(attachment)),
        ("type", attachment.mime_type.as_deref()),
        ("fileSize", size.as_deref()),
        ("duration", seconds.as_deref()),
        ("width", width.as_deref()),
        ("height", height.as_deref()),
    ];
    match &attachment.title {
        Some(title) => {
            xml.open("media:content", &attributes);
            xml.text("media:title", &[("type", Some("plain"))], &unobeyed(title));
            xml.close("media:content");
        }
        None => xml.empty("media:content", &attributes),
    }
}

/// Milliseconds as whole seconds, rounded up.
pub(super) fn whole_seconds(millis: u64) -> String {
    millis.div_ceil(1000).to_string()
}

/// Whether an attachment is heard or watched.
pub(super) fn is_podcast(attachment: &Attachment) -> bool {
    matches!(medium(attachment), Some("audio" | "video"))
}

fn medium(attachment: &Attachment) -> Option<&'static str> {
    let kind = attachment.mime_type.as_deref().unwrap_or_default();
    ["image", "audio", "video"]
        .into_iter()
        .find(|medium| kind.split('/').next() == Some(*medium))
}

fn pixels(side: Option<u32>) -> Option<String> {
    side.map(|pixels| pixels.to_string())
}
