//! When the learned rhythm of a source makes the next poll worth its price.
//!
//! The waiting of an entry is the time from its publication to the poll that brings it. Polls cost `price`, in minutes of
//! waiting of one entry; the waits over the time ahead are chosen so that waiting and polls together cost least (Sia, Cho
//! and Cho, TKDE 2007). With a steady rate L that is the interval sqrt(2 price / L), at whose end the expected
//! waiting has just reached the price; before a quiet night, or just after the usual moment of a column, it is the poll that a
//! scan by threshold would miss.

use std::time::Duration;

use super::rhythm::{CELLS, Rhythm};

/// Cells in which a poll may be planned; the rest lets the last of them look ahead.
const PLANNED: usize = 48;
/// Cells of the usual interval.
const CELLS_OF_INTERVAL: f64 = 8.0;
/// Cells of the floor, when that is the usual interval.
const CELLS_OF_FLOOR: f64 = 5.0;
/// No longer than an hour: the profile would be lost.
const LONGEST_CELL: f64 = 60.0;

/// What bounds the wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// No poll before this.
    pub(super) floor: Duration,
    /// None after this, unless the floor is.
    pub(super) ceiling: Duration,
    /// Waiting shorter than this counts for nothing: four fifths of the operator's floor, which little of what is decided
    /// here can shorten.
    pub(super) unpriced: Duration,
}

/// The wait from the end of the last poll to the next; `price` in minutes of waiting. Between the bounds.
pub(super) fn wait(rhythm: &Rhythm, price: f64, bounds: Bounds) -> Duration {
    if bounds.floor >= bounds.ceiling {
        return bounds.floor;
    }
    let minutes = |length: Duration| length.as_secs_f64() / 60.0;
    let (floor, ceiling) = (
        minutes(bounds.floor).max(1.0 / 60.0),
        minutes(bounds.ceiling),
    );
    let usual = |rate: f64| (2.0 * price / rate).sqrt().clamp(floor, ceiling.max(floor));
    let coarse = rhythm.per_day().max(f64::MIN_POSITIVE) / 1_440.0;
    // An hour at most, but enough cells for any floor.
    let step = (usual(coarse) / CELLS_OF_INTERVAL)
        .min(LONGEST_CELL)
        .max(floor / CELLS_OF_FLOOR);
    let cells = rhythm.forecast(step);

    // Entries up to each edge, and the waiting of all of them up to there.
    let (mut entries, mut waiting) = ([0.0; CELLS + 1], [0.0; CELLS + 1]);
    for (index, cell) in cells.iter().enumerate() {
        entries[index + 1] = entries[index] + cell;
        waiting[index + 1] = waiting[index] + (entries[index] + cell / 2.0) * step;
    }
    let least = (floor / step - 1e-6).ceil().max(1.0) as usize;
    let most = ((ceiling / step) as usize)
        .clamp(least, CELLS - PLANNED)
        .max(least);
    let grace = (minutes(bounds.unpriced) / step).round() as usize;
    // Beyond the plan time is worth what it costs in the long run.
    let rate = (entries[CELLS] / (CELLS as f64 * step)).max(f64::MIN_POSITIVE);
    let interval = usual(rate);
    let rent = (price + rate * interval * interval / 2.0) / interval * step;

    let mut costs = [0.0; CELLS + 1];
    for (index, cost) in costs.iter_mut().enumerate().skip(PLANNED) {
        *cost = -rent * (index - PLANNED) as f64;
    }
    let mut first = least;
    for from in (0..PLANNED).rev() {
        let mut best = f64::INFINITY;
        let reach = costs.iter().enumerate().take(from + most + 1);
        for (to, after) in reach.skip(from + least) {
            let priced = to.saturating_sub(grace).max(from);
            let waited =
                waiting[priced] - waiting[from] - entries[from] * (priced - from) as f64 * step;
            let cost = price + waited + after;
            if cost < best {
                best = cost;
                first = to - from;
            }
        }
        costs[from] = best;
    }
    let wait = Duration::from_secs_f64(first as f64 * step * 60.0);
    wait.clamp(bounds.floor, bounds.ceiling)
}

#[cfg(test)]
mod tests;
