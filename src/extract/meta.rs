//! What a page says of its article: JSON-LD, Open Graph and other meta elements, microdata, and what stands visibly at
//! its head. The body is not read here.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::Url;

use super::dom::{Tree, tidy};
use super::json_ld::{Graph, Node, Part};
use crate::model::{Author, Category, Image, PageField, Publisher};
use crate::normalize::page;
use crate::text::registrable_domain;

mod dates;
mod people;
mod picture;
mod title;

/// A value and what on the page gave it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) from: PageField,
}

impl<T> Found<T> {
    fn new(value: T, from: PageField) -> Self {
        Self { value, from }
    }
}

/// An instant, and whether only its day was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When {
    pub(super) at: DateTime<Utc>,
    pub(super) is_day: bool,
}

/// What a page says of its article.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) url: Option<String>,
    pub(super) title: Option<Found<String>>,
    pub(super) summary: Option<Found<String>>,
    pub(super) authors: Option<Found<Vec<Author>>>,
    pub(super) published: Option<Found<When>>,
    pub(super) updated: Option<Found<When>>,
    pub(super) language: Option<String>,
    pub(super) image: Option<Found<Image>>,
    pub(super) publisher: Option<Publisher>,
    pub(super) section: Option<String>,
    pub(super) categories: Vec<Category>,
    pub(super) license_url: Option<String>,
    /// `isAccessibleForFree`.
    pub(super) is_free: Option<bool>,
    /// `wordCount`.
    pub(super) words: Option<u32>,
    /// `articleBody`, markup and all.
    pub(super) body: Option<String>,
}

/// What the page's head holds, as it stands there.
pub(super) struct Head {
    /// Name or property (lower case) and content, in document order.
    metas: Vec<(String, String)>,
    /// Relation (lower case) and address, in document order.
    links: Vec<(String, String)>,
    pub(super) title: Option<String>,
    language: Option<String>,
    graph: Graph,
}

impl Head {
    pub(super) fn read(tree: &Tree) -> Self {
        let mut head = Self {
            metas: Vec::new(),
            links: Vec::new(),
            title: None,
            language: None,
            graph: Graph::default(),
        };
        for id in &tree.elements {
            let attribute = |name| tree.attribute(*id, name);
            match tree.name(*id) {
                "meta" => {
                    let names = ["property", "name", "itemprop", "http-equiv"];
                    if let Some(content) = attribute("content") {
                        let names = names.into_iter().filter_map(attribute);
                        head.metas
                            .extend(names.map(|name| (name.to_lowercase(), content.clone())));
                    }
                }
                "link" => {
                    if let (Some(rel), Some(href)) = (attribute("rel"), attribute("href")) {
                        head.links.push((rel.to_lowercase(), href));
                    }
                }
                "html" => head.language = attribute("lang").or_else(|| attribute("xml:lang")),
                "title" if head.title.is_none() => head.title = tidy(&tree.text(*id)),
                "script" => {
                    let kind = attribute("type").unwrap_or_default().to_lowercase();
                    if kind.starts_with("application/ld+json") {
                        head.graph.read(&tree.document.text_content(*id));
                    }
                }
                _ => {}
            }
        }
        head
    }

    /// The first of these meta elements that says something.
    pub(super) fn meta(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.metas(name).next())
    }

    /// Every meta element of a name.
    pub(super) fn metas(&self, name: &str) -> impl Iterator<Item = String> {
        self.metas
            .iter()
            .filter(move |(own, _)| own == name)
            .filter_map(|(_, content)| tidy(content))
    }

    fn link(&self, rel: &str) -> Option<&str> {
        self.links
            .iter()
            .find(|(own, _)| own.split(' ').any(|own| own == rel))
            .map(|(_, href)| href.as_str())
    }
}

