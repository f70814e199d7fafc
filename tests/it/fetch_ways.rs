//! The ways to a source: addresses, names, proxies, files, and how they fail.

use std::fs;
use std::sync::Arc;

use feedmill::model::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::fetching::{failed, get, get_again, modified, not_modified, settings, source};
use crate::origin::{Origin, Reply};

#[tokio::test]
async fn private_addresses_are_refused_before_anything_is_sent() {
    let origin = Origin::start().await;
    let port = origin.address().port();
    for host in ["127.0.0.1", "2130706433", "[::ffff:7f00:1]", "localhost"] {
        let mut source = source(Url::parse(&format!("http://{host}:{port}/feed")).expect(host));
        Arc::make_mut(&mut source.request).allow_private.clear();
        let error = failed(get(&source).await, "refused_address");
        assert!(error.to_string().contains("allow_private"), "{error}");
    }
    assert!(origin.requests().is_empty());
}

#[tokio::test]
async fn names_are_resolved_and_allowed_by_network() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::ok("<rss/>"));
    let url = format!("http://localhost:{}/feed", origin.address().port());
    modified(get(&source(Url::parse(&url).expect("a URL"))).await);
}

#[tokio::test]
async fn every_hop_passes_the_address_check() {
    let origin = Origin::start().await;
    let mut source = source(origin.url("/feed"));
    Arc::make_mut(&mut source.request).allow_private = vec!["127.0.0.1/32".parse().expect("a net")];
    for place in [
        "http://127.0.0.2/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00::1]/",
        "http://0x7f.2/",
        "//2130706434/",
        "http://[::ffff:127.0.0.2]/",
        "http://[64:ff9b::7f00:2]/",
    ] {
        origin.script("/feed", Reply::redirect(302, place));
        failed(get(&source).await, "refused_address");
    }
}

#[tokio::test]
async fn failures_below_http_have_their_classes() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback")
        .local_addr()
        .expect("bound");
    failed(
        get(&source(
            Url::parse(&format!("http://{closed}/")).expect("a URL"),
        ))
        .await,
        "connect",
    );
    // A label of 64 letters is no name, so nobody outside is asked.
    let nowhere = format!("http://{}.invalid/", "a".repeat(64));
    failed(
        get(&source(Url::parse(&nowhere).expect("a URL"))).await,
        "dns",
    );
    let speaks_no_tls = speaker(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    failed(
        get(&source(
            Url::parse(&format!("https://{speaks_no_tls}/")).expect("a URL"),
        ))
        .await,
        "tls",
    );
    let speaks_no_http = speaker(b"220 mail.example.org ESMTP\r\n").await;
    failed(
        get(&source(
            Url::parse(&format!("http://{speaks_no_http}/")).expect("a URL"),
        ))
        .await,
        "cut",
    );
}

/// Says one thing to whoever connects, and then waits for them to leave.
async fn speaker(words: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(words).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    address
}

/// Runs itself once more in a process that finds no CA certificates: they are looked for once, by environment.
#[test]
fn without_ca_certificates_only_https_fails() {
    const CHILD: &str = "FEEDMILL_TEST_WITHOUT_CA";
    if std::env::var_os(CHILD).is_none() {
        let status = std::process::Command::new(std::env::current_exe().expect("this binary"))
            .args([
                "--exact",
                "fetch_ways::without_ca_certificates_only_https_fails",
            ])
            .env(CHILD, "1")
            .env("SSL_CERT_FILE", "/nonexistent/certificates.pem")
            .env("SSL_CERT_DIR", "/nonexistent")
            .status();
        assert!(status.expect("it runs").success());
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let origin = Origin::start().await;
        origin.script("/feed", Reply::ok("<rss/>"));
        modified(get(&source(origin.url("/feed"))).await);
        let mut secure = origin.url("/feed");
        secure.set_scheme("https").expect("special to special");
        let error = failed(get(&source(secure)).await, "tls");
        assert!(error.to_string().contains("ca-certificates"), "{error}");
    });
}

#[tokio::test]
async fn an_http_proxy_is_asked_instead() {
    let proxy = Origin::start().await;
    proxy.script("http://feed.invalid/feed", Reply::ok("<rss/>"));
    let mut source = source(Url::parse("http://feed.invalid/feed").expect("a URL"));
    Arc::make_mut(&mut source.request).proxy = Some(Secret::new(format!(
        "http://user:pass@localhost:{}",
        proxy.address().port()
    )));
    Arc::make_mut(&mut source.request).allow_private.clear();
    modified(get(&source).await);
    let request = proxy.only_request();
    assert_eq!(
        request.header("proxy-authorization").as_deref(),
        Some("Basic dXNlcjpwYXNz")
    );
    source.url = Url::parse("http://10.0.0.1/feed").expect("a URL");
    failed(get(&source).await, "refused_address");
    source.url = Url::parse("http://feed.invalid/feed").expect("a URL");
    Arc::make_mut(&mut source.request).proxy = Some(Secret::new("http://"));
    assert_eq!(
        failed(get(&source).await, "setting").to_string(),
        "setting `proxy` cannot be used in a request"
    );
}

