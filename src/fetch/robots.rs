//! robots.txt: which pages of a host a program may fetch by itself (RFC 9309). Feeds are fetched on the operator's order and
//! do not ask it.

use url::{Position, Url};

/// More bytes are not read (RFC 9309 §2.5 asks for at least 500 KiB).
pub const ROBOTS_BYTES: u64 = 512 << 10;

/// The rules of one host for one program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    /// Pattern and whether it allows.
    rules: Vec<(String, bool)>,
}

impl Robots {
    /// Nothing is forbidden: there is no robots.txt (RFC 9309 §2.3.1.3).
    pub fn open() -> Self {
        Self::default()
    }

    /// Reads a robots.txt for the program whose product token is `agent`: the groups that name it, else those for all
    /// (RFC 9309 §2.2.1).
    pub fn read(text: &str, agent: &str) -> Self {
        let (mut own, mut all) = (Vec::new(), Vec::new());
        let (mut is_own, mut is_all, mut in_rules) = (false, false, false);
        let mut names_own = false;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    if in_rules {
                        (is_own, is_all, in_rules) = (false, false, false);
                    }
                    let name: &str = value.split(['/', ' ']).next().unwrap_or_default();
                    is_own |= name.eq_ignore_ascii_case(agent);
                    is_all |= name == "*";
                    names_own |= is_own;
                }
                key @ ("allow" | "disallow") => {
                    in_rules = true;
                    // An empty pattern matches nothing.
                    let rule = (value.to_owned(), key == "allow");
                    if value.is_empty() {
                        continue;
                    }
                    if is_own {
                        own.push(rule.clone());
                    }
                    if is_all {
                        all.push(rule);
                    }
                }
                _ => {}
            }
        }
        Self {
            rules: if names_own { own } else { all },
        }
    }

    /// What it holds in memory, about.
    pub fn bytes(&self) -> usize {
        let rules = self.rules.iter();
        rules
            .map(|(pattern, _)| size_of::<(String, bool)>() + pattern.len())
            .sum()
    }

    /// Whether a page may be fetched: the longest pattern decides, and of two as long the one that allows (RFC 9309
    /// §2.2.2).
    pub fn allow(&self, url: &Url) -> bool {
        let path = &url[Position::BeforePath..Position::AfterQuery];
        let matching = self
            .rules
            .iter()
            .filter(|(pattern, _)| matches(pattern, path));
        matching
            .max_by_key(|(pattern, allows)| (pattern.len(), *allows))
            .is_none_or(|(_, allows)| *allows)
    }
}

/// `*` stands for any characters, `$` at the end for the end.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, is_whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        if is_last && is_whole {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    !is_whole || rest.is_empty()
}

/// The product token of a `User-Agent` (RFC 9110 §10.1.5): what stands before the version.
pub fn product(user_agent: &str) -> &str {
    user_agent.split(['/', ' ', '(']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(text: &str, path: &str) -> bool {
        let url = Url::parse("https://example.org")
            .and_then(|base| base.join(path))
            .expect("a URL");
        Robots::read(text, "Feedmill").allow(&url)
    }

    #[test]
    fn the_own_group_counts_and_the_longest_pattern_decides() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: feedmill/1.0\nDisallow: /a\nAllow: /a/b # why\nDisallow: /*.pdf$\nDisallow: /q?x=\n";
        for (path, allowed) in [
            ("/", true),
            ("/a", false),
            ("/ab", false),
            ("/a/b/c", true),
            ("/x.pdf", false),
            ("/x.pdf?y", true),
            ("/q?x=1", false),
        ] {
            assert_eq!(allows(text, path), allowed, "{path}");
        }
        assert!(!allows("User-agent: *\nDisallow: /", "/a"));
        assert!(allows("User-agent: *\nDisallow:", "/a"));
        assert!(allows("User-agent: somebody\nDisallow: /", "/a"));
        assert!(allows("", "/a") && allows("<html>", "/a"));
        assert!(allows(
            "User-agent: *\nDisallow: /\nUser-agent: Feedmill\nAllow: /",
            "/a"
        ));
    }

    #[test]
    fn of_two_patterns_as_long_the_one_that_allows_wins() {
        assert!(allows(
            "User-agent: *\nDisallow: /page\nAllow: /page",
            "/page"
        ));
    }

    #[test]
    fn the_product_stands_before_the_version() {
        assert_eq!(product("Feedmill/0.1 (+https://example.org)"), "Feedmill");
    }
}
