//! What is asked, what is answered, and where redirects lead.

use std::sync::Arc;
use std::time::Duration;

use feedmill::fetch::{Answer, BadRedirect, Error, Fetcher};
use feedmill::model::{HttpVersion, Secret, Validators};
use tokio::net::TcpListener;
use url::Url;

use crate::fetching::{failed, get, get_again, modified, not_modified, now, settings, source};
use crate::origin::{Origin, Reply};

#[tokio::test]
async fn a_request_has_exactly_these_fields() {
    let origin = Origin::start().await;
    origin.script("/feed?a=1", Reply::ok("<rss/>"));
    modified(get(&source(origin.url("/feed?a=1#top"))).await);
    let request = origin.only_request();
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("GET", "/feed?a=1")
    );
    let mut fields: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into()))
        .collect();
    fields.sort();
    let expected = [
        (
            "accept",
            "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, \
             text/xml;q=0.8, */*;q=0.1",
        ),
        ("accept-encoding", "gzip, br, zstd"),
        ("host", &origin.address().to_string()),
        ("user-agent", "Feedmill/test (+https://example.org/)"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn the_second_fetch_is_conditional_byte_for_byte() {
    let origin = Origin::start().await;
    let reply = Reply::ok("<rss/>")
        .header("ETag", &b"W/odd \xfftag"[..])
        .header("Last-Modified", "last Tuesday");
    origin.script("/feed", reply.revalidates());
    let source = source(origin.url("/feed"));
    let payload = modified(get(&source).await);
    assert_eq!(
        payload.validators.url.as_deref(),
        Some(origin.url("/feed").as_str())
    );
    let news = not_modified(get_again(&source, &payload.validators).await);
    assert_eq!(news.validators, payload.validators);
    let request = &origin.requests()[1];
    assert_eq!(request.bytes("if-none-match"), Some(&b"W/odd \xfftag"[..]));
    assert_eq!(
        request.bytes("if-modified-since"),
        Some(&b"last Tuesday"[..])
    );
}

#[tokio::test]
async fn validators_of_another_url_are_not_sent() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        Reply::ok("<rss/>").header("ETag", "\"x\"").revalidates(),
    );
    let stored = Validators {
        url: Some(origin.url("/moved").into()),
        etag: Some(b"\"x\"".to_vec()),
        last_modified: None,
    };
    modified(get_again(&source(origin.url("/feed")), &stored).await);
    assert_eq!(origin.only_request().header("if-none-match"), None);
}

#[tokio::test]
async fn behind_a_redirect_only_the_url_that_gave_them_gets_the_validators() {
    let origin = Origin::start().await;
    origin.script("/old", Reply::redirect(302, "/new"));
    origin.script(
        "/new",
        Reply::ok("<rss/>").header("ETag", "\"x\"").revalidates(),
    );
    let source = source(origin.url("/old"));
    let payload = modified(get(&source).await);
    assert_eq!(
        payload.validators.url.as_deref(),
        Some(origin.url("/new").as_str())
    );
    let news = not_modified(get_again(&source, &payload.validators).await);
    assert_eq!(news.redirects.len(), 1);
    let [.., old, new] = &origin.requests()[..] else {
        panic!("four requests")
    };
    assert_eq!(
        (old.header("if-none-match"), new.header("if-none-match")),
        (None, Some("\"x\"".to_owned()))
    );
}

#[tokio::test]
async fn a_200_without_validators_forgets_them_and_hints_are_read() {
    let origin = Origin::start().await;
    let reply = Reply::ok("<rss/>")
        .header("Cache-Control", "max-age=600")
        .header("Content-Type", "text/xml");
    origin.script("/feed", reply);
    let payload = modified(get(&source(origin.url("/feed"))).await);
    assert_eq!(payload.validators, Validators::default());
    assert_eq!(payload.signals.max_age, Some(Duration::from_secs(600)));
    assert_eq!(payload.content_type.as_deref(), Some("text/xml"));
    assert_eq!(payload.decode(1 << 20).expect("plain").body, "<rss/>");
}

