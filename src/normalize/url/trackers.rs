//! What is known of addresses, as data: parameters that name no page, and redirectors that carry their target.
//!
//! The list is our own. ClearURLs' rules (LGPL-3) and Miniflux' list (Apache-2.0) were read for what they cover.

/// Parameters whose names begin so say where a reader came from. Lower case.
pub(super) const PREFIXES: &[&str] = &[
    "_branch_", "amp_", "at_", "ga_", "hsa_", "itm_", "mtm_", "ns_", "oly_", "otm_", "pk_", "utm_",
    "vero_",
];

/// Parameters of these names do, too, or name a session. Lower case, sorted. `p`, `mc` and `cid` are never among
/// them: they are ids of pages.
pub(super) const NAMES: &[&str] = &[
    "__hsfp",
    "__hssc",
    "__hstc",
    "__s",
    "__twitter_impression",
    "_bhlid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_openstat",
    "campaign_content",
    "campaign_id",
    "campaign_medium",
    "campaign_name",
    "campaign_source",
    "campaign_term",
    "cmpid",
    "dclid",
    "echobox",
    "fb_action_ids",
    "fb_action_types",
    "fb_ref",
    "fb_source",
    "fbclid",
    "gbraid",
    "gclid",
    "gclsrc",
    "hsctatracking",
    "igsh",
    "igshid",
    "jsessionid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mc_tc",
    "mkt_tok",
    "msclkid",
    "ocid",
    "phpsessid",
    "rb_clickid",
    "ref_src",
    "ref_url",
    "s_cid",
    "sc_cid",
    "smid",
    "spm",
    "srsltid",
    "ttclid",
    "twclid",
    "usqp",
    "wbraid",
    "wickedid",
    "wt_mc",
    "wt_zmc",
    "wtrid",
    "xtor",
    "yclid",
    "ysclid",
];

/// Parameters that say where a reader came from only when their value is a host or one of [`REFERRERS`]. Lower case.
pub(super) const MAYBE: &[&str] = &["from", "ref", "source"];

/// Places readers come from. Lower case.
pub(super) const REFERRERS: &[&str] = &[
    "facebook",
    "feed",
    "front",
    "home",
    "newsletter",
    "rss",
    "twitter",
];

/// Endings of file names that look like the last label of a host.
pub(super) const FILE_ENDINGS: &[&str] = &[
    "asp", "aspx", "cfm", "css", "gif", "htm", "html", "jpeg", "jpg", "js", "json", "jsp", "mp3",
    "mp4", "pdf", "php", "png", "shtml", "txt", "xhtml", "xml",
];

/// A redirector that carries its target in a parameter.
#[derive(Debug)]
pub(super) struct Redirector {
    /// Its registrable domain, or a host below that; hosts below it count as well.
    pub(super) host: &'static str,
    /// Its path.
    pub(super) path: &'static str,
    /// Where the target stands, the likelier first.
    pub(super) parameters: &'static [&'static str],
}

const fn redirector(
    host: &'static str,
    path: &'static str,
    parameters: &'static [&'static str],
) -> Redirector {
    Redirector {
        host,
        path,
        parameters,
    }
}

/// The redirectors, but for Google's, whose domain is a different one in each country.
pub(super) const REDIRECTORS: &[Redirector] = &[
    redirector("facebook.com", "/l.php", &["u"]),
    redirector("facebook.com", "/flx/warn/", &["u"]),
    redirector("l.instagram.com", "/", &["u"]),
    redirector("out.reddit.com", "", &["url"]),
    redirector("youtube.com", "/redirect", &["q"]),
    redirector("vk.com", "/away.php", &["to"]),
    redirector("t.umblr.com", "/redirect", &["z"]),
    redirector("duckduckgo.com", "/l/", &["uddg"]),
    redirector("bing.com", "/news/apiclick.aspx", &["url"]),
    redirector("safelinks.protection.outlook.com", "", &["url"]),
];

/// Where Google's redirector has the target.
pub(super) const GOOGLE: &[&str] = &["url", "q"];

/// Hosts of AMP caches; the page's host stands below them, and once more in the path.
pub(super) const AMP_CACHES: &[&str] = &["cdn.ampproject.org"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_searched() {
        for list in [NAMES, PREFIXES, MAYBE, REFERRERS, FILE_ENDINGS] {
            assert!(list.is_sorted());
            let lower = |name: &&str| name.bytes().all(|byte| !byte.is_ascii_uppercase());
            assert!(list.iter().all(lower));
        }
        for id in ["p", "mc", "cid", "id", "page", "v", "lang", "story"] {
            assert!(!NAMES.contains(&id));
        }
    }
}
