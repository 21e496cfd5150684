//! The names that clients and rooms may have.

use std::net::Ipv4Addr;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// The longest name, in characters.
pub const MAX_NAME: usize = 32;

/// Why a name cannot be had. Its text is what the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing is left of it.
    #[error("a name is needed")]
    Empty,
    /// It is longer than [`MAX_NAME`].
    #[error("a name has at most {MAX_NAME} characters")]
    TooLong,
    /// It has a character that names cannot have, or one that looks like such a character, or
    /// begins with one that is not a letter or a digit.
    #[error("a name is letters, digits and _ - . ' and begins with a letter or a digit")]
    Character,
    /// It looks like an address, or like the server's own.
    #[error("this name is not for clients")]
    Reserved,
    /// Another client has it, or one that looks like it.
    #[error("this name is taken")]
    Taken,
}

/// A name that can be chosen, apart from who has it.
///
/// The first character being a letter or a digit keeps names apart from notices (`*`) and commands
/// (`/`), and the closed set of characters keeps them from being read as `IP:PORT`, as several
/// words, or as an instruction to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// In Unicode's normalization form KC (UAX #15): what is shown.
    pub(crate) shown: String,
    /// In lower case: names that differ in nothing else are the same name. It is fit for a file.
    pub(crate) folded: String,
    /// What it looks like (its skeleton, UTS #39, section 4), as it is and in lower case. Two names that have one
    /// of them in common can be mistaken for one another: `lVAN` for `IVAN`, `ivan` for `Ivan`.
    pub(crate) looks: [String; 2],
}

impl Name {
    /// Reads the name of a client.
    ///
    /// # Errors
    ///
    /// Every [`NameError`] but [`Taken`](NameError::Taken).
    pub(crate) fn of_client(text: &str) -> Result<Name, NameError> {
        let name = Name::parse(text)?;
        let own = |word: &&str| name.looks.iter().any(|look| **look == look_of(word));
        if ["server", "operator"].iter().any(own) || name.is_like_an_address() {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// Reads the name of a room, which may have a `#` before it, as IRC has.
    ///
    /// # Errors
    ///
    /// [`NameError::Empty`], [`TooLong`](NameError::TooLong) and
    /// [`Character`](NameError::Character).
    pub(crate) fn of_room(text: &str) -> Result<Name, NameError> {
        Name::parse(text.strip_prefix('#').unwrap_or(text))
    }

    fn parse(text: &str) -> Result<Name, NameError> {
        // One character more than a name has says all that the rest could say.
        let shown: String = text.nfkc().take(MAX_NAME + 1).collect();
        let Some(first) = shown.chars().next() else { return Err(NameError::Empty) };
        if shown.chars().count() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        // A lower-case letter may have a dot above it that the capital one had in itself (U+0130).
        let folded: String = shown.to_lowercase().chars().filter(|c| is_allowed(*c)).collect();
        let looks = [look_of(&shown), look_of(&folded)];
        // A letter may look like punctuation: U+02D0 like a colon, U+01C3 like an exclamation mark.
        let plain = looks.iter().all(|look| look.chars().all(|c| !c.is_ascii() || is_allowed(c)));
        if !first.is_alphanumeric() || !shown.chars().all(is_allowed) || !plain {
            return Err(NameError::Character);
        }
        Ok(Name { shown, folded, looks })
    }

    fn is_like_an_address(&self) -> bool {
        let as_digit = |c| match c {
            'l' | 'i' => '1',
            'o' => '0',
            c => c,
        };
        let digits: String = self.looks[0].chars().map(as_digit).collect();
        digits.parse::<Ipv4Addr>().is_ok()
    }
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'')
}

/// Zero looks like a capital letter, so the case is taken off what it looks like too.
fn look_of(text: &str) -> String {
    skeleton(text).collect::<String>().to_lowercase()
}
