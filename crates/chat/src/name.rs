//! The names that clients may choose.

use std::net::IpAddr;

use thiserror::Error;

/// The longest name, in characters.
pub const MAX_NAME: usize = 32;

/// Why a name cannot be had. Its text is what the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing is left of it.
    #[error("a name is needed: /nick NAME")]
    Empty,
    /// It is longer than [`MAX_NAME`].
    #[error("a name has at most {MAX_NAME} characters")]
    TooLong,
    /// It has a character that names cannot have, or begins with one that is not a letter or a
    /// digit.
    #[error("a name is letters, digits and _ - . ' and begins with a letter or a digit")]
    Character,
    /// It looks like an address, or is the server's own.
    #[error("this name is not for clients")]
    Reserved,
    /// Another client has it, or one that differs only in case.
    #[error("this name is taken")]
    Taken,
}

/// Says whether `name` can be chosen, apart from who has it.
///
/// The first character being a letter or a digit keeps names apart from notices (`*`) and commands
/// (`/`), and the closed set of characters keeps them from being read as `IP:PORT`, as several
/// words, or as an instruction to a terminal.
///
/// # Errors
///
/// Every [`NameError`] but [`Taken`](NameError::Taken).
pub(crate) fn check(name: &str) -> Result<(), NameError> {
    let Some(first) = name.chars().next() else { return Err(NameError::Empty) };
    if name.chars().count() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'');
    if !first.is_alphanumeric() || !name.chars().all(allowed) {
        return Err(NameError::Character);
    }
    let reserved = ["server", "operator"].iter().any(|r| r.eq_ignore_ascii_case(name));
    if reserved || name.parse::<IpAddr>().is_ok() {
        return Err(NameError::Reserved);
    }
    Ok(())
}

/// The form in which two names are compared.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}
