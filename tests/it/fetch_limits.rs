//! What is not believed and not waited for: sizes, times, and how much is done at once.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use feedmill::fetch::{Error, Fetcher, Wait};
use feedmill::model::Validators;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::fetching::{failed, get, modified, now, settings, source};
use crate::origin::{Hold, Origin, Reply};

/// Beyond what a fetch may hold without asking.
const LARGE: usize = 300 * 1024;

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("in memory")
}

#[tokio::test]
async fn a_body_comes_in_whatever_framing() {
    let origin = Origin::start().await;
    let body = vec![b'x'; LARGE];
    for reply in [
        Reply::ok(&body[..]),
        Reply::ok(&body[..]).chunked(),
        Reply::ok(&body[..]).until_close(),
    ] {
        origin.script("/feed", reply.header("ETag", "\"x\""));
        let payload = modified(get(&source(origin.url("/feed"))).await);
        assert!(payload.encoded == body && !payload.cut && payload.validators.etag.is_some());
    }
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused_as_soon_as_it_shows() {
    let origin = Origin::start().await;
    let max_body = settings().max_body as usize;
    // A declared length is enough: the body never comes.
    origin.script(
        "/feed",
        Reply::ok("x").announcing(max_body + 1).silent_after(0),
    );
    failed(get(&source(origin.url("/feed"))).await, "too_large");
    let endless = vec![b'x'; max_body + 1];
    for reply in [
        Reply::ok(&endless[..]).chunked(),
        Reply::ok(&endless[..]).until_close(),
    ] {
        origin.script("/feed", reply);
        failed(get(&source(origin.url("/feed"))).await, "too_large");
    }
    origin.script("/feed", Reply::ok(&endless[1..]).chunked());
    modified(get(&source(origin.url("/feed"))).await);
}

#[tokio::test]
async fn a_bomb_goes_off_nowhere() {
    let origin = Origin::start().await;
    let body = vec![b' '; 8 << 20];
    origin.script(
        "/feed",
        Reply::ok(gzipped(&body)).header("Content-Encoding", "x-gzip"),
    );
    let payload = modified(get(&source(origin.url("/feed"))).await);
    assert_eq!(
        payload.decode(1 << 20).expect_err("a bomb").class(),
        "too_large"
    );
    assert_eq!(
        payload.decode(8 << 20).expect("exactly the cap").body.len(),
        body.len()
    );
}

#[tokio::test]
async fn unknown_and_nested_codings_are_refused() {
    let origin = Origin::start().await;
    for coding in ["gzip, br", "compress"] {
        origin.script("/feed", Reply::ok("x").header("Content-Encoding", coding));
        failed(get(&source(origin.url("/feed"))).await, "bad_coding");
    }
}

#[tokio::test]
async fn a_cut_body_is_delivered_without_validators() {
    let origin = Origin::start().await;
    for reply in [
        Reply::ok("<rss><channel/></rss>"),
        Reply::ok("<rss><channel/></rss>").chunked(),
    ] {
        origin.script("/feed", reply.header("ETag", "\"x\"").cut_after(16));
        let payload = modified(get(&source(origin.url("/feed"))).await);
        assert!(payload.cut && payload.encoded.starts_with(b"<rss><ch"));
        assert_eq!(payload.validators, Validators::default());
        assert!(payload.decode(100).expect("plain").cut);
    }
    let encoded = gzipped(&b"<item/>".repeat(1000));
    let reply = Reply::ok(&encoded[..encoded.len() - 10])
        .header("Content-Encoding", "gzip")
        .header("ETag", "\"x\"");
    origin.script("/feed", reply);
    let decoded = modified(get(&source(origin.url("/feed"))).await)
        .decode(1 << 20)
        .expect("what was whole");
    assert!(decoded.cut && decoded.body.starts_with(b"<item/><item/>"));
}

#[tokio::test]
async fn a_connection_that_ends_before_the_first_byte_is_an_error() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::ok("<rss/>").cut_after(0));
    failed(get(&source(origin.url("/feed"))).await, "cut");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        Reply::ok("<rss/>").header("X-Long", vec![b'x'; 70 * 1024]),
    );
    failed(get(&source(origin.url("/feed"))).await, "too_large");
}

