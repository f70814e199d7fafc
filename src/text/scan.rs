//! The next byte of a kind, looked for many at a time.

/// Bytes looked at together: enough for the widest registers there are, few enough to look through again.
const STRIDE: usize = 32;

/// Place of the first byte from `from` on that is of a kind. The test is asked of whole strides first: written without
/// branches (`|`, not `||` or `matches!`), it becomes vector instructions.
pub(crate) fn find(bytes: &[u8], from: usize, is_it: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = from;
    while let Some(stride) = bytes.get(at..).and_then(<[u8]>::first_chunk::<STRIDE>) {
        let found = |found, byte: &u8| found | u8::from(is_it(*byte));
        if stride.iter().fold(0, found) != 0 {
            break;
        }
        at += STRIDE;
    }
    let rest = bytes.get(at..)?;
    rest.iter()
        .position(|byte| is_it(*byte))
        .map(|found| at + found)
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
        }
        assert_eq!(find(b"abc", 7, |_| true), None);
    }
}
