//! The one place that reads the wall clock.

use chrono::{DateTime, SubsecRound, Utc};

/// Where the time comes from: the system, or a test.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's wall clock.
    #[default]
    System,
    /// An instant that a test moves.
    Set(std::sync::Arc<std::sync::Mutex<DateTime<Utc>>>),
}

/// 2026-01-01: no clock that is right says less, as no release existed then.
const FIRST_RELEASE: i64 = 1_767_225_600;

/// Whether a clock may be right: a machine without a battery starts in 1970.
pub fn is_believable(now: DateTime<Utc>) -> bool {
    now.timestamp() >= FIRST_RELEASE
}

impl Clock {
    /// A clock that stands at `at` until it is [`set`](Clock::set).
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Set(std::sync::Arc::new(std::sync::Mutex::new(at)))
    }

    /// Moves a fixed clock; the system's cannot be moved.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Self::Set(at) = self {
            *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = to;
        }
    }

    /// Now, to the millisecond, which is what the store keeps.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now().trunc_subsecs(3),
            Self::Set(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }
}
