//! What is learned about when a source publishes, and what that says about the hours ahead.
//!
//! A self-exciting Poisson process (Hawkes 1971), learned on line: entries *start* at a base rate that follows the hour,
//! the weekday and recurring moments (a column at the same minute each day or week), and an entry may be *followed* by
//! others of its batch soon after. Rates are Gamma-Poisson estimates that forget; which of the two an entry was, and which
//! pattern foresaw it, is shared out by how probable each made it (on-line expectation maximization). Nothing here decides
//! about polls. `docs/schedule.md` has the formulas.

use chrono::{DateTime, Utc};

/// Minutes of a day and of a week.
const DAY: f64 = 1_440.0;
const WEEK: f64 = 7.0 * DAY;
/// 1970-01-05 was a Monday.
const MONDAY: f64 = 4.0 * DAY;

/// Evidence counts half after this long.
const HALF_LIFE: f64 = 30.0 * DAY;
/// Gamma prior of the rate of starts. The mean, 0.4 a day, is that of a usual collection; a shape far below 1 says how
/// much sources differ.
const PRIOR_ENTRIES: f64 = 0.1;
const PRIOR_TIME: f64 = 0.25 * DAY;
/// Gamma prior of the followers an entry has.
const PRIOR_FOLLOWERS: f64 = 0.5;
const PRIOR_FOLLOWED: f64 = 2.0;
/// Mean time from an entry to one that follows it.
const FOLLOWS_AFTER: f64 = 30.0;
/// More followers than this would never end.
const MOST_FOLLOWERS: f64 = 0.9;
/// Weight, in entries, of the flat prior of hours and of weekdays.
const FLAT_HOURS: f64 = 20.0;
const FLAT_WEEKDAYS: f64 = 20.0;
/// Half the width of the triangle around a recurring moment: finer than usual floors nothing is gained.
const MOMENT: f64 = 15.0;
/// Prior shares of the patterns: hours and weekdays, the moment of the day, the moment of the week; and its weight.
const PATTERNS: [f64; 3] = [0.87, 0.10, 0.03];
const PATTERNS_WEIGHT: f64 = 3.0;
/// Starts whose moments are kept.
const KEPT: usize = 32;
/// Entries of one document that teach; the newest.
const LESSONS: usize = 500;
/// Cells of a [`Rhythm::forecast`].
pub(super) const CELLS: usize = 72;

/// What is learned of one source. Lengths of time are minutes, instants minutes since 1970 in UTC; evidence is already
/// forgotten to the instant `at`. Single precision is what the store keeps, so a restart changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Rhythm {
    /// Up to when the source was watched.
    at: DateTime<Utc>,
    /// Starts seen, and the time they were seen in; the prior is within.
    starts: f32,
    watched: f32,
    /// Followers seen, and entries that had the time to be followed; the prior is within.
    followers: f32,
    followed: f32,
    /// Entries whose followers may still come, each fading with [`FOLLOWS_AFTER`].
    stirred: f32,
    hours: [f32; 24],
    /// 0 is Monday.
    weekdays: [f32; 7],
    /// What each pattern foresaw.
    foreseen: [f32; 3],
    /// Seconds since 1970 of the last starts, the oldest first.
    recent: Vec<u32>,
}

/// The factors of the rate that follow from the evidence: mean 1 over a week.
struct Shape {
    hours: [f64; 24],
    weekdays: [f64; 7],
    patterns: [f64; 3],
}

