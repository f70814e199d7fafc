//! Pages over HTTP and as files: what they show and to whom, and how they are served.

use std::path::PathBuf;

use crate::asked::{get, item, polled, rss, zoo};
use crate::origin::{Hold, Origin, Reply};
use crate::walk::{daemon, free_address, output};

/// Thirty articles of the source `a`, and its lines of a configuration.
fn thirty(origin: &Origin) -> String {
    let items = (0..30).map(|number| {
        item(
            &format!("i{number}"),
            &format!("https://x.example/{number}"),
            "Words",
        )
    });
    origin.script("/a", rss("Ants", &items.collect::<String>()));
    format!(
        "[[source]]\nid = \"a\"\nurl = \"{}\"\ntags = [\"t\"]\n",
        origin.url("/a")
    )
}

/// The values of all `attribute="…"` of a page.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let start = format!("{attribute}=\"");
    let parts = page.split(start.as_str()).skip(1);
    parts.filter_map(|part| part.split('"').next()).collect()
}

async fn request(address: &str, path: &str, name: &str, value: &str) -> reqwest::Response {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::new().get(format!("http://{address}/{path}"));
    request.header(name, value).send().await.expect("answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_what_open_outputs_show_and_a_private_one_needs_its_token() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    zoo(&origin, folder.path(), &address).await;
    output(folder.path(), &["articles", "words"]).await; // brings the index up to date
    let _daemon = daemon(folder.path());

    let (status, headers, river) = get(&address, "").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().expect("a value"))
    );
    let policy = headers["content-security-policy"].to_str().expect("text");
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let articles: Vec<String> = { values(&river, "href").into_iter() }
        .filter(|link| link.starts_with("/articles/"))
        .map(|link| link[1..].to_owned())
        .collect();
    assert_eq!(articles.len(), 2, "{river}");
    let mut pages = vec![
        String::new(),
        "all".to_owned(),
        "sources".to_owned(),
        "sources/a".to_owned(),
        "search?q=words".to_owned(),
        "search?q=members".to_owned(),
        "?tag=pets".to_owned(),
        "?source=c".to_owned(),
    ];
    pages.extend(articles);
    let mut said = String::new();
    for page in &pages {
        let (status, _, body) = get(&address, page).await;
        assert_eq!(status, 200, "{page}: {body}");
        for hidden in [
            "members' words",
            "Hidden",
            "Bees",
            "sources/b",
            "tok0",
            "pw0",
            "inner",
            "dropped",
        ] {
            assert!(!body.contains(hidden), "{hidden} in {page}: {body}");
        }
        said += &body;
    }
    assert!(
        said.contains("The public words.") && said.contains("1 match"),
        "{said}"
    );

    // What only the private output shows has no page of its own.
    let listed = output(folder.path(), &["articles", "--json", "Hidden"]).await;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let hidden = listed[0]["id"]
        .as_str()
        .expect("an id")
        .trim_start_matches("urn:uuid:")
        .to_owned();
    for path in [
        "inner",
        "inner?token=wrong",
        "sources/b",
        &format!("articles/{hidden}"),
        "?tag=members+only",
        "?source=b",
        "articles/x",
    ] {
        assert_eq!(get(&address, path).await.0, 404, "{path}");
    }
    let (status, headers, inner) = get(&address, "inner?token=tok0").await;
    assert_eq!(status, 200);
    assert!(
        headers["cache-control"]
            .to_str()
            .expect("text")
            .starts_with("private")
    );
    assert!(
        inner.contains("members' words") && inner.contains("Hidden") && !inner.contains("tok0"),
        "{inner}"
    );
    let (status, _, bearer) = {
        let answer = request(&address, "inner", "authorization", "Bearer tok0").await;
        (
            answer.status().as_u16(),
            (),
            answer.text().await.expect("a body"),
        )
    };
    assert_eq!((status, bearer), (200, inner));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_served_as_feeds_are() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = thirty(&origin);
    let address = free_address();
    polled(folder.path(), &address, &lines).await;
    let first = daemon(folder.path());
    let (_, headers, river) = get(&address, "").await;
    let etag = headers["etag"].to_str().expect("text").to_owned();
    assert_eq!(
        request(&address, "", "if-none-match", &etag).await.status(),
        304
    );
    for coding in ["gzip", "br", "zstd"] {
        let answer = request(&address, "", "accept-encoding", coding).await;
        assert_eq!(answer.headers()["content-encoding"], coding);
        assert!(answer.content_length().expect("a length") < river.len() as u64 / 2);
    }
    // One address a page: what says the same in other words leads there.
    let (status, headers, _) = get(&address, "?x=1&tag=t").await;
    assert_eq!(
        (status, &headers["location"]),
        (307, &"/?tag=t".parse().expect("a value"))
    );
    // The style sheet may be kept for good: its name changes with it.
    let style = values(&river, "href")
        .into_iter()
        .find(|link| link.ends_with(".css"))
        .expect("a style sheet");
    let (status, headers, _) = get(&address, &style[1..]).await;
    assert_eq!(
        (status, &headers["cache-control"]),
        (200, &"public, max-age=31536000".parse().expect("a value"))
    );
    assert!(river.len() < 60_000, "{}", river.len());
    // All articles, page after page, each once.
    let mut seen = 0;
    let mut path = String::new();
    loop {
        let (status, _, body) = get(&address, &path).await;
        assert_eq!(status, 200, "{path}");
        seen += body.matches("class=\"title\"").count();
        let next = body
            .split("rel=\"next\" href=\"/")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let Some(next) = next else { break };
        path = next.replace("&amp;", "&");
    }
    assert_eq!(seen, 30);
    drop(first);
    let _again = daemon(folder.path());
    assert_eq!(get(&address, "").await.1["etag"], etag.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_with_a_folder_has_its_pages_there() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = thirty(&origin)
        + "[[output]]\nname = \"all\"\ndirectory = \"public\"\n[[output]]\nname = \"inner\"\ntoken = \"tok0\"\ndirectory = \"private\"\n";
    polled(folder.path(), &free_address(), &lines).await;
    let public = folder.path().join("public");
    let mut links = 0;
    let mut files = vec![
        "index.html".to_owned(),
        "all.html".to_owned(),
        "all.2.html".to_owned(),
        "sources.html".to_owned(),
    ];
    let articles = std::fs::read_dir(public.join("articles")).expect("a folder");
    files.extend(articles.map(|file| {
        format!(
            "articles/{}",
            file.expect("a file").file_name().to_string_lossy()
        )
    }));
    assert_eq!(files.len(), 34);
    for file in &files {
        let path = public.join(file);
        let page = std::fs::read_to_string(&path).expect(file);
        // Every link to a file leads to one.
        for link in values(&page, "href")
            .into_iter()
            .chain(values(&page, "src"))
            .filter(|link| !link.contains(':'))
        {
            let target = link.split('#').next().unwrap_or_default();
            assert!(
                target.is_empty() || path.parent().expect("a folder").join(target).exists(),
                "{link} in {file}"
            );
            links += 1;
        }
    }
    assert!(links > 200, "{links}");
    assert!(!folder.path().join("private/inner.html").exists());
    assert!(folder.path().join("private/inner.atom").exists());
    // What is forgotten goes, from every file.
    let forget = async |file: &str| {
        let id = { file.strip_prefix("articles/") }.and_then(|name| name.strip_suffix(".html"));
        let id = id.expect("a page of an article").to_owned();
        output(folder.path(), &["forget", &format!("urn:uuid:{id}")]).await;
        id
    };
    let holders = |id: &str| -> Vec<PathBuf> {
        let folders = [public.clone(), public.join("articles")];
        let files = folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
        let paths = files.map(|file| file.expect("a file").path());
        paths
            .filter(|path| path.is_file())
            .filter(|path| {
                let text = std::fs::read_to_string(path).expect("text");
                text.contains(id) || path.to_string_lossy().contains(id)
            })
            .collect()
    };
    let second = std::fs::read_to_string(public.join("all.2.html")).expect("a page");
    let last = values(&second, "href")
        .into_iter()
        .find(|link| link.starts_with("articles/"))
        .expect("an article")
        .to_owned();
    let id = forget(&last).await;
    assert_eq!(holders(&id), Vec::<PathBuf>::new());
    for file in files[4..].iter().filter(|file| **file != last).take(4) {
        forget(file).await;
    }
    // All are on one page now.
    assert!(public.join("all.html").exists() && !public.join("all.2.html").exists());
    // Pages of what is no longer open go, the reader's own do not.
    std::fs::write(public.join("about.html"), "<p>Who we are").expect("written");
    let lines = lines.replace(
        "directory = \"public\"\n",
        "token = \"tok1\"\ndirectory = \"public\"\n",
    );
    let news = item("news", "https://x.example/news", "Words");
    origin.script("/a", rss("Ants", &news));
    polled(folder.path(), &free_address(), &lines).await;
    let pages = ["index.html", "all.html", "sources.html"];
    assert_eq!(pages.map(|page| public.join(page).exists()), [false; 3]);
    let articles = std::fs::read_dir(public.join("articles")).expect("a folder");
    assert_eq!(articles.count(), 0);
    assert!(public.join("about.html").exists() && public.join("all.atom").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_come_through_us_only_if_signed_and_only_if_they_are_pictures() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let png = b"\x89PNG\r\n\x1a\nrest".to_vec();
    origin.script(
        "/good.png",
        Reply::ok(png.clone()).header("Content-Type", "text/html"),
    );
    origin.script(
        "/evil.png",
        Reply::ok("<script>alert(1)</script>").header("Content-Type", "image/png"),
    );
    origin.script(
        "/large.png",
        Reply::ok([png.clone(), vec![0; 4096]].concat()),
    );
    let picture = |name: &str, url: String| {
        format!(
            "<item><guid isPermaLink=\"false\">{name}</guid><title>{name}</title><enclosure url=\"{url}\" type=\"image/png\" length=\"9\"/></item>"
        )
    };
    let items = picture("good", origin.url("/good.png").to_string())
        + &picture("evil", origin.url("/evil.png").to_string())
        + &picture("large", origin.url("/large.png").to_string())
        + &picture("inside", "http://169.254.169.254/inside.png".to_owned());
    origin.script("/a", rss("Ants", &items));
    let address = free_address();
    let lines = format!(
        "[pages]\nimage_proxy = true\nimage_max = \"2 KiB\"\n[[source]]\nid = \"a\"\nurl = \"{}\"\n",
        origin.url("/a")
    );
    polled(folder.path(), &address, &lines).await;
    let _daemon = daemon(folder.path());
    let (_, headers, river) = get(&address, "").await;
    assert!(
        headers["content-security-policy"]
            .to_str()
            .expect("text")
            .contains("img-src 'self'")
    );
    let pictures: Vec<&str> = values(&river, "src")
        .into_iter()
        .filter(|link| link.contains("/static/image/"))
        .collect();
    assert_eq!(pictures.len(), 4, "{river}");
    // Nothing but reading is answered, and nobody is asked for it.
    let asked = origin.requests().len();
    for picture in &pictures {
        let posted = reqwest::Client::new().post(format!("http://{address}{picture}"));
        assert_eq!(posted.send().await.expect("answered").status(), 405);
    }
    assert_eq!(origin.requests().len(), asked);
    let mut good = 0;
    for picture in &pictures {
        let (status, headers, _) = get(&address, &picture[1..]).await;
        if status == 200 {
            good += 1;
            assert_eq!(headers["content-type"], "image/png");
            assert!(
                headers["content-security-policy"]
                    .to_str()
                    .expect("text")
                    .contains("sandbox")
            );
            // The second time it comes from the disk.
            let asked = origin.requests().len();
            assert_eq!(get(&address, &picture[1..]).await.0, 200);
            assert_eq!(origin.requests().len(), asked);
            let etag = headers["etag"].to_str().expect("text");
            let again = request(&address, &picture[1..], "if-none-match", etag).await;
            assert_eq!(again.status(), 304);
        }
    }
    assert_eq!(good, 1);
    assert_eq!(
        std::fs::read_dir(folder.path().join("feedmill-images"))
            .expect("a folder")
            .count(),
        1
    );
    let forged = pictures[0].replace("/static/image/", "/static/image/A");
    assert_eq!(get(&address, &forged[1..]).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_who_want_a_picture_at_once_have_it_fetched_once() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let hold = Hold::new();
    let png = Reply::ok(b"\x89PNG\r\n\x1a\nrest".to_vec());
    origin.script("/good.png", png.held(&hold));
    let items = format!(
        "<item><guid isPermaLink=\"false\">1</guid><title>1</title><enclosure url=\"{}\" type=\"image/png\" length=\"9\"/></item>",
        origin.url("/good.png")
    );
    origin.script("/a", rss("Ants", &items));
    let address = free_address();
    let lines = format!(
        "[pages]\nimage_proxy = true\n[[source]]\nid = \"a\"\nurl = \"{}\"\n",
        origin.url("/a")
    );
    polled(folder.path(), &address, &lines).await;
    let _daemon = daemon(folder.path());
    let (_, _, river) = get(&address, "").await;
    let picture = { values(&river, "src").into_iter() }
        .find(|link| link.contains("/static/image/"))
        .expect("a picture");
    let asked = origin.requests().len();
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let (address, picture) = (address.clone(), picture[1..].to_owned());
            tokio::spawn(async move { get(&address, &picture).await.0 })
        })
        .collect();
    origin.has_been_asked(asked + 1).await;
    hold.open();
    for reader in readers {
        assert_eq!(reader.await.expect("joined"), 200);
    }
    assert_eq!(origin.requests().len(), asked + 1);
}
