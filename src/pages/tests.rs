//! Pages of values that mean no good.

use super::*;

/// A frame that is served at the root.
pub(super) fn frame() -> Frame {
    Frame {
        title: "Gullhaven".to_owned(),
        public_url: "https://feeds.example/".to_owned(),
        links: Links::Served("/".to_owned()),
        outputs: vec![Listing {
            name: "all".to_owned(),
            title: "Gullhaven".to_owned(),
        }],
        images: Images::Origin,
        names: HashMap::new(),
        zone: Tz::UTC,
    }
}

#[test]
fn the_style_sheet_stays_small_and_no_asset_is_inline() {
    let [style, script] = assets();
    assert!(style.body.len() < 15_000, "{}", style.body.len());
    assert!(script.body.len() < 4_000, "{}", script.body.len());
    let page = String::from_utf8(closed(&frame())).expect("UTF-8");
    assert!(
        page.contains(&format!("href=\"/{}\"", style.path)),
        "{page}"
    );
    assert!(
        !page.contains("style=") && !page.contains("<style"),
        "{page}"
    );
}
