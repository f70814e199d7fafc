//! How long a source that fails is left alone. It is never given up.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The wait after `failures` failures in a row (at least one), the last of this class: the normal `interval` doubled
/// with each, no less than suits the class, up to `max`.
pub(super) fn back_off(class: &str, failures: u32, interval: Duration, max: Duration) -> Duration {
    let Manner { base, least } = manner(class);
    interval
        .saturating_mul(base.saturating_pow(failures))
        .max(least)
        .min(max)
}

/// What a class of failures deserves.
struct Manner {
    /// Each failure multiplies the wait by this.
    base: u32,
    least: Duration,
}

fn manner(class: &str) -> Manner {
    let (base, least) = match class {
        // Nobody else is troubled, and whoever repairs it wants to see it work.
        "file" => (1, MINUTE),
        // An origin that wants fewer requests, and does not say how many.
        "too_many_requests" => (4, MINUTE * 60),
        // Somebody must act before the answer changes; asking on looks like an attack.
        "unauthorized" | "forbidden" | "bot_wall" => (2, MINUTE * 60),
        // Certificates are repaired by people.
        "tls" => (2, MINUTE * 15),
        // An answer, and not a slip of the network: the page is away, or something else stands there.
        "not_found" | "gone" | "client_error" | "unexpected_status" | "redirect" | "not_a_feed"
        | "too_large" | "bad_coding" | "bad_delta" => (2, MINUTE * 5),
        // Name, connection, time-outs, 5xx: mostly over soon.
        _ => (2, MINUTE),
    };
    Manner { base, least }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(86_400);
    const CLASSES: [&str; 20] = [
        "dns",
        "connect",
        "tls",
        "timeout",
        "cut",
        "server_error",
        "not_found",
        "unauthorized",
        "forbidden",
        "bot_wall",
        "gone",
        "too_many_requests",
        "client_error",
        "unexpected_status",
        "redirect",
        "not_a_feed",
        "too_large",
        "bad_coding",
        "internal",
        "refused_address",
    ];

    #[test]
    fn the_normal_interval_doubles_up_to_the_maximum_and_never_ends() {
        for class in CLASSES
            .into_iter()
            .filter(|class| *class != "too_many_requests")
        {
            for (failures, wait) in [(1, HOUR * 2), (2, HOUR * 4), (5, DAY), (u32::MAX, DAY)] {
                assert_eq!(
                    back_off(class, failures, HOUR, DAY),
                    wait,
                    "{class} {failures}"
                );
            }
        }
        assert_eq!(back_off("too_many_requests", 1, HOUR, DAY), HOUR * 4);
        assert_eq!(back_off("too_many_requests", 3, HOUR, DAY), DAY);
        assert_eq!(back_off("file", 9, HOUR, DAY), HOUR);
    }

    #[test]
    fn a_fast_source_is_slowed_as_suits_the_class() {
        for (class, minutes) in [
            ("timeout", 1),
            ("dns", 1),
            ("server_error", 1),
            ("not_found", 5),
            ("not_a_feed", 5),
            ("tls", 15),
            ("forbidden", 60),
            ("too_many_requests", 60),
        ] {
            let wait = back_off(class, 1, Duration::from_secs(1), DAY);
            assert_eq!(wait, MINUTE * minutes, "{class}");
        }
    }

    #[test]
    fn the_operators_maximum_bounds_every_class() {
        for class in CLASSES {
            assert_eq!(
                back_off(class, 3, MINUTE, MINUTE * 2),
                MINUTE * 2,
                "{class}"
            );
        }
    }
}
