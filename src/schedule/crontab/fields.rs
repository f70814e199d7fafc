//! The five fields of a crontab(5) line, read into sets of numbers.

/// Why a line is no crontab(5) line, and the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrontabError {
    /// Six fields, as some dialects have them.
    #[error("six fields: seconds are not part of crontab(5)")]
    Seconds,
    /// Not five fields.
    #[error("{count} field(s): crontab(5) has five, minute hour day-of-month month day-of-week")]
    FieldCount {
        /// How many there are.
        count: usize,
    },
    /// A number outside a field's bounds.
    #[error("{field} {value} is out of range {low}-{high}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// Least value.
        low: u8,
        /// Greatest value.
        high: u8,
    },
    /// Neither a number, a name, `*`, a list, a range nor a step.
    #[error("{field} `{text}` is not understood: {cure}")]
    Syntax {
        /// The field.
        field: &'static str,
        /// What stands there.
        text: String,
        /// What to write instead.
        cure: String,
    },
    /// An `@` word that crontab(5) does not know, or that means no time.
    #[error(
        "`{word}` is no schedule: use @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually{note}"
    )]
    Nickname {
        /// The word.
        word: String,
        /// What else would help.
        note: &'static str,
    },
    /// The fields name a day that does not exist.
    #[error("the line never fires: no such day exists in these months")]
    NeverFires,
    /// The `cron` crate refused what was made of the line.
    #[error("`{line}` cannot be used: {reason}")]
    Unreadable {
        /// The line.
        line: String,
        /// In the crate's words.
        reason: String,
    },
}

/// A line taken apart. Bit *n* of a set means the value *n*; Sunday is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days_of_month: u64,
    months: u64,
    days_of_week: u64,
    /// Both day fields are restricted, so a day that matches one of them is enough.
    either_day: bool,
    /// The hour field starts with `*`.
    pub(super) every_hour: bool,
}

impl Fields {
    /// Reads a line whose fields are separated by single spaces.
    pub(super) fn parse(line: &str) -> Result<Self, CrontabError> {
        let fields: Vec<&str> = expand_nickname(line)?
            .split(' ')
            .filter(|field| !field.is_empty())
            .collect();
        let &[minute, hour, day_of_month, month, day_of_week] = fields.as_slice() else {
            return Err(match fields.len() {
                6 => CrontabError::Seconds,
                count => CrontabError::FieldCount { count },
            });
        };
        let days_of_week = DAY_OF_WEEK.parse(day_of_week)?;
        Ok(Self {
            minutes: MINUTE.parse(minute)?,
            hours: HOUR.parse(hour)?,
            days_of_month: DAY_OF_MONTH.parse(day_of_month)?,
            months: MONTH.parse(month)?,
            days_of_week: (days_of_week | days_of_week >> 7) & 0x7f, // 7 is Sunday too
            either_day: !day_of_month.starts_with('*') && !day_of_week.starts_with('*'),
            every_hour: hour.starts_with('*'),
        })
    }

    /// The line in the `cron` crate's dialect: seconds first, plain numbers, Sunday is 1. Two lines when either
    /// day field may match, since the crate wants both to.
    pub(super) fn dialect_lines(&self) -> Vec<String> {
        let line = |days_of_month: &str, days_of_week: &str| {
            let [minutes, hours, months] = [
                (self.minutes, &MINUTE),
                (self.hours, &HOUR),
                (self.months, &MONTH),
            ]
            .map(|(set, field)| numbers(set, field));
            format!("0 {minutes} {hours} {days_of_month} {months} {days_of_week}")
        };
        let days_of_month = numbers(self.days_of_month, &DAY_OF_MONTH);
        let days_of_week = match self.days_of_week {
            0x7f => "*".to_owned(),
            set => numbers(set << 1, &DAY_OF_WEEK),
        };
        if self.either_day {
            vec![line(&days_of_month, "*"), line("*", &days_of_week)]
        } else {
            vec![line(&days_of_month, &days_of_week)]
        }
    }
}

