//! The bound of every wait in the tests.

use std::time::Duration;

/// The time after which a test fails if something that must happen has not happened. No promise of
/// the program is about this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
