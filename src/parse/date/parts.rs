//! Numbers → a day: which of them is the year, which the month.

use chrono::NaiveDate;

/// A number of a date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) digits: usize,
    /// What stands between it and the number before: `-`, `/`, `.`, a space, or `年` for any unit.
    pub(super) mark: char,
}

impl Part {
    /// A year of four digits.
    pub(super) fn full_year(self) -> Option<i32> {
        (self.digits == 4).then(|| i32::try_from(self.number).ok())?
    }

    /// RFC 2822 §4.3: two digits below 50 are this century, three digits count from 1900.
    fn year(self) -> Option<i32> {
        let number = i32::try_from(self.number).ok()?;
        match (self.digits, number) {
            (2, 0..=49) => Some(2000 + number),
            (2..=3, _) => Some(1900 + number),
            (4, _) => Some(number),
            _ => None,
        }
    }
}

/// Beside a month's name the day comes before the year, unless it cannot be a day.
pub(super) fn day_and_year(first: Part, second: Part) -> Option<(u32, i32)> {
    let year_first = first.digits > 2 || first.number > 31;
    let (day, year) = if year_first {
        (second, first)
    } else {
        (first, second)
    };
    Some(((day.digits <= 2).then_some(day.number)?, year.year()?))
}

pub(super) fn day(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

/// Three numbers: of the orders that their marks allow, all that are days must be the same day.
pub(super) fn numeric([first, second, third]: [Part; 3], american: bool) -> Option<NaiveDate> {
    if second.mark != third.mark {
        return None;
    }
    if first.digits == 4 {
        return day(first.full_year()?, second.number, third.number);
    }
    let year_last =
        |month: Part, day_of_month: Part| day(third.year()?, month.number, day_of_month.number);
    let year_first =
        || (third.digits <= 2).then(|| day(first.year()?, second.number, third.number))?;
    let orders = match second.mark {
        '年' => [year_first(), None, None],
        '.' => [year_last(second, first), year_first(), None],
        _ if american && year_last(first, second).is_some() => {
            [year_last(first, second), None, None]
        }
        _ => [
            year_last(second, first),
            year_last(first, second),
            year_first(),
        ],
    };
    let mut days = orders.into_iter().flatten();
    let day = days.next()?;
    days.all(|other| other == day).then_some(day)
}
