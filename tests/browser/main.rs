//! The pages in a real browser. Run by `.ci/run browser`, which installs Chromium and axe-core:
//!
//! `FEEDMILL_AXE=…/axe.min.js cargo test --release --test browser -- --ignored`
//!
//! With `FEEDMILL_SCREENSHOTS=FOLDER` it also writes the pictures of `docs/screenshots/`.

#[path = "../it/child.rs"]
mod child;
#[path = "../it/origin.rs"]
#[expect(dead_code, reason = "shared with tests/it, which uses all of it")]
mod origin;

mod driver;
mod picture;
mod world;

use std::path::Path;

use child::{Daemon, daemon_within, feedmill, free_address};
use chrono::{DateTime, TimeDelta, Utc};
use driver::Browser;
use fantoccini::Locator;
use origin::{Hold, Origin, PATIENCE, Reply};

fn daemon(folder: &Path) -> Daemon {
    daemon_within(folder, PATIENCE)
}

fn poll(folder: &Path) {
    let polled = feedmill(folder, &["poll", "--all"])
        .output()
        .expect("started");
    assert!(
        polled.status.success() || polled.status.code() == Some(1),
        "{polled:?}"
    );
}

fn configure(folder: &Path, address: &str, lines: &str) {
    let text = format!(
        "[server]\nlisten = \"{address}\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\nper_host = 16\n[schedule]\ndefault = \"every 1h\"\n{lines}"
    );
    std::fs::write(folder.join("feedmill.toml"), text).expect("written");
}

fn source(origin: &Origin, id: &str, tags: &str) -> String {
    format!(
        "[[source]]\nid = \"{id}\"\nurl = \"{}\"\ntags = [{tags}]\n",
        origin.url(&format!("/{id}"))
    )
}

/// The clock of the machine: the browser's words "2 hours ago" go by it.
fn now() -> DateTime<Utc> {
    feedmill::clock::Clock::System.now()
}

const TOWN: [(&str, &str); 5] = [
    ("herald", "\"news\", \"town\""),
    ("notes", "\"culture\""),
    ("tides", "\"science\""),
    ("radio", "\"culture\""),
    ("noor", "\"news\""),
];

fn town(origin: &Origin) -> String {
    TOWN.iter()
        .map(|(id, tags)| source(origin, id, tags))
        .collect::<String>()
        + "[[output]]\nname = \"all\"\ntitle = \"Gullhaven\"\n"
}

/// axe-core, as `FEEDMILL_AXE` names it.
fn axe() -> String {
    let path = std::env::var("FEEDMILL_AXE")
        .expect("FEEDMILL_AXE names axe.min.js; `.ci/run browser` installs it");
    std::fs::read_to_string(path).expect("axe-core")
}

