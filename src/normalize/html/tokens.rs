//! Tags, text and comments of HTML, cut exactly where the HTML standard's tokenizer cuts them (HTML §13.2.5).
//!
//! It does not know which elements hold raw text; its callers do.

use memchr::memchr;

/// A piece of HTML. Names and values are as written: case kept, references not decoded.
#[derive(Clone, Copy)]
pub(in crate::normalize) enum Token<'a> {
    /// Between tags; a `<` that begins no tag is text.
    Text(&'a str),
    /// A start tag.
    Open(&'a str, Attributes<'a>),
    /// An end tag.
    Close(&'a str),
    /// A comment, doctype, processing instruction or `CDATA` mark.
    Comment,
}

/// The attributes of a start tag, names and values as written. One without a value has an empty one; repeated ones are
/// all there.
#[derive(Clone, Copy)]
pub(in crate::normalize) struct Attributes<'a>(Tokens<'a>);

impl<'a> Attributes<'a> {
    /// Those in `text`, which ends with the `>` of its tag.
    pub(in crate::normalize) const fn of(text: &'a str) -> Self {
        Self(Tokens::new(text))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        self.0.attribute()?
    }
}

/// The tokens of a text, with the place that is reached.
#[derive(Clone, Copy)]
pub(in crate::normalize) struct Tokens<'a> {
    html: &'a str,
    at: usize,
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C)
}

/// Whether a byte ends the name of a tag.
static ENDS_NAME: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        ends[byte as usize] = is_space(byte) || matches!(byte, b'/' | b'>');
        byte += 1;
    }
    ends
};

/// Whether a `<` begins markup, by what follows it.
fn is_markup(behind: &[u8]) -> bool {
    match behind {
        [b'!' | b'?', ..] => true,
        [b'/', rest @ ..] => !rest.is_empty(),
        [next, ..] => next.is_ascii_alphabetic(),
        [] => false,
    }
}

impl<'a> Tokens<'a> {
    pub(in crate::normalize) const fn new(html: &'a str) -> Self {
        Self { html, at: 0 }
    }

