//! Sets of element names, looked up in a few steps: names are asked for at every tag of every body.

/// A set of at most 255 ASCII names of at most 16 bytes, as numbers in order, each with its place in the list.
pub(crate) struct Names<const N: usize>([(u128, u8); N]);

impl<const N: usize> Names<N> {
    /// Fails to build when a name is too long.
    pub(crate) const fn of(names: [&str; N]) -> Self {
        let mut sorted = [(0, 0); N];
        let mut at = 0;
        while at < N {
            let packed = pack(names[at].as_bytes()).expect("a short name");
            let mut place = at;
            while place > 0 && sorted[place - 1].0 > packed {
                sorted[place] = sorted[place - 1];
                place -= 1;
            }
            sorted[place] = (packed, at as u8);
            at += 1;
        }
        Self(sorted)
    }

    /// Where a name stands in the list; `None` when it does not. Case counts.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let packed = pack(name.as_bytes())?;
        let found = self.0.binary_search_by_key(&packed, |(name, _)| *name);
        found.ok().map(|at| usize::from(self.0[at].1))
    }

    /// Whether the list has the name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.place(name).is_some()
    }
}

/// A name as a number; names that differ do so as numbers, as none has a NUL.
const fn pack(name: &[u8]) -> Option<u128> {
    if name.len() > 16 {
        return None;
    }
    let (mut packed, mut at) = (0, 0);
    while at < name.len() {
        packed = packed << 8 | name[at] as u128;
        at += 1;
    }
    Some(packed)
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
        for other in ["", "P", "di", "divs", "figcaptionfigcaption", "ä"] {
            assert_eq!(NAMES.place(other), None, "{other}");
        }
    }
}