/// What must hold of every page: no message in the console, nothing loaded from elsewhere but pictures, no layout shift, no
/// violation in either scheme, nothing wider than the window.
async fn sound(browser: &Browser, url: &str, own: &str, axe: &str, allowed: &[&str]) {
    browser.open(url).await;
    browser.scroll().await;
    let shift = browser.shift().await;
    assert!(shift <= 0.02, "{url}: layout shift {shift}");
    let said: Vec<String> = browser.console().await;
    let said: Vec<&String> = said
        .iter()
        .filter(|line| !allowed.iter().any(|known| line.contains(known)))
        .collect();
    assert!(said.is_empty(), "{url}: {said:?}");
    for (request, kind) in browser.requests().await {
        assert!(
            request.starts_with(own) || kind == "Image",
            "{url} asks {request} for {kind}"
        );
    }
    for scheme in ["light", "dark"] {
        browser.scheme(scheme, "").await;
        let found = browser.axe(axe).await;
        assert!(found.is_empty(), "{url}, {scheme}:\n{}", found.join("\n"));
    }
    browser.scheme("light", "").await;
    for (width, is_phone) in [(360, true), (1280, false)] {
        browser.size(width, 800, is_phone).await;
        let wide = browser.number("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert!(wide <= 0.0, "{url} is {wide} pixels too wide at {width}");
    }
    assert_eq!(
        browser.run("return window.pwned === undefined").await,
        true,
        "{url}: a script of a feed ran"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: .ci/run browser"]
async fn every_page_is_sound_and_can_be_used() {
    let (axe, origin, folder) = (
        axe(),
        Origin::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let then = now() - TimeDelta::minutes(7);
    world::build(&origin, then);
    origin.script("/gone", Reply::status(404));
    let address = free_address();
    let own = format!("http://{address}/");
    configure(
        folder.path(),
        &address,
        &(town(&origin) + &source(&origin, "gone", "\"town\"")),
    );
    poll(folder.path());
    world::correct(&origin, then);
    poll(folder.path());
    let searched = feedmill(folder.path(), &["articles", "lamp"])
        .output()
        .expect("started");
    assert!(searched.status.success(), "{searched:?}");
    let _daemon = daemon(folder.path());
    let browser = Browser::start().await;

    // The first page: three requests beside pictures, and under 60 kB without coding.
    browser.open(&own).await;
    let requests = browser.requests().await;
    let files: Vec<_> = requests
        .iter()
        .filter(|(_, kind)| kind != "Image")
        .collect();
    assert!(files.len() <= 3, "{files:?}");
    let bytes = browser.number("return performance.getEntries().filter((e) => e.initiatorType !== 'img' && e.decodedBodySize).reduce((sum, e) => sum + e.decodedBodySize, 0)").await;
    assert!((1.0..60_000.0).contains(&bytes), "{bytes} bytes");

    let article = browser.text("return [...document.querySelectorAll('a.title')].find((a) => a.textContent.includes('lamp')).href").await;
    for url in [
        own.clone(),
        format!("{own}all"),
        article.clone(),
        format!("{own}sources"),
        format!("{own}sources/herald"),
        format!("{own}sources/gone"),
        format!("{own}search?q=lamp"),
        format!("{own}search"),
        format!("{own}search?q=%22open"),
        format!("{own}?tag=news"),
    ] {
        sound(&browser, &url, &own, &axe, &[]).await;
    }

    // The judges do judge: a picture without a text is found, an inline script is refused and said so.
    browser.open(&own).await;
    browser
        .run("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\">')")
        .await;
    let found = browser.axe(&axe).await;
    assert!(
        found.iter().any(|line| line.starts_with("image-alt")),
        "{found:?}"
    );
    browser
        .run("const script = document.createElement('script'); script.textContent = 'window.inline = 1'; document.body.append(script);")
        .await;
    assert_eq!(
        browser.run("return window.inline === undefined").await,
        true
    );
    assert!(
        browser
            .console()
            .await
            .iter()
            .any(|line| line.contains("Content Security Policy"))
    );

    // Facets: the tag that is chosen, what it shows, and the way back.
    browser.open(&own).await;
    let all = browser
        .number("return document.querySelectorAll('.item').length")
        .await;
    browser
        .run("[...document.querySelectorAll('.facets a')].find((a) => a.innerText.startsWith('science')).click()")
        .await;
    browser
        .until("return location.search === '?tag=science'")
        .await;
    assert_eq!(
        browser
            .number("return document.querySelectorAll('.item').length")
            .await,
        2.0
    );
    assert_eq!(
        browser
            .text("return document.querySelector('.facets [aria-current]').innerText")
            .await
            .replace('\n', " "),
        "science 2"
    );
    browser
        .run("document.querySelector('.facets [aria-current]').click()")
        .await;
    browser
        .until("return location.search === '' && document.readyState === 'complete'")
        .await;
    assert_eq!(
        browser
            .number("return document.querySelectorAll('.item').length")
            .await,
        all
    );
    assert!(
        browser
            .text("return document.body.innerText")
            .await
            .contains("Also in 1 source: Lantern Notes")
            || browser
                .text("return document.body.innerText")
                .await
                .contains("Also in 1 source: Harbour Herald")
    );
    assert_eq!(
        browser
            .text("return document.querySelector('.item [lang=ar]').dir")
            .await,
        "rtl"
    );
    assert!(
        browser
            .text("return document.querySelector('.kicker time').innerText")
            .await
            .contains("ago")
    );

    // Keys: down, up, into the search field, and open.
    browser.press("j").await;
    browser.press("j").await;
    browser.press("k").await;
    let first = browser
        .text("return document.querySelector('a.title').href")
        .await;
    assert_eq!(
        browser.text("return document.activeElement.href").await,
        first
    );
    browser.press("/").await;
    assert_eq!(
        browser.text("return document.activeElement.name").await,
        "q"
    );
    browser.press("j").await;
    assert_eq!(
        browser.text("return document.activeElement.value").await,
        "j"
    );
    browser.run("document.activeElement.blur()").await;
    browser.press("j").await;
    browser.press("o").await;
    browser
        .until(&format!("return location.href === '{first}'"))
        .await;

    // An article: where it was seen, what changed in it.
    browser.open(&article).await;
    let text = browser.text("return document.body.innerText").await;
    for part in [
        "Where it was seen",
        "founded the article",
        "Revision 2",
        "Read at herald.example",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(browser.text("return [...document.querySelectorAll('.diff ins')].map((e) => e.innerText).join('|')").await, "twelve|Sixty");
    let linked: serde_json::Value = serde_json::from_str(
        &browser
            .text("return document.querySelector('[type=\"application/ld+json\"]').textContent")
            .await,
    )
    .expect("JSON");
    assert_eq!(linked["@type"], "NewsArticle");

    // A search from the field, marked.
    browser.open(&own).await;
    let field = browser
        .client
        .find(Locator::Css("input[name=q]"))
        .await
        .expect("the field");
    field.send_keys("eels OR lamp\n").await.expect("typed");
    browser
        .until("return location.pathname === '/search' && document.readyState === 'complete'")
        .await;
    let marked = browser.text("return [...document.querySelectorAll('mark')].map((e) => e.innerText.toLowerCase()).join(' ')").await;
    assert!(
        marked.contains("eels") && marked.contains("lamp"),
        "{marked}"
    );
    let feed = browser.text("return [...document.links].find((a) => a.innerText === 'Subscribe to this search').getAttribute('href')").await;
    assert_eq!(feed, "/search.atom?q=eels+OR+lamp");

    // Sources: sorted and filtered by links, state in words.
    browser.open(&format!("{own}sources")).await;
    let failing = browser
        .text("return document.querySelector('tbody tr').innerText")
        .await;
    assert!(
        failing.contains("Failing") && failing.contains("What to do"),
        "{failing}"
    );
    browser.run("[...document.querySelectorAll('.chips a')].find((a) => a.innerText.includes('Fine')).click()").await;
    browser
        .until("return location.search === '?state=ok' && document.readyState === 'complete'")
        .await;
    assert_eq!(
        browser
            .number("return document.querySelectorAll('tbody tr').length")
            .await,
        5.0
    );

    // On paper there is no navigation.
    browser.open(&article).await;
    browser.scheme("light", "print").await;
    assert_eq!(
        browser
            .text("return getComputedStyle(document.querySelector('.top')).display")
            .await,
        "none"
    );
    browser.scheme("light", "").await;

    browser.client.clone().close().await.expect("closed");
}

/// The pictures of `docs/screenshots/`: a town with a month behind it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: .ci/run browser"]
async fn pictures_of_the_pages() {
    let Ok(pictures) = std::env::var("FEEDMILL_SCREENSHOTS") else {
        return;
    };
    let (origin, folder) = (
        Origin::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let then = now() - TimeDelta::minutes(7);
    world::build(&origin, then);
    world::past(&origin, then);
    origin.script("/gone", Reply::status(404));
    let address = free_address();
    let own = format!("http://{address}/");
    configure(
        folder.path(),
        &address,
        &(town(&origin)
            + &source(&origin, "gone", "\"town\"").replace(
                "id = \"gone\"\n",
                "id = \"gone\"\ntitle = \"Old Ferry Notices\"\n",
            )),
    );
    poll(folder.path());
    // As if each notice had been polled soon after it was published.
    let file = rusqlite::Connection::open(folder.path().join("feedmill.db")).expect("opened");
    file.execute_batch("UPDATE entries SET first_seen_at_ms = published_at_ms + (id * 7919 % 100) * (id * 7919 % 100) * 1200 WHERE published_at_ms IS NOT NULL").expect("moved");
    drop(file);
    world::build(&origin, then);
    poll(folder.path());
    world::correct(&origin, then);
    poll(folder.path());
    let _daemon = daemon(folder.path());
    let browser = Browser::start().await;
    browser.open(&own).await;
    let article = browser.text("return [...document.querySelectorAll('a.title')].find((a) => a.textContent.includes('lamp')).href").await;
    screenshots(&browser, &own, &article, Path::new(&pictures)).await;
    browser.client.clone().close().await.expect("closed");
}

async fn screenshots(browser: &Browser, own: &str, article: &str, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for (page, url) in [
        ("river", own.to_owned()),
        ("article", article.to_owned()),
        ("sources", format!("{own}sources")),
        ("source", format!("{own}sources/herald")),
    ] {
        for (form, scheme, width, height, is_phone) in [
            ("light", "light", 1200, 900, false),
            ("dark", "dark", 1200, 900, false),
            ("phone", "light", 390, 844, true),
        ] {
            browser.size(width, height, is_phone).await;
            browser.scheme(scheme, "").await;
            browser.open(&url).await;
            browser.scroll().await;
            browser.shift().await;
            let shot = browser
                .devtools(
                    "Page.captureScreenshot",
                    serde_json::json!({"format": "webp", "quality": 82}),
                )
                .await;
            let bytes = base64::Engine::decode(
                &base64::engine::general_purpose::STANDARD,
                shot["data"].as_str().expect("a picture"),
            )
            .expect("base64");
            std::fs::write(folder.join(format!("{page}-{form}.webp")), bytes).expect("written");
        }
    }
    browser.scheme("light", "").await;
    browser.size(1280, 900, false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: .ci/run browser"]
async fn a_feed_that_means_no_good_changes_nothing() {
    let (axe, origin, folder) = (
        axe(),
        Origin::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    origin.script(
        "/bad",
        world::hostile(&origin, now() - TimeDelta::minutes(9)),
    );
    let address = free_address();
    let own = format!("http://{address}/");
    configure(
        folder.path(),
        &address,
        &source(&origin, "bad", "\"<b>\", \"a b\""),
    );
    poll(folder.path());
    let _daemon = daemon(folder.path());
    let browser = Browser::start().await;
    browser.open(&own).await;
    let links = browser
        .run("return [...document.querySelectorAll('a.title')].map((a) => a.href)")
        .await;
    let links: Vec<&str> = links
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|link| link.as_str())
        .collect();
    assert_eq!(links.len(), 4);
    let failed = ["missing.png"];
    for url in [
        own.as_str(),
        links[0],
        links[1],
        links[2],
        links[3],
        &format!("{own}sources"),
        &format!("{own}sources/bad"),
        &format!("{own}search?q=%3Cscript%3Ewindow.pwned=1%3C/script%3E"),
    ] {
        sound(&browser, url, &own, &axe, &failed).await;
        let scripts = browser.number("return document.querySelectorAll('a[href^=\"javascript\"], [onclick], [onerror], iframe, main form, main style').length").await;
        assert_eq!(scripts, 0.0, "{url}");
    }
    browser.client.clone().close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: .ci/run browser"]
async fn a_long_river_is_paged_and_pictures_may_come_through_us() {
    let (axe, origin, folder) = (
        axe(),
        Origin::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let then = now();
    let items: String = (0..60).map(|number| format!(
        "<item><guid isPermaLink=\"false\">i{number}</guid><title>Bulletin {number}</title><link>https://x.example/{number}</link><pubDate>{}</pubDate>\
         <description>Water level {number}.</description><enclosure url=\"{}\" type=\"image/png\" length=\"1\"/></item>",
        (then - TimeDelta::hours(number)).to_rfc2822(), origin.url(&format!("/p{number}.png")))).collect();
    for number in 0..60 {
        origin.script(
            &format!("/p{number}.png"),
            Reply::ok(picture::harbour(320, 180, number)).header("Content-Type", "image/png"),
        );
    }
    origin.script(
        "/long",
        Reply::ok(format!(
            "<rss version=\"2.0\"><channel><title>Levels</title>{items}</channel></rss>"
        )),
    );
    let address = free_address();
    let own = format!("http://{address}/");
    configure(
        folder.path(),
        &address,
        &("[pages]\nimage_proxy = true\n".to_owned() + &source(&origin, "long", "\"water\"")),
    );
    poll(folder.path());
    let _daemon = daemon(folder.path());
    let browser = Browser::start().await;
    let mut seen = Vec::new();
    let mut url = own.clone();
    loop {
        sound(&browser, &url, &own, &axe, &[]).await;
        // Not a single request leaves the server's own address, pictures included.
        browser.open(&url).await;
        browser.scroll().await;
        for (request, kind) in browser.requests().await {
            assert!(request.starts_with(&own), "{request} for {kind}");
        }
        assert_eq!(
            browser
                .run("return [...document.images].every((image) => image.naturalWidth > 0)")
                .await,
            true
        );
        let titles = browser
            .run("return [...document.querySelectorAll('a.title')].map((a) => a.innerText)")
            .await;
        seen.extend(
            titles
                .as_array()
                .expect("a list")
                .iter()
                .map(|title| title.as_str().unwrap_or_default().to_owned()),
        );
        url = browser
            .text("return document.querySelector('.paging .next')?.href || ''")
            .await;
        if url.is_empty() {
            break;
        }
    }
    assert_eq!(
        seen,
        (0..60)
            .map(|number| format!("Bulletin {number}"))
            .collect::<Vec<_>>()
    );
    browser.client.clone().close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: .ci/run browser"]
async fn the_first_run_shows_how_far_it_is_and_then_the_river() {
    let (axe, origin, folder) = (
        axe(),
        Origin::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let browser = Browser::start().await;
    // Nothing is configured.
    let address = free_address();
    configure(folder.path(), &address, "");
    let own = format!("http://{address}/");
    let nothing = daemon(folder.path());
    sound(&browser, &own, &own, &axe, &[]).await;
    assert!(
        browser
            .text("return document.body.innerText")
            .await
            .contains("[[source]]")
    );
    sound(&browser, &format!("{own}sources"), &own, &axe, &[]).await;
    drop(nothing);
    // Two sources, of which one keeps us waiting.
    let folder = tempfile::tempdir().expect("a folder");
    world::build(&origin, now() - TimeDelta::minutes(7));
    let gate = Hold::new();
    let empty = "<rss version=\"2.0\"><channel><title>Quiet paper</title></channel></rss>";
    origin.script("/quiet", Reply::ok(empty));
    origin.script("/notes", Reply::ok("<rss version=\"2.0\"><channel><title>Lantern Notes</title><item><guid>a</guid><title>At last</title></item></channel></rss>").held(&gate));
    let address = free_address();
    let own = format!("http://{address}/");
    configure(
        folder.path(),
        &address,
        &(source(&origin, "quiet", "") + &source(&origin, "notes", "")),
    );
    let _daemon = daemon(folder.path());
    browser.open(&own).await;
    browser
        .until("return document.body.innerText.includes('1 of 2 sources polled')")
        .await;
    sound(&browser, &own, &own, &axe, &[]).await;
    gate.open();
    browser
        .until("return document.querySelectorAll('.item').length === 1")
        .await;
    browser.client.clone().close().await.expect("closed");
}