    /// Leaves out everything up to the end tag `name`, which is the next token then; all of the rest without one.
    pub(in crate::normalize) fn skip_to_close(&mut self, name: &str) {
        let bytes = self.html.as_bytes();
        let mut from = self.at;
        while let Some(found) = self.html[from..].find("</") {
            let start = from + found + 2;
            let end = start + name.len();
            let is_name = bytes
                .get(start..end)
                .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()));
            if is_name
                && bytes
                    .get(end)
                    .is_some_and(|next| is_space(*next) || matches!(next, b'/' | b'>'))
            {
                self.at = start - 2;
                return;
            }
            from = start;
        }
        self.at = self.html.len();
    }

    /// Where the next token begins.
    pub(in crate::normalize) const fn at(&self) -> usize {
        self.at
    }

    fn byte(&self) -> Option<u8> {
        self.html.as_bytes().get(self.at).copied()
    }

    fn run(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.html[self.at..];
        let length = rest
            .bytes()
            .position(|byte| !is_part(byte))
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// The name of a tag.
    fn name(&mut self) -> &'a str {
        let start = self.at;
        let rest = &self.html.as_bytes()[start..];
        let length = rest.iter().position(|byte| ENDS_NAME[usize::from(*byte)]);
        self.at += length.unwrap_or(rest.len());
        &self.html[start..self.at]
    }

    /// To behind the next `end`, or to the end of the text.
    fn skip_past(&mut self, end: &str) {
        self.at = self.html[self.at..]
            .find(end)
            .map_or(self.html.len(), |found| self.at + found + end.len());
    }

    fn comment(&mut self) {
        self.at += 4;
        let rest = &self.html[self.at..];
        if rest.starts_with('>') || rest.starts_with("->") {
            self.skip_past(">");
            return;
        }
        self.at += rest
            .match_indices('>')
            .map(|(at, _)| at)
            .find(|at| rest[..*at].ends_with("--") || rest[..*at].ends_with("--!"))
            .map_or(rest.len(), |at| at + 1);
    }

    /// The rest of a tag from behind its name; `None` when the text ends before it, and the tag is none.
    fn attributes(&mut self) -> Option<Attributes<'a>> {
        let start = self.at;
        if self.byte()? == b'>' {
            self.at += 1; // most tags have none
        } else {
            while self.attribute()?.is_some() {}
        }
        Some(Attributes(Tokens {
            html: &self.html[..self.at],
            at: start,
        }))
    }

    /// The next attribute; `Some(None)` behind the `>`, `None` when the text ends before.
    #[expect(
        clippy::option_option,
        reason = "the end of a tag is not the end of the text"
    )]
    fn attribute(&mut self) -> Option<Option<(&'a str, &'a str)>> {
        self.run(|byte| is_space(byte) || byte == b'/');
        if self.byte()? == b'>' {
            self.at += 1;
            return Some(None);
        }
        let start = self.at;
        self.at += 1; // a `=` in the first place belongs to the name
        while !self.html.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.run(|byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
        let name = &self.html[start..self.at];
        self.run(is_space);
        if self.byte()? != b'=' {
            return Some(Some((name, "")));
        }
        self.at += 1;
        self.run(is_space);
        let value = match self.byte()? {
            quote @ (b'"' | b'\'') => {
                self.at += 1;
                let rest = &self.html[self.at..];
                let Some(length) = memchr(quote, rest.as_bytes()) else {
                    self.at = self.html.len();
                    return None;
                };
                let value = &rest[..length];
                self.at += value.len() + 1;
                value
            }
            b'>' => "",
            _ => self.run(|byte| !is_space(byte) && byte != b'>'),
        };
        Some(Some((name, value)))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = &self.html[self.at..];
        let bytes = rest.as_bytes();
        if *bytes.first()? != b'<' || !is_markup(&bytes[1..]) {
            let mut end = 1;
            while let Some(found) = memchr(b'<', &bytes[end..]) {
                end += found + 1;
                if is_markup(&bytes[end..]) {
                    self.at += end - 1;
                    return Some(Token::Text(&rest[..end - 1]));
                }
            }
            self.at = self.html.len();
            return Some(Token::Text(rest));
        }
        match bytes[1] {
            b'!' if rest.starts_with("<!--") => {
                self.comment();
                Some(Token::Comment)
            }
            b'/' if bytes[2].is_ascii_alphabetic() => {
                self.at += 2;
                let name = self.name();
                self.attributes().map(|_| Token::Close(name))
            }
            b'/' | b'!' | b'?' => {
                self.skip_past(">");
                Some(Token::Comment)
            }
            _ => {
                self.at += 1;
                let name = self.name();
                Some(Token::Open(name, self.attributes()?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Piece<'a> {
        Text(&'a str),
        Open(&'a str, Vec<(&'a str, &'a str)>),
        Close(&'a str),
        Comment,
    }

    fn piece(token: Token<'_>) -> Piece<'_> {
        match token {
            Token::Text(text) => Piece::Text(text),
            Token::Open(name, attributes) => Piece::Open(name, attributes.collect()),
            Token::Close(name) => Piece::Close(name),
            Token::Comment => Piece::Comment,
        }
    }

    #[test]
    fn tags_end_where_the_standard_ends_them() {
        let check = |html: &str, expected: &[Piece]| {
            let found: Vec<_> = Tokens::new(html).map(piece).collect();
            assert_eq!(found, expected, "{html}");
        };
        let open = |name, attributes: &[_]| Piece::Open(name, attributes.to_vec());
        check(
            "3 < 4<br/>a",
            &[Piece::Text("3 < 4"), open("br", &[]), Piece::Text("a")],
        );
        check(
            "<a title='x>y' href=z/ disabled B =\"1\"c>",
            &[open(
                "a",
                &[
                    ("title", "x>y"),
                    ("href", "z/"),
                    ("disabled", ""),
                    ("B", "1"),
                    ("c", ""),
                ],
            )],
        );
        check("<p =é=1>", &[open("p", &[("=é", "1")])]);
        check(
            "<!--><p><!-- <b> --!>x<!d></ b></b c>",
            &[
                Piece::Comment,
                open("p", &[]),
                Piece::Comment,
                Piece::Text("x"),
                Piece::Comment,
                Piece::Comment,
                Piece::Close("b"),
            ],
        );
        check("a<b c='", &[Piece::Text("a")]);
        check("a</", &[Piece::Text("a</")]);
    }

    #[test]
    fn raw_text_ends_at_its_own_end_tag() {
        let mut tokens = Tokens::new("<style>a</styles><b></STYLE >c");
        tokens.next();
        tokens.skip_to_close("style");
        assert_eq!(tokens.next().map(piece), Some(Piece::Close("STYLE")));
        assert_eq!(tokens.next().map(piece), Some(Piece::Text("c")));
    }
}
