//! Socket options in one value: set, read back and reported.

mod report;
mod socket_options;
mod system;

pub use report::{Granted, Report, ReportRow, Verdict};
pub use socket_options::{Keepalive, MulticastInterface, SocketOptions};

#[cfg(test)]
mod tests;