/// Reads what a page at `url` says of its article. `zone` is that of dates without one.
pub(super) fn read(
    tree: &Tree,
    head: &Head,
    url: &Url,
    zone: Option<Tz>,
    now: DateTime<Utc>,
) -> Facts {
    let canonical = canonical(head, url);
    let addresses = [Some(url.as_str()), canonical.as_deref()];
    let addresses: Vec<&str> = addresses.into_iter().flatten().collect();
    let ld = head.graph.article(&addresses);
    let web_page = head.graph.web_page();
    let publisher = publisher(head, ld, url);
    let site = publisher.as_ref().map(|publisher| publisher.name.as_str());
    let title = title::title(tree, head, ld, site, url);
    let shown = title.as_ref().map(|title| title.value.as_str());
    let dates = dates::dates(tree, head, ld.or(web_page), zone, now);
    Facts {
        summary: title::summary(tree, head, ld.or(web_page), shown),
        authors: people::authors(tree, head, ld, url, site),
        image: picture::lead(tree, head, ld.or(web_page), shown, url),
        published: dates.published,
        updated: dates.updated,
        language: language(head, ld.or(web_page)),
        section: ld
            .and_then(|ld| ld.text("articleSection"))
            .or_else(|| head.meta(&["article:section"])),
        categories: categories(head, ld),
        license_url: ld
            .and_then(|ld| ld.address("license"))
            .or_else(|| head.link("license").map(str::to_owned))
            .and_then(|license| absolute(url, &license)),
        is_free: ld.and_then(|ld| ld.flag("isAccessibleForFree")),
        words: ld.and_then(|ld| ld.number("wordCount")),
        body: ld.and_then(|ld| ld.raw("articleBody")),
        url: canonical,
        publisher,
        title,
    }
}

/// `rel=canonical`, else `og:url`: of the same registrable domain, and not the home page unless the page is that.
fn canonical(head: &Head, url: &Url) -> Option<String> {
    let domain = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        registrable_domain(host).unwrap_or(host).to_owned()
    };
    let given = head
        .link("canonical")
        .map(str::to_owned)
        .into_iter()
        .chain(head.meta(&["og:url"]));
    given
        .filter_map(|given| url.join(given.trim()).ok())
        .filter(|found| matches!(found.scheme(), "http" | "https"))
        .filter(|found| !matches!(url.scheme(), "http" | "https") || domain(found) == domain(url))
        .find(|found| found.path() != "/" || found.query().is_some() || url.path() == "/")
        .map(Into::into)
}

pub(super) fn absolute(base: &Url, reference: &str) -> Option<String> {
    let reference = reference.trim();
    let url = base
        .join(reference)
        .ok()
        .filter(|_| !reference.is_empty())?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

fn publisher(head: &Head, ld: Option<Node<'_>>, url: &Url) -> Option<Publisher> {
    let named = ld.and_then(|ld| match ld.parts("publisher").into_iter().next()? {
        Part::Node(node) => Some(Publisher {
            name: node.text("name")?,
            url: node.address("url").and_then(|own| absolute(url, &own)),
            logo: node
                .address("logo")
                .and_then(|logo| absolute(url, &logo))
                .filter(|logo| !logo.contains('#')),
        }),
        Part::Text(name) => Some(Publisher {
            name,
            ..Publisher::default()
        }),
    });
    named.or_else(|| {
        Some(Publisher {
            name: head.meta(&["og:site_name", "application-name"])?,
            ..Publisher::default()
        })
    })
}

fn language(head: &Head, ld: Option<Node<'_>>) -> Option<String> {
    let attribute = head.language.clone();
    attribute
        .or_else(|| ld.and_then(|ld| ld.text("inLanguage")))
        .or_else(|| head.meta(&["og:locale", "content-language"]))
}

fn categories(head: &Head, ld: Option<Node<'_>>) -> Vec<Category> {
    const MOST: usize = 50;
    let mut terms = ld.map(|ld| ld.texts("keywords")).unwrap_or_default();
    terms.extend(head.metas("article:tag"));
    let mut out: Vec<Category> = Vec::new();
    for term in terms.iter().flat_map(|terms| terms.split(',')) {
        let term = term.trim();
        let is_new = out
            .iter()
            .all(|known| known.term.to_lowercase() != term.to_lowercase());
        if !term.is_empty() && term.len() <= 100 && is_new && out.len() < MOST {
            out.push(Category {
                term: term.to_owned(),
                ..Category::default()
            });
        }
    }
    out
}

/// A date that can be one, of a text.
fn when(text: &str, zone: Option<Tz>, now: DateTime<Utc>) -> Option<When> {
    let (at, is_day) = crate::parse::instant(text, zone)?;
    page::is_believable(at, now).then_some(When { at, is_day })
}
