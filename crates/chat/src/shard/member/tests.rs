#![cfg(target_pointer_width = "64")]

use super::Member;
use crate::hub::entry::ClientEntry;

/// A server has one of each for every connection, also for an idle one.
#[test]
fn an_idle_client_is_small() {
    assert!(size_of::<Member>() <= 104, "{}", size_of::<Member>());
    assert!(size_of::<ClientEntry>() <= 56, "{}", size_of::<ClientEntry>());
}
