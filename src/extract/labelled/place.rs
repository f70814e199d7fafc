//! Sections back into the extracted body, where they stood on the page.

use super::Labelled;
use crate::normalize::page::{self, Piece};

/// Puts what is missing of the sections back into sanitized HTML: behind the text that stood before it, else before the
/// one behind it. `clean` sanitizes. What stood near nothing that is there was no part of the article.
pub(in crate::extract) fn put_back(
    html: String,
    sections: &[Labelled],
    clean: impl Fn(&str) -> String,
) -> String {
    let mut html = html;
    for section in sections {
        let pieces = page::pieces(&html);
        let all: String = pieces
            .iter()
            .map(|piece| format!(" {} \n", piece.key))
            .collect();
        let is_there = |key: &String| all.contains(&format!(" {key} "));
        if section.keys.iter().all(is_there) && !section.is_box {
            continue;
        }
        let Some(place) = place(&pieces, section) else {
            continue;
        };
        // What is there of it goes, so that nothing stands twice.
        let is_own = |piece: &&Piece| section.keys.contains(&piece.key) || is_part(piece, section);
        let mut out = String::with_capacity(html.len() + section.html.len());
        let mut written = 0;
        let mut insert = Some(clean(&section.html));
        for piece in &pieces {
            if place <= piece.outer.start
                && let Some(insert) = insert.take()
            {
                out.push_str(&html[written..place.max(written)]);
                written = place.max(written);
                out.push_str(&insert);
            }
            if is_own(&piece) {
                out.push_str(&html[written..piece.outer.start]);
                written = piece.outer.end;
            }
        }
        if let Some(insert) = insert {
            let at = place.max(written);
            out.push_str(&html[written..at]);
            written = at;
            out.push_str(&insert);
        }
        out.push_str(&html[written..]);
        html = out;
    }
    html
}

/// A list that holds only items of the section.
fn is_part(piece: &Piece, section: &Labelled) -> bool {
    matches!(piece.name.as_str(), "ul" | "ol") && {
        let whole = section
            .keys
            .iter()
            .skip(1)
            .fold(String::new(), |all, key| format!("{all} {key}"));
        !piece.key.is_empty() && whole.contains(piece.key.as_str())
    }
}

fn place(pieces: &[Piece], section: &Labelled) -> Option<usize> {
    let find = |key: &String| {
        pieces.iter().find(|piece| {
            piece.key == *key
                || piece.key.len() > key.len()
                    && format!(" {} ", piece.key).contains(&format!(" {key} "))
        })
    };
    let nearest = |keys: &[String]| {
        keys.iter()
            .enumerate()
            .find_map(|(distance, key)| Some((distance, find(key)?)))
    };
    match (nearest(&section.before), nearest(&section.behind)) {
        (Some((near, before)), Some((far, behind))) => Some(if near <= far {
            before.outer.end
        } else {
            behind.outer.start
        }),
        (Some((near, before)), None) if near <= 2 => Some(before.outer.end),
        (None, Some((near, behind))) if near <= 4 => Some(behind.outer.start),
        _ => None,
    }
}
