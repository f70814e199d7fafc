//! The price settles where the budget is met.

use chrono::{DateTime, TimeDelta, Utc};

use super::{LEAST, Price};
use crate::model::Budget;

const BUDGET: Budget = Budget {
    polls_per_hour: 100.0,
};

fn start() -> DateTime<Utc> {
    "2026-01-05T00:00:00Z".parse().expect("a written instant")
}

/// Sources that poll with the inverse root of the price, steered for so many hours; polls of the last day.
fn steer(price: &mut Price, budget: Budget, from: DateTime<Utc>, hours: i64) -> f64 {
    let mut polls = 0.0;
    for hour in 0..hours {
        let hourly = (2_000.0 / price.minutes.sqrt()).round().max(1.0);
        for poll in 0..hourly as i64 {
            let into = TimeDelta::milliseconds(3_600_000 * poll / hourly as i64);
            price.spend(budget, from + TimeDelta::hours(hour) + into);
        }
        if hour >= hours - 24 {
            polls += hourly;
        }
    }
    polls
}

#[test]
fn polls_meet_the_budget_within_days_and_in_sum() {
    for minutes in [4.0, 40_000.0] {
        let mut price = Price {
            minutes,
            ..Price::first(BUDGET, 1_000, start())
        };
        let day = steer(&mut price, BUDGET, start(), 24 * 14);
        assert!((2_340.0..2_460.0).contains(&day), "{day} from {minutes}");
        assert!(price.debt_hours.abs() < 2.0, "{price:?}");
    }
}

#[test]
fn a_new_budget_moves_the_price_at_once() {
    let mut price = Price::first(BUDGET, 1_000, start());
    let before = price.minutes;
    price.spend(
        Budget {
            polls_per_hour: 50.0,
        },
        start(),
    );
    assert!((price.minutes / before - 4.0).abs() < 1e-9);
    assert_eq!(price.polls_per_hour, 50.0);
}

#[test]
fn a_night_without_power_teaches_nothing() {
    let mut price = Price::first(BUDGET, 1_000, start());
    price.spend(BUDGET, start());
    let before = price;
    price.spend(BUDGET, start() + TimeDelta::hours(9));
    assert_eq!(price.minutes, before.minutes);
    assert_eq!(price.debt_hours, before.debt_hours);
    price.spend(BUDGET, start());
    assert_eq!(price.minutes, before.minutes, "the clock went back");
}

#[test]
fn the_price_stays_within_reason() {
    let mut price = Price::first(BUDGET, 1, start());
    for hour in 0..10_000 {
        price.spend(BUDGET, start() + TimeDelta::hours(hour));
    }
    assert_eq!(price.minutes, LEAST);
    assert!(price.debt_hours >= -24.0);
}
