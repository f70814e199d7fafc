//! An article named and forgotten, also while its source is polled.

use super::*;

#[tokio::test]
async fn an_article_is_named_by_its_ids_or_the_beginning_of_one() {
    let world = World::new().await;
    world
        .store
        .sql(
            "INSERT INTO articles (pk, id, published_id, representative, published_at_ms, first_seen_at_ms,
             updated_at_ms, revision) VALUES
             (1, 'urn:uuid:abcd1111-0000', 'tag:a,2026:1', 0, 0, 0, 0, 1),
             (2, 'urn:uuid:abcd1222-0000', 'abcd', 0, 0, 0, 0, 1),
             (3, 'urn:uuid:abcf0000-0000', 'urn:uuid:abcf0000-0000', 0, 0, 0, 0, 1)",
        )
        .await;
    let check = |wanted: &str, expected: &str| {
        let found = world.store.article_id(wanted);
        let found = found.unwrap_or_else(|error| error.to_string());
        assert!(found.starts_with(expected), "{wanted}: {found}");
    };
    check("urn:uuid:abcd1222-0000", "urn:uuid:abcd1222-0000");
    check(" ABCD12 ", "urn:uuid:abcd1222-0000");
    check("urn:uuid:abcd1111-", "urn:uuid:abcd1111-0000");
    check("tag:a,2026:1", "urn:uuid:abcd1111-0000");
    check("abcd", "urn:uuid:abcd1222-0000"); // Published so.
    check("abcf", "urn:uuid:abcf0000-0000");
    check(
        "abcd1",
        "\"abcd1\" begins the ids of several articles (urn:uuid:abcd1111-0000, urn:uuid:abcd1222-0000, …)",
    );
    for wanted in ["", "abc", "abce", "abcd%", "tag:a,2026"] {
        check(wanted, "there is no article ");
    }
}

#[tokio::test]
async fn what_is_forgotten_during_a_poll_is_no_entry_of_its_document() {
    let world = World::new().await;
    let items: &[Text<'_>] = &[("1", "One", "wheel"), ("2", "Two", "axle")];
    world.poll(items).await.expect("stored");
    let (key, _) = world.sources.iter().next().expect("one source");
    let claimed = world.store.claim(vec![key], &world.sources, now()).await;
    let document = claimed.expect("claimed").remove(0).document;
    let known = document.into_iter();
    let known = known.map(|(raw_hash, entry)| Item::Known { raw_hash, entry });
    let articles = world.store.timeline(&Selection::default(), &world.sources);
    let newest = articles.expect("read").remove(0);
    world.store.forget(newest.id).await.expect("forgotten");
    world.observe(known.collect()).await.expect("stored");
    let claimed = world.store.claim(vec![key], &world.sources, now()).await;
    assert_eq!(claimed.expect("claimed").remove(0).document.len(), 1);
    let report = world.poll(items).await.expect("stored");
    assert_eq!(
        (report.new, world.store.count_articles().expect("read")),
        (0, 1)
    );
}
