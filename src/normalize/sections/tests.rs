use proptest::prelude::*;
use url::Url;

use super::*;
use crate::normalize::html;

fn base() -> Url {
    Url::parse("https://example.org/").expect("fixture")
}

/// Cleaned, marked, cleaned: the way of an entry. What is marked must stay when it goes the way again.
fn marked(given: &str) -> (String, Vec<Section>) {
    let authors = [Author {
        name: "Ada Quill".to_owned(),
        ..Author::default()
    }];
    let mark = |html: &str| {
        let (html, sections) = mark(html, &authors);
        (html.into_owned(), sections)
    };
    let once = mark(&html::sanitize(given, &base()));
    let clean = html::sanitize(&once.0, &base());
    assert_eq!(clean, once.0, "{given}");
    assert_eq!(mark(&clean), once, "{given}");
    once
}

/// Kind, label, text and items of the only section.
fn check(given: &str, expected: (&str, &str, &str, &[&str])) {
    let (html, sections) = marked(given);
    let found: Vec<_> = sections
        .iter()
        .map(|section| {
            let items: Vec<_> = section.items.iter().map(String::as_str).collect();
            (
                section.kind.as_str(),
                section.label.as_str(),
                section.text.as_str(),
                items,
            )
        })
        .collect();
    let (kind, label, text, items) = expected;
    assert_eq!(
        found,
        [(kind, label, text, items.to_vec())],
        "{given} -> {html}"
    );
    assert!(
        html.contains(&format!("<section data-kind=\"{kind}\">")),
        "{html}"
    );
}

#[test]
fn a_bold_label_opens_a_paragraph() {
    let expected = (
        "why_it_matters",
        "Why this matters",
        "The lamp is the last turn.",
        &[][..],
    );
    for given in [
        "<p>a</p><p><strong>Why this matters:</strong> The lamp is the last turn.</p><p>b</p>",
        "<p><b>Why this matters</b>: The lamp is the last turn.</p>",
        "<div><p>a</p><p><b><i>Why this matters</i> : </b>The <i>lamp</i> is the last turn.</p></div>",
        "<p><b>Why this matters</b><br>The lamp is the last turn.</p>",
        "a<br><br><b>Why this matters:</b> The lamp is the last turn.<br><br>b",
    ] {
        check(given, expected);
    }
}

#[test]
fn a_known_label_needs_no_bold() {
    check(
        "<p>Why it matters: The lamp <b>is</b> lit.</p>",
        ("why_it_matters", "Why it matters", "The lamp is lit.", &[]),
    );
    assert_eq!(marked("<p>The keeper said: the lamp is lit.</p>").1, []);
}

#[test]
fn headings_and_bold_paragraphs_head_lists_and_paragraphs() {
    let items = &["One mile", "Two lamps"][..];
    let list = "<ul><li>One mile</li><li><p>Two <b>lamps</b></p></li></ul><p>Afterwards.</p>";
    for head in [
        "<h2>Key Takeaways</h2>",
        "<p><strong>Key Takeaways</strong></p>",
        "<h4><b>Key takeaways:</b></h4>",
    ] {
        let label = if head.contains(':') {
            "Key takeaways"
        } else {
            "Key Takeaways"
        };
        check(
            &format!("<p>a</p>{head}{list}"),
            ("key_takeaways", label, "", items),
        );
    }
    check(
        "<p>a</p><h2>Background</h2><p>Long ago.</p><h3>More</h3><p>Later.</p><h2>Next</h2><p>b</p>",
        (
            "background",
            "Background",
            "Long ago.\n\nMore\n\nLater.",
            &[],
        ),
    );
    check(
        "<p><b>Background</b></p><p>Long ago.</p><p><b>Next</b></p><p>b</p>",
        ("background", "Background", "Long ago.", &[]),
    );
    assert_eq!(marked("<h2>Background</h2><h2>b</h2>").1, []);
}

#[test]
fn a_box_holds_its_section() {
    check(
        "<p>a</p><aside><h3>At a glance</h3><p>Now:</p><ul><li>One</li></ul></aside><p>b</p>",
        ("key_takeaways", "At a glance", "Now:", &["One"]),
    );
}

