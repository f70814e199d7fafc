//! How much of a document is read: depth, and elements that mean something.

use super::{Close, MAX_DEPTH, Walker};

/// Elements of one entry, or of the feed, that mean something.
const MAX_ELEMENTS: usize = 1_000;
/// So many of them any entry may have; what goes beyond is limited for the document as a whole.
const USUAL_ELEMENTS: usize = 24;
/// Elements of the document beyond [`USUAL_ELEMENTS`] of their entry.
pub(super) const SPARE_ELEMENTS: usize = 75_000;

impl Walker<'_> {
    /// Where the entry is open, if this is its name.
    pub(super) fn entry_frame(&self, name: &str) -> Option<usize> {
        let at = self
            .frames
            .iter()
            .rposition(|frame| frame.close == Close::Entry)?;
        (self.frames[at].name == name).then_some(at)
    }

    /// A tag of the entry's own name ends whatever was left open too deep within it.
    pub(super) fn rise_to_entry(&mut self, name: &str) {
        if self.frames.len() >= MAX_DEPTH
            && let Some(within) = self.entry_frame(name)
        {
            self.beyond = 0;
            self.close_to(within + 1);
        }
    }

    /// Whether one more element is read here.
    pub(super) fn has_room(&mut self) -> bool {
        let count = &mut self.elements[usize::from(self.in_entry)];
        *count += 1;
        if *count > USUAL_ELEMENTS {
            let Some(left) = self.spare_elements.checked_sub(1) else {
                return false;
            };
            if *count > MAX_ELEMENTS {
                return false;
            }
            self.spare_elements = left;
        }
        true
    }
}
