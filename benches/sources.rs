//! Time to load a configuration whose sources come from an OPML list, and to import one.
//!
//!     cargo bench --bench sources
//!
//! Best of several rounds; lists of outlines in folders, beside a configuration in a temporary folder.

use std::hint::black_box;
use std::time::{Duration, Instant};

use feedmill::config::{self, edit};
use feedmill::model::Library;

const ROUNDS: usize = 10;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = folder.path().join("feedmill.toml");
    let list = folder.path().join("list.opml");
    for outlines in [1_000, 10_000, 50_000] {
        let text = opml(outlines);
        std::fs::write(&list, &text).expect("written");
        std::fs::write(&main, "[[opml]]\npath = \"list.opml\"\n").expect("written");
        let load = || {
            let config = config::load(&main, &Library::new()).expect("good");
            assert_eq!(config.sources.len(), outlines);
        };
        let loaded = best(load);
        std::fs::write(&main, "# mine\n").expect("written");
        let import = || {
            let before = config::load(&main, &Library::new()).expect("good");
            let read = config::subscriptions(text.as_bytes(), &list, &[], &before).expect("OPML");
            let after = edit::add("# mine\n", &read.sources).expect("TOML");
            let edited = config::load_edited(&main, &Library::new(), &main, &after);
            assert_eq!(edited.expect("good").sources.len(), outlines);
            after
        };
        let imported = best(|| drop(black_box(import())));
        let mut written = import();
        let pause =
            best(|| written = edit::set_paused(&written, outlines / 2, true).expect("TOML"));
        println!(
            "{outlines:>6} outlines: load {:.1} ms, import (read, edit, check) {:.1} ms, pause one (edit) {:.1} ms",
            ms(loaded),
            ms(imported),
            ms(pause)
        );
    }
}

fn best(mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    (0..ROUNDS).map(time).min().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn opml(outlines: usize) -> String {
    let mut text = "<opml version=\"2.0\"><head><title>Bench</title></head><body>\n".to_owned();
    for number in 0..outlines {
        if number % 100 == 0 {
            let close = if number == 0 { "" } else { "</outline>\n" };
            text.push_str(&format!(
                "{close}<outline text=\"Folder {}\">\n",
                number / 100
            ));
        }
        text.push_str(&format!(
            "<outline type=\"rss\" text=\"Site {number} &amp; more\" xmlUrl=\"https://site-{number}.example/feed.xml\" \
             htmlUrl=\"https://site-{number}.example/\"/>\n"
        ));
    }
    text + "</outline></body></opml>\n"
}
