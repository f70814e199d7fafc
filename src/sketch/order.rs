//! Hashes in order, faster than a sort that knows nothing of them.

/// Longer lists of hashes are sorted as any list is.
const MOST_PLACED: usize = 1 << 14;
/// As are those of which more than this many have the same high bits.
const MOST_AT_ONE_PLACE: u16 = 24;

/// The different hashes in order.
pub(super) fn sorted(mut hashes: Vec<u32>) -> Vec<u32> {
    let sorted = match hashes.len() {
        0..16 => None,
        16..128 => placed::<64>(&hashes),
        128..2_048 => placed::<256>(&hashes),
        2_048..MOST_PLACED => placed::<4_096>(&hashes),
        _ => None,
    };
    let mut hashes = sorted.unwrap_or_else(|| {
        hashes.sort_unstable();
        hashes
    });
    hashes.dedup();
    hashes
}

/// Hashes in order. They are spread evenly: their high bits tell nearly where each belongs. `None` when they are not, as
/// those of a text that repeats itself. `PLACES` is a power of two.
fn placed<const PLACES: usize>(hashes: &[u32]) -> Option<Vec<u32>> {
    let place = |hash: u32| (hash >> (u32::BITS - PLACES.ilog2())) as usize % PLACES;
    let mut counts = [0_u16; PLACES];
    for hash in hashes {
        counts[place(*hash)] += 1;
    }
    if counts.iter().fold(0, |most, count| most.max(*count)) > MOST_AT_ONE_PLACE {
        return None;
    }
    let mut before = 0;
    for count in &mut counts {
        before += std::mem::replace(count, before); // and from now on where the next one goes
    }
    let mut out = vec![0; hashes.len()];
    for hash in hashes {
        let next = &mut counts[place(*hash)];
        out[usize::from(*next)] = *hash;
        *next += 1;
    }
    let mut last = 0;
    for at in 0..out.len() {
        let hash = out[at];
        if hash >= last {
            last = hash;
            continue;
        }
        let mut to = at;
        while to > 0 && out[to - 1] > hash {
            out[to] = out[to - 1];
            to -= 1;
        }
        out[to] = hash;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::{high, mix};
    use super::*;

    #[test]
    fn hashes_are_sorted_whatever_they_are() {
        let spread = |count: u64| (0..count).map(|n| high(mix(n + 1))).collect::<Vec<u32>>();
        let same_place = |count: u32| (0..count).map(|n| 0x7000_0000 + n % 40).collect();
        for list in [
            Vec::new(),
            spread(10),
            spread(64),
            spread(200),
            spread(1_000),
            spread(3_000),
            spread(40_000),
            same_place(5_000),
            vec![u32::MAX; 200],
            [spread(500), spread(300)].concat(),
        ] {
            let set: std::collections::BTreeSet<u32> = list.iter().copied().collect();
            assert_eq!(sorted(list), set.into_iter().collect::<Vec<_>>());
        }
    }
}
