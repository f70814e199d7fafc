//! No story twice: copies across feeds whatever the order, feeds that move, and feeds whose items all look the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::TimeDelta;
use feedmill::model::{Correction, Relation};
use feedmill::store::Scope;

use crate::mill::{Mill, one, source};
use crate::origin::{Origin, Reply};

/// A sentence that only one story has: words from its number.
fn sentence(story: u64, number: u64) -> String {
    let mut state = (story + 1) * 7_919 + number * 104_729;
    let mut words = String::new();
    for _ in 0..12 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let syllables = ["lo", "ra", "ti", "men", "sa", "ko", "vel", "du"];
        let at = |shift: u32| syllables[(state >> shift) as usize % syllables.len()];
        let _ = write!(words, "{}{}{} ", at(20), at(30), at(40));
    }
    format!("{}.", words.trim_end())
}

fn story(number: u64, sentences: std::ops::Range<u64>) -> String {
    sentences
        .map(|at| sentence(number, at))
        .collect::<Vec<_>>()
        .join(" ")
}

fn item(guid: &str, link: &str, title: &str, text: &str) -> String {
    format!(
        "<item><guid isPermaLink=\"false\">{guid}</guid><link>{link}</link><title>{title}</title>\
         <pubDate>Mon, 05 Jan 2026 08:00:00 GMT</pubDate><description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
    )
}

fn rss(items: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>A feed</title>{items}</channel></rss>")
}

/// Which entries are one article, whatever the ids.
fn partition(mill: &Mill) -> BTreeSet<String> {
    mill.texts(
        "SELECT group_concat(place, ' ') FROM (SELECT e.article, s.name || '/' || e.entry_id AS place
         FROM entries e JOIN sources s ON s.id = e.source ORDER BY place) GROUP BY article",
    )
    .into_iter()
    .collect()
}

#[tokio::test]
async fn the_order_of_polls_changes_nothing() {
    let title = |number| format!("What the council said about matter {number}");
    let whole = |number| {
        item(
            &format!("w{number}"),
            &format!("http://a.example/{number}"),
            &title(number),
            &story(number, 0..30),
        )
    };
    let feeds = [
        ("agency", rss(&(0..6).map(whole).collect::<String>())),
        (
            "copier",
            rss(&(0..4)
                .map(|number| {
                    let text = format!(
                        "Our own word first. {} And a last word.",
                        story(number, 0..30)
                    );
                    item(
                        &format!("c{number}"),
                        &format!("http://b.example/{number}"),
                        "Another headline",
                        &text,
                    )
                })
                .collect::<String>()),
        ),
        (
            "digest",
            rss(&(2..6)
                .map(|number| {
                    item(
                        &format!("d{number}"),
                        &format!("http://c.example/{number}"),
                        &title(number),
                        &story(number, 0..1),
                    )
                })
                .collect::<String>()),
        ),
        (
            "mirror",
            rss(&(0..6)
                .map(|number| {
                    let link = format!("https://www.a.example/{number}?utm_source=rss");
                    item(
                        &format!("m{number}"),
                        &link,
                        "Mirrored",
                        &story(number, 0..2),
                    )
                })
                .collect::<String>()),
        ),
    ];
    let mut seen = BTreeSet::new();
    for order in permutations(feeds.len()) {
        let origin = Origin::start().await;
        let sources = feeds
            .iter()
            .map(|(id, _)| source(id, origin.url(&format!("/{id}"))));
        let mill = Mill::new(sources.collect()).await;
        for (id, body) in &feeds {
            origin.script(&format!("/{id}"), Reply::ok(body.clone()));
        }
        for at in &order {
            mill.poll(feeds[*at].0).await.expect("polled");
        }
        seen.insert(partition(&mill));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let articles = seen.pop_first().expect("one");
    assert_eq!(articles.len(), 6, "{articles:#?}");
}

#[tokio::test]
async fn one_address_is_one_article_also_with_what_an_older_release_stored() {
    for older in [false, true] {
        let origin = Origin::start().await;
        let ids = ["first", "second"];
        let sources = ids.map(|id| source(id, origin.url(&format!("/{id}"))));
        let mill = Mill::new(sources.to_vec()).await;
        let links = [
            "http://a.example/gate",
            "https://www.a.example/gate?utm_source=rss",
        ];
        for (number, (id, link)) in ids.iter().zip(links).enumerate() {
            let text = story(number as u64, 0..4);
            let body = rss(&item(id, link, &format!("Of the {id}"), &text));
            origin.script(&format!("/{id}"), Reply::ok(body));
        }
        mill.poll("first").await.expect("polled");
        assert_eq!(
            mill.count("SELECT count(*) FROM entries WHERE url_host <> 0"),
            1
        );
        if older {
            mill.change("UPDATE entries SET url_host = 0"); // as by migration 15
        }
        mill.poll("second").await.expect("polled");
        assert_eq!(mill.count("SELECT count(*) FROM entries"), 2);
        assert_eq!(mill.count("SELECT count(*) FROM articles"), 1, "{older}");
    }
}

fn permutations(length: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for at in 0..length {
        all = all
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut order = order.clone();
                    order.insert(place, at);
                    order
                })
            })
            .collect();
    }
    all
}

