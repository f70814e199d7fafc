use super::*;

const TOPIC: &str = "https://mill.example/feed";

fn subscription(state: State) -> Subscription {
    Subscription {
        id: 7,
        source: 1,
        hub: "https://hub.example/".to_owned(),
        topic: TOPIC.to_owned(),
        token: Secret::new("t0ken"),
        secret: Secret::new("s3cret"),
        state,
        asked: false,
        failures: 0,
        lease_until: None,
    }
}

fn now() -> DateTime<Utc> {
    "2026-03-04T05:06:07Z".parse().expect("a date")
}

#[test]
fn a_request_says_what_the_recommendation_wants() {
    let base = Url::parse("https://feeds.example/mill/").expect("a URL");
    let asked = subscription(State::Wanted);
    let callback = asked.callback(&base).expect("a callback");
    assert_eq!(
        callback.as_str(),
        "https://feeds.example/mill/websub/7/t0ken"
    );
    assert_eq!(
        asked.request(&callback),
        "hub.callback=https%3A%2F%2Ffeeds.example%2Fmill%2Fwebsub%2F7%2Ft0ken\
         &hub.topic=https%3A%2F%2Fmill.example%2Ffeed&hub.mode=subscribe&hub.secret=s3cret&hub.lease_seconds=864000"
    );
    let leaving = subscription(State::Leaving).request(&callback);
    assert!(leaving.ends_with("&hub.mode=unsubscribe"), "{leaving}");
    assert!(!leaving.contains("s3cret"), "{leaving}");
}

#[test]
fn a_subscription_prints_no_secret() {
    let text = format!("{:?}", subscription(State::Live));
    assert!(
        !text.contains("t0ken") && !text.contains("s3cret"),
        "{text}"
    );
}

#[test]
fn a_visit_is_read_from_its_query() {
    let check = |query: &str, expected: Option<Kind>| {
        let kind = visit(query).map(|visit| visit.kind);
        assert_eq!(kind, expected, "{query}");
    };
    let subscribe = |lease| {
        Some(Kind::Subscribe {
            challenge: "a b".to_owned(),
            lease,
        })
    };
    let topic = "hub.topic=https%3A%2F%2Fmill.example%2Ffeed";
    check(
        &format!("hub.mode=subscribe&{topic}&hub.challenge=a+b&hub.lease_seconds=60"),
        subscribe(Some(60)),
    );
    check(
        &format!("hub.challenge=a%20b&{topic}&hub.mode=subscribe&hub.lease_seconds=soon"),
        subscribe(None),
    );
    check(&format!("hub.mode=subscribe&{topic}"), None);
    check(&format!("hub.mode=subscribe&{topic}&hub.challenge="), None);
    check("hub.mode=subscribe&hub.challenge=x", None);
    check(&format!("hub.mode=publish&{topic}&hub.challenge=x"), None);
    check(
        &format!("hub.mode=denied&{topic}&hub.reason=too+many"),
        Some(Kind::Denied {
            reason: Some("too many".to_owned()),
        }),
    );
    check(
        &format!("hub.mode=denied&{topic}"),
        Some(Kind::Denied { reason: None }),
    );
    check("", None);
}

#[test]
fn only_what_was_asked_for_is_confirmed() {
    let visit = |mode: &str, topic: &str| {
        let query =
            format!("hub.mode={mode}&hub.topic={topic}&hub.challenge=c&hub.lease_seconds=100");
        visit(&query).expect("a visit")
    };
    let verified = Outcome::Verified {
        challenge: "c".to_owned(),
        lease: Duration::from_secs(100),
    };
    let left = Outcome::Left {
        challenge: "c".to_owned(),
    };
    let unknown = Outcome::Unknown;
    for (state, subscribe, unsubscribe) in [
        (State::Wanted, &unknown, &unknown),
        (State::Asked, &verified, &unknown),
        (State::Live, &verified, &unknown),
        (State::Denied, &unknown, &unknown),
        (State::Leaving, &unknown, &left),
    ] {
        let ours = subscription(state);
        assert_eq!(
            &ours.visited(&visit("subscribe", TOPIC)),
            subscribe,
            "{state:?}"
        );
        assert_eq!(
            &ours.visited(&visit("unsubscribe", TOPIC)),
            unsubscribe,
            "{state:?}"
        );
        let elsewhere = visit("subscribe", "https://mill.example/other");
        assert_eq!(ours.visited(&elsewhere), unknown, "{state:?}");
    }
    assert_eq!(
        subscription(State::Live).visited(&visit("denied", TOPIC)),
        Outcome::Denied { reason: None }
    );
    assert_eq!(
        subscription(State::Denied).visited(&visit("denied", TOPIC)),
        unknown
    );
}

