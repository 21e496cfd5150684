//! The state of one client at the door.

use std::time::Instant;

use crate::protocol::rate_limit::Rate;

/// The rate of a client's lines at the door, whatever the chat's own limit is. Each of them costs a
/// notice.
pub(crate) const DOOR_RATE: Rate = Rate::new(5, 4 * 1024);

/// The state of a client that has not said the password.
#[derive(Debug)]
pub(crate) struct Knock {
    /// Time at which the connection is closed.
    pub(crate) deadline: Instant,
    /// Number of wrong passwords.
    pub(crate) wrong: u32,
    /// `true` if the client's name is its address.
    pub(crate) has_address: bool,
}
