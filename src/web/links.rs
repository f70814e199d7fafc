//! Addresses of pages, as a daemon serves them and as files link each other.

/// How pages are linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Links {
    /// Served below a path that begins and ends in `/`.
    Served(String),
    /// Files beside each other; pages in a folder have `../` to the top.
    Files {
        /// Empty, or `../`.
        top: &'static str,
    },
}

/// What of a river is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part<'a> {
    /// Only articles of sources with this tag.
    pub tag: Option<&'a str>,
    /// Only articles of this source.
    pub source: Option<&'a str>,
    /// Only what stands behind this cursor.
    pub before: Option<&'a str>,
}

impl Links {
    /// Whether a daemon answers: searches, facets and single sources are linked then.
    pub fn is_served(&self) -> bool {
        matches!(self, Self::Served(_))
    }

    /// The first page; it is that of the first open output.
    pub fn home(&self) -> String {
        match self {
            Self::Served(base) => base.clone(),
            Self::Files { top } => format!("{top}index.html"),
        }
    }

    /// A file below the base.
    pub fn file(&self, path: &str) -> String {
        match self {
            Self::Served(base) => format!("{base}{path}"),
            Self::Files { top } => format!("{top}{path}"),
        }
    }

    /// A river; the empty name is that of the first page.
    pub fn river(&self, name: &str, part: &Part<'_>) -> String {
        let Self::Served(base) = self else {
            return match (name, part.before) {
                ("", _) => self.home(),
                (name, None) => self.file(&format!("{name}.html")),
                (name, Some(page)) => self.file(&format!("{name}.{page}.html")),
            };
        };
        let query = [
            ("tag", part.tag),
            ("source", part.source),
            ("before", part.before),
        ];
        query_of(&format!("{base}{name}"), query)
    }

    /// An article, by its UUID.
    pub fn article(&self, uuid: &str) -> String {
        match self {
            Self::Served(base) => format!("{base}articles/{uuid}"),
            Self::Files { top } => format!("{top}articles/{uuid}.html"),
        }
    }

    /// The list of sources.
    pub fn sources(&self) -> String {
        match self {
            Self::Served(base) => format!("{base}sources"),
            Self::Files { top } => format!("{top}sources.html"),
        }
    }

    /// A part of the list of sources.
    pub fn list(&self, chosen: &super::Chosen<'_>) -> String {
        super::sources::link(self, chosen)
    }

    /// One source: a page of its own, or its line in the list.
    pub fn source(&self, id: &str) -> String {
        match self {
            Self::Served(base) => format!("{base}sources/{id}"),
            Self::Files { top } => format!("{top}sources.html#{id}"),
        }
    }

    /// A search as a feed.
    pub fn search_feed(&self, query: &str) -> String {
        query_of(&self.file("search.atom"), [("q", Some(query))])
    }

    /// A search.
    pub fn search(&self, query: &str, page: usize) -> String {
        let page = (page > 1).then(|| page.to_string());
        query_of(
            &self.file("search"),
            [("q", Some(query)), ("page", page.as_deref())],
        )
    }
}

/// An address with the parts of its query that there are.
pub(super) fn query_of<const N: usize>(path: &str, parts: [(&str, Option<&str>); N]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in parts {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.append_pair(key, value);
        }
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