#[test]
fn a_lease_is_bounded_and_renewed_before_it_ends() {
    let lease = |seconds: &str| {
        let query = format!(
            "hub.mode=subscribe&hub.topic={TOPIC}&hub.challenge=c&hub.lease_seconds={seconds}"
        );
        match subscription(State::Asked).visited(&visit(&query).expect("a visit")) {
            Outcome::Verified { lease, .. } => lease,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(lease("3600"), Duration::from_secs(3600));
    assert_eq!(lease("18446744073709551615"), LONGEST_LEASE);
    assert_eq!(lease("-1"), UNSAID_LEASE);
    for id in 0..20 {
        let wait = renew_at(now(), Duration::from_secs(1000), id) - now();
        assert!((700..=800).contains(&wait.num_seconds()), "{wait}");
    }
    assert_eq!(
        renew_at(now(), Duration::from_secs(1), 1),
        now() + LEAST_WAIT
    );
}

#[test]
fn a_hub_that_fails_is_asked_ever_more_seldom_up_to_a_day() {
    let minutes = |failures, wish| (retry_at(now(), failures, wish) - now()).num_minutes();
    assert_eq!(
        [1, 2, 3, 7, 8, u32::MAX].map(|failures| minutes(failures, None)),
        [15, 30, 60, 960, 1440, 1440]
    );
    let day = Duration::from_secs(2 * DAY_SECONDS);
    assert_eq!(minutes(1, Some(day)), 2880, "Retry-After is kept");
}

#[test]
fn tokens_are_compared_as_a_whole() {
    let ours = subscription(State::Live);
    for (token, same) in [
        ("t0ken", true),
        ("t0ke", false),
        ("t0ken/", false),
        ("", false),
    ] {
        assert_eq!(ours.is_token(token), same, "{token}");
    }
    let (one, other) = (fresh_secret(), fresh_secret());
    assert_eq!(one.expose().len(), 64);
    assert_ne!(one, other);
    assert_eq!(place("7/t0ken"), Some((7, "t0ken")));
    assert_eq!(place("t0ken"), None);
    assert_eq!(place("x/t0ken"), None);
}

#[test]
fn a_hub_with_tls_is_preferred_and_without_a_topic_there_is_no_offer() {
    let hubs = |list: &[&str]| list.iter().map(|hub| (*hub).to_owned()).collect::<Vec<_>>();
    let hub = |list: &[&str]| offer(&hubs(list), Some(TOPIC)).map(|offer| offer.hubs[0].clone());
    assert_eq!(
        hub(&["http://a.example/", "https://b.example/"]).as_deref(),
        Some("https://b.example/")
    );
    assert_eq!(
        hub(&["ftp://a.example/", "http://b.example/"]).as_deref(),
        Some("http://b.example/")
    );
    assert_eq!(hub(&["mailto:a@b.example", "hub"]), None);
    assert_eq!(hub(&[]), None);
    assert_eq!(offer(&hubs(&["https://b.example/"]), None), None);
    assert_eq!(
        offer(&hubs(&["https://b.example/"]), Some("tag:mill")),
        None
    );
}

#[test]
fn the_hubs_of_a_feed_are_tried_one_after_the_other() {
    let hubs = [
        "http://a.example/",
        "https://b.example/",
        "https://c.example/",
    ];
    let offer = offer(&hubs.map(str::to_owned), Some(TOPIC)).expect("an offer");
    for (hub, next) in [
        ("https://b.example/", "https://c.example/"),
        ("https://c.example/", "http://a.example/"),
        ("http://a.example/", "https://b.example/"),
        ("https://gone.example/", "https://b.example/"),
    ] {
        assert_eq!(offer.after(hub), next);
    }
}
