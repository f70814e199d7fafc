//! The words of dates, by language: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian,
//! Ukrainian, Greek, Hungarian, Turkish, the Nordic languages, Indonesian; Chinese, Japanese and Korean where they
//! use words. All are written here as [`fold`] leaves them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case without accents, stops and spaces: `Ιούλ` → `ιουλ`, `A. M.` → `am`.
pub(super) fn fold(word: &str) -> String {
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return word.to_ascii_lowercase();
    }
    let letters = word.nfd().filter(|c| !is_combining_mark(*c)).nfc();
    let letters: String = letters.filter(|c| c.is_alphabetic()).collect();
    letters.to_lowercase().replace('ı', "i")
}

/// Names of each month. Three letters or more of the beginning of one are the month, when no other begins so.
const MONTHS: [&str; 12] = [
    "january januar janner janvier enero gennaio janeiro januari stycznia styczen января январь \
     січня січень ιανουαριος ιανουαριου ocak",
    "february februar feber fevrier febrero febbraio fevereiro februari februarius lutego luty \
     февраля февраль лютого лютии φεβρουαριος φεβρουαριου subat",
    "march marz maerz mrz mars marzo marco maart mrt marca marzec марта март березня березень \
     μαρτιος μαρτιου marcius mart maret",
    "april avril abril aprile kwietnia kwiecien апреля апрель квітня квітень απριλιος απριλιου \
     aprilis nisan",
    "may mai mayo maggio maio mei maj maja маи мая травня травень μαιος μαιου majus mayis",
    "june juni juin junio giugno junho czerwca czerwiec июня июнь червня червень ιουνιος ιουνιου \
     junius haziran",
    "july juli juillet julio luglio julho lipca lipiec июля июль липня липень ιουλιος ιουλιου \
     julius temmuz",
    "august aout agosto augustus augusti sierpnia sierpien августа август серпня серпень \
     αυγουστος αυγουστου augusztus agustos agustus",
    "september septembre septiembre setiembre settembre setembro wrzesnia wrzesien сентября \
     сентябрь вересня вересень σεπτεμβριος σεπτεμβριου szeptember eylul",
    "october oktober octobre octubre ottobre outubro pazdziernika pazdziernik октября октябрь \
     жовтня жовтень οκτωβριος οκτωβριου ekim",
    "november novembre noviembre novembro listopada listopad ноября ноябрь листопада листопад \
     νοεμβριος νοεμβριου kasim",
    "december dezember decembre diciembre dicembre dezembro desember grudnia grudzien декабря \
     декабрь грудня грудень δεκεμβριος δεκεμβριου aralik",
];

/// The month, 1 to 12, that a folded word names.
pub(super) fn month(word: &str) -> Option<u32> {
    if word.chars().count() < 3 {
        return None;
    }
    let mut found = None;
    for (names, number) in MONTHS.iter().zip(1..) {
        for name in names.split(' ') {
            if name == word {
                return Some(number);
            }
            if name.starts_with(word) {
                match found {
                    Some(other) if other != number => return exact(word),
                    _ => found = Some(number),
                }
            }
        }
    }
    found
}

fn exact(word: &str) -> Option<u32> {
    let mut months = MONTHS.iter().zip(1..);
    let (_, number) = months.find(|(names, _)| names.split(' ').any(|name| name == word))?;
    Some(number)
}

/// Names of weekdays. Two letters or more of the beginning of one are a weekday.
const WEEKDAYS: &str = "monday tuesday wednesday thursday friday saturday sunday \
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag \
    lundi mardi mercredi jeudi vendredi samedi dimanche \
    lunes martes miercoles jueves viernes sabado domingo \
    lunedi martedi mercoledi giovedi venerdi domenica \
    segunda terca quarta quinta sexta feira \
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag \
    poniedziałek pn wtorek sroda czwartek piatek pt sobota niedziela ndz \
    понедельник пн вторник вт среда ср четверг чт пятница пт суббота сб воскресенье вс \
    понеділок вівторок середа четвер пятниця субота неділя нд \
    δευτερα τριτη τεταρτη πεμπτη παρασκευη σαββατο κυριακη \
    hetfo kedd szerda csutortok pentek szombat vasarnap \
    pazartesi pzt sali carsamba persembe cuma cumartesi cmt pazar \
    mandag tirsdag onsdag torsdag fredag lørdag lordag søndag sondag tisdag \
    senin selasa rabu kamis jumat sabtu minggu \
    月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日 \
    星期一 星期二 星期三 星期四 星期五 星期六 星期日 星期天 周一 周二 周三 周四 周五 周六 周日 \
    월요일 화요일 수요일 목요일 금요일 토요일 일요일";

/// Whether a folded word is a weekday's name or the beginning of one.
pub(super) fn is_weekday(word: &str) -> bool {
    word.chars().nth(1).is_some() && WEEKDAYS.split(' ').any(|name| name.starts_with(word))
}

/// The half of the day: whether it is the second one.
pub(super) fn half(word: &str) -> Option<bool> {
    match word {
        "am" | "오전" | "午前" | "上午" | "πμ" | "oo" => Some(false),
        "pm" | "오후" | "午後" | "下午" | "μμ" | "os" => Some(true),
        _ => None,
    }
}

/// Words and endings that say nothing.
pub(super) fn is_filler(word: &str) -> bool {
    const FILLERS: &str = "at on the of and de del a las le la den der am um uhr alle ore o dia as om kl godz г года \
        в о στις h hrs r roku";
    FILLERS.split(' ').any(|filler| filler == word)
}

/// What may be glued to the number of a day: `16th`, `1er`.
pub(super) fn is_ordinal(word: &str) -> bool {
    matches!(
        word,
        "st" | "nd" | "rd" | "th" | "er" | "º" | "ª" | "го" | "e"
    )
}

/// Whether a word behind a number makes it an hour, a minute, a second (0, 1, 2).
pub(super) fn is_clock_unit(word: &str, field: usize) -> bool {
    const UNITS: [&[&str]; 3] = [
        &["h", "uhr", "時", "时", "點", "点", "시"],
        &["m", "min", "分", "분"],
        &["s", "sec", "秒", "초"],
    ];
    UNITS[field].contains(&word)
}

/// A word that says of the number before it that it is a year, a month or a day.
pub(super) fn is_date_unit(word: &str) -> bool {
    matches!(word, "年" | "月" | "日" | "년" | "월" | "일")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_written_folded_and_names_its_month() {
        for (names, number) in MONTHS.iter().zip(1..) {
            for name in names.split(' ') {
                assert_eq!(fold(name), name);
                assert_eq!(month(name), Some(number), "{name}");
            }
        }
        for name in WEEKDAYS.split(' ') {
            assert_eq!(fold(name), name);
        }
    }

    #[test]
    fn a_beginning_that_two_months_share_names_none() {
        assert_eq!(
            (month("jui"), month("ju"), month("листопа")),
            (None, None, Some(11))
        );
        assert_eq!(
            (month("juin"), month("juil"), month("mar")),
            (Some(6), Some(7), Some(3))
        );
    }
}
