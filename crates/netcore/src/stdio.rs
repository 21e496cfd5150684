//! The standard streams and the terminal of a program. On Unix, with the feature `stdio`.

pub use crate::sys::{ignore_terminal_stops, ignores_stops, standard_output_was_closed, stop_job};
