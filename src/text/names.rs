//! Sets of element names, looked up in a few steps: names are asked for at every tag of every body.

/// A list of at most 128 names, with a table of where in it a name can stand.
pub(crate) struct Names<const N: usize> {
    names: [&'static str; N],
    /// Places in the list plus one, by [`slot`]; 0 is none. What finds its slot taken stands in the next free one.
    slots: [u8; SLOTS],
}

/// Enough that most names which the list does not have find an empty slot.
const SLOTS: usize = 256;

impl<const N: usize> Names<N> {
    /// Fails to build when there are too many, or an empty one.
    pub(crate) const fn of(names: [&'static str; N]) -> Self {
        assert!(N <= SLOTS / 2);
        let mut slots = [0; SLOTS];
        let mut at = 0;
        while at < N {
            let mut slot = slot(names[at].as_bytes()).expect("a name");
            while slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            at += 1;
            slots[slot] = at as u8;
        }
        Self { names, slots }
    }

    /// Where a name stands in the list; `None` when it does not. Case counts.
    #[inline]
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let mut slot = slot(name.as_bytes())?;
        loop {
            let place = usize::from(self.slots[slot]).checked_sub(1)?;
            if self.names[place] == name {
                return Some(place);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Whether the list has the name.
    #[inline]
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.place(name).is_some()
    }
}

/// Where a name is looked for first: told from its ends and its length, in which names of elements differ most.
const fn slot(name: &[u8]) -> Option<usize> {
    let (Some(first), Some(last)) = (name.first(), name.last()) else {
        return None;
    };
    let mixed = *first as usize + (*last as usize) * 35 + name.len() * 8;
    Some(mixed % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_place_and_no_other_is() {
        const LIST: [&str; 5] = ["p", "blockquote", "div", "figcaption", "a"];
        static NAMES: Names<5> = Names::of(LIST);
        for (at, name) in LIST.iter().enumerate() {
            assert_eq!(NAMES.place(name), Some(at), "{name}");
        }
        for other in ["", "P", "di", "divs", "figcaptionfigcaption", "ä", "dxv"] {
            assert_eq!(NAMES.place(other), None, "{other}");
        }
    }

    #[test]
    fn names_that_want_one_slot_are_all_found() {
        const LIST: [&str; 4] = ["th", "tah", "tbh", "tch"];
        static NAMES: Names<4> = Names::of(LIST);
        for (at, name) in LIST.iter().enumerate() {
            assert_eq!(NAMES.place(name), Some(at), "{name}");
        }
        assert_eq!(NAMES.place("tdh"), None);
    }
}