#[tokio::test]
async fn a_304_brings_hints_and_newer_validators() {
    let origin = Origin::start().await;
    let reply = Reply::status(304)
        .header("Last-Modified", "newer")
        .header("Cache-Control", "max-age=900");
    origin.script("/feed", reply);
    let stored = Validators {
        url: Some(origin.url("/feed").into()),
        etag: Some(b"\"x\"".to_vec()),
        last_modified: Some(b"older".to_vec()),
    };
    let news = not_modified(get_again(&source(origin.url("/feed")), &stored).await);
    assert_eq!(news.signals.max_age, Some(Duration::from_secs(900)));
    assert_eq!(
        news.validators,
        Validators {
            last_modified: Some(b"newer".to_vec()),
            ..stored
        }
    );
}

#[tokio::test]
async fn every_other_status_is_an_error_of_its_class() {
    let origin = Origin::start().await;
    for (status, class) in [
        (204, "unexpected_status"),
        (206, "unexpected_status"),
        (304, "unexpected_status"),
        (400, "client_error"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (429, "too_many_requests"),
        (500, "server_error"),
        (503, "server_error"),
        (599, "server_error"),
    ] {
        origin.script("/feed", Reply::status(status));
        let error = failed(get(&source(origin.url("/feed"))).await, class);
        assert_eq!(
            error,
            Error::Status {
                status,
                retry_after: None
            }
        );
    }
}

#[tokio::test]
async fn only_429_and_503_may_ask_to_wait() {
    let origin = Origin::start().await;
    for (status, value, seconds) in [
        (429, "90", Some(90)),
        (503, "Wed, 04 Mar 2026 05:07:07 GMT", Some(60)),
        (429, "99999999999999999999999", Some(604_800)),
        (429, "later", None),
        (404, "90", None),
    ] {
        origin.script("/feed", Reply::status(status).header("Retry-After", value));
        let error = get(&source(origin.url("/feed")))
            .await
            .expect_err("no feed");
        assert_eq!(
            error.retry_after(),
            seconds.map(Duration::from_secs),
            "{status} {value}"
        );
    }
}

#[tokio::test]
async fn gone_is_an_answer_unless_a_temporary_redirect_led_there() {
    let origin = Origin::start().await;
    origin.script("/gone", Reply::status(410));
    origin.script("/moved", Reply::redirect(308, "/gone"));
    origin.script("/elsewhere", Reply::redirect(302, "/gone"));
    assert!(matches!(
        get(&source(origin.url("/gone"))).await,
        Ok(Answer::Gone)
    ));
    assert!(matches!(
        get(&source(origin.url("/moved"))).await,
        Ok(Answer::Gone)
    ));
    failed(get(&source(origin.url("/elsewhere"))).await, "gone");
}

#[tokio::test]
async fn redirects_are_followed_and_written_down() {
    let origin = Origin::start().await;
    for (at, status) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        origin.script(
            &format!("/{at}"),
            Reply::redirect(status, format!("{}#part", at + 1)),
        );
    }
    origin.script("/5", Reply::ok("<rss/>"));
    let payload = modified(get(&source(origin.url("/0"))).await);
    assert_eq!(payload.final_url, origin.url("/5"));
    let chain: Vec<(u16, &str)> = payload
        .redirects
        .iter()
        .map(|hop| (hop.status, hop.url.path()))
        .collect();
    assert_eq!(
        chain,
        [
            (301, "/1"),
            (302, "/2"),
            (303, "/3"),
            (307, "/4"),
            (308, "/5")
        ]
    );
    assert_eq!(origin.targets(), ["/0", "/1", "/2", "/3", "/4", "/5"]);
    assert!(
        origin
            .requests()
            .iter()
            .all(|request| request.header("referer").is_none())
    );
}

