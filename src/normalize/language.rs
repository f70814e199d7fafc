//! What language a text is in: what is declared, else what it looks like.

use whatlang::{Lang, Script};

use super::html;
use crate::parse::ParsedEntry;

/// Fewer letters say too little for a guess.
const FEWEST_LETTERS: usize = 200;
/// More characters would not change it.
const SAMPLE_CHARS: usize = 600;

/// The language of an entry, as BCP 47 writes it: the entry's own declaration, unless the letters belong to another
/// script; else what the text looks like; else the channel's, which also wins where it only says more (`pt-BR`) or
/// names a language that detection does not know.
pub(super) fn language(
    declared: Option<&str>,
    channel: Option<&str>,
    text: &str,
) -> Option<String> {
    let declared = declared.and_then(tidy);
    let text = sample(text);
    let is_settled = match (&declared, channel) {
        (Some(tag), _) => !contradicts(text, tag),
        (None, Some(tag)) if of(tag).is_none() || !has_letters(text) => true,
        (None, Some(tag)) => !Heard::in_text(text).speaks_against(tag),
        (None, None) => false,
    };
    let detected = if !is_settled && has_letters(text) {
        detect(text)
    } else {
        None
    };
    let said = declared.or_else(|| channel.map(str::to_owned));
    match (detected, said) {
        (Some(lang), Some(tag)) if of(&tag) == Some(lang) => Some(tag),
        (Some(lang), _) => Some(code(lang).to_owned()),
        (None, said) => said,
    }
}

/// The language that a text is reliably in.
fn detect(text: &str) -> Option<Lang> {
    if Heard::in_text(text).is_english() {
        return Some(Lang::Eng);
    }
    let found = whatlang::detect(text).filter(whatlang::Info::is_reliable);
    found.map(|found| found.lang())
}

/// The beginning of a text, of [`SAMPLE_CHARS`].
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_CHARS {
        return text;
    }
    if let Some(head) = text.get(..SAMPLE_CHARS).filter(|head| head.is_ascii()) {
        return head;
    }
    let end = text.char_indices().nth(SAMPLE_CHARS);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Whether a text has [`FEWEST_LETTERS`].
fn has_letters(text: &str) -> bool {
    let mut of_ascii = text.bytes().filter(u8::is_ascii_alphabetic);
    let mut letters = text.chars().filter(|c| c.is_alphabetic());
    of_ascii.nth(FEWEST_LETTERS - 1).is_some() || letters.nth(FEWEST_LETTERS - 1).is_some()
}

/// The commonest words of a language that its neighbours do not share: enough of them, and detection, which costs
/// half as much as all else that is done with an entry, would only say the same.
const COMMON: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "the", "of", "and", "to", "that", "for", "with", "was", "by", "from", "are", "this",
            "have", "not", "you",
        ],
    ),
    (
        "de",
        &[
            "der", "die", "und", "das", "nicht", "mit", "ein", "eine", "den", "dem", "auf", "für",
            "ist", "von", "zu",
        ],
    ),
    (
        "fr",
        &[
            "les", "et", "des", "une", "est", "dans", "pour", "qui", "du", "pas", "sur", "au",
            "avec", "cette", "sont",
        ],
    ),
    (
        "es",
        &[
            "el", "los", "las", "del", "y", "una", "por", "con", "para", "su", "más", "pero",
            "como", "fue", "ha",
        ],
    ),
    (
        "it",
        &[
            "il", "di", "che", "della", "per", "sono", "gli", "nel", "alla", "anche", "è", "più",
            "dei", "delle", "si",
        ],
    ),
    (
        "pt",
        &[
            "os", "uma", "não", "em", "do", "da", "dos", "das", "um", "ao", "são", "mais", "pelo",
            "também", "foi",
        ],
    ),
    (
        "nl",
        &[
            "het", "een", "van", "dat", "niet", "zijn", "op", "voor", "ook", "maar", "naar",
            "wordt", "bij", "uit", "werd",
        ],
    ),
    (
        "sv",
        &[
            "och", "att", "det", "som", "är", "på", "för", "inte", "till", "av", "har", "ett",
            "om", "från", "kan",
        ],
    ),
    (
        "pl",
        &[
            "nie", "się", "na", "jest", "że", "z", "do", "jak", "ale", "po", "dla", "przez",
            "który", "był", "są",
        ],
    ),
    (
        "ru",
        &[
            "и", "в", "не", "на", "что", "с", "по", "как", "это", "для", "из", "за", "от", "был",
            "его",
        ],
    ),
];