#[tokio::test]
async fn two_polls_in_flight_with_one_story_make_one_article() {
    let origin = Origin::start().await;
    let sources = ["a", "b", "c", "d"].map(|id| source(id, origin.url(&format!("/{id}"))));
    let mill = Mill::new(sources.to_vec()).await;
    for id in ["a", "b", "c", "d"] {
        let text = format!("{id} says so. {}", story(1, 0..30));
        let items = item(
            id,
            &format!("http://{id}.example/1"),
            &format!("As {id} puts it"),
            &text,
        );
        origin.script(&format!("/{id}"), Reply::ok(rss(&items)));
    }
    mill.pass(&Scope::All).await;
    assert_eq!(mill.count("SELECT count(*) FROM entries"), 4);
    assert_eq!(mill.count("SELECT count(*) FROM articles"), 1);
}

/// Makes one item of 300 in another form.
type Form = fn(u64) -> String;

#[tokio::test]
async fn no_storm_publishes_anything_new() {
    fn titled(number: u64) -> String {
        format!("The report about matter number {number}")
    }
    fn text(number: u64) -> String {
        story(number, 0..8)
    }
    let before: Form = |n| {
        let place = format!("http://www.mill.example/2026/{n}.html");
        item(&place, &place, &titled(n), &text(n))
    };
    let storms: [(&str, Form); 6] = [
        ("scheme", |n| {
            let place = format!("https://www.mill.example/2026/{n}.html");
            item(&place, &place, &titled(n), &text(n))
        }),
        ("host", |n| {
            let place = format!("https://news.example/2026/{n}.html");
            item(&place, &place, &titled(n), &text(n))
        }),
        ("path", |n| {
            let place = format!("http://www.mill.example/story/{n}/");
            item(&place, &place, &titled(n), &text(n))
        }),
        ("guid", |n| {
            item(
                &format!("post-{n}"),
                &format!("http://www.mill.example/2026/{n}.html"),
                &titled(n),
                &text(n),
            )
        }),
        ("no guid", |n| {
            item(
                "",
                &format!("http://www.mill.example/2026/{n}.html"),
                &titled(n),
                &text(n),
            )
        }),
        ("all, and the date", |n| {
            item(
                &format!("urn:x:{n}"),
                &format!("https://new.example/{n}"),
                &titled(n),
                &text(n),
            )
            .replace("05 Jan", "06 Jan")
        }),
    ];
    for (name, after) in storms {
        let (origin, mill) = one().await;
        let all = |form: Form| rss(&(0..300).map(form).collect::<String>());
        origin.script("/feed", Reply::ok(all(before)));
        assert_eq!(mill.poll("feed").await.expect("polled").new, 300, "{name}");
        let ids = mill.texts("SELECT published_id FROM articles ORDER BY pk");
        let updated = mill.count("SELECT sum(updated_at_ms / 1000) FROM articles");
        mill.later(TimeDelta::hours(2));
        origin.script("/feed", Reply::ok(all(after)));
        let report = mill.poll("feed").await.expect("polled");
        assert_eq!(
            (report.new, report.rekeyed > 0),
            (0, true),
            "{name}: {report:?}"
        );
        assert_eq!(mill.count("SELECT count(*) FROM articles"), 300, "{name}");
        assert_eq!(
            mill.texts("SELECT published_id FROM articles ORDER BY pk"),
            ids,
            "{name}"
        );
        assert_eq!(
            mill.count("SELECT sum(updated_at_ms / 1000) FROM articles"),
            updated,
            "{name}"
        );
        // And back again.
        mill.later(TimeDelta::hours(2));
        origin.script("/feed", Reply::ok(all(before)));
        assert_eq!(
            mill.poll("feed").await.expect("polled").new,
            0,
            "{name}, back"
        );
    }
}