#[tokio::test]
async fn redirects_that_lead_nowhere_good_are_not_followed() {
    let origin = Origin::start().await;
    let scheme = |name: &str| BadRedirect::Scheme(name.to_owned());
    origin.script("/back", Reply::redirect(302, "/start"));
    for (location, fault) in [
        ("/start", BadRedirect::Circle),
        ("/back", BadRedirect::Circle),
        ("file:///etc/passwd", scheme("file")),
        ("ftp://example.org/", scheme("ftp")),
        ("http://", BadRedirect::NoPlace),
    ] {
        origin.script("/start", Reply::redirect(301, location));
        let error = failed(get(&source(origin.url("/start"))).await, "redirect");
        assert_eq!(error, Error::Redirect(fault), "{location}");
    }
    origin.script("/start", Reply::status(301));
    failed(get(&source(origin.url("/start"))).await, "redirect");
}

#[tokio::test]
async fn ten_redirects_are_followed_and_not_eleven() {
    let origin = Origin::start().await;
    for number in 0..11 {
        origin.script(
            &format!("/{number}"),
            Reply::redirect(302, format!("/{}", number + 1)),
        );
    }
    origin.script("/11", Reply::ok("<rss/>"));
    modified(get(&source(origin.url("/1"))).await);
    let error = failed(get(&source(origin.url("/0"))).await, "redirect");
    assert_eq!(error, Error::Redirect(BadRedirect::TooMany(10)));
}

#[tokio::test]
async fn secrets_go_to_the_configured_origin_only() {
    let (home, away) = (Origin::start().await, Origin::start().await);
    home.script("/feed", Reply::redirect(302, "/here"));
    home.script("/here", Reply::redirect(302, away.url("/there").as_str()));
    away.script("/there", Reply::redirect(302, home.url("/back").as_str()));
    home.script("/back", Reply::ok("<rss/>"));
    let mut source = source(home.url("/feed"));
    Arc::make_mut(&mut source.request)
        .headers
        .insert("X-Token".to_owned(), Secret::new("t0ken"));
    Arc::make_mut(&mut source.request).basic_auth = Some(Secret::new("user:pass"));
    Arc::make_mut(&mut source.request).cookie = Some(Secret::new("session=1"));
    modified(get(&source).await);
    for request in home.requests() {
        assert_eq!(
            request.header("x-token").as_deref(),
            Some("t0ken"),
            "{}",
            request.target
        );
        assert_eq!(
            request.header("authorization").as_deref(),
            Some("Basic dXNlcjpwYXNz")
        );
        assert_eq!(request.header("cookie").as_deref(), Some("session=1"));
    }
    let foreign = away.only_request();
    for name in ["x-token", "authorization", "cookie", "referer"] {
        assert_eq!(foreign.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn user_and_password_of_the_url_authenticate_and_are_shown_nowhere() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::redirect(302, "/here"));
    origin.script("/here", Reply::ok("<rss/>").header("ETag", "\"x\""));
    let mut url = origin.url("/feed");
    url.set_username("us%40er").expect("a host");
    url.set_password(Some("pass")).expect("a host");
    let payload = modified(get(&source(url)).await);
    assert_eq!(payload.final_url, origin.url("/here"));
    assert_eq!(
        payload.validators.url.as_deref(),
        Some(origin.url("/here").as_str())
    );
    for request in origin.requests() {
        assert_eq!(
            request.header("authorization").as_deref(),
            Some("Basic dXNAZXI6cGFzcw==")
        );
    }
}

#[tokio::test]
async fn fields_of_the_source_replace_ours() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::ok("<rss/>"));
    let mut source = source(origin.url("/feed"));
    Arc::make_mut(&mut source.request)
        .headers
        .insert("accept".to_owned(), Secret::new("text/xml"));
    modified(get(&source).await);
    let accepts = origin
        .only_request()
        .headers
        .into_iter()
        .filter(|(name, _)| name == "accept")
        .count();
    assert_eq!(accepts, 1);
    Arc::make_mut(&mut source.request)
        .headers
        .insert("X-Token".to_owned(), Secret::new("s3cret\r\nX-Evil: 1"));
    let error = failed(get(&source).await, "setting");
    assert_eq!(
        error.to_string(),
        "setting `headers.X-Token` cannot be used in a request"
    );
}

