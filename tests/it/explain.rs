//! `explain` and the diagnosis of what stands before a feed.

use crate::mill::{feed, one, tagged};
use crate::origin::{Origin, Reply};
use crate::walk::{configure, feedmill, output};

#[tokio::test]
async fn pages_that_keep_programs_out_are_named_with_a_cure() {
    let (origin, mill) = one().await;
    origin.script("/feed", tagged("Tides", &["a"]));
    mill.poll("feed").await;
    let page = |status, body: &str| Reply::ok(body).with_status(status);
    let challenge = "<html><title>Just a moment...</title></html>";
    for (reply, class, words) in [
        (page(403, challenge), "bot_wall", "Cloudflare"),
        (page(503, challenge), "bot_wall", "Cloudflare"),
        (page(200, challenge), "bot_wall", "Cloudflare"),
        (
            page(403, "").header("cf-mitigated", "challenge"),
            "bot_wall",
            "Cloudflare",
        ),
        (
            page(405, "<script src='https://x.captcha.awswaf.com/a.js'>"),
            "bot_wall",
            "AWS WAF",
        ),
        (page(403, "<html>No.</html>"), "forbidden", "403"),
        (
            page(
                200,
                "<html><title>Members</title><form><input type=password></form></html>",
            ),
            "not_a_feed",
            "login form",
        ),
        (page(401, ""), "unauthorized", "401"),
    ] {
        origin.script("/feed", reply);
        assert_eq!(mill.outcome("feed").await, class, "{words}");
        let health = mill.health("feed");
        let error = health.error.expect("an error");
        assert!(error.contains(words), "{error}");
        let cure = health.cure.expect("a cure");
        assert!(cure.contains("`cookie`"), "{cure}");
        assert_eq!(health.articles, 1);
    }
    origin.script("/feed", tagged("Tides", &["a"]));
    assert_eq!(
        mill.outcome("feed").await,
        "not_modified",
        "validators stayed"
    );
    assert_eq!(mill.health("feed").cure, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_what_decided_and_what_happened() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &origin, 2, "127.0.0.1:0");
    let hub = "<title>Tides</title><a:link xmlns:a=\"http://www.w3.org/2005/Atom\" rel=\"hub\" href=\"https://hub.example/\"/>";
    let named = feed("Tides", &["a"]).replacen("<title>Tides</title>", hub, 1);
    let calm = Reply::ok(named)
        .header("ETag", "\"a\"")
        .header("Cache-Control", "max-age=1800");
    origin.script_all("/0", [calm, Reply::status(404)]);
    origin.script("/1", Reply::status(429).header("Retry-After", "3600"));
    for source in ["f0", "f0", "f1"] {
        let _ = feedmill(folder.path(), &["poll", source])
            .output()
            .expect("ran");
    }
    let text = output(folder.path(), &["explain", "f0"]).await.stdout;
    let text = String::from_utf8(text).expect("text");
    for part in [
        "source      f0 (Tides)",
        "state       failing",
        "404",
        "cure        look on the site",
        "schedule    adaptive",
        "pace        about 4 entries a week; a poll is worth 5.0 minutes",
        "hints       max-age 30m",
        "conditional yes",
        "push        no, though the feed names https://hub.example/: `websub` of the source is off",
        "quiet       its host wants no requests before",
        "1 failure (not_found)",
        "  not_found  ",
        "  ok  ",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let json = output(folder.path(), &["explain", "f1", "--json"])
        .await
        .stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["id"], "f1");
    assert_eq!(json["polls"][0]["outcome"], "too_many_requests");
    assert!(json["next_poll"].as_str() >= json["held_until"].as_str());
    assert!(json["host_held_until"].is_string());
    let keys: Vec<&str> = json
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    let documented = include_str!("../../docs/json.md");
    for key in keys {
        assert!(
            documented.contains(&format!("`{key}`")),
            "{key} is not documented"
        );
    }
    let unknown = feedmill(folder.path(), &["explain", "nobody"])
        .output()
        .expect("ran");
    assert_eq!(unknown.status.code(), Some(2));
}