#[test]
fn bullets_in_broken_lines_become_a_list() {
    let items = &["One mile", "Two <lamps>"][..];
    for given in [
        "a<br><br><b>Key points</b><br>• One mile<br>• Two &lt;lamps&gt;<br><br>b",
        "<p>a<br><br><strong>Key points:</strong><br><br>- One mile<br><br>- Two &lt;lamps&gt;</p><p>b</p>",
        "<p>Key points:<br>–&nbsp;One mile<br>– Two &lt;lamps&gt;</p>",
    ] {
        check(given, ("key_takeaways", "Key points", "", items));
    }
    let verse = "<p>a<br>- b<br>- c</p>";
    assert_eq!(marked(verse), (verse.to_owned(), vec![]));
}

#[test]
fn labels_are_known_in_seven_languages() {
    for (label, kind) in [
        ("Key Takeaways", "key_takeaways"),
        ("What’s next?", "whats_next"),
        ("L’essentiel", "key_takeaways"),
        ("Pourquoi c’est important\u{a0}", "why_it_matters"),
        ("Das Wichtigste in Kürze", "key_takeaways"),
        ("Hintergrund", "background"),
        ("Puntos clave", "key_takeaways"),
        ("Por qué es importante", "why_it_matters"),
        ("Punti chiave", "key_takeaways"),
        ("Perché è importante", "why_it_matters"),
        ("Pontos principais", "key_takeaways"),
        ("Por que isso importa", "why_it_matters"),
        ("Belangrijkste punten", "key_takeaways"),
        ("Waarom dit belangrijk is", "why_it_matters"),
    ] {
        check(
            &format!("<p><strong>{label}:</strong> Lorem.</p>"),
            (kind, label.trim(), "Lorem.", &[]),
        );
    }
}

#[test]
fn an_unknown_bold_label_is_other_unless_somebody_speaks() {
    check(
        "<p>a</p><p><strong>Tide table:</strong> High at noon.</p>",
        ("other", "Tide table", "High at noon.", &[]),
    );
    check(
        "<p><b>You will need:</b></p><ol><li>Rope</li></ol>",
        ("other", "You will need", "", &["Rope"]),
    );
    for dialogue in [
        "<p><b>Q:</b> Is it lit?</p><p><b>A:</b> It is.</p>",
        "<p><b>Ada Quill:</b> It is.</p>",
        "<p><b>The keeper:</b> It is.</p><p><b>The keeper:</b> It was.</p>",
        "<p><b>It is lit</b>, said the keeper: look.</p>",
        "<p><b>The keeper of the lamp said to all:</b> look.</p>",
        "<p><b>Names:</b></p><p>b</p>",
    ] {
        assert_eq!(marked(dialogue).1, [], "{dialogue}");
    }
}

#[test]
fn marks_of_others_are_read_and_forged_ones_are_not_sections() {
    let given = "<section data-kind=\"faq\"><h3>What they ask</h3><p>Is it lit?</p></section>";
    check(given, ("faq", "What they ask", "Is it lit?", &[]));
    assert_eq!(
        marked("<section data-kind='x' onclick=y><p>a</p></section>").0,
        "<section><p>a</p></section>"
    );
    assert_eq!(marked("<section data-kind=other><p>a</p></section>").1, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn sections_are_part_of_the_text_and_stay(pieces in proptest::collection::vec(proptest::sample::select(&[
        "<p>", "</p>", "<b>Key points</b>", "<b>Why it matters:</b>", "Background:", "<strong>Note:</strong>", "<br>", "<br><br>",
        "• one", "- two", "<ul><li>three<li>four</ul>", "<h2>Summary</h2>", "<h3>", "</h3>", "<div>", "</div>", "<aside>",
        "</aside>", "<section data-kind=faq>", "</section>", "text", " ", "&nbsp;", ":", "<i>", "</i>", "<table><tr><td>c</table>",
        "<img src=/i.jpg>", "<blockquote>", "</blockquote>", "<details><summary>Context</summary>", "</details>", "<hr>", "<a href=/x>",
    ][..]), 0..16)) {
        let given = pieces.concat();
        let (html, sections) = marked(&given);
        let one_space = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = one_space(&text_of(&html));
        for section in sections {
            let items = section.items.iter().map(String::as_str);
            for part in section.text.split("\n\n").chain(items).chain([section.label.as_str()]) {
                prop_assert!(text.contains(&one_space(part)), "{:?} in {:?}", part, html);
            }
        }
    }
}
