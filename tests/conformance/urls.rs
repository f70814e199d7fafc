//! Canonical URLs against the deduplication set: pairs of one group have one key, pairs of two have two.
//! `$FEEDMILL_TEST_DATA/dedup/urls.jsonl` holds it; without the variable nothing is checked.

use std::fs;
use std::path::Path;

use feedmill::normalize::canonical_key;
use serde_json::Value;

/// Pairs of one page with one key, in per mille, that must be reached. No two pages may share a key.
const RECALL: usize = 980;

#[test]
fn spellings_of_one_page_and_no_others_share_a_key() {
    let Some(data) = std::env::var_os("FEEDMILL_TEST_DATA") else {
        println!("skipped: FEEDMILL_TEST_DATA is not set");
        return;
    };
    let path = Path::new(&data).join("dedup/urls.jsonl");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let urls: Vec<(String, String)> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .map(|case: Value| {
            let field = |name: &str| case[name].as_str().expect(name).to_owned();
            (field("group"), field("url"))
        })
        .collect();
    assert!(urls.len() > 100, "only {} URLs", urls.len());
    let keys: Vec<Option<String>> = urls.iter().map(|(_, url)| canonical_key(url)).collect();
    let (mut same, mut found, mut joined) = (0, 0, 0);
    for (at, (group, url)) in urls.iter().enumerate() {
        for (other, (other_group, other_url)) in urls.iter().enumerate().take(at) {
            let equal = keys[at].is_some() && keys[at] == keys[other];
            if group == other_group {
                same += 1;
                found += usize::from(equal);
            } else {
                joined += usize::from(equal);
            }
            if equal != (group == other_group) {
                println!("{url} and {other_url}: {:?} {:?}", keys[at], keys[other]);
            }
        }
    }
    println!("{found} of {same} pairs of one page have one key, {joined} of two");
    assert_eq!(joined, 0, "pairs of two pages have one key");
    assert!(found * 1_000 >= same * RECALL, "{found} of {same} pairs");
}
