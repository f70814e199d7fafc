//! Notices when the wall clock jumps: the machine slept, or its clock was set.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::poll::Shell;
use crate::store;

/// Looks come at least once a minute: more than this is a jump, and no busy moment.
const JUMP: TimeDelta = TimeDelta::minutes(5);

/// The last look at both clocks.
#[derive(Debug)]
pub(super) struct Watch {
    wall: DateTime<Utc>,
    steady: Instant,
}

impl Watch {
    pub(super) fn new(shell: &Shell) -> Self {
        Self {
            wall: shell.clock.now(),
            steady: Instant::now(),
        }
    }

    /// Looks again. After a jump forward all that became overdue is spread; after one back the plan follows.
    pub(super) async fn look(&mut self, shell: &Shell) -> Result<(), store::Error> {
        let now = Self::new(shell);
        let jump = jump(now.wall - self.wall, now.steady - self.steady);
        *self = now;
        let Some(jump) = jump else { return Ok(()) };
        tracing::info!(
            seconds = jump.num_seconds(),
            "the clock jumped; polls are spread anew"
        );
        if jump < TimeDelta::zero() {
            shell.store.set_back(-jump).await?;
        }
        shell.store.spread_overdue(self.wall).await
    }
}

/// How far the wall clock went astray from the steady one; `None`: not far.
fn jump(wall: TimeDelta, steady: std::time::Duration) -> Option<TimeDelta> {
    let off = wall - TimeDelta::from_std(steady).ok()?;
    (off.abs() > JUMP).then_some(off)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_large_difference_of_the_clocks_is_a_jump() {
        let minute = Duration::from_secs(60);
        assert_eq!(jump(TimeDelta::minutes(1), minute), None);
        assert_eq!(jump(TimeDelta::minutes(5), minute), None);
        assert_eq!(
            jump(TimeDelta::hours(20), minute * 1200),
            None,
            "both went on"
        );
        assert_eq!(
            jump(TimeDelta::minutes(61), minute),
            Some(TimeDelta::hours(1))
        );
        assert_eq!(
            jump(TimeDelta::minutes(-59), minute),
            Some(TimeDelta::hours(-1))
        );
    }
}