impl Rhythm {
    /// Of a source that was never seen before `at`.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self {
            at,
            starts: PRIOR_ENTRIES as f32,
            watched: PRIOR_TIME as f32,
            followers: PRIOR_FOLLOWERS as f32,
            followed: PRIOR_FOLLOWED as f32,
            stirred: 0.0,
            hours: [0.0; 24],
            weekdays: [0.0; 7],
            foreseen: [0.0; 3],
            recent: Vec::new(),
        }
    }

    /// Of a source whose first document, read at `now`, has entries of these dates. What was published before the oldest
    /// of them is not known: that one only opens the time that was watched.
    pub fn seeded(dates: &[DateTime<Utc>], now: DateTime<Utc>) -> Self {
        let mut dates: Vec<_> = dates.iter().copied().filter(|date| *date <= now).collect();
        dates.sort_unstable();
        let dates = &dates[dates.len().saturating_sub(LESSONS)..];
        let Some((opening, rest)) = dates.split_first() else {
            return Self::new(now);
        };
        let mut rhythm = Self::new(*opening);
        for date in rest {
            rhythm.entry(*date);
        }
        rhythm.watch(now);
        rhythm
    }

    /// A poll that ended at `now` and found new entries of these dates; none are evidence too. An entry without a date
    /// (`None`), or of one before the last poll, appeared somewhere since that: such are spread evenly over the gap.
    pub fn observe(&mut self, dates: &[Option<DateTime<Utc>>], now: DateTime<Utc>) {
        let since = self.at;
        if now <= since {
            return; // The clock went back: nothing was watched.
        }
        let dates = &dates[dates.len().saturating_sub(LESSONS)..];
        let known =
            |date: &Option<DateTime<Utc>>| date.filter(|date| *date > since && *date <= now);
        let mut at: Vec<_> = dates.iter().filter_map(known).collect();
        let unknown = i32::try_from(dates.len() - at.len()).unwrap_or(i32::MAX);
        at.extend((1..=unknown).map(|nth| since + (now - since) * nth / (unknown + 1)));
        at.sort_unstable();
        for date in at {
            self.entry(date);
        }
        self.watch(now);
    }

    /// Entries a day, in the long run.
    pub fn per_day(&self) -> f64 {
        self.base() * DAY / (1.0 - self.follow())
    }

    /// Up to when the source was watched.
    pub fn watched_until(&self) -> DateTime<Utc> {
        self.at
    }

    /// The hours of the day in UTC that have half as much again as an even share of the entries, in order; none while too
    /// little is known.
    pub fn busy_hours(&self) -> Vec<u8> {
        let shape = self.shape();
        (0..24u8)
            .filter(|hour| shape.hours[usize::from(*hour)] >= 1.5)
            .collect()
    }

    /// Entries expected in each of [`CELLS`] cells of `step` minutes from the end of the last poll on.
    pub(super) fn forecast(&self, step: f64) -> [f64; CELLS] {
        let now = minutes(self.at);
        let shape = self.shape();
        let mut cells = [0.0; CELLS];
        let samples = (step / 15.0).ceil().clamp(1.0, 96.0);
        for (index, cell) in cells.iter_mut().enumerate() {
            let start = now + index as f64 * step;
            let mut sample = 0.5;
            while sample < samples {
                *cell += shape.usual(start + step * sample / samples);
                sample += 1.0;
            }
            *cell *= shape.patterns[0] * step / samples;
        }
        self.moments(&shape, now, step, &mut cells);
        // Batches add to the base in the long run, and what has just appeared may be followed.
        let follow = self.follow();
        let starts = self.base() / (1.0 - follow);
        let fade = (-(1.0 - follow) * step / FOLLOWS_AFTER).exp();
        let mut coming = f64::from(self.stirred) * follow / (1.0 - follow);
        for cell in &mut cells {
            *cell = *cell * starts + coming * (1.0 - fade);
            coming *= fade;
        }
        cells
    }

    /// Adds what recurring moments put into each cell, as a part of the base rate.
    fn moments(&self, shape: &Shape, now: f64, step: f64, cells: &mut [f64; CELLS]) {
        let ages: Vec<(f64, f64)> = self.recent_with_weight(now).collect();
        let total: f64 = ages.iter().map(|(_, weight)| weight).sum();
        let horizon = now + step * CELLS as f64;
        for (pattern, period) in [(1, DAY), (2, WEEK)] {
            let share = shape.patterns[pattern];
            if step >= period {
                let even = share * step;
                cells.iter_mut().for_each(|cell| *cell += even);
                continue;
            }
            for (start, weight) in &ages {
                let mut middle = start + ((now - start - MOMENT) / period).ceil().max(1.0) * period;
                while middle - MOMENT < horizon {
                    let weekday = if pattern == 1 {
                        shape.weekday(middle)
                    } else {
                        1.0
                    };
                    let mass = share * weight / total * period * weekday;
                    let first = ((middle - MOMENT - now) / step).floor().max(0.0) as usize;
                    let mut from = now + first as f64 * step;
                    for cell in cells.iter_mut().skip(first) {
                        if from >= middle + MOMENT {
                            break;
                        }
                        *cell += mass
                            * (before((from + step - middle) / MOMENT)
                                - before((from - middle) / MOMENT));
                        from += step;
                    }
                    middle += period;
                }
            }
        }
    }

    /// One entry, not before the last.
    fn entry(&mut self, date: DateTime<Utc>) {
        self.watch(date);
        let at = minutes(date);
        let shape = self.shape();
        let foresaw = [
            shape.patterns[0] * shape.usual(at),
            shape.patterns[1] * self.nearness(at, DAY) * shape.weekday(at),
            shape.patterns[2] * self.nearness(at, WEEK),
        ];
        let together: f64 = foresaw.iter().sum();
        let start = self.base() * together;
        let follow = self.follow() * f64::from(self.stirred) / FOLLOWS_AFTER;
        let start = (start / (start + follow)) as f32;
        self.starts += start;
        self.followers += 1.0 - start;
        self.stirred += 1.0;
        for (sum, part) in self.foreseen.iter_mut().zip(foresaw) {
            *sum += start * (part / together) as f32;
        }
        self.hours[hour(at)] += start;
        self.weekdays[weekday(at)] += start;
        if start > 0.5 {
            if self.recent.len() == KEPT {
                self.recent.remove(0);
            }
            self.recent
                .push(u32::try_from(date.timestamp()).unwrap_or_default());
        }
    }

    /// Time passes without an entry.
    fn watch(&mut self, until: DateTime<Utc>) {
        let passed = minutes(until) - minutes(self.at);
        if passed <= 0.0 {
            return;
        }
        let keep = (-passed / HALF_LIFE).exp2();
        let fade = |value: &mut f32, prior: f64| {
            *value = (prior + (f64::from(*value) - prior) * keep) as f32
        };
        fade(&mut self.starts, PRIOR_ENTRIES);
        fade(&mut self.watched, PRIOR_TIME);
        fade(&mut self.followers, PRIOR_FOLLOWERS);
        fade(&mut self.followed, PRIOR_FOLLOWED);
        let counts = self
            .hours
            .iter_mut()
            .chain(&mut self.weekdays)
            .chain(&mut self.foreseen);
        counts.for_each(|count| fade(count, 0.0));
        self.watched += ((1.0 - keep) * HALF_LIFE / std::f64::consts::LN_2) as f32;
        let calm = (-passed / FOLLOWS_AFTER).exp() as f32;
        self.followed += self.stirred * (1.0 - calm);
        self.stirred *= calm;
        self.at = until;
    }

    /// Starts a minute.
    fn base(&self) -> f64 {
        f64::from(self.starts) / f64::from(self.watched)
    }

    /// Followers of an entry.
    fn follow(&self) -> f64 {
        (f64::from(self.followers) / f64::from(self.followed)).min(MOST_FOLLOWERS)
    }

    /// How much more probable than on average a start is at `at`, as recent starts lay at the same moment of the period.
    fn nearness(&self, at: f64, period: f64) -> f64 {
        let (mut near, mut total) = (0.0, 0.0);
        // Those of this very batch do not make it a habit.
        let before = self
            .recent_with_weight(at)
            .filter(|(start, _)| at - start >= period / 2.0);
        for (start, weight) in before {
            let phase = (at - start).rem_euclid(period);
            let apart = phase.min(period - phase) / MOMENT;
            near += weight * (1.0 - apart).max(0.0) / MOMENT;
            total += weight;
        }
        if total > 0.0 {
            near / total * period
        } else {
            0.0
        }
    }

    /// Recent starts and how much they still count at `now`.
    fn recent_with_weight(&self, now: f64) -> impl Iterator<Item = (f64, f64)> {
        self.recent.iter().map(move |seconds| {
            let start = f64::from(*seconds) / 60.0;
            (start, (-(now - start) / HALF_LIFE).exp2())
        })
    }

    fn shape(&self) -> Shape {
        let mut shape = Shape {
            hours: even(&self.hours, FLAT_HOURS),
            weekdays: even(&self.weekdays, FLAT_WEEKDAYS),
            patterns: [1.0, 0.0, 0.0],
        };
        if !self.recent.is_empty() {
            let total = f64::from(self.foreseen.iter().sum::<f32>()) + PATTERNS_WEIGHT;
            for ((share, foreseen), prior) in
                shape.patterns.iter_mut().zip(self.foreseen).zip(PATTERNS)
            {
                *share = (f64::from(foreseen) + PATTERNS_WEIGHT * prior) / total;
            }
        }
        shape
    }

    /// For the store: a version, then little-endian numbers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.at.timestamp_millis().to_le_bytes());
        let numbers = [
            self.starts,
            self.watched,
            self.followers,
            self.followed,
            self.stirred,
        ];
        let numbers = numbers
            .iter()
            .chain(&self.hours)
            .chain(&self.weekdays)
            .chain(&self.foreseen);
        bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
        bytes.extend(self.recent.iter().flat_map(|seconds| seconds.to_le_bytes()));
        bytes
    }

    /// The way back; `None` for bytes of another version, or damaged ones.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (words, odd) = rest.as_chunks::<4>();
        if *version != VERSION
            || !odd.is_empty()
            || words.len() < NUMBERS
            || words.len() > NUMBERS + KEPT
        {
            return None;
        }
        let mut rhythm = Self::new(DateTime::from_timestamp_millis(i64::from_le_bytes(*at))?);
        let (numbers, recent) = words.split_at(NUMBERS);
        let fields = [
            &mut rhythm.starts,
            &mut rhythm.watched,
            &mut rhythm.followers,
            &mut rhythm.followed,
            &mut rhythm.stirred,
        ];
        let fields = fields
            .into_iter()
            .chain(&mut rhythm.hours)
            .chain(&mut rhythm.weekdays)
            .chain(&mut rhythm.foreseen);
        for (field, word) in fields.zip(numbers) {
            *field = f32::from_le_bytes(*word);
            if !field.is_finite() || *field < 0.0 {
                return None;
            }
        }
        rhythm.recent = recent
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect();
        (rhythm.watched > 0.0 && rhythm.followed > 0.0).then_some(rhythm)
    }
}

