use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::router;
use super::super::tests::{BODY, publication, served};
use super::*;

/// A server on a loopback port; ends when it is dropped.
struct Running {
    address: SocketAddr,
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
            CONNECTIONS,
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
            "Accept-Encoding: gzip\r\n",
        ))
        .await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert_eq!(
        body,
        publication(None).form(crate::publish::Coding::Gzip).body
    );

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
        start.elapsed() < Duration::from_secs(11),
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
        start.elapsed() < Duration::from_secs(11),
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
        start.elapsed() <= Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() {
    let server = Running::start().await;
    let mut oldest = server.connect().await;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
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
    assert_eq!(error.kind(), ErrorKind::AddrInUse);

    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve(
        listener,
        router(served().0),
        CONNECTIONS,
        shutdown.clone(),
    ));
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
