//! The question for a password, on a system whose terminal cannot hide what is typed.

use httpget::Secret;

use crate::escape::visible;
use crate::exit::{self, Failure};

/// Fails: the program asks for no password on Windows.
///
/// # Errors
///
/// [`exit::USAGE`].
pub(super) fn ask(user: &str) -> Result<Secret, Failure> {
    let message = format!(
        "-u {}: no password, and on Windows sockit does not ask for it; -u USER: sends an empty \
         one, and --netrc-file reads a file",
        visible(user)
    );
    Err(Failure::new(exit::USAGE, message))
}