const VERSION: u8 = 1;
/// Numbers of a rhythm besides the recent starts.
const NUMBERS: usize = 5 + 24 + 7 + 3;

impl Shape {
    /// The factor of hour and weekday.
    fn usual(&self, at: f64) -> f64 {
        self.hours[hour(at)] * self.weekday(at)
    }

    fn weekday(&self, at: f64) -> f64 {
        self.weekdays[weekday(at)]
    }
}

/// Counts → factors of mean 1, drawn towards 1 by `prior` entries.
fn even<const N: usize>(counts: &[f32; N], prior: f64) -> [f64; N] {
    let total = f64::from(counts.iter().sum::<f32>()) + prior;
    counts.map(|count| (f64::from(count) * N as f64 + prior) / total)
}

/// The part of a triangle over −1 to 1 that lies before `x`.
fn before(x: f64) -> f64 {
    match x {
        x if x <= -1.0 => 0.0,
        x if x >= 1.0 => 1.0,
        x if x < 0.0 => (1.0 + x) * (1.0 + x) / 2.0,
        x => 1.0 - (1.0 - x) * (1.0 - x) / 2.0,
    }
}

fn minutes(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 60_000.0
}

fn hour(at: f64) -> usize {
    (at.rem_euclid(DAY) / 60.0) as usize % 24
}

/// 0 is Monday.
fn weekday(at: f64) -> usize {
    ((at - MONDAY).rem_euclid(WEEK) / DAY) as usize % 7
}

#[cfg(test)]
mod tests;
