//! The standard streams and the terminal of a program. With the feature `stdio`.

#[cfg(windows)]
pub use crate::sys::{Interrupt, on_interrupt};
#[cfg(unix)]
pub use crate::sys::{ignore_terminal_stops, ignores_stops, standard_output_was_closed, stop_job};
