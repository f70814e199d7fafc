//! Whether the scheduler gets on, and when the service manager hears of it. Pure: the time is an argument.

use std::time::{Duration, Instant};

/// The status is told no oftener than this.
const CALM: Duration = Duration::from_secs(2);
/// Beyond what polls may take, for what is not theirs: the pauses of a host, the store's writer.
const SLACK: Duration = Duration::from_secs(300);

/// What is known of the scheduler's last turns.
#[derive(Debug)]
pub struct Progress {
    /// The watchdog waits this long for a sign of life; `None`: nobody waits.
    limit: Option<Duration>,
    /// Polls in flight of which none ends for this long are stuck.
    stuck_after: Duration,
    /// When the watchdog was fed last.
    fed_at: Option<Instant>,
    /// Polls that had ended at the last turn.
    ended: u64,
    /// Since when polls are in flight of which none ended; `None`: none is in flight.
    waiting_since: Option<Instant>,
    /// When which status was told.
    told: Option<(Instant, String)>,
    /// A status was due but too early.
    owes: bool,
}

impl Progress {
    /// For a watchdog with this limit and polls that take `longest` at most.
    pub fn new(limit: Option<Duration>, longest: Duration) -> Self {
        Self {
            limit,
            stuck_after: stuck_after(longest),
            fed_at: None,
            ended: 0,
            waiting_since: None,
            told: None,
            owes: false,
        }
    }

    /// Polls take `longest` at most from now on.
    pub fn expect(&mut self, longest: Duration) {
        self.stuck_after = stuck_after(longest);
    }

    /// The scheduler came round with so many polls in flight, and so many that ended since it started. Returns whether
    /// to feed the watchdog now: at half of its limit, and only while the polls in flight get on. A scheduler that hangs
    /// makes no turn and so feeds nothing.
    pub fn turn(&mut self, now: Instant, running: usize, ended: u64) -> bool {
        if running == 0 {
            self.waiting_since = None;
        } else if ended != self.ended || self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
        self.ended = ended;
        let Some(limit) = self.limit else {
            return false;
        };
        let due = self
            .fed_at
            .is_none_or(|fed| now.saturating_duration_since(fed) >= limit / 2);
        let feed = due && !self.is_stuck(now);
        if feed {
            self.fed_at = Some(now);
        }
        feed
    }

    /// Whether polls are in flight of which none ended for very long.
    pub fn is_stuck(&self, now: Instant) -> bool {
        self.waiting_since
            .is_some_and(|since| now.saturating_duration_since(since) >= self.stuck_after)
    }

    /// Whether a status may be told again.
    pub fn may_tell(&mut self, now: Instant) -> bool {
        let told = self.told.as_ref();
        let may = told.is_none_or(|(at, _)| now.saturating_duration_since(*at) >= CALM);
        self.owes = !may;
        may
    }

    /// Whether this status is another than the last; takes it as told then.
    pub fn is_news(&mut self, now: Instant, status: &str) -> bool {
        let news = self.told.as_ref().is_none_or(|(_, told)| told != status);
        if news {
            self.told = Some((now, status.to_owned()));
        }
        news
    }

    /// Within what time the next turn is wanted; `None`: nobody waits for it.
    pub fn next(&self, now: Instant) -> Option<Duration> {
        let feeding = self.limit.map(|limit| {
            let at = self.fed_at.map(|fed| fed + limit / 2);
            let left = at.map(|at| at.saturating_duration_since(now));
            left.filter(|left| !left.is_zero()).unwrap_or(limit / 2)
        });
        let telling = self.owes.then_some(CALM);
        feeding.into_iter().chain(telling).min()
    }
}

fn stuck_after(longest: Duration) -> Duration {
    longest.saturating_mul(2).saturating_add(SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn watched() -> Progress {
        Progress::new(Some(SECOND * 60), SECOND * 30)
    }

    #[test]
    fn the_watchdog_is_fed_at_half_of_its_limit() {
        let (mut progress, start) = (watched(), Instant::now());
        assert!(progress.turn(start, 0, 0), "at once");
        assert_eq!(progress.next(start), Some(SECOND * 30));
        assert!(!progress.turn(start + SECOND * 10, 0, 0), "early");
        assert_eq!(progress.next(start + SECOND * 10), Some(SECOND * 20));
        assert!(progress.turn(start + SECOND * 30, 0, 0));
        assert_eq!(progress.next(start + SECOND * 30), Some(SECOND * 30));
    }

    #[test]
    fn nobody_is_fed_where_nobody_watches() {
        let (mut progress, start) = (Progress::new(None, SECOND), Instant::now());
        assert!(!progress.turn(start, 3, 0));
        assert_eq!(progress.next(start), None);
    }

    /// Polls that hang in the store's writer leave the loop turning, with no room to claim anything.
    #[test]
    fn polls_of_which_none_ends_starve_the_watchdog_until_one_does() {
        let (mut progress, start) = (watched(), Instant::now());
        let fed = |progress: &mut Progress, from: u32, to: u32, ended: u64| {
            (from..to)
                .filter(|turn| progress.turn(start + SECOND * 30 * *turn, 64, ended))
                .collect::<Vec<u32>>()
        };
        // 2 × 30 s for the polls and 300 s for the rest: 12 turns
        assert_eq!(fed(&mut progress, 0, 40, 0), (0..12).collect::<Vec<_>>());
        let stalled = start + SECOND * 30 * 39;
        assert_eq!(
            progress.next(stalled),
            Some(SECOND * 30),
            "no busy loop meanwhile"
        );
        assert_eq!(fed(&mut progress, 40, 43, 1), [40, 41, 42], "one ended");
        assert_eq!(fed(&mut progress, 52, 53, 1), [0; 0], "and no other");
        assert!(progress.turn(start + SECOND * 30 * 53, 0, 1), "idle");
    }

    #[test]
    fn polls_that_end_now_and_then_are_progress() {
        let (mut progress, start) = (watched(), Instant::now());
        let all = (0..100_u32)
            .all(|turn| progress.turn(start + SECOND * 30 * turn, 64, u64::from(turn / 10)));
        assert!(all);
    }

    #[test]
    fn a_status_is_told_when_it_changed_and_not_too_often() {
        let (mut progress, start) = (Progress::new(None, SECOND), Instant::now());
        assert!(progress.may_tell(start) && progress.is_news(start, "one"));
        assert!(!progress.may_tell(start + SECOND));
        assert_eq!(progress.next(start), Some(CALM), "it is made good");
        assert!(progress.may_tell(start + CALM));
        assert!(!progress.is_news(start + CALM, "one"));
        assert!(progress.is_news(start + CALM, "two"));
        assert_eq!(progress.next(start + CALM), None);
    }
}
