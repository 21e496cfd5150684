//! The points of a plot, bounded in number.

use std::collections::BTreeMap;
use std::time::Duration;

use timestamp::ping::Event;

/// Most points of a server. Beyond it, each pair of neighbours is merged into the slower one.
const MAX_POINTS: usize = 8_192;

/// The points to draw for one server.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// Send times of the outstanding probes, in seconds since the start.
    sent: BTreeMap<u64, f64>,
    /// Send times in seconds since the start, and round trips in milliseconds.
    pub(super) answers: Vec<(f64, f64)>,
    /// Send times of lost probes, in seconds since the start.
    pub(super) lost: Vec<f64>,
}

impl Series {
    /// Adds an event at this time since the start.
    pub(super) fn add(&mut self, since: Duration, event: &Event) {
        match event {
            Event::Sent { seq } => {
                self.sent.insert(*seq, since.as_secs_f64());
            }
            Event::Answer(answer) => {
                // Late and duplicate replies find no outstanding probe.
                let Some(at) = self.sent.remove(&answer.seq) else { return };
                self.answers.push((at, answer.round_trip.as_secs_f64() * 1e3));
                if self.answers.len() > MAX_POINTS {
                    let slower = |pair: &[(f64, f64)]| {
                        pair.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a })
                    };
                    self.answers = self.answers.chunks(2).filter_map(slower).collect();
                }
            }
            Event::Lost { seq } => {
                self.lost.extend(self.sent.remove(seq));
                if self.lost.len() > MAX_POINTS {
                    self.lost = self.lost.iter().copied().step_by(2).collect();
                }
            }
            _ => {}
        }
    }
}
