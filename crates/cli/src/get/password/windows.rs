//! The question for a password, on the console of Windows.

use httpget::Secret;

use crate::escape::visible;
use crate::exit::{self, Failure};

/// Asks for the password of a user. The console does not show it.
///
/// # Errors
///
/// [`exit::USAGE`] if there is no console, and no password at the end of its input.
pub(super) fn ask(user: &str) -> Result<Secret, Failure> {
    let typed = rpassword::prompt_password(format!("Password of {}: ", visible(user)));
    match typed {
        Ok(password) => Ok(Secret::new(password)),
        Err(error) => {
            let message = format!("ask for a password on the console: {error}");
            Err(Failure::new(exit::USAGE, message))
        }
    }
}
