//! The password of a chat, from `--password-file`.

use std::path::Path;

use ::chat::Password;
use netcore::{Endpoint, Transport};

use crate::exit::{self, Failure};
use crate::serve::is_loopback;

/// Reads the file of `--password-file`, if there is one.
///
/// # Errors
///
/// [`exit::UNREADABLE`] if the file cannot be read, or if its first line is no password.
pub(super) fn read(file: Option<&Path>) -> Result<Option<Password>, Failure> {
    let Some(path) = file else { return Ok(None) };
    Password::from_file(path).map(Some).map_err(|error| {
        let message = format!("--password-file {}: {}", path.display(), exit::chain(&error));
        Failure::new(exit::UNREADABLE, message)
    })
}

/// Warns about each listener over which passwords travel in the clear beyond this machine.
pub(super) fn warn_in_the_clear(endpoints: &[Endpoint]) {
    for endpoint in endpoints.iter().filter(|endpoint| is_exposed(endpoint)) {
        log::warn!(
            "{endpoint}: takes the password unencrypted: anybody on the way can read it; use tls://, \
             with --cert and --key"
        );
    }
}

/// Returns `true` for a listener in the clear that other machines can reach.
fn is_exposed(endpoint: &Endpoint) -> bool {
    // A bound listener of IP has an address.
    let is_local = is_loopback(endpoint) || endpoint.transport() == Transport::Unix;
    !is_local && endpoint.transport() != Transport::Tls
}