#[tokio::test]
async fn feeds_whose_items_look_alike_give_stable_articles() {
    let date = |n: u64| {
        format!(
            "<pubDate>Mon, 05 Jan 2026 08:{:02}:{:02} GMT</pubDate>",
            n / 60,
            n % 60
        )
    };
    let make = |form: &dyn Fn(u64) -> String| rss(&(0..40).map(form).collect::<String>());
    let feeds = [
        ("one guid", make(&|n| item("x", &format!("http://a.example/{n}"), &format!("Matter {n}"), &story(n, 0..4))), 40),
        ("one link", make(&|n| item(&format!("g{n}"), "http://a.example/", &format!("Matter {n}"), &story(n, 0..4))), 40),
        ("one title", make(&|n| item(&format!("g{n}"), &format!("http://a.example/{n}"), "Today at the harbour gate", &story(n, 0..4))), 40),
        (
            "one guid, link and title",
            make(&|n| {
                let one = item("x", "http://a.example/", "Today at the harbour gate", &story(n, 0..4));
                one.replace("<pubDate>Mon, 05 Jan 2026 08:00:00 GMT</pubDate>", &date(n))
            }),
            40,
        ),
        ("no text", make(&|n| item(&format!("g{n}"), &format!("http://a.example/{n}"), &format!("Matter number {n} of today"), "")), 40),
        (
            "a wall",
            make(&|n| {
                item(
                    &format!("g{n}"),
                    &format!("http://a.example/{n}"),
                    &format!("Matter number {n} of today"),
                    "Subscribe to read this story and every other one that we publish here day by day for those who pay",
                )
            }),
            40,
        ),
        (
            "identical",
            "<item><guid>x</guid><title>Today at the gate</title><description>The same words</description></item>".repeat(10_000),
            1,
        ),
    ];
    for (name, body, articles) in feeds {
        let body = if body.starts_with("<rss") {
            body
        } else {
            rss(&body)
        };
        let (origin, mill) = one().await;
        origin.script("/feed", Reply::ok(body.clone()));
        mill.poll("feed").await.expect("polled");
        assert_eq!(
            mill.count("SELECT count(*) FROM articles"),
            articles,
            "{name}"
        );
        let first = partition(&mill);
        for round in 0..3 {
            mill.later(TimeDelta::hours(2));
            origin.script("/feed", Reply::ok(format!("{body}<!-- {round} -->")));
            let report = mill.poll("feed").await.expect("polled");
            assert_eq!(
                (report.new, report.revised),
                (0, 0),
                "{name}, round {round}"
            );
        }
        assert_eq!(partition(&mill), first, "{name}");
    }
}

/// Three sources with one story, and a mill that polled them.
async fn copied() -> (Origin, Mill) {
    let origin = Origin::start().await;
    let ids = ["a", "b", "c"];
    let sources = ids.map(|id| source(id, origin.url(&format!("/{id}"))));
    let mill = Mill::new(sources.to_vec()).await;
    for id in ids {
        copy(&origin, id, "");
        mill.poll(id).await.expect("polled");
    }
    (origin, mill)
}

fn copy(origin: &Origin, id: &str, more: &str) {
    let text = format!("{id} says so. {} {more}", story(1, 0..30));
    let link = format!("http://{id}.example/1");
    let items = item(id, &link, &format!("As {id} puts it today"), &text);
    origin.script(&format!("/{id}"), Reply::ok(rss(&items)));
}

fn articles(mill: &Mill) -> Vec<String> {
    mill.texts("SELECT id FROM articles ORDER BY pk")
}

#[tokio::test]
async fn what_was_split_stays_apart_and_what_was_merged_stays_one() {
    let (origin, mill) = copied().await;
    let store = &mill.shell.store;
    let whole = articles(&mill);
    assert_eq!(whole.len(), 1);
    let split = |entry: &str| Correction::Split {
        article: whole[0].clone(),
        entry: entry.to_owned(),
    };
    assert!(store.correct(split("nobody")).await.is_err());
    let done = store.correct(split("b")).await.expect("split");
    assert!(done.contains("(b b)"), "{done}");
    let two = articles(&mill);
    assert_eq!(two.len(), 2);
    // The founder can leave as well: the article keeps its id with those that stay.
    store.correct(split("a")).await.expect("split");
    assert_eq!(articles(&mill).len(), 3);
    assert_eq!(
        partition(&mill),
        ["a/a", "b/b", "c/c"].map(str::to_owned).into()
    );
    // Neither an edit nor another copy unites them again.
    mill.later(TimeDelta::hours(2));
    for id in ["a", "b", "c"] {
        copy(&origin, id, "One word more.");
        mill.poll(id).await.expect("polled");
    }
    assert_eq!(articles(&mill).len(), 3);
    let explained = store.explain_article(&whole[0]).expect("explained");
    assert_eq!(explained.apart.len(), 2);
    let merge = Correction::Merge {
        into: two[1].clone(),
        article: whole[0].clone(),
    };
    let done = store.correct(merge).await.expect("merged");
    assert!(done.contains(&format!("into {}", whole[0])), "{done}");
    assert_eq!(articles(&mill).len(), 2);
    assert_eq!(
        store.explain_article(&two[1]).expect("by the id it had").id,
        whole[0]
    );
    mill.later(TimeDelta::hours(2));
    copy(&origin, "b", "And another.");
    mill.poll("b").await.expect("polled");
    assert_eq!(articles(&mill).len(), 2);
}

