//! Bytes of a kind, looked for many at a time.

/// Bytes looked at together.
const STRIDE: usize = 32;
const WORDS: usize = STRIDE / size_of::<u64>();

/// Place of the first byte from `from` on that is of a kind; see [`places`].
pub(crate) fn find(bytes: &[u8], from: usize, is_it: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let found = places(rest, |byte, _| is_it(byte)).next();
    found.map(|at| from + at)
}

/// Places of the bytes that are of a kind, in order. The test is asked of whole strides, of each byte with the one
/// behind it, which is 0 behind the last: written without branches (`|`, not `||` or `matches!`), it becomes vector
/// instructions.
pub(crate) fn places<F: Fn(u8, u8) -> bool>(bytes: &[u8], is_it: F) -> Places<'_, F> {
    Places {
        rest: bytes,
        is_it,
        reached: 0,
        found: [0; WORDS],
        word: WORDS,
    }
}

/// See [`places`].
pub(crate) struct Places<'a, F> {
    /// What has not been looked at.
    rest: &'a [u8],
    is_it: F,
    /// Where `rest` begins.
    reached: usize,
    /// The stride before that: a byte of each that is found is 1, the first is the lowest.
    found: [u64; WORDS],
    /// The word of it that is looked at.
    word: usize,
}

impl<F: Fn(u8, u8) -> bool> Places<'_, F> {
    /// Looks at the next stride; `None` behind the last.
    #[inline]
    fn advance(&mut self) -> Option<()> {
        let behind = self.rest.get(1..)?;
        if let (Some(first), Some(second)) = (
            self.rest.first_chunk::<STRIDE>(),
            behind.first_chunk::<STRIDE>(),
        ) {
            self.found = flags(first, second, &self.is_it);
            self.rest = &self.rest[STRIDE..];
        } else {
            let mut last = [0; STRIDE + 1];
            let length = self.rest.len();
            last[..length].copy_from_slice(self.rest);
            let (first, second) = (last.first_chunk()?, last.last_chunk()?);
            self.found = flags(first, second, &self.is_it);
            for (word, found) in self.found.iter_mut().enumerate() {
                let bits = 8 * length.saturating_sub(8 * word);
                *found &= 1_u64
                    .checked_shl(bits as u32)
                    .map_or(u64::MAX, |end| end - 1);
            }
            self.rest = &[];
        }
        self.reached += STRIDE;
        self.word = 0;
        Some(())
    }
}

impl<F: Fn(u8, u8) -> bool> Iterator for Places<'_, F> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        loop {
            while let Some(found) = self.found.get_mut(self.word) {
                if *found != 0 {
                    let at = 8 * self.word + found.trailing_zeros() as usize / 8;
                    *found &= *found - 1;
                    return Some(self.reached - STRIDE + at);
                }
                self.word += 1;
            }
            self.advance()?;
        }
    }
}

#[inline]
fn flags(
    first: &[u8; STRIDE],
    second: &[u8; STRIDE],
    is_it: &impl Fn(u8, u8) -> bool,
) -> [u64; WORDS] {
    let mut flags = [0; STRIDE];
    for (flag, (byte, behind)) in flags.iter_mut().zip(first.iter().zip(second)) {
        *flag = u8::from(is_it(*byte, *behind));
    }
    let (words, _) = flags.as_chunks();
    let mut found = [0; WORDS];
    for (found, word) in found.iter_mut().zip(words) {
        *found = u64::from_le_bytes(*word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_whatever_stands_around_it() {
        for length in 0..100 {
            for place in 0..length {
                let mut bytes = vec![b'a'; length];
                bytes[place] = b'&';
                for from in 0..=length {
                    let wanted = (from <= place).then_some(place);
                    assert_eq!(find(&bytes, from, |byte| byte == b'&'), wanted);
                }
            }
            assert_eq!(find(&vec![b'a'; length], 0, |byte| byte == b'&'), None);
            // What is filled up is not found.
            assert_eq!(find(&vec![b'a'; length], 0, |byte| byte == 0), None);
        }
        assert_eq!(find(b"abc", 7, |_| true), None);
    }

    #[test]
    fn all_places_are_found_and_pairs_reach_over_strides() {
        let is_it = |byte, behind| (byte == b'&') & ((behind == b'&') | (behind == 0));
        for length in 0..100 {
            let bytes = vec![b'&'; length];
            assert!(places(&bytes, is_it).eq(0..length));
            for place in 1..length {
                let mut bytes = vec![b'a'; length];
                bytes[place - 1..=place].fill(b'&');
                let last = (place + 1 == length).then_some(place);
                let wanted = [Some(place - 1), last].into_iter().flatten();
                assert!(places(&bytes, is_it).eq(wanted), "{length} {place}");
            }
        }
    }
}