#[tokio::test]
async fn a_socks_proxy_is_asked_instead() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::ok("<rss/>"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let proxy = listener.local_addr().expect("bound");
    let target = origin.address();
    let serving = tokio::spawn(async move {
        let (client, _) = listener.accept().await?;
        socks(client, target).await
    });
    let mut source = source(Url::parse("http://feed.invalid/feed").expect("a URL"));
    Arc::make_mut(&mut source.request).proxy = Some(Secret::new(format!("socks5h://{proxy}")));
    modified(get(&source).await);
    assert_eq!(
        origin.only_request().header("host").as_deref(),
        Some("feed.invalid")
    );
    serving.abort();
}

/// The server's half of a SOCKS5 conversation without authentication (RFC 1928); every name leads to `target`.
async fn socks(mut client: TcpStream, target: std::net::SocketAddr) -> std::io::Result<()> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).await?;
    client.read_exact(&mut vec![0; greeting[1].into()]).await?;
    client.write_all(&[5, 0]).await?;
    let mut request = [0; 5];
    client.read_exact(&mut request).await?;
    assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name");
    client
        .read_exact(&mut vec![0; usize::from(request[4]) + 2])
        .await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    let mut origin = TcpStream::connect(target).await?;
    tokio::io::copy_bidirectional(&mut client, &mut origin).await?;
    Ok(())
}

#[tokio::test]
async fn a_file_is_read_when_it_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("feed.xml");
    fs::write(&path, "<rss/>").expect("written");
    let source = source(Url::from_file_path(&path).expect("absolute"));
    let first = modified(get(&source).await);
    assert_eq!(
        (&first.encoded[..], &first.final_url),
        (&b"<rss/>"[..], &source.url)
    );
    let news = not_modified(get_again(&source, &first.validators).await);
    assert_eq!(news.validators, first.validators);
    fs::write(&path, "<rss>2</rss>").expect("written");
    let second = modified(get_again(&source, &first.validators).await);
    assert_eq!(&second.encoded[..], b"<rss>2</rss>");
    assert_ne!(second.validators, first.validators);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_which_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("feed.xml");
    let mut source = source(Url::from_file_path(&path).expect("absolute"));
    let error = failed(get(&source).await, "file").to_string();
    assert!(
        error.contains(&*path.to_string_lossy()) && error.contains("no such file"),
        "{error}"
    );
    source.private = true;
    let error = failed(get(&source).await, "file").to_string();
    assert!(
        error.contains("(private)") && !error.contains("feed.xml"),
        "{error}"
    );
    source.url = Url::from_directory_path(folder.path()).expect("absolute");
    failed(get(&source).await, "file");
    fs::write(&path, vec![b'x'; settings().max_body as usize + 1]).expect("written");
    source.url = Url::from_file_path(&path).expect("absolute");
    failed(get(&source).await, "too_large");
}

#[tokio::test]
async fn messages_give_no_secret_away() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback")
        .local_addr()
        .expect("bound");
    let origin = Origin::start().await;
    origin.script(
        "/redirect",
        Reply::redirect(302, "ftp://hidden:s3cret@example.org/?key=s3cret"),
    );
    origin.script("/feed?key=s3cret", Reply::ok("x").cut_after(0));
    for place in [
        format!("http://hidden:s3cret@{closed}/?key=s3cret"),
        format!(
            "http://hidden:s3cret@{}/redirect?key=s3cret",
            origin.address()
        ),
        format!("http://hidden:s3cret@{}/feed?key=s3cret", origin.address()),
        "http://hidden:s3cret@10.0.0.1/?key=s3cret".to_owned(),
        format!(
            "http://hidden:s3cret@{}.invalid/?key=s3cret",
            "a".repeat(64)
        ),
    ] {
        let error = get(&source(Url::parse(&place).expect("a URL")))
            .await
            .expect_err("no feed");
        let told = format!("{error} {error:?}");
        assert!(
            !told.contains("s3cret") && !told.contains("hidden"),
            "{told}"
        );
    }
}
