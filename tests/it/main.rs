//! Everything that is tested from outside, in one binary: real sockets on loopback, real files, the clock in the
//! test's hand. No outside hosts, and no sleeping until something has probably happened.

mod explain;
mod fetch_limits;
mod fetch_rules;
mod fetch_ways;
mod fetching;
mod manners;
mod mill;
mod moving;
mod origin;
mod polling;
mod schedule;
mod search;
mod trouble;
mod walk;