#[tokio::test]
async fn silence_ends_in_a_timeout() {
    let origin = Origin::start().await;
    let (total, idle) = (Duration::from_millis(150), Duration::from_millis(50));
    let mut settings = settings();
    settings.idle_timeout = idle;
    let fetcher = Fetcher::new(&settings);
    let mut source = source(origin.url("/feed"));
    origin.script("/feed", Reply::ok("<rss/>").silent_after(3));
    let error = failed(
        fetcher
            .fetch(&source, &source.url, &Validators::default(), false, now())
            .await,
        "timeout",
    );
    assert_eq!(
        error,
        Error::Timeout {
            wait: Wait::Body,
            after: idle
        }
    );
    Arc::make_mut(&mut source.request).timeout = total;
    origin.script("/feed", Reply::ok("<rss/>").held(&Hold::new()));
    let error = failed(
        fetcher
            .fetch(&source, &source.url, &Validators::default(), false, now())
            .await,
        "timeout",
    );
    assert_eq!(
        error,
        Error::Timeout {
            wait: Wait::Answer,
            after: total
        }
    );
    assert_eq!(
        error.to_string(),
        "timed out after 0.15 s waiting for an answer"
    );
}

#[tokio::test]
async fn redirects_share_one_deadline() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::redirect(302, "/slow"));
    origin.script("/slow", Reply::ok("<rss/>").held(&Hold::new()));
    let mut source = source(origin.url("/feed"));
    Arc::make_mut(&mut source.request).timeout = Duration::from_millis(100);
    let error = failed(get(&source).await, "timeout");
    assert_eq!(
        error,
        Error::Timeout {
            wait: Wait::Answer,
            after: Duration::from_millis(100)
        }
    );
}

#[tokio::test]
async fn a_host_gets_only_so_many_requests_at_once_and_waiting_is_no_timeout() {
    let origin = Origin::start().await;
    let hold = Hold::new();
    origin.script("/feed", Reply::ok("<rss/>").held(&hold));
    let mut settings = settings();
    settings.per_host = 2;
    let fetcher = Arc::new(Fetcher::new(&settings));
    let fetches: Vec<_> = (0..6)
        .map(|_| {
            let (fetcher, source) = (Arc::clone(&fetcher), source(origin.url("/feed")));
            tokio::spawn(async move {
                fetcher
                    .fetch(&source, &source.url, &Validators::default(), false, now())
                    .await
            })
        })
        .collect();
    origin.has_been_asked(2).await;
    hold.open();
    for fetch in fetches {
        modified(fetch.await.expect("no panic"));
    }
    assert_eq!(origin.most_at_once(), 2);
}

#[tokio::test]
async fn starts_at_one_host_keep_their_distance_redirects_included() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::redirect(302, "/new"));
    origin.script("/new", Reply::ok("<rss/>"));
    let mut settings = settings();
    settings.host_interval = Duration::from_millis(40);
    let fetcher = Fetcher::new(&settings);
    let source = source(origin.url("/feed"));
    let begin = Instant::now();
    for _ in 0..2 {
        modified(
            fetcher
                .fetch(&source, &source.url, &Validators::default(), false, now())
                .await,
        );
    }
    let last = origin.requests().last().expect("four requests").at;
    assert!(last - begin >= Duration::from_millis(3 * 40));
}

#[tokio::test]
async fn four_large_bodies_are_held_and_the_fifth_waits() {
    let origin = Origin::start().await;
    origin.script("/large", Reply::ok(vec![b'x'; LARGE]));
    origin.script("/small", Reply::ok("<rss/>"));
    let fetcher = Arc::new(Fetcher::new(&settings()));
    let fetch = |path: &str| {
        let (fetcher, source) = (Arc::clone(&fetcher), source(origin.url(path)));
        tokio::spawn(async move {
            modified(
                fetcher
                    .fetch(&source, &source.url, &Validators::default(), false, now())
                    .await,
            )
        })
    };
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(fetch("/large").await.expect("no panic"));
    }
    let fifth = fetch("/large");
    origin.has_been_asked(5).await;
    fetch("/small").await.expect("small ones pass");
    assert!(!fifth.is_finished());
    held.pop();
    assert_eq!(fifth.await.expect("no panic").encoded.len(), LARGE);
}
