//! Everything that is tested from outside, in one binary: real sockets on loopback, real files, the clock in the
//! test's hand. No outside hosts, and no sleeping until something has probably happened.

mod adding;
mod archived;
mod archives;
mod asked;
mod care;
mod child;
mod dedup;
mod delta;
mod explain;
mod fetch_limits;
mod fetch_rules;
mod fetch_ways;
mod fetching;
mod filters;
mod forgetting;
mod formats;
mod fortnight;
mod full_text;
mod happenings;
mod hostile_fields;
mod hub;
mod keeping;
mod manners;
mod metrics;
mod mill;
mod moving;
mod origin;
mod polling;
mod push;
#[cfg(unix)]
mod reload;
mod schedule;
mod search;
mod searched;
mod secrets;
#[cfg(unix)]
mod service;
mod trouble;
mod walk;
mod web;
