//! What is measured, and how it reads.

use std::fmt;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;
/// Below this a difference of two medians is noise.
const LEAST: Duration = Duration::from_millis(1);

/// One side of a row. What a row does not measure is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figure {
    /// Median wall time.
    pub(super) time: Option<Duration>,
    /// Largest resident memory in bytes of the process or of a child it waited for, over all runs.
    pub(super) memory: Option<u64>,
    /// Most bytes that stood in temporary folders at once, over all runs.
    pub(super) temp: Option<u64>,
    /// Most bytes that came to the registry, over all runs.
    pub(super) new: Option<u64>,
    /// Size of a file in bytes.
    pub(super) size: Option<u64>,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [
            self.time.map(|time| match time {
                time if time < LEAST => "< 0.001 s".to_owned(),
                time => format!("{:.3} s", time.as_secs_f64()),
            }),
            self.memory.map(|bytes| format!("{} MiB", bytes.div_ceil(MIB))),
            self.temp.map(|bytes| match bytes {
                0 => "no temp file".to_owned(),
                bytes => format!("{} MiB temp", bytes.div_ceil(MIB)),
            }),
            self.new.map(|bytes| format!("{:.1} MiB new in the registry", bytes as f64 / MIB as f64)),
            self.size.map(|bytes| format!("{:.2} MB", bytes as f64 / 1e6)),
        ]
        .into_iter()
        .flatten()
        .collect();
        f.write_str(if parts.is_empty() { "–" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// Both sides of a row; a side that does not exist is `Figure::default()`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// The real BentoML CLI.
    pub(super) today: Figure,
    /// This suite.
    pub(super) here: Figure,
}

impl Outcome {
    /// How many times faster this suite is, where that can be told.
    pub(super) fn ratio(&self) -> Option<f64> {
        let here = self.here.time.filter(|time| *time >= LEAST)?;
        Some(self.today.time?.as_secs_f64() / here.as_secs_f64())
    }
}

/// The middle value; with an even number of values the lower of the two.
pub(super) fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_does_not_move_the_median() {
        let times = [3, 900, 2].map(Duration::from_millis).to_vec();
        assert_eq!(median(times), Some(Duration::from_millis(3)));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn a_figure_says_what_was_measured_and_nothing_else() {
        let figure = Figure {
            time: Some(Duration::from_millis(3900)),
            memory: Some(77 * MIB),
            temp: Some(1024 * MIB),
            ..Figure::default()
        };
        assert_eq!(figure.to_string(), "3.900 s, 77 MiB, 1024 MiB temp");
        assert_eq!(Figure { temp: Some(0), ..Figure::default() }.to_string(), "no temp file");
        assert_eq!(Figure::default().to_string(), "–");
        let nothing = Figure { time: Some(Duration::ZERO), ..Figure::default() };
        assert_eq!(nothing.to_string(), "< 0.001 s");
        let outcome = Outcome { today: figure, here: nothing };
        assert_eq!(outcome.ratio(), None);
    }
}
