//! Posts of other places that an article quotes: extractors know them by their class and leave them out.

use std::collections::HashMap;

use super::dom::{NodeId, Tree};

const POSTS: &[&str] = &[
    "twitter-tweet",
    "twitter-video",
    "instagram-media",
    "tiktok-embed",
    "bluesky-embed",
    "reddit-embed",
    "mastodon-embed",
    "fb-post",
];
/// Wrappers around a post that go by such a name, too.
const WRAPPERS: usize = 3;

/// Takes the names off posts, and off what wraps nothing but one, so that they are read as the quotations they are.
pub(super) fn keep(tree: &mut Tree) {
    let posts: Vec<NodeId> = tree
        .elements
        .iter()
        .copied()
        .filter(|id| {
            tree.name(*id) == "blockquote"
                && POSTS.iter().any(|name| tree.naming(*id).contains(name))
        })
        .filter(|id| !tree.is_aside(*id))
        .collect();
    // Many posts may stand in one element, whose text is long then.
    let mut lengths: HashMap<NodeId, usize> = HashMap::new();
    let mut length_of = |tree: &Tree, id| *lengths.entry(id).or_insert_with(|| tree.text(id).len());
    for id in posts {
        let length = length_of(tree, id);
        let around: Vec<NodeId> = tree.lineage(id).take(1 + WRAPPERS).collect();
        for id in around {
            if length_of(tree, id) > length {
                break;
            }
            if tree.name(id) == "figure" {
                tree.document.set_tag_name(id, "div");
            }
            tree.document.clear_attributes(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_and_what_wraps_it_lose_their_names() {
        let mut tree = Tree::parse(
            "<body><div class=\"embed\"><blockquote class=\"twitter-tweet\"><p>a</p></blockquote></div><p class=\"b\">c</p></body>",
        );
        keep(&mut tree);
        let body = tree.document.body().expect("a body");
        assert_eq!(
            tree.document.inner_html(body),
            "<div><blockquote><p>a</p></blockquote></div><p class=\"b\">c</p>"
        );
    }
}
