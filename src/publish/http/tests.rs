use std::io::Read;

use super::*;
use crate::model::Secret;
use crate::publish::atom;
use crate::publish::tests::at;

pub(super) const BODY: &str =
    "<feed>the same words over and over, the same words over and over</feed>";
const CHANGED: &str = "Wed, 04 Mar 2026 05:06:07 GMT";

pub(super) fn publication(token: Option<&str>) -> Publication {
    let changed_at = at("2026-03-04T05:06:07.890Z");
    Publication::new(
        BODY,
        atom::CONTENT_TYPE,
        changed_at,
        300,
        token.map(Secret::new),
    )
}

/// A site below `/feeds/` with an open output, one with a token, and the page; and the switch of its readiness.
pub(super) fn served() -> (Served, watch::Sender<bool>) {
    let page = Publication::new(
        "<!DOCTYPE html><title>Rivers</title>",
        "text/html; charset=utf-8",
        at("2026-03-04T05:06:07Z"),
        300,
        None,
    );
    let site = Site::from([
        ("all.atom".to_owned(), publication(None)),
        ("inner.atom".to_owned(), publication(Some("tok en&é"))),
        (String::new(), page),
    ]);
    let (ready, is_ready) = watch::channel(false);
    (
        Served {
            site: watch::channel(Arc::new(site)).1,
            ready: is_ready,
            lazy: watch::channel(None).1,
            meters: Meters::default(),
            base: "/feeds/".to_owned(),
            callbacks: None,
        },
        ready,
    )
}

/// The validator of a form.
fn etag(publication: &Publication, coding: Coding) -> String {
    let field = &publication.form(coding).etag;
    field.to_str().expect("ASCII").to_owned()
}

fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    served().0.answer(&request.body(()).expect("a request"))
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("ASCII"))
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a body");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn a_get_has_the_body_and_everything_a_cache_needs() {
    let response = ask("GET", "/feeds/all.atom", &[]);
    assert_eq!(response.status(), StatusCode::OK);
    for (name, value) in [
        ("content-type", "application/atom+xml; charset=utf-8"),
        ("content-length", "71"),
        ("etag", &etag(&publication(None), Coding::Identity)),
        ("last-modified", CHANGED),
        ("cache-control", "public, max-age=300"),
        ("vary", "accept-encoding"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(header(&response, name), Some(value), "{name}");
    }
    assert_eq!(header(&response, "content-encoding"), None);
    assert_eq!(text(response).await, BODY);
}

#[tokio::test]
async fn a_head_is_the_get_without_its_body() {
    for coding in ["identity", "gzip"] {
        let (get, head) = ["GET", "HEAD"]
            .map(|method| ask(method, "/feeds/all.atom", &[("accept-encoding", coding)]))
            .into();
        assert_eq!(
            (get.status(), get.headers()),
            (head.status(), head.headers())
        );
        assert_eq!(text(head).await, "");
    }
}

