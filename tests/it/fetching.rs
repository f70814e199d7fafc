//! Settings and sources for tests of `fetch`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use feedmill::config;
use feedmill::fetch::{Answer, Error, Fetcher, NotModified, Payload};
use feedmill::model::{Cadence, HttpVersion, RequestOptions, Rule, Source, Validators};
use url::Url;

/// The wall clock of these tests.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-04T05:06:07Z".parse().expect("a date")
}

/// Roomy limits.
pub(crate) fn settings() -> config::Fetch {
    config::Fetch {
        concurrency: 64,
        per_host: 8,
        host_interval: Duration::ZERO,
        hold_off_by_address: false,
        connect_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(20),
        max_body: 1 << 20,
    }
}

/// A source that may live on loopback.
pub(crate) fn source(url: impl Into<Url>) -> Source {
    Source {
        id: "test".to_owned(),
        named: true,
        url: url.into(),
        title: None,
        tags: Vec::new(),
        cadence: Cadence {
            rule: Rule::Adaptive,
            min: Duration::from_secs(900),
            max: Duration::from_secs(86_400),
            respect_hints: true,
            budget: None,
        },
        priority: 0,
        timezone: chrono_tz::UTC,
        max_items: None,
        filters: Default::default(),
        private: false,
        paused: false,
        websub: false,
        history: false,
        pages: Default::default(),
        request: Arc::new(RequestOptions {
            headers: BTreeMap::new(),
            basic_auth: None,
            cookie: None,
            user_agent: "Feedmill/test (+https://example.org/)".to_owned(),
            proxy: None,
            timeout: Duration::from_secs(20),
            http_version: HttpVersion::Auto,
            allow_private: vec![
                "127.0.0.0/8".parse().expect("a net"),
                "::1/128".parse().expect("a net"),
            ],
        }),
    }
}

/// One unconditional fetch with roomy limits.
pub(crate) async fn get(source: &Source) -> Result<Answer, Error> {
    get_again(source, &Validators::default()).await
}

/// One fetch with these validators.
pub(crate) async fn get_again(source: &Source, validators: &Validators) -> Result<Answer, Error> {
    Fetcher::new(&settings())
        .fetch(source, &source.url, validators, false, now())
        .await
}

/// The 200 that must have come.
pub(crate) fn modified(answer: Result<Answer, Error>) -> Payload {
    match answer {
        Ok(Answer::Modified(payload)) => *payload,
        other => panic!("no 200: {other:?}"),
    }
}

/// The 304 that must have come.
pub(crate) fn not_modified(answer: Result<Answer, Error>) -> NotModified {
    match answer {
        Ok(Answer::NotModified(news)) => news,
        other => panic!("no 304: {other:?}"),
    }
}

/// The error that must have come, by its class.
pub(crate) fn failed(answer: Result<Answer, Error>, class: &str) -> Error {
    let error = answer.expect_err(class);
    assert_eq!(error.class(), class, "{error}");
    let first = error.to_string().chars().next();
    assert!(first.is_some_and(|first| first.is_lowercase()), "{error}");
    error
}