/// What a feed that declares no language is in, by its first entries.
pub(super) fn of_entries(entries: &[ParsedEntry]) -> Option<String> {
    let mut sample = String::new();
    for entry in entries.iter().take(4) {
        let Some(text) = entry.content.as_ref().or(entry.summary.as_ref()) else {
            continue;
        };
        let piece = &text.value[..text.value.floor_char_boundary(4 * SAMPLE_CHARS)];
        sample.push_str(&html::text(piece));
        sample.push('\n');
        if sample.len() >= SAMPLE_CHARS {
            break;
        }
    }
    language(None, None, &sample)
}

/// So much of a text is listened to.
const HEARD_BYTES: usize = 500;

/// How many of a text's words are common ones, for each language of [`COMMON`].
struct Heard {
    words: usize,
    hits: [usize; COMMON.len()],
}

impl Heard {
    fn in_text(text: &str) -> Self {
        let text = &text[..text.floor_char_boundary(HEARD_BYTES)];
        let mut heard = Self {
            words: 0,
            hits: [0; COMMON.len()],
        };
        let bytes = text.as_bytes();
        let (mut word, mut at) = (Packed::default(), 0);
        while at <= bytes.len() {
            // What stands behind the text ends its last word.
            let byte = bytes.get(at).copied().unwrap_or(b' ');
            let foreign = (!byte.is_ascii()).then(|| text[at..].chars().next());
            let (is_letter, length) = match foreign.flatten() {
                Some(c) => (c.is_alphabetic(), c.len_utf8()),
                None => (byte.is_ascii_alphabetic(), 1),
            };
            if is_letter {
                word.push(&bytes[at..at + length]);
            } else if word.length > 0 {
                heard.words += 1;
                let mut languages = word.languages();
                while languages != 0 {
                    heard.hits[languages.trailing_zeros() as usize] += 1;
                    languages &= languages - 1;
                }
                word = Packed::default();
            }
            at += length;
        }
        heard
    }

    fn hits_of(&self, tag: &str) -> Option<usize> {
        let first = tag.split('-').next();
        let index = COMMON.iter().position(|(lang, _)| first == Some(lang))?;
        Some(self.hits[index])
    }

    /// Whether the text is rather not in the language of this tag: another is heard clearly more, or of this one almost
    /// nothing in a text that is long enough. Of a language without common words here, anything else must be clear.
    fn speaks_against(&self, tag: &str) -> bool {
        let own = self.hits_of(tag);
        let most = self.hits.iter().max().copied().unwrap_or_default();
        let another = most >= 4 && most * 20 >= self.words && most > 2 * own.unwrap_or_default();
        let silent = own.is_some_and(|own| self.words >= 40 && own * 50 < self.words);
        another || silent
    }

    /// Whether the text is plainly English, the first language of [`COMMON`]: in prose a quarter of the words are common
    /// ones, and no other language has more than a few of them.
    fn is_english(&self) -> bool {
        let [english, others @ ..] = &self.hits;
        let is_heard = self.words >= 40 && english * 8 >= self.words;
        is_heard && others.iter().all(|other| other * 4 <= *english)
    }
}

/// A word as a number: its bytes, as long as they are few enough; no word has a NUL.
#[derive(Clone, Copy, Default)]
struct Packed {
    bytes: u64,
    length: usize,
}

impl Packed {
    fn push(&mut self, letter: &[u8]) {
        for byte in letter {
            self.bytes = self.bytes << 8 | u64::from(*byte);
        }
        self.length += letter.len();
    }

    /// The languages that the word is common in, one bit each.
    fn languages(self) -> u16 {
        if self.length > LONGEST {
            return 0;
        }
        let mut slot = slot_of(self.bytes);
        loop {
            match WORDS[slot] {
                (0, _) => return 0,
                (bytes, languages) if bytes == self.bytes => return languages,
                _ => slot = (slot + 1) % SLOTS,
            }
        }
    }
}

/// Bytes of the longest word of [`COMMON`], at most.
const LONGEST: usize = 8;
/// Room for the words of [`COMMON`], two thirds of it free: nearly all look-ups end at the first slot.
const SLOTS: usize = 512;

