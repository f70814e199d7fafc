//! What pages ask of the store.

use super::*;

async fn seven() -> World {
    let world = World::new().await;
    let ids = ["1", "2", "3", "4", "5", "6", "7"];
    let items: Vec<Text<'_>> = ids.iter().map(|id| (*id, *id, *id)).collect();
    world.poll(&items).await.expect("stored");
    // Three on one instant, the others on their own.
    world
        .store
        .sql("UPDATE articles SET published_at_ms = CASE WHEN pk IN (2, 3, 4) THEN 1000 ELSE 1000 * pk END")
        .await;
    world
}

fn titles(articles: &[crate::model::Article]) -> Vec<&str> {
    articles
        .iter()
        .filter_map(|article| article.entry.title.as_deref())
        .collect()
}

#[tokio::test]
async fn page_after_page_every_article_comes_once_also_among_equal_dates() {
    let world = seven().await;
    let key = world.sources.iter().map(|(key, _)| key).collect::<Vec<_>>();
    let all = world
        .store
        .timeline(&Selection::default(), &world.sources)
        .expect("read");
    assert_eq!(titles(&all), ["7", "6", "5", "4", "3", "2", "1"]);
    for gather in [false, true] {
        let mut seen = Vec::new();
        let mut behind = None;
        loop {
            let selection = Selection {
                sources: Some(key.clone()),
                behind: behind.clone(),
                gather,
                limit: Some(2),
                ..Selection::default()
            };
            let page = world
                .store
                .timeline(&selection, &world.sources)
                .expect("read");
            let Some(last) = page.last() else { break };
            behind = Some((last.published_at, last.id.clone()));
            seen.extend(page);
        }
        assert_eq!(titles(&seen), titles(&all), "gather: {gather}");
    }
    // An article that is gone since still has a place.
    let gone = Some((
        all[3].published_at,
        "urn:uuid:00000000-0000-0000-0000-000000000000".to_owned(),
    ));
    let page = world
        .store
        .timeline(
            &Selection {
                behind: gone,
                ..Selection::default()
            },
            &world.sources,
        )
        .expect("read");
    assert!(
        page.iter()
            .all(|article| article.published_at <= all[3].published_at),
        "{:?}",
        titles(&page)
    );
}

#[tokio::test]
async fn articles_are_counted_once_a_source_and_a_set() {
    let world = seven().await;
    let key = world
        .sources
        .iter()
        .map(|(key, _)| key)
        .next()
        .expect("one source");
    let counts = world
        .store
        .counts(&[key, key + 1], &[vec![0], vec![0, 1], vec![1], vec![9]])
        .expect("counted");
    assert_eq!(
        (counts.sources, counts.sets),
        (vec![7, 0], vec![7, 7, 0, 0])
    );
    // A second entry of the source in one article counts once.
    world
        .store
        .sql("UPDATE entries SET article = 1 WHERE id = 2")
        .await;
    let counts = world.store.counts(&[key], &[vec![0]]).expect("counted");
    assert_eq!((counts.sources, counts.sets), (vec![6], vec![6]));
}

#[tokio::test]
async fn figures_leave_out_what_the_first_document_brought() {
    let world = seven().await;
    let figures = world
        .store
        .figures(&world.sources, "mill", now())
        .expect("read")
        .expect("known");
    assert_eq!(
        (
            figures.days.iter().sum::<u64>(),
            figures.measured,
            figures.merged
        ),
        (0, 7, 0)
    );
    assert_eq!(figures.delays, [0; 6]);
    world
        .store
        .sql("UPDATE entries SET first_seen_at_ms = first_seen_at_ms - 3 * 86400000 WHERE id > 2;
              UPDATE entries SET rung = 'url', published_at_ms = first_seen_at_ms - 120000 WHERE id = 1;
              UPDATE entries SET published_at_ms = first_seen_at_ms - 7200000 WHERE id = 2;
              UPDATE sources SET etag = CAST('\"x\"' AS BLOB)")
        .await;
    let figures = world
        .store
        .figures(&world.sources, "mill", now())
        .expect("read")
        .expect("known");
    assert_eq!(
        (
            figures.days[DAYS - 1],
            figures.days.iter().sum::<u64>(),
            figures.merged
        ),
        (2, 2, 1)
    );
    assert_eq!(figures.delays, [1, 0, 0, 1, 0, 0]);
    assert_eq!(figures.etag.as_deref(), Some("\"x\""));
    assert!(
        world
            .store
            .figures(&world.sources, "none", now())
            .expect("read")
            .is_none()
    );
}

#[tokio::test]
async fn earlier_texts_of_an_article_are_kept_with_their_words() {
    let world = World::new().await;
    world
        .poll(&[("1", "One", "first wheel")])
        .await
        .expect("stored");
    world
        .poll(&[("1", "Two", "second wheel")])
        .await
        .expect("stored");
    let article = &world
        .store
        .timeline(&Selection::default(), &world.sources)
        .expect("read")[0];
    let earlier = world.store.earlier_texts(&article.id).expect("read");
    assert_eq!(earlier.len(), 1);
    assert_eq!(
        (
            earlier[0].title.as_deref(),
            earlier[0].html.as_str(),
            earlier[0].revision
        ),
        (Some("One"), "<p>first wheel</p>", 1)
    );
}
