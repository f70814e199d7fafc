//! Attacks, and an examiner that reads what is left with its own eyes: it knows neither our tokenizer nor our tables.

use super::clean;

/// Elements that may come out, and nothing else.
const ELEMENTS: &str = " a abbr acronym article aside audio b bdi bdo blockquote br caption center cite code col colgroup \
    data dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li mark nav \
    ol p picture pre q rp rt ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th \
    thead time tr tt u ul var video wbr ";
/// Attributes with addresses: they must be absolute, and of these schemes.
const ADDRESSES: &[(&str, &[&str])] = &[
    ("href", &["https://", "http://", "mailto:"]),
    ("src", &["https://", "http://"]),
    ("poster", &["https://", "http://"]),
    ("cite", &["https://", "http://"]),
    ("longdesc", &["https://", "http://"]),
];
/// Attributes that can do nothing.
const OTHERS: &str = " align alt colspan controls data-kind datetime dir height hreflang lang media open rel reversed rowspan \
    scope sizes span srcset start title type width ";

/// Panics unless `html` is text and `<name attribute="value">` of the lists, every `<`, `>` and `"` else escaped.
pub(super) fn assert_allowed(html: &str, given: &str) {
    let mut open = Vec::new();
    let mut pieces = html.split('<');
    let text = pieces.next().unwrap_or_default();
    assert!(!text.contains('>'), "{given:?} -> {html:?}");
    for piece in pieces {
        let (tag, text) = piece
            .split_once('>')
            .unwrap_or_else(|| panic!("{given:?} -> {html:?}"));
        assert!(!text.contains('>'), "{given:?} -> {html:?}");
        let name = tag
            .trim_start_matches('/')
            .split(' ')
            .next()
            .unwrap_or_default();
        assert!(
            !name.is_empty() && ELEMENTS.contains(&format!(" {name} ")),
            "<{tag}>: {given:?} -> {html:?}"
        );
        if tag.starts_with('/') {
            assert_eq!(tag, format!("/{name}"), "{given:?} -> {html:?}");
            assert_eq!(open.pop(), Some(name), "{given:?} -> {html:?}");
            continue;
        }
        if !" br col hr img source wbr ".contains(&format!(" {name} ")) {
            open.push(name);
        }
        let mut rest = &tag[name.len()..];
        while !rest.is_empty() {
            let (attribute, value, behind) =
                attribute(rest).unwrap_or_else(|| panic!("{rest:?}: {given:?} -> {html:?}"));
            assert_attribute(attribute, value, given);
            rest = behind;
        }
    }
    assert!(open.is_empty(), "{open:?}: {given:?} -> {html:?}");
}

fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.strip_prefix(' ')?.split_once("=\"")?;
    let (value, rest) = rest.split_once('"')?;
    Some((name, value, rest))
}

fn assert_attribute(name: &str, value: &str, given: &str) {
    if let Some((_, schemes)) = ADDRESSES.iter().find(|(known, _)| *known == name) {
        assert!(
            schemes.iter().any(|scheme| value.starts_with(scheme)),
            "{name}={value}: {given:?}"
        );
        return;
    }
    assert!(
        OTHERS.contains(&format!(" {name} ")),
        "{name}={value}: {given:?}"
    );
    if name == "srcset" {
        for candidate in value.split(", ") {
            assert!(candidate.starts_with("http"), "{candidate}: {given:?}");
        }
    }
}

