//! Helpers of the tests: the started program, its clients and peers, and failures that show the
//! command, its standard output and its standard error.

pub(crate) mod chat;
pub(crate) mod client;
pub(crate) mod crowd;
pub(crate) mod fake;
pub(crate) mod http;
pub(crate) mod link;
pub(crate) mod listening;
pub(crate) mod patience;
#[cfg(feature = "tls")]
pub(crate) mod peer;
pub(crate) mod process;
pub(crate) mod server;
pub(crate) mod stamp;
// rustix opens no terminals on NetBSD and OpenBSD, and is not there on Windows.
#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
pub(crate) mod terminal;
#[cfg(feature = "tls")]
pub(crate) mod tls;
