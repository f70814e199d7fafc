//! The one walk through a source's archives (RFC 5005 §4).

use chrono::TimeDelta;
use feedmill::archives::walk_due;
use feedmill::model::Source;
use std::sync::Arc;

use crate::mill::{Mill, source};
use crate::origin::{Origin, Reply};
use crate::walk::output;

/// A document with an entry for each `(id, day of January, title)`, which links an archive.
fn document(entries: &[(&str, u8, &str)], archive: Option<&str>) -> String {
    let link = archive.map_or_else(String::new, |href| {
        format!("<link rel=\"prev-archive\" href=\"{href}\"/>")
    });
    let entries: String = entries
        .iter()
        .map(|(id, day, title)| {
            format!(
                "<entry><id>tag:mill.example,2026:{id}</id><title>{title}</title><updated>2026-01-{day:02}T00:00:00Z</updated>\
                 <published>2026-01-{day:02}T00:00:00Z</published><content>About {title}</content></entry>"
            )
        })
        .collect();
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>tag:mill.example,2026:feed</id><title>Mill</title>\
         <updated>2026-01-20T00:00:00Z</updated>{link}{entries}</feed>"
    )
}

fn with_history(origin: &Origin) -> Source {
    Source {
        history: true,
        ..source("feed", origin.url("/feed"))
    }
}

/// Walks until nothing is due any more; the clock goes on in steps of an hour.
async fn walk(mill: &Mill) {
    for _ in 0..200 {
        let Some(next) = mill.shell.store.next_archive(&mill.sources).expect("read") else {
            return;
        };
        mill.later((next - mill.now()).max(TimeDelta::zero()));
        walk_due(&mill.shell, &mill.sources).await.expect("walked");
    }
    panic!("the walk does not end");
}

fn words(mill: &Mill) -> String {
    mill.health("feed").history.expect("a walk").words()
}

#[tokio::test]
async fn archives_are_read_once_each_and_entries_keep_their_dates() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        Reply::ok(document(
            &[("5", 20, "Five"), ("4", 15, "Four")],
            Some("/2"),
        )),
    );
    // The newer text of an entry stays, whatever an archive says of it.
    origin.script(
        "/2",
        Reply::ok(document(
            &[("4", 15, "Four, as it was"), ("3", 10, "Three")],
            Some("/1#top"),
        )),
    );
    origin.script(
        "/1",
        Reply::ok(document(&[("2", 5, "Two"), ("1", 1, "One")], None)),
    );
    let mill = Mill::new(vec![with_history(&origin)]).await;
    assert_eq!(mill.poll("feed").await.expect("polled").new, 2);
    assert_eq!(
        origin.targets(),
        ["/feed"],
        "nothing is fetched within the poll"
    );
    walk(&mill).await;
    assert_eq!(origin.targets(), ["/feed", "/2", "/1"]);
    assert_eq!(mill.health("feed").entries, 5);
    assert_eq!(
        words(&mill),
        "over, 3 entries of 2 archives: read to its end"
    );
    let dates = mill.texts("SELECT title || ' ' || date(published_at_ms / 1000, 'unixepoch') FROM entries ORDER BY published_at_ms");
    assert_eq!(
        dates,
        [
            "One 2026-01-01",
            "Two 2026-01-05",
            "Three 2026-01-10",
            "Four 2026-01-15",
            "Five 2026-01-20"
        ]
    );
    let held = mill.texts("SELECT title FROM entries WHERE last_seen_at_ms IS NULL ORDER BY id");
    assert_eq!(
        held,
        ["Five", "Four"],
        "the newest document holds no more than it did"
    );
    // Never again.
    mill.later(TimeDelta::hours(2));
    origin.script(
        "/feed",
        Reply::ok(document(&[("6", 21, "Six")], Some("/2"))),
    );
    assert_eq!(mill.poll("feed").await.expect("polled").new, 1);
    walk(&mill).await;
    assert_eq!(origin.targets(), ["/feed", "/2", "/1", "/feed"]);
}

#[tokio::test]
async fn a_walk_goes_on_where_it_was_after_a_restart() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        Reply::ok(document(&[("3", 20, "Three")], Some("/2"))),
    );
    origin.script("/2", Reply::ok(document(&[("2", 10, "Two")], Some("/1"))));
    origin.script("/1", Reply::ok(document(&[("1", 1, "One")], None)));
    let mill = Mill::new(vec![with_history(&origin)]).await;
    mill.poll("feed").await;
    mill.later(TimeDelta::seconds(10));
    walk_due(&mill.shell, &mill.sources).await.expect("walked");
    assert_eq!(words(&mill), "walking, 1 entries of 1 archives");
    let mill = mill.restarted(vec![with_history(&origin)]).await;
    walk(&mill).await;
    assert_eq!(origin.targets(), ["/feed", "/2", "/1"]);
    assert_eq!(mill.health("feed").entries, 3);
}

