//! What stands before the root: white space, byte order marks, declaration, comments, DOCTYPE.

/// Length of the prolog, and where in it the DOCTYPE is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prolog {
    pub(super) length: usize,
    pub(super) doctype: Option<std::ops::Range<usize>>,
}

/// Reads the prolog of a document.
pub(super) fn read(text: &str) -> Prolog {
    let mut prolog = Prolog::default();
    loop {
        let rest = &text[prolog.length..];
        let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let start = prolog.length + rest.len() - trimmed.len();
        prolog.length = start;
        let end = if trimmed.starts_with("<?") {
            trimmed.find("?>").map(|end| end + 2)
        } else if let Some(comment) = trimmed.strip_prefix("<!--") {
            comment.find("-->").map(|end| end + 7)
        } else if is_doctype(trimmed) {
            let end = doctype_end(trimmed);
            prolog.doctype = end.map(|end| start..start + end);
            end
        } else {
            None
        };
        match end {
            Some(end) => prolog.length += end,
            None => return prolog,
        }
    }
}

fn is_doctype(text: &str) -> bool {
    const WORD: &str = "<!DOCTYPE";
    text.get(..WORD.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(WORD))
}

/// Length of a DOCTYPE with its internal subset; `None` when it never ends.
fn doctype_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0usize;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'<' | b'[') => depth += 1,
            (None, b']') => depth = depth.saturating_sub(1),
            (None, b'>') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}