/// The words of [`COMMON`] with their languages, each at its slot or behind it; 0 is none.
static WORDS: [(u64, u16); SLOTS] = {
    let mut words = [(0, 0); SLOTS];
    let mut language = 0;
    while language < COMMON.len() {
        let list = COMMON[language].1;
        let mut at = 0;
        while at < list.len() {
            let word = list[at].as_bytes();
            assert!(word.len() <= LONGEST);
            let (mut packed, mut byte) = (0, 0);
            while byte < word.len() {
                packed = packed << 8 | word[byte] as u64;
                byte += 1;
            }
            let mut slot = slot_of(packed);
            while words[slot].0 != 0 && words[slot].0 != packed {
                slot = (slot + 1) % SLOTS;
            }
            words[slot].0 = packed;
            words[slot].1 |= 1 << language;
            at += 1;
        }
        language += 1;
    }
    words
};

/// Where a word is looked for first (Fibonacci hashing).
const fn slot_of(packed: u64) -> usize {
    (packed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// Whether a text's letters are not those of the language that it is declared to be in. A tag that names its script,
/// and languages written in several, are believed.
fn contradicts(text: &str, tag: &str) -> bool {
    const SEVERAL_SCRIPTS: [Lang; 4] = [Lang::Srp, Lang::Uzb, Lang::Aze, Lang::Tuk];
    let names_script = tag.split('-').any(|part| part.len() == 4);
    match (of(tag), whatlang::detect_script(text)) {
        (Some(lang), Some(script)) if !names_script && !SEVERAL_SCRIPTS.contains(&lang) => {
            !writes(script, lang)
        }
        _ => false,
    }
}

fn writes(script: Script, lang: Lang) -> bool {
    script.langs().contains(&lang) || lang == Lang::Jpn && script == Script::Mandarin
}

/// A language tag in the spelling of BCP 47 (RFC 5646 §2.1.1): `en_us` → `en-US`, `eng` → `en`, `iw` → `he`. `None`
/// for what is no tag.
pub(super) fn tidy(raw: &str) -> Option<String> {
    // `en_US.UTF-8` is the name of a locale.
    let tag = raw.trim().split(['.', '@', ',', ' ']).next()?;
    let mut parts = tag.split(['-', '_']);
    let first = parts.next()?.to_ascii_lowercase();
    let is_language = matches!(first.len(), 2 | 3) && first.bytes().all(|b| b.is_ascii_lowercase());
    if !is_language || first == "und" {
        return None;
    }
    let mut out = match first.as_str() {
        "iw" => "he".to_owned(),
        "in" => "id".to_owned(),
        "ji" => "yi".to_owned(),
        _ => Lang::from_code(first.as_str())
            .map(code)
            .map_or(first, str::to_owned),
    };
    for part in parts {
        if !(1..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Some(out);
        }
        out.push('-');
        let lower = part.to_ascii_lowercase();
        match part.len() {
            2 => out.push_str(&part.to_ascii_uppercase()),
            4 => {
                out.push_str(&lower[..1].to_ascii_uppercase());
                out.push_str(&lower[1..]);
            }
            _ => out.push_str(&lower),
        }
    }
    Some(out)
}

/// The language of a tidy tag, when detection knows it.
fn of(tag: &str) -> Option<Lang> {
    let first = match tag.split('-').next()? {
        "no" | "nn" => "nb",
        first => first,
    };
    let mut pairs = CODES.split(' ').filter_map(|pair| pair.split_once('='));
    let (long, _) = pairs.find(|(_, short)| *short == first)?;
    Lang::from_code(long)
}

/// The shortest code, as BCP 47 asks for.
fn code(lang: Lang) -> &'static str {
    let mut pairs = CODES.split(' ').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(long, _)| *long == lang.code())
        .map_or(lang.code(), |(_, short)| short)
}

