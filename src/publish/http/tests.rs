use std::io::Read;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Listen;
use crate::model::Secret;
use crate::publish::tests::at;
use crate::publish::{atom, index};

const BODY: &str = "<feed>the same words over and over, the same words over and over</feed>";
const CHANGED: &str = "Wed, 04 Mar 2026 05:06:07 GMT";

fn publication(token: Option<&str>) -> Publication {
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
fn served() -> (Served, watch::Sender<bool>) {
    let page = Publication::new(
        index::render(&[]),
        index::CONTENT_TYPE,
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
            base: "/feeds/".to_owned(),
        },
        ready,
    )
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
        ("etag", &publication(None).etag),
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
        Some(publication.gzip_etag.as_str())
    );
    let length = publication.gzip.len().to_string();
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
        status(&[gzip, ("if-none-match", &publication.gzip_etag)]),
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(
        status(&[gzip, ("if-none-match", &publication.etag)]),
        StatusCode::OK
    );
    assert_eq!(
        status(&[("if-none-match", &publication.etag)]),
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(
        status(&[("if-none-match", &publication.gzip_etag)]),
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
                Some(publication(None).etag.as_str())
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
        base: "/".to_owned(),
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

/// A server on a loopback port; ends when it is dropped.
struct Running {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(
            Listener::Tcp(listener),
            router(served().0),
            shutdown.clone(),
        ));
        Self {
            address,
            shutdown,
            task,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    /// Sends one request on a connection of its own: head and body of the answer.
    async fn exchange(&self, request: &str) -> (String, Vec<u8>) {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("read");
        let end = answer
            .windows(4)
            .position(|bytes| bytes == b"\r\n\r\n")
            .expect("a whole head");
        (
            String::from_utf8(answer[..end].to_vec())
                .expect("ASCII")
                .to_lowercase(),
            answer[end + 4..].to_vec(),
        )
    }
}

fn request(method: &str, path: &str, fields: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n")
}

#[tokio::test]
async fn the_rules_hold_over_a_socket() {
    let server = Running::start().await;
    let (head, body) = server
        .exchange(&request("GET", "/feeds/all.atom", ""))
        .await;
    assert!(
        head.starts_with("http/1.1 200 ok\r\n") && head.contains("\r\ndate: "),
        "{head}"
    );
    assert_eq!(body, BODY.as_bytes());

    let (head, body) = server
        .exchange(&request("HEAD", "/feeds/all.atom", ""))
        .await;
    assert!(
        head.contains("content-length: 71") && body.is_empty(),
        "{head}"
    );

    let (head, body) = server
        .exchange(&request(
            "GET",
            "/feeds/all.atom",
            "Accept-Encoding: br, gzip\r\n",
        ))
        .await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert_eq!(body, publication(None).gzip);

    let (head, body) = server
        .exchange(&request("GET", "/feeds/all.atom", "If-None-Match: *\r\n"))
        .await;
    assert!(
        head.starts_with("http/1.1 304 ") && !head.contains("content-length") && body.is_empty(),
        "{head}"
    );

    let (head, _) = server
        .exchange(&request(
            "POST",
            "/feeds/all.atom",
            "Content-Length: 2\r\n\r\nhi",
        ))
        .await;
    assert!(
        head.starts_with("http/1.1 405 ") && head.contains("allow: get, head"),
        "{head}"
    );

    let (head, body) = server
        .exchange(&request("GET", "http://x/feeds/none", ""))
        .await;
    assert!(
        head.starts_with("http/1.1 404 ") && body.ends_with(b"/feeds/all.atom\n"),
        "{head}"
    );

    let (head, _) = server
        .exchange(&request(
            "GET",
            "/feeds/all.atom",
            &format!("X: {}\r\n", "x".repeat(70_000)),
        ))
        .await;
    assert!(head.starts_with("http/1.1 431 "), "{head}");
}

#[tokio::test]
async fn a_connection_carries_many_requests() {
    let server = Running::start().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream
            .write_all(b"HEAD /feeds/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .expect("sent");
        read_head(&mut stream).await;
    }
}

async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
}

/// Waits for the server to end a connection.
async fn ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await; // a reset is an end as well
}

#[tokio::test]
async fn shutdown_closes_idle_connections_at_once() {
    let server = Running::start().await;
    let (mut fresh, mut kept) = (server.connect().await, server.connect().await);
    kept.write_all(b"HEAD /feeds/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    read_head(&mut kept).await;
    server.shutdown.cancel();
    server.task.await.expect("no panic");
    ended(&mut fresh).await;
    ended(&mut kept).await;
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "the listener is closed"
    );
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_head_is_given_ten_seconds() {
    let server = Running::start().await;
    let start = tokio::time::Instant::now();
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /feeds/all.atom HTTP/1.1\r\nHost:")
        .await
        .expect("sent");
    ended(&mut stream).await;
    assert!(
        start.elapsed() < std::time::Duration::from_secs(11),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_ten_seconds() {
    let server = Running::start().await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"HEAD /feeds/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    read_head(&mut stream).await;
    let start = tokio::time::Instant::now();
    ended(&mut stream).await;
    assert!(
        start.elapsed() < std::time::Duration::from_secs(11),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_stuck_client() {
    let server = Running::start().await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /feeds/all.atom HTTP/1.1\r\nHost:")
        .await
        .expect("sent");
    server.exchange(&request("GET", "/feeds/healthz", "")).await; // so that the first one is accepted as well
    let start = tokio::time::Instant::now();
    server.shutdown.cancel();
    server.task.await.expect("no panic");
    assert!(
        start.elapsed() <= std::time::Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() {
    let server = Running::start().await;
    let mut oldest = server.connect().await;
    let mut idle = Vec::new();
    for _ in 0..listen::CONNECTIONS {
        idle.push(server.connect().await);
    }
    let (head, _) = server.exchange(&request("GET", "/feeds/healthz", "")).await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    ended(&mut oldest).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_replaced_when_nobody_answers() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("feedmill.sock");
    let address = Listen::Unix(path.clone());
    drop(Listener::bind(&address).await.expect("bound")); // leaves the file behind, as a crash does
    let listener = Listener::bind(&address).await.expect("bound again");
    let error = Listener::bind(&address).await.expect_err("in use");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);

    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router(served().0), shutdown.clone()));
    let mut stream = tokio::net::UnixStream::connect(&path)
        .await
        .expect("connected");
    stream
        .write_all(request("GET", "/feeds/healthz", "").as_bytes())
        .await
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("read");
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
    shutdown.cancel();
    task.await.expect("no panic");

    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, "somebody's notes").expect("prepared");
    Listener::bind(&address)
        .await
        .expect_err("a file is in the way");
    assert_eq!(std::fs::read(&path).expect("read"), b"somebody's notes");
}
