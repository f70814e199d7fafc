//! Languages as pages name them: `lang` and `dir`.

/// Subtags of ISO 639-1; three-letter ones are taken as they are when they have the form.
const KNOWN: &str = " aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ckb fil haw yue cmn gsw nds sco ast ";

/// Those written from right to left.
const LEFTWARD: &str = " ar ckb dv fa he ps sd ug ur yi ";

/// A language tag that browsers and screen readers know (BCP 47); `None` for any other text.
pub(super) fn lang(tag: Option<&str>) -> Option<&str> {
    let tag = tag?;
    let mut parts = tag.split('-');
    let first = parts.next()?.to_ascii_lowercase();
    let known = !first.is_empty()
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && KNOWN.contains(&format!(" {first} "));
    let rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    (known && rest).then_some(tag)
}

/// The direction of text: that of its language, else that of its first strong letter.
pub(super) fn dir(tag: Option<&str>) -> &'static str {
    let Some(tag) = lang(tag) else { return "auto" };
    let first = tag.split('-').next().unwrap_or_default();
    match LEFTWARD.contains(&format!(" {} ", first.to_ascii_lowercase())) {
        true => "rtl",
        false => "auto",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_languages_are_named() {
        for (tag, expected) in [
            ("en-GB", Some("en-GB")),
            ("AR", Some("AR")),
            ("xx", None),
            ("", None),
            ("en\" onload", None),
            ("english", None),
        ] {
            assert_eq!(lang(Some(tag)), expected, "{tag}");
        }
        assert_eq!(
            (dir(Some("he-IL")), dir(Some("en")), dir(None)),
            ("rtl", "auto", "auto")
        );
    }
}
