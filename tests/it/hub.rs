//! Our own hub: who subscribes is asked whether it meant it, and told of changes; and hubs of the configuration are.

use feedmill::model::Secret;
use feedmill::websub;

use crate::asked::{get, polled};
use crate::mill::{feed, one};
use crate::origin::{Origin, PATIENCE, Reply, Request};
use crate::walk::{daemon, free_address, output};

/// The status and text of a request to the hub.
async fn ask(address: &str, form: &[(&str, &str)]) -> (u16, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    let request = reqwest::Client::new()
        .post(format!("http://{address}/websub/hub"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(text.extend_pairs(form).finish());
    let answer = request.send().await.expect("answered");
    (
        answer.status().as_u16(),
        answer.text().await.expect("a body"),
    )
}

/// Waits for the first request that is so, and gives it.
async fn wait_for(origin: &Origin, is_it: impl Fn(&Request) -> bool) -> Request {
    let mut seen = origin.requests().len();
    loop {
        if let Some(found) = origin.requests().into_iter().find(&is_it) {
            return found;
        }
        origin.has_been_asked(seen + 1).await;
        seen = origin.requests().len();
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("it comes so");
}

fn is_delivery(request: &Request) -> bool {
    request.method == "POST" && request.target.starts_with("/cb")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_is_verified_and_gets_what_changes_signed() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    origin.script("/feed", Reply::ok(feed("Tides", &["a"])));
    origin.script("/cb", Reply::status(200).echoing("hub.challenge"));
    origin.script("/no", Reply::ok("something else"));
    origin.script("/hub", Reply::status(202));
    let source = format!(
        "[[source]]\nid = \"f\"\nurl = \"{}\"\n",
        origin.url("/feed")
    );
    let hubs = format!(
        "[[output]]\nname = \"all\"\nhubs = [\"{}\"]\n",
        origin.url("/hub")
    );
    let hidden = "[[output]]\nname = \"inner\"\ntoken = \"tok0\"\n";
    polled(folder.path(), &address, &(source + &hubs + hidden)).await;
    let _daemon = daemon(folder.path());

    let topic = format!("http://{address}/all.atom");
    let told = wait_for(&origin, |request| request.target == "/hub").await;
    let told = String::from_utf8_lossy(&told.body).into_owned();
    assert!(told.starts_with("hub.mode=publish&hub.url=http"), "{told}");
    let (_, headers, document) = get(&address, "all.atom").await;
    let own = format!("http://{address}/websub/hub");
    let link = headers["link"].to_str().expect("ASCII").to_owned();
    let expected = format!(
        "<{}>; rel=\"hub\", <{own}>; rel=\"hub\", <{topic}>; rel=\"self\"",
        origin.url("/hub")
    );
    assert_eq!(link, expected);
    assert!(
        document.contains(&format!("<link rel=\"hub\" href=\"{own}\"/>")),
        "{document}"
    );
    let (_, headers, inner) = get(&address, "inner.atom?token=tok0").await;
    assert!(
        !headers.contains_key("link") && !inner.contains("rel=\"hub\""),
        "{inner}"
    );

    assert_eq!(get(&address, "websub/hub").await.0, 400);
    let callback = origin.url("/cb?x=1").to_string();
    let elsewhere = origin.url("/no").to_string();
    let wish = |callback: &'static str, topic: &'static str| {
        [
            ("hub.mode", "subscribe"),
            ("hub.callback", callback),
            ("hub.topic", topic),
        ]
    };
    for form in [
        &wish("http://r.example/", "http://m.example/all.atom")[..],
        &wish("ftp://r.example/", topic.clone().leak())[..],
        &wish(
            "http://r.example/",
            format!("http://{address}/inner.atom?token=tok0").leak(),
        )[..],
    ] {
        assert_eq!(ask(&address, form).await.0, 400, "{form:?}");
    }
    let form = |callback: &str, mode: &str| {
        [
            ("hub.mode", mode.to_owned()),
            ("hub.callback", callback.to_owned()),
            ("hub.topic", topic.clone()),
            ("hub.secret", "the key".to_owned()),
        ]
    };
    for callback in [&elsewhere, &callback] {
        let form = form(callback, "subscribe");
        let form: Vec<(&str, &str)> = { form.iter() }
            .map(|(key, value)| (*key, &value[..]))
            .collect();
        assert_eq!(ask(&address, &form).await.0, 202);
    }
    let asked = wait_for(&origin, |request| {
        request.target.starts_with("/cb?x=1&hub.mode=subscribe")
    })
    .await;
    assert!(
        asked.target.contains("hub.lease_seconds=864000"),
        "{asked:?}"
    );
    wait_for(&origin, |request| {
        request.target.starts_with("/no?hub.mode=subscribe")
    })
    .await;
    let database = rusqlite::Connection::open(folder.path().join("feedmill.db")).expect("opened");
    let subscribers = || -> i64 {
        let sql = "SELECT count(*) FROM followers WHERE NOT is_hub";
        database
            .query_row(sql, [], |row| row.get(0))
            .expect("counted")
    };
    until(|| subscribers() == 1).await;

    origin.script("/feed", Reply::ok(feed("Tides", &["a", "b"])));
    output(folder.path(), &["poll", "f"]).await;
    let delivery = wait_for(&origin, is_delivery).await;
    assert_eq!(delivery.target, "/cb?x=1");
    assert_eq!(
        delivery.header("content-type").as_deref(),
        Some("application/atom+xml; charset=utf-8")
    );
    let own_links = format!("<{own}>; rel=\"hub\", <{topic}>; rel=\"self\"");
    assert_eq!(delivery.header("link"), Some(own_links));
    let secret = Secret::new("the key".to_owned());
    let signature = delivery.bytes("x-hub-signature");
    assert_eq!(websub::check(signature, &secret, &delivery.body), Ok(()));
    let (_, _, document) = get(&address, "all.atom").await;
    assert_eq!(String::from_utf8_lossy(&delivery.body), document);
    assert!(document.contains("About b"), "{document}");

    let form = form(&callback, "unsubscribe");
    let form: Vec<(&str, &str)> = { form.iter() }
        .map(|(key, value)| (*key, &value[..]))
        .collect();
    assert_eq!(ask(&address, &form).await.0, 202);
    until(|| subscribers() == 0).await;
}

#[tokio::test]
async fn a_callback_on_a_private_address_is_never_asked() {
    let (origin, mill) = one().await;
    let callback = origin.url("/cb");
    let options = feedmill::model::RequestOptions {
        allow_private: Vec::new(),
        ..(*crate::fetching::source(origin.url("/")).request).clone()
    };
    let fetcher = &mill.shell.fetcher;
    let asked = fetcher
        .visit_subscriber(&options, &callback, mill.now())
        .await;
    assert!(asked.expect_err("refused").to_string().contains("private"));
    let told = fetcher.deliver(&options, &callback, Default::default(), Default::default());
    assert!(
        told.await
            .expect_err("refused")
            .to_string()
            .contains("private")
    );
    let named = format!("http://localhost:{}/cb", origin.address().port());
    let named = named.parse().expect("a URL");
    let asked = fetcher.visit_subscriber(&options, &named, mill.now()).await;
    assert!(asked.is_err());
    assert_eq!(origin.requests().len(), 0);
}