#[tokio::test]
async fn the_last_source_of_a_host_closes_the_connection() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::ok("<rss/>"));
    let (fetcher, source) = (Fetcher::new(&settings()), source(origin.url("/feed")));
    for last in [true, true, false] {
        modified(
            fetcher
                .fetch(&source, &source.url, &Validators::default(), last, now())
                .await,
        );
    }
    let seen: Vec<_> = origin
        .requests()
        .iter()
        .map(|request| (request.connection, request.header("connection")))
        .collect();
    let close = || Some("close".to_owned());
    assert_eq!(seen, [(1, close()), (2, close()), (3, None)]);
}

#[tokio::test]
async fn a_kept_connection_that_went_stale_is_tried_once_more() {
    let origin = Origin::start().await;
    let (fetcher, source) = (Fetcher::new(&settings()), source(origin.url("/feed")));
    let none = Validators::default();
    let fetch = || fetcher.fetch(&source, &source.url, &none, false, now());
    origin.script_all(
        "/feed",
        [
            Reply::ok("1"),
            Reply::nothing(),
            Reply::ok("2"),
            Reply::nothing(),
        ],
    );
    assert_eq!(modified(fetch().await).encoded, "1");
    assert_eq!(modified(fetch().await).encoded, "2");
    assert_eq!(origin.requests().len(), 3);
    failed(fetch().await, "cut");
    assert_eq!(origin.requests().len(), 5);
}

#[tokio::test]
async fn a_new_connection_is_never_tried_twice() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::nothing());
    failed(get(&source(origin.url("/feed"))).await, "cut");
    origin.only_request();
}

#[tokio::test]
async fn an_http_2_request_has_exactly_the_same_fields() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let at = listener.local_addr().expect("bound");
    let show = |request: axum::extract::Request| async move {
        let mut fields: Vec<String> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
            .collect();
        fields.sort();
        let uri = request.uri();
        format!(
            "{} {uri} {:?}\n{}",
            request.method(),
            request.version(),
            fields.join("\n")
        )
    };
    let serving =
        tokio::spawn(
            async move { axum::serve(listener, axum::Router::new().fallback(show)).await },
        );
    let mut source = source(Url::parse(&format!("http://{at}/feed?a=1#top")).expect("a URL"));
    Arc::make_mut(&mut source.request).http_version = HttpVersion::Http2;
    Arc::make_mut(&mut source.request).user_agent = "Own/1".to_owned();
    Arc::make_mut(&mut source.request).cookie = Some(Secret::new("session=1"));
    let stored = Validators {
        url: Some(format!("http://{at}/feed?a=1")),
        etag: Some(b"W/\"x\"".to_vec()),
        last_modified: None,
    };
    let seen = modified(get_again(&source, &stored).await);
    let expected = format!(
        "GET http://{at}/feed?a=1 HTTP/2.0\na-im: feed\n\
         accept-encoding: gzip, br, zstd\n\
         accept: application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, \
         text/xml;q=0.8, */*;q=0.1\n\
         cookie: session=1\nif-none-match: W/\"x\"\nuser-agent: Own/1"
    );
    assert_eq!(seen.encoded, expected);
    serving.abort();
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_set() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = Url::parse(&format!(
        "http://{}/feed",
        listener.local_addr().expect("bound")
    ))
    .expect("a URL");
    let show = |request: axum::extract::Request| async move {
        format!(
            "{:?} {:?}",
            request.version(),
            request.headers().get("connection")
        )
    };
    let serving =
        tokio::spawn(
            async move { axum::serve(listener, axum::Router::new().fallback(show)).await },
        );
    let mut source = source(url);
    for (version, seen) in [
        (HttpVersion::Http2, "HTTP/2.0 None"),
        (HttpVersion::Http1, "HTTP/1.1 Some(\"close\")"),
        (HttpVersion::Auto, "HTTP/1.1 Some(\"close\")"),
    ] {
        Arc::make_mut(&mut source.request).http_version = version;
        let answer = Fetcher::new(&settings())
            .fetch(&source, &source.url, &Validators::default(), true, now())
            .await;
        assert_eq!(modified(answer).encoded, seen);
    }
    serving.abort();
}
