//! Two weeks of polls and fifty restarts: nothing is fetched twice that did not change, and no silence is broken.

use chrono::{DateTime, TimeDelta, Utc};
use feedmill::model::Source;
use feedmill::store::Scope;

use crate::mill::{Mill, feed, source};
use crate::origin::{Origin, Reply};

const STEP: TimeDelta = TimeDelta::minutes(20);
const STEPS: usize = 14 * 24 * 3;
const FRESH: TimeDelta = TimeDelta::hours(2);
const SILENCE: TimeDelta = TimeDelta::hours(3);

struct Fortnight {
    calm: Origin,
    busy: Origin,
    mill: Mill,
    versions: i64,
}

impl Fortnight {
    async fn new() -> Self {
        let (calm, busy) = (Origin::start().await, Origin::start().await);
        let mill = Mill::new(sources(&calm, &busy)).await;
        let mut fortnight = Self {
            calm,
            busy,
            mill,
            versions: 0,
        };
        fortnight.publish();
        fortnight
    }

    /// Every feed has one more entry.
    fn publish(&mut self) {
        self.versions += 1;
        let ids: Vec<String> = (0..self.versions).map(|n| n.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let body = feed("A feed", &ids);
        let tag = format!("\"{}\"", self.versions);
        let tagged = || {
            Reply::ok(body.clone())
                .header("ETag", tag.clone())
                .revalidates()
        };
        let date = format!("Mon, 05 Jan 2026 08:00:{:02} GMT", self.versions % 60);
        self.calm.script("/tagged", tagged());
        let dated = Reply::ok(body.clone()).header("Last-Modified", date);
        self.calm.script("/dated", dated.revalidates());
        let fresh = format!("max-age={}", FRESH.num_seconds());
        let stated = tagged().header("Cache-Control", fresh);
        self.calm.script("/stated", stated);
        self.calm.script("/broken", tagged());
        self.busy.script("/busy", tagged());
    }
}

fn sources(calm: &Origin, busy: &Origin) -> Vec<Source> {
    let calm =
        ["tagged", "dated", "stated", "broken"].map(|id| source(id, calm.url(&format!("/{id}"))));
    calm.into_iter()
        .chain([source("busy", busy.url("/busy"))])
        .collect()
}

#[tokio::test]
async fn nothing_is_fetched_in_vain_and_no_silence_is_broken() {
    let mut world = Fortnight::new().await;
    let (mut restarts, mut refusals) = (0, 0);
    let mut silent_until: Option<DateTime<Utc>> = None;
    let mut stated_at: Option<DateTime<Utc>> = None;
    for step in 1..=STEPS {
        if step % 20 == 0 {
            restarts += 1;
            let sources = sources(&world.calm, &world.busy);
            world.mill = world.mill.restarted(sources).await;
        }
        if step % 28 == 0 {
            world.publish();
        }
        let is_refusing = step % 150 >= 135;
        if is_refusing {
            let refusal = Reply::status(429);
            let wait = SILENCE.num_seconds().to_string();
            world
                .busy
                .script("/busy", refusal.header("Retry-After", wait));
        } else if step % 150 == 0 {
            world.publish();
        }
        if step % 100 >= 90 {
            world.calm.script("/broken", Reply::status(503));
        } else if step % 100 == 0 {
            world.publish();
        }
        world.mill.later(STEP);
        let now = world.mill.now();
        let (calm, busy) = (world.calm.requests().len(), world.busy.requests().len());
        world.mill.pass(&Scope::Due).await;
        if world.busy.requests().len() > busy {
            assert!(
                silent_until.is_none_or(|until| now >= until),
                "asked in silence, step {step}"
            );
            if is_refusing {
                refusals += 1;
                silent_until = Some(now + SILENCE);
            }
        }
        let asked = world.calm.requests().split_off(calm);
        if asked.iter().any(|request| request.target == "/stated") {
            assert!(
                stated_at.is_none_or(|at| now >= at + FRESH),
                "asked while fresh, step {step}"
            );
            stated_at = Some(now);
        }
    }
    assert_eq!(restarts, 50);
    assert!(refusals > 10, "{refusals}");
    for origin in [&world.calm, &world.busy] {
        let mut seen = std::collections::HashSet::new();
        for request in origin.requests() {
            let conditional = request
                .header("if-none-match")
                .or(request.header("if-modified-since"));
            assert!(
                conditional.is_some() || seen.insert(request.target.clone()),
                "{} was fetched whole again",
                request.target
            );
        }
    }
    let polls = |outcome: &str| {
        let sql = format!(
            "SELECT coalesce(max(polls), 0) FROM (SELECT count(*) AS polls FROM polls WHERE outcome = '{outcome}' GROUP BY source)"
        );
        world.mill.count(&sql)
    };
    assert_eq!(polls("same_body"), 0);
    assert!(
        polls("ok") <= world.versions,
        "{} of {}",
        polls("ok"),
        world.versions
    );
    assert!(polls("not_modified") > 20);
}
