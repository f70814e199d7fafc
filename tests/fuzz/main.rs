//! The fuzz targets over their seeds and changed seeds: the same inputs at every run, on a stable toolchain.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Changed inputs of each target, when `FEEDMILL_FUZZ_ROUNDS` does not say.
const ROUNDS: usize = 300;
const LONGEST: usize = 20_000;

#[test]
fn no_document_breaks_the_reading() {
    run("document", targets::document);
}

#[test]
fn no_date_breaks_the_calendar() {
    run("date", targets::date);
}

#[test]
fn no_address_breaks_its_key() {
    run("url", targets::url);
}

#[test]
fn no_html_brings_a_script_in() {
    run("html", targets::html);
}

#[test]
fn no_page_breaks_the_reading_of_articles() {
    run("page", targets::page);
}

fn run(target: &'static str, check: fn(&[u8])) {
    // feed-rs recurses, and this is no release build.
    let worker = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || run_here(target, check));
    worker.expect("a thread").join().expect("the target holds");
}

fn run_here(target: &str, check: fn(&[u8])) {
    feedmill::parse::silence_panics();
    let seeds = seeds(target);
    assert!(seeds.len() > 1, "{target} has no seeds");
    let rounds = std::env::var("FEEDMILL_FUZZ_ROUNDS")
        .map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let changed = (0..rounds).map(|_| {
        let mut input = dice.pick(&seeds).clone();
        for _ in 0..=dice.below(6) {
            change(&mut input, &seeds, &mut dice);
        }
        input
    });
    for input in seeds.clone().into_iter().chain(changed) {
        let result = catch_unwind(AssertUnwindSafe(|| check(&input)));
        assert!(
            result.is_ok(),
            "{target} fails for {:?}",
            String::from_utf8_lossy(&input)
        );
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("seeds")
        .map(|entry| entry.expect("a seed").path())
        .collect();
    paths.sort();
    let files = paths.iter().map(|path| fs::read(path).expect("a seed"));
    // A file of addresses or dates holds one a line.
    match target {
        "date" | "url" => files
            .flat_map(|file| {
                file.split(|byte| *byte == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect::<Vec<_>>()
            })
            .collect(),
        _ => files.collect(),
    }
}

/// What breaks readers, put in anywhere.
const PIECES: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml ?>",
    "&",
    "&amp;",
    "&#0;",
    "&#xD83D;",
    "&nosuch;",
    "\"",
    "'",
    "=",
    "<item>",
    "</item>",
    "<entry>",
    "</entry>",
    "<title>",
    "</title>",
    "<link>",
    "<channel>",
    "<description>",
    "</description>",
    "<script>",
    "<b onclick=x>",
    "<svg><style>",
    "javascript:",
    " xmlns=\"\"",
    " xml:base=\"//a/\"",
    "\u{0}",
    "\u{feff}",
    "山",
    "\u{301}",
    "\u{a0}",
    "99999999999",
    "-1",
    "00",
    "12:60",
    "+25:00",
    "%",
    "%2e%2e/",
    "?utm_source=a&",
    "#",
    "[::1]",
    "@",
    "\\",
    "\t\n ",
];

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(input.len() + 1);
    let end = (at + dice.below(40)).min(input.len());
    match dice.below(7) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 => {
            let copy = input[at..end].to_vec();
            let to = dice.below(input.len() + 1);
            input.splice(to..to, copy);
        }
        3 if at < input.len() => input[at] ^= 1 << dice.below(8),
        4 => {
            let other = dice.pick(seeds);
            let from = dice.below(other.len() + 1);
            input.truncate(at);
            input.extend(&other[from..]);
        }
        _ => drop(input.splice(at..at, dice.pick(PIECES).bytes())),
    }
    input.truncate(LONGEST);
}

/// xorshift64*: the same throws at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let throw = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(throw).unwrap_or_default() % end
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
