//! One figure in Prometheus' text format.

use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// Prefix of the names, as Prometheus recommends.
const PREFIX: &str = "chat_";

/// One figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    /// Its meaning, with a space before each line.
    pub(crate) help: &'static str,
    pub(crate) value: u64,
}

/// The kinds of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only goes up, until the program ends.
    Counter,
}

impl Metric {
    /// Appends the meaning, the kind and the value.
    pub(crate) fn write(&self, text: &mut String) {
        let Metric { kind, name, value, .. } = self;
        let (kind, suffix) = match kind {
            Kind::Gauge => ("gauge", ""),
            Kind::Counter => ("counter", "_total"),
        };
        let help = escaped(self.help.trim());
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "# HELP {PREFIX}{name}{suffix} {help}\n\
             # TYPE {PREFIX}{name}{suffix} {kind}\n\
             {PREFIX}{name}{suffix} {value}\n"
        );
    }
}

/// Escapes a help text as the format demands.
fn escaped(help: &str) -> String {
    help.replace('\\', "\\\\").replace('\n', "\\n")
}