#[tokio::test]
async fn each_coding_has_its_own_tag() {
    let gzip = ("accept-encoding", "gzip");
    let response = ask("GET", "/feeds/all.atom", &[gzip]);
    let publication = publication(None);
    assert_eq!(header(&response, "content-encoding"), Some("gzip"));
    assert_eq!(
        header(&response, "etag"),
        Some(&*etag(&publication, Coding::Gzip))
    );
    let length = publication.form(Coding::Gzip).body.len().to_string();
    assert_eq!(header(&response, "content-length"), Some(length.as_str()));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a body");
    let mut decoded = String::new();
    flate2::read::GzDecoder::new(&body[..])
        .read_to_string(&mut decoded)
        .expect("gzip");
    assert_eq!(decoded, BODY);

    let status = |headers: &[(&str, &str)]| ask("GET", "/feeds/all.atom", headers).status();
    assert_eq!(
        status(&[gzip, ("if-none-match", &etag(&publication, Coding::Gzip))]),
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(
        status(&[
            gzip,
            ("if-none-match", &etag(&publication, Coding::Identity))
        ]),
        StatusCode::OK
    );
    assert_eq!(
        status(&[("if-none-match", &etag(&publication, Coding::Identity))]),
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(
        status(&[("if-none-match", &etag(&publication, Coding::Gzip))]),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_304_has_no_body_and_keeps_the_validators() {
    for method in ["GET", "HEAD"] {
        for condition in [("if-none-match", "*"), ("if-modified-since", CHANGED)] {
            let response = ask(method, "/feeds/all.atom", &[condition]);
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(
                header(&response, "etag"),
                Some(&*etag(&publication(None), Coding::Identity))
            );
            assert_eq!(
                header(&response, "cache-control"),
                Some("public, max-age=300")
            );
            assert_eq!(header(&response, "vary"), Some("accept-encoding"));
            assert_eq!(header(&response, "content-type"), None);
            assert_eq!(text(response).await, "");
        }
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_what_is_allowed() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        for path in ["/feeds/all.atom", "/feeds/", "/feeds/healthz"] {
            let response = ask(method, path, &[]);
            assert_eq!(
                response.status(),
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
            assert_eq!(header(&response, "allow"), Some("GET, HEAD"));
        }
        assert_eq!(
            ask(method, "/feeds/inner.atom", &[]).status(),
            StatusCode::NOT_FOUND,
            "no word of it without its token"
        );
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_name_what_is_open() {
    for path in [
        "/",
        "/feeds",
        "/all.atom",
        "//feeds/all.atom",
        "/feeds//all.atom",
        "/feeds/all.atom/",
        "/feeds/x/../all.atom",
        "/feeds/./all.atom",
        "/feeds/%2e%2e/all.atom",
        "/feeds/..%2fall.atom",
        "/feeds/ALL.atom",
        "/feeds/all.rss",
        "/healthz",
    ] {
        let response = ask("GET", path, &[]);
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            header(&response, "content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert_eq!(
            text(response).await,
            "Nothing is published at this address. There is: /feeds/all.atom\n"
        );
    }
}

#[tokio::test]
async fn a_token_opens_its_output_and_nothing_else_does() {
    let path = "/feeds/inner.atom";
    let right = format!("{path}?x=1&token=tok+en%26%C3%A9");
    let bearer = |value: &'static str| [("authorization", value)];
    for (path, headers, status) in [
        (path, bearer("Bearer tok en&é"), StatusCode::OK),
        (path, bearer("bearer   tok en&é "), StatusCode::OK),
        (&right, bearer("Bearer wrong"), StatusCode::OK),
        (
            &format!("{path}?token=no&token=tok%20en%26%C3%A9"),
            bearer(""),
            StatusCode::OK,
        ),
        (path, bearer("Basic tok en&é"), StatusCode::NOT_FOUND),
        (path, bearer("Bearer tok en&"), StatusCode::NOT_FOUND),
        (path, bearer("Bearer tok en&éé"), StatusCode::NOT_FOUND),
        (path, bearer("Bearer"), StatusCode::NOT_FOUND),
        (path, bearer("Bearer "), StatusCode::NOT_FOUND),
        (&format!("{path}?token="), bearer(""), StatusCode::NOT_FOUND),
        (
            &format!("{path}?TOKEN=tok+en%26%C3%A9"),
            bearer(""),
            StatusCode::NOT_FOUND,
        ),
    ] {
        let response = ask("GET", path, &headers);
        assert_eq!(response.status(), status, "{path} {headers:?}");
        if status == StatusCode::OK {
            assert_eq!(
                header(&response, "cache-control"),
                Some("private, max-age=300")
            );
        } else {
            let nothing = text(ask("GET", "/feeds/none.atom", &[])).await;
            assert_eq!(text(response).await, nothing, "as if there were nothing");
        }
    }
    assert_eq!(
        ask("GET", "/feeds/all.atom?token=any", &[]).status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_page_may_load_nothing() {
    let response = ask("GET", "/feeds/", &[]);
    assert_eq!(response.status(), StatusCode::OK);
    assert!(
        header(&response, "content-security-policy")
            .is_some_and(|policy| policy.starts_with("default-src 'none'"))
    );
    assert_eq!(
        header(
            &ask("GET", "/feeds/all.atom", &[]),
            "content-security-policy"
        ),
        None
    );
}

#[tokio::test]
async fn health_and_readiness_are_two_things() {
    let (served, ready) = served();
    let status = |path: &str| {
        served
            .answer(&Request::get(path).body(()).expect("a request"))
            .status()
    };
    assert_eq!(status("/feeds/healthz"), StatusCode::OK);
    assert_eq!(status("/feeds/readyz"), StatusCode::SERVICE_UNAVAILABLE);
    ready.send_replace(true);
    assert_eq!(status("/feeds/readyz"), StatusCode::OK);
}

#[tokio::test]
async fn a_new_site_is_served_from_the_next_request_on() {
    let (sender, site) = watch::channel(Arc::new(Site::new()));
    let served = Served {
        site,
        ready: watch::channel(true).1,
        lazy: watch::channel(None).1,
        meters: Meters::default(),
        base: "/".to_owned(),
        callbacks: None,
    };
    let status = || {
        served
            .answer(&Request::get("/all.atom").body(()).expect("a request"))
            .status()
    };
    assert_eq!(status(), StatusCode::NOT_FOUND);
    sender.send_replace(Arc::new(Site::from([(
        "all.atom".to_owned(),
        publication(None),
    )])));
    assert_eq!(status(), StatusCode::OK);
}

#[tokio::test]
async fn who_refuses_every_coding_and_none_gets_406() {
    let refused = ask("GET", "/feeds/all.atom", &[("accept-encoding", "*;q=0")]);
    assert_eq!(refused.status(), StatusCode::NOT_ACCEPTABLE);
    assert_eq!(header(&refused, "vary"), Some("accept-encoding"));
    // What is liked as a media type does not matter: there is one for each path (RFC 9110 §12.5.1).
    let other = ask("GET", "/feeds/all.atom", &[("accept", "image/png")]);
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn scripts_of_any_page_may_read_open_json() {
    let document = |token| {
        let made = Publication::new(
            "{}",
            "application/feed+json",
            at("2026-03-04T05:06:07Z"),
            60,
            token,
        );
        super::document(&made, &HeaderMap::new(), false)
    };
    let allowed = |response: &Response<Body>| {
        header(response, "access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(allowed(&document(None)).as_deref(), Some("*"));
    assert_eq!(allowed(&document(Some(Secret::new("x")))), None);
    assert_eq!(allowed(&ask("GET", "/feeds/all.atom", &[])), None);
}

#[tokio::test]
async fn what_is_made_when_asked_for_obeys_the_same_rules() {
    let lazy = Lazy::new(|path: String| async move {
        match path.as_str() {
            "tag/a.atom" => Made::Here(Arc::new(publication(None))),
            "tag/b.atom" => Made::Here(Arc::new(publication(Some("t")))),
            "all/archive/1.atom" => Made::Gone(None),
            "all/archive/2.atom" => Made::Elsewhere("all.atom".into(), None),
            "inner/archive/1.atom" => Made::Gone(Some(Secret::new("t"))),
            "tag/c.atom" => Made::Failed,
            _ => Made::Missing,
        }
    });
    let served = Served {
        lazy: watch::channel(Some(lazy)).1,
        meters: Meters::default(),
        ..served().0
    };
    for (method, path, status) in [
        ("GET", "tag/a.atom", 200),
        ("HEAD", "tag/a.atom", 200),
        ("POST", "tag/a.atom", 405),
        ("GET", "tag/b.atom", 404),
        ("POST", "tag/b.atom", 404),
        ("GET", "tag/b.atom?token=t", 200),
        ("GET", "tag/none.atom", 404),
        ("GET", "all/archive/1.atom", 410),
        ("GET", "all/archive/2.atom", 307),
        ("GET", "inner/archive/1.atom", 404),
        ("GET", "inner/archive/1.atom?token=t", 410),
        ("GET", "tag/c.atom", 503),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/feeds/{path}"));
        let response = served.respond(&request.body(()).expect("a request")).await;
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
        if status == 307 {
            assert_eq!(header(&response, "location"), Some("/feeds/all.atom"));
        }
    }
}

#[tokio::test]
async fn what_needs_a_token_is_made_once_and_only_for_who_has_it() {
    use std::sync::Mutex;
    let made: Arc<Mutex<Vec<String>>> = Arc::default();
    let making = Arc::clone(&made);
    let lazy = Lazy::new(move |path: String| {
        making.lock().expect("no panic").push(path);
        async { Made::Here(Arc::new(publication(Some("t")))) }
    });
    let lazy = lazy.behind(|path| match path.split('?').next() {
        Some("inner") => Door::Locked(Secret::new("t")),
        Some("open") => Door::Open,
        _ => Door::Nowhere,
    });
    let served = Served {
        lazy: watch::channel(Some(lazy)).1,
        meters: Meters::default(),
        ..served().0
    };
    for (path, status) in [
        ("inner", 404),
        ("inner?x=1", 404),
        ("inner?token=wrong&x=2", 404),
        ("none", 404),
        ("none?token=t", 404),
    ] {
        let request = Request::builder().uri(format!("/feeds/{path}"));
        let response = served.respond(&request.body(()).expect("a request")).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
    assert_eq!(*made.lock().expect("no panic"), [""; 0]);
    for query in ["token=t", "token=t&x=1", "x=2&token=t", "tag=a&token=t"] {
        let request = Request::builder().uri(format!("/feeds/inner?{query}"));
        let response = served.respond(&request.body(()).expect("a request")).await;
        assert_eq!(response.status().as_u16(), 200, "{query}");
    }
    assert_eq!(*made.lock().expect("no panic"), ["inner"]);
}