#[tokio::test]
async fn circles_dead_links_and_private_addresses_end_a_walk() {
    let origin = Origin::start().await;
    let check = async |archive: &str, reply: Option<Reply>, asked: usize, end: &str| {
        let before = origin.requests().len();
        origin.script(
            "/feed",
            Reply::ok(document(&[("2", 20, "Two")], Some(archive))),
        );
        if let Some(reply) = reply {
            origin.script("/1", reply);
        }
        let mut source = with_history(&origin);
        Arc::make_mut(&mut source.request).allow_private =
            vec!["127.0.0.1/32".parse().expect("a net")];
        let mill = Mill::new(vec![source]).await;
        mill.poll("feed").await;
        walk(&mill).await;
        assert_eq!(origin.requests().len() - before, asked, "{archive}");
        let words = words(&mill);
        assert!(words.starts_with("over") && words.contains(end), "{words}");
        assert_eq!(
            mill.health("feed").state,
            "ok",
            "the source is not to blame"
        );
    };
    let back = |href| Some(Reply::ok(document(&[("1", 1, "One")], Some(href))));
    check(
        "/1",
        back("/1"),
        2,
        "1 entries of 1 archives: the archives lead in a circle",
    )
    .await;
    check("/1", back("/feed"), 2, "circle").await;
    check("/feed", None, 1, "circle").await;
    check("/1", Some(Reply::status(404)), 2, "status 404").await;
    check("/1", Some(Reply::status(410)), 2, "gone").await;
    check(
        "/1",
        Some(Reply::ok("<html><body>Log in</body></html>")),
        2,
        "cannot be read",
    )
    .await;
    check("/1", Some(Reply::status(500)), 7, "status 500").await;
    check("http://127.0.0.2/1", None, 1, "127.0.0.2 is not public").await;
    check(
        "/1",
        Some(Reply::redirect(302, "http://127.0.0.2/1")),
        2,
        "127.0.0.2 is not public",
    )
    .await;
}

#[tokio::test]
async fn an_archive_that_fails_once_is_tried_again_as_late_as_it_wishes() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        Reply::ok(document(&[("2", 20, "Two")], Some("/1"))),
    );
    let busy = Reply::status(503).header("Retry-After", "7200");
    origin.script_all("/1", [busy, Reply::ok(document(&[("1", 1, "One")], None))]);
    let mill = Mill::new(vec![with_history(&origin)]).await;
    mill.poll("feed").await;
    mill.later(TimeDelta::seconds(10));
    walk_due(&mill.shell, &mill.sources).await.expect("walked");
    mill.later(TimeDelta::seconds(7190));
    walk_due(&mill.shell, &mill.sources).await.expect("walked");
    assert_eq!(origin.targets(), ["/feed", "/1"]);
    mill.later(TimeDelta::seconds(20));
    walk_due(&mill.shell, &mill.sources).await.expect("walked");
    assert_eq!(
        words(&mill),
        "over, 1 entries of 1 archives: read to its end"
    );
}

#[tokio::test]
async fn without_the_option_no_archive_is_read() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        Reply::ok(document(&[("2", 20, "Two")], Some("/1"))),
    );
    let mill = Mill::new(vec![source("feed", origin.url("/feed"))]).await;
    mill.poll("feed").await;
    walk(&mill).await;
    assert_eq!(origin.targets(), ["/feed"]);
    assert_eq!(mill.health("feed").history, None);
    // Nor later: the first import is over.
    let mill = mill.restarted(vec![with_history(&origin)]).await;
    mill.later(TimeDelta::hours(2));
    mill.poll("feed").await;
    walk(&mill).await;
    assert_eq!(origin.targets(), ["/feed", "/feed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_poll_by_hand_reads_the_archives_too() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    origin.script(
        "/feed",
        Reply::ok(document(&[("2", 20, "Two")], Some("/1"))),
    );
    origin.script("/1", Reply::ok(document(&[("1", 1, "One")], None)));
    let text = format!(
        "[fetch]\nallow_private = [\"127.0.0.0/8\"]\n[[source]]\nid = \"feed\"\nurl = \"{}\"\nhistory = true\n",
        origin.url("/feed")
    );
    std::fs::write(folder.path().join("feedmill.toml"), text).expect("written");
    output(folder.path(), &["poll", "--all"]).await;
    assert_eq!(origin.targets(), ["/feed", "/1"]);
    let listed = output(folder.path(), &["sources"]).await;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("    history: over, 1 entries of 1 archives: read to its end"),
        "{listed}"
    );
}

#[tokio::test]
async fn an_rss_feed_links_its_archives_as_well() {
    let origin = Origin::start().await;
    let rss = "<rss version=\"2.0\"><channel><title>Mill</title>\
         <link rel=\"prev-archive\" href=\"/1\" xmlns=\"http://www.w3.org/2005/Atom\"/>\
         <item><guid isPermaLink=\"false\">2</guid><title>Two & a half</title></item></channel></rss>";
    // Sound, and in need of repair: each is read in its own way.
    for rss in [rss.replace(" & ", " and "), rss.to_owned()] {
        origin.script("/feed", Reply::ok(rss));
        origin.script("/1", Reply::ok(document(&[("1", 1, "One")], None)));
        let mill = Mill::new(vec![with_history(&origin)]).await;
        mill.poll("feed").await;
        walk(&mill).await;
        assert_eq!(
            words(&mill),
            "over, 1 entries of 1 archives: read to its end"
        );
    }
}