/// One of the five fields.
struct Field {
    name: &'static str,
    low: u8,
    high: u8,
    /// Names of the values from `low` on.
    names: &'static [&'static str],
}

const MINUTE: Field = Field {
    name: "minute",
    low: 0,
    high: 59,
    names: &[],
};
const HOUR: Field = Field {
    name: "hour",
    low: 0,
    high: 23,
    names: &[],
};
const DAY_OF_MONTH: Field = Field {
    name: "day-of-month",
    low: 1,
    high: 31,
    names: &[],
};
const MONTH: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const DAY_OF_WEEK: Field = Field {
    name: "day-of-week",
    low: 0,
    high: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Field {
    /// A list of values, ranges and steps.
    fn parse(&self, text: &str) -> Result<u64, CrontabError> {
        text.split(',')
            .try_fold(0, |set, part| Ok(set | self.part(part)?))
    }

    /// `*`, a value or a range, the first and last with a step if wanted.
    fn part(&self, text: &str) -> Result<u64, CrontabError> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, self.step(text, step)?),
            None => (text, 1),
        };
        let (low, high) = match range.split_once('-') {
            // Sunday ends a week as well as it starts one.
            Some((low, high)) if high.eq_ignore_ascii_case("sun") => (self.value(low)?, 7),
            Some((low, high)) => (self.value(low)?, self.value(high)?),
            None if range == "*" => (self.low, self.high),
            None if step != 1 || text.contains('/') => {
                let cure = format!("a step needs a range, as in {range}-{}/{step}", self.high);
                return Err(self.syntax(text, cure));
            }
            None => (self.value(range)?, self.value(range)?),
        };
        if low > high {
            let cure = format!(
                "the range runs backwards; write {low}-{},{}-{high}",
                self.high, self.low
            );
            return Err(self.syntax(text, cure));
        }
        Ok((low..=high)
            .step_by(step)
            .fold(0, |set, value| set | 1 << value))
    }

    fn value(&self, text: &str) -> Result<u8, CrontabError> {
        if let Some(index) = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
        {
            return Ok(self.low + index as u8); // at most twelve names
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let names = match self.names {
                [first, .., last] => format!(", a name {first}-{last}"),
                _ => String::new(),
            };
            let cure = format!(
                "write a number {}-{}{names}, *, a list, a range or */n",
                self.low, self.high
            );
            return Err(self.syntax(text, cure));
        }
        match text.parse() {
            Ok(value) if (self.low..=self.high).contains(&value) => Ok(value),
            _ => Err(CrontabError::OutOfRange {
                field: self.name,
                value: text.to_owned(),
                low: self.low,
                high: self.high,
            }),
        }
    }

    fn step(&self, text: &str, step: &str) -> Result<usize, CrontabError> {
        match step.parse::<u8>() {
            Ok(step) if step > 0 => Ok(step.into()),
            _ => Err(self.syntax(
                text,
                format!(
                    "a step is a number from 1, as in */{}",
                    self.high.div_ceil(4)
                ),
            )),
        }
    }

    fn syntax(&self, text: &str, cure: String) -> CrontabError {
        CrontabError::Syntax {
            field: self.name,
            text: text.to_owned(),
            cure,
        }
    }
}

/// What `@hourly` and friends stand for; any other line as it is.
fn expand_nickname(line: &str) -> Result<&str, CrontabError> {
    if !line.starts_with('@') {
        return Ok(line);
    }
    match line.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        "@monthly" => Ok("0 0 1 * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@hourly" => Ok("0 * * * *"),
        word => {
            let note = if word.starts_with("@every") {
                ", or `every 30m` without the @"
            } else {
                ""
            };
            Err(CrontabError::Nickname {
                word: line.to_owned(),
                note,
            })
        }
    }
}

/// The set as a list of numbers, or `*` when it is whole.
fn numbers(set: u64, field: &Field) -> String {
    let values = || field.low..=field.high;
    if values().all(|value| set & 1 << value != 0) {
        return "*".to_owned();
    }
    let listed: Vec<String> = values()
        .filter(|value| set & 1 << value != 0)
        .map(|value| value.to_string())
        .collect();
    listed.join(",")
}