#[tokio::test]
async fn a_copy_that_would_unite_what_was_split_joins_one_of_them() {
    let (_origin, mill) = copied().await;
    let store = &mill.shell.store;
    let article = articles(&mill).remove(0);
    let entry = "c".to_owned();
    store
        .correct(Correction::Split { article, entry })
        .await
        .expect("split");
    let before = articles(&mill);
    let origin = Origin::start().await;
    let late = source("late", origin.url("/late"));
    copy(&origin, "late", "");
    let sources = ["a", "b", "c"].map(|id| source(id, _origin.url(&format!("/{id}"))));
    let mill = mill
        .restarted(sources.into_iter().chain([late]).collect())
        .await;
    let report = mill.poll("late").await.expect("polled");
    assert_eq!((report.new, report.merged), (0, 1));
    assert_eq!(articles(&mill), before);
}

#[tokio::test]
async fn an_article_shows_what_any_of_its_entries_has_and_says_whose_it_is() {
    let origin = Origin::start().await;
    let sources = ["a", "b"].map(|id| source(id, origin.url(&format!("/{id}"))));
    let mill = Mill::new(sources.to_vec()).await;
    copy(&origin, "a", "And a little more than the other says.");
    mill.poll("a").await.expect("polled");
    let text = format!("b says so. {}", story(1, 0..30));
    let plain = item("b", "http://b.example/1", "As b puts it today", &text);
    let rich = plain.replace(
        "</item>",
        "<category>Harbour</category><author>Ada Quay</author>\
         <enclosure url=\"http://b.example/1.jpg\" type=\"image/jpeg\" length=\"9\"/></item>",
    );
    origin.script("/b", Reply::ok(rss(&rich)));
    mill.poll("b").await.expect("polled");
    let all = mill
        .shell
        .store
        .timeline(&Default::default(), &mill.sources)
        .expect("read");
    let [article] = all.as_slice() else {
        panic!("{all:?}")
    };
    let details = &article.entry.details;
    assert_eq!(details.categories[0].term, "Harbour");
    let filled: Vec<&str> = article.filled.iter().map(|filled| filled.field).collect();
    if article.origin.source == "a" {
        assert!(
            filled.contains(&"categories") && filled.contains(&"image"),
            "{filled:?}"
        );
        assert!(article.filled.iter().all(|filled| filled.source == "b"));
    } else {
        assert_eq!(filled, [""; 0]);
    }
}

#[tokio::test]
async fn a_follow_up_is_linked_and_not_merged() {
    let (origin, mill) = one().await;
    let before = item(
        "1",
        "http://a.example/1",
        "The gate is to be closed",
        &story(1, 0..12),
    );
    let text = format!("{} {}", story(1, 0..7), story(2, 0..8));
    let after = item(
        "2",
        "http://a.example/2",
        "The gate stays closed for longer",
        &text,
    );
    origin.script("/feed", Reply::ok(rss(&(before + &after))));
    mill.poll("feed").await.expect("polled");
    let all = mill
        .shell
        .store
        .timeline(&Default::default(), &mill.sources)
        .expect("read");
    assert_eq!(all.len(), 2);
    for (article, other) in [(&all[0], &all[1]), (&all[1], &all[0])] {
        assert_eq!(article.related.len(), 1);
        assert_eq!(article.related[0].article, other.id);
        assert_eq!(article.related[0].relation, Relation::FollowUp);
    }
}

#[tokio::test]
async fn an_id_used_again_for_another_summary_is_another_article_long_after() {
    let (origin, mill) = one().await;
    let issue = |day: &str, text: &str| {
        let one = item(
            "daily",
            "http://a.example/daily",
            "What the day brings",
            text,
        );
        let plain = one.replace("&lt;p&gt;", "").replace("&lt;/p&gt;", "");
        rss(&plain.replace("05 Jan", day))
    };
    origin.script("/feed", Reply::ok(issue("05 Jan", &story(1, 0..2))));
    mill.poll("feed").await.expect("polled");
    // Its sketch has left the window; what is stored of it is a summary.
    mill.change("DELETE FROM sketches");
    mill.later(TimeDelta::days(9));
    origin.script("/feed", Reply::ok(issue("14 Jan", &story(2, 0..2))));
    assert_eq!(mill.poll("feed").await.expect("polled").new, 1);
}
