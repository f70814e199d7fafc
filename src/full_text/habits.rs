//! What the pages of a source repeat from article to article: blocks of text, and the picture that the site shows where an
//! article has none.

use url::Url;

use crate::extract;
use crate::model::PageArticle;
use crate::sketch::{Blocks, Learned, Title};

/// Counts the blocks and the picture of a page, and takes out what stands in three articles of its source. Returns what is
/// known of the source from now on.
pub(super) fn without_furniture(
    found: PageArticle,
    furniture: &[u8],
    base: &Url,
) -> (PageArticle, Vec<u8>) {
    let mut learned = Learned::decode(furniture);
    if found.text.is_empty() {
        return (found, furniture.to_owned());
    }
    let article = Title::of(found.entry.title.as_deref()).hash;
    let image = found.entry.details.image.as_ref();
    let image = image.map(|image| Blocks::of(&image.url));
    let blocks = Blocks::of(&found.text);
    let hashes = blocks.hashes().chain(image.iter().flat_map(Blocks::hashes));
    learned.see(article, hashes);
    let is_furniture = |text: &str| {
        let blocks = Blocks::of(text);
        let mut hashes = blocks.hashes().peekable();
        hashes.peek().is_some() && hashes.all(|hash| learned.is_furniture(hash))
    };
    let found = extract::without(found, is_furniture, base);
    let encoded = learned.encode();
    (found, encoded)
}
