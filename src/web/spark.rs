//! Small charts as inline SVG, without colours of their own and without style attributes.

use maud::{Markup, html};

/// Width of a bar and its gap, in units of the view box.
const STEP: usize = 4;
/// Height of the chart.
const HEIGHT: u64 = 24;

/// Bars, one a day; `label` says in words what they show.
pub(super) fn bars(values: &[u64], label: &str) -> Markup {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let mut path = String::new();
    for (at, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
        let height = (value * HEIGHT).div_ceil(most).max(2);
        let (x, width) = (at * STEP, STEP - 1);
        path += &format!("M{x} {HEIGHT}v-{height}h{width}v{height}z");
    }
    let (width, floor) = (
        values.len() * STEP,
        format!("M0 {HEIGHT}h{}", values.len() * STEP),
    );
    html! {
        svg.spark viewBox=(format!("0 0 {width} {}", HEIGHT + 1)) width=(width) height=(HEIGHT + 1) role="img" aria-label=(label) {
            path.floor d=(floor) {}
            path d=(path) {}
        }
    }
}