/// ISO 639-3 and 639-1 of every language that detection knows. Mandarin stands for Chinese, Iranian Persian for
/// Persian.
const CODES: &str = "epo=eo eng=en rus=ru cmn=zh spa=es por=pt ita=it ben=bn fra=fr deu=de ukr=uk kat=ka ara=ar \
    hin=hi jpn=ja heb=he yid=yi pol=pl amh=am jav=jv kor=ko nob=nb dan=da swe=sv fin=fi tur=tr nld=nl hun=hu ces=cs \
    ell=el bul=bg bel=be mar=mr kan=kn ron=ro slv=sl hrv=hr srp=sr mkd=mk lit=lt lav=lv est=et tam=ta vie=vi urd=ur \
    tha=th guj=gu uzb=uz pan=pa aze=az ind=id tel=te pes=fa mal=ml ori=or mya=my nep=ne sin=si khm=km tuk=tk aka=ak \
    zul=zu sna=sn afr=af lat=la slk=sk cat=ca tgl=tl hye=hy cym=cy";

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = "The harbour office said on Monday that the boats would come back before the storms of \
        winter begin, and that the market would open again when the work on the quay is done and all the traders \
        have returned to their places beside the water, as they do every spring.";
    const RUSSIAN: &str = "В понедельник управление порта сообщило, что лодки вернутся до начала зимних штормов, а \
        рынок снова откроется, когда закончатся работы на причале и все торговцы вернутся на свои места у воды, как \
        это было прошлой осенью и как бывает здесь каждый год после долгих холодов.";
    const GERMAN: &str = "Die Hafenverwaltung teilte am Montag mit, dass die Boote vor den Stürmen des Winters \
        zurückkehren werden und der Markt wieder öffnet, sobald die Arbeiten am Kai abgeschlossen sind und alle \
        Händler an ihre Plätze am Wasser zurückgekehrt sind.";

    /// With words that English has too.
    const DUTCH: &str = "De havenmeester zei maandag dat de boten voor de stormen van de winter zullen terugkeren en dat \
        de markt weer opengaat zodra het werk aan de kade klaar is. Dat was of bleef lang onzeker, want de stad was er \
        niet van op de hoogte en het geld was er nog niet, of bijna niet.";

    #[test]
    fn a_declaration_counts_unless_the_script_says_otherwise() {
        let cases = [
            (Some("en_us"), None, ENGLISH, Some("en-US")),
            // Latin letters fit both: the publisher knows better.
            (Some("fr"), None, ENGLISH, Some("fr")),
            (Some("en"), Some("en"), RUSSIAN, Some("ru")),
            (Some("ru"), None, ENGLISH, Some("en")),
            (Some("en"), None, "Короткий текст.", Some("en")),
            (Some("sr"), None, ENGLISH, Some("sr")),
            (Some("ru-Latn"), None, ENGLISH, Some("ru-Latn")),
            (Some("?"), None, ENGLISH, Some("en")),
        ];
        check(&cases);
    }

    #[test]
    fn the_text_counts_before_the_channel() {
        let cases = [
            (None, None, ENGLISH, Some("en")),
            (None, None, DUTCH, Some("nl")),
            (None, None, GERMAN, Some("de")),
            (None, Some("en-US"), GERMAN, Some("de")),
            (None, Some("de-AT"), GERMAN, Some("de-AT")),
            (None, Some("lb"), GERMAN, Some("lb")),
            (None, Some("de"), "Boats return.", Some("de")),
            (None, None, "Boats return.", None),
            (None, None, "", None),
        ];
        check(&cases);
    }

    type Case = (
        Option<&'static str>,
        Option<&'static str>,
        &'static str,
        Option<&'static str>,
    );

    fn check(cases: &[Case]) {
        for (declared, channel, text, expected) in cases {
            let found = language(*declared, *channel, text);
            assert_eq!(
                found.as_deref(),
                *expected,
                "{declared:?} {channel:?} {text}"
            );
        }
    }

    #[test]
    fn a_channel_whose_language_is_heard_in_the_text_is_believed() {
        let against = |text, tag| Heard::in_text(text).speaks_against(tag);
        assert!(!against(ENGLISH, "en-GB") && !against(GERMAN, "de") && !against(RUSSIAN, "ru"));
        assert!(against(GERMAN, "en") && against(ENGLISH, "fr") && against(RUSSIAN, "tr"));
    }

    #[test]
    fn tags_are_spelled_as_bcp_47_says() {
        let cases = [
            ("EN", Some("en")),
            (" en_us ", Some("en-US")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("en_US.UTF-8", Some("en-US")),
            ("en-us, fr", Some("en-US")),
            ("eng", Some("en")),
            ("iw-IL", Some("he-IL")),
            ("es-419", Some("es-419")),
            ("de-CH-1996", Some("de-CH-1996")),
            ("pt--br", Some("pt")),
            ("English", None),
            ("und", None),
            ("", None),
            ("日本", None),
        ];
        for (given, expected) in cases {
            assert_eq!(tidy(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn every_language_of_detection_has_its_code() {
        for lang in Lang::all() {
            assert_eq!((of(code(*lang)), code(*lang).len()), (Some(*lang), 2));
        }
    }
}