const ATTACKS: &[&str] = &[
    // Scripts in every place for one.
    "<script>x()</script>a<b onclick=x()>b</b>",
    "<SCRIPT SRC=//evil.example/x></SCRIPT >",
    "<script/x>x()</script/y>",
    "<scr<script>ipt>x()</scr</script>ipt>",
    "<<script>x()//<</script>",
    "<script>x()",
    "<script <b>x()</script>",
    "\u{0}<scr\u{0}ipt>x()</scr\u{0}ipt>",
    "&lt;script&gt;x()&lt;/script&gt;",
    "<![CDATA[<script>x()</script>]]>",
    "<?php <script>x()</script> ?>",
    "<!doctype html><script>x()</script>",
    "<!--><script>x()</script>-->",
    "<!--[if gte IE 4]><script>x()</script><![endif]-->",
    // Handlers.
    "<img src=x onerror=x()>",
    "<img/src=x/onerror=x()>",
    "<img src=\"x\"onerror=\"x()\">",
    "<img src='a' alt='\"><script>x()</script>'>",
    "<p title='\" onmouseover=\"x()'>a</p>",
    "<a title=\"`onmouseover=x()\" href=/>a</a>",
    "<b \u{b}onclick=x()>a</b>",
    "<p/onclick=x()/>a</p>",
    "<details open ontoggle=x()><summary>a</summary></details>",
    "<body onload=x()>a</body>",
    "<marquee onstart=x()>a</marquee>",
    "<video><source onerror=x() src=v></video>",
    "<audio src onerror=x()>",
    // Addresses that run.
    "<a href='javascript:x()'>c</a>",
    "<a href=' \u{1}javascript:x()'>c</a>",
    "<a href='java\nscript:x()'>c</a>",
    "<a href='java&#9;script:x()'>c</a>",
    "<a href='java&Tab;script&colon;x()'>c</a>",
    "<a href='&#x6A;avascript&#58x()'>c</a>",
    "<a href='JaVaScRiPt:x()'>c</a>",
    "<a href='vbscript:x'>c</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>c</a>",
    "<a href='feed:javascript:x()'>c</a>",
    "<a href='view-source:javascript:x()'>c</a>",
    "<a href='blob:https://evil.example/x'>c</a>",
    "<a href='\u{3000}javascript:x()'>c</a>",
    "<img src='data:image/svg+xml,<svg onload=x()>'>",
    "<img data-src='javascript:x()' src='data:,'>",
    "<img srcset='javascript:x() 1x, data:text/html,x 2x'>",
    "<img src=a longdesc='javascript:x()'>",
    "<blockquote cite='javascript:x()'>q</blockquote>",
    "<video poster='javascript:x()' src='data:x'></video>",
    "<iframe src='javascript:x()'></iframe>",
    "<iframe srcdoc='<script>x()</script>'></iframe>",
    "<iframe src='https://www.youtube.com/embed/\"><script>x()</script>'></iframe>",
    "<iframe src='https://www.youtube.com.evil.example/embed/x'></iframe>",
    "<object data='javascript:x()'><embed src='javascript:x()'></object>",
    "<form action='javascript:x()'><input formaction='javascript:x()' type=submit></form>",
    "<isindex action='javascript:x()'>",
    "<table background='javascript:x()'><td background='javascript:x()'>a</table>",
    // What changes the page around.
    "<base href='https://evil.example/'><a href=x>a</a>",
    "<meta http-equiv=refresh content='0;url=javascript:x()'>",
    "<link rel=stylesheet href='javascript:x()'>",
    "<style>@import 'javascript:x()';</style>",
    "<style><img src='</style><img src=x onerror=x()>'>",
    "<p style='background:url(javascript:x())' id=a class=b name=c>t</p>",
    "<section data-kind='\"><script>' data-x=y>a</section>",
    // Other namespaces, and parsers that read the second time what the first did not.
    "<svg><script>x()</script></svg>",
    "<svg/onload=x()>",
    "<svg><a xlink:href='javascript:x()'><text>a</text></a></svg>",
    "<svg><animate attributeName=href values='javascript:x()' /></svg>",
    "<svg><use href='data:image/svg+xml,x#x'/></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=x()>'>",
    "<svg><title><style></title><img src=x onerror=x()></style></svg>",
    "<svg><foreignObject><iframe src='javascript:x()'></iframe></foreignObject></svg>",
    "<math><mtext></p><img src onerror=x()>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x()&gt;'>",
    "<math href='javascript:x()'><mi xlink:href='javascript:x()'>a</mi></math>",
    "<math><annotation-xml encoding='text/html'><script>x()</script></annotation-xml></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=x()>",
    "<noscript><p title='</noscript><img src=x onerror=x()>'></noscript>",
    "<noembed><img title='</noembed><img src onerror=x()>'></noembed>",
    "<textarea><img title='</textarea><img src=x onerror=x()>'></textarea>",
    "<title><a title='</title><img src=x onerror=x()>'></title>",
    "<xmp><p title='</xmp><svg/onload=x()>'></xmp>",
    "<template><script>x()</script></template>",
    "<select><template><img src=x onerror=x()></template></select>",
    "<plaintext><script>x()</script>",
    "<table><tr><script>x()</script><td>a</td><img src=x onerror=x()></tr></table>",
    "<p><b><p onclick=x()></b><a href=javascript:x()><table><a onclick=x()></table>",
    "<a href=\"x\" href=\"javascript:x()\">a</a>",
    "<a href=\"\"\"onclick=x()\">a</a>",
    "<img src=x alt=\"</p><script>x()</script>",
    "<div id=document><img name=cookie><a id=x name=y>a</a></div>",
];

#[test]
fn no_attack_leaves_more_than_text_and_what_is_allowed() {
    for attack in ATTACKS {
        for given in [
            (*attack).to_owned(),
            format!("<p>a</p>{attack}<p>b</p>"),
            format!("<table><tr><td>{attack}</td></tr></table>"),
            format!("<svg><desc>{attack}"),
            format!("<pre><b><i>{attack}"),
        ] {
            let once = clean(&given);
            assert_allowed(&once, &given);
            assert_eq!(clean(&once), once, "{given:?}");
            let lower = once.to_ascii_lowercase();
            let runs = lower.contains("=\"javascript:") || lower.contains("=\"data:");
            assert!(!runs, "{given:?} -> {once:?}");
        }
    }
}
