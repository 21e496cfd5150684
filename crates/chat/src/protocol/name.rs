//! Names of clients and rooms: allowed characters, and skeletons by which look-alikes are found.

use std::net::Ipv4Addr;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

#[cfg(test)]
mod tests;

/// The longest name, in characters.
pub const MAX_NAME: usize = 32;

/// Reasons for which a name is refused. The client receives the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NameError {
    /// The name is empty.
    #[error("a name is needed")]
    Empty,
    /// The name is longer than [`MAX_NAME`].
    #[error("a name has at most {MAX_NAME} characters")]
    TooLong,
    /// The name does not begin with a letter or a digit, has a character that is not allowed, or
    /// has one that is confusable with such a character.
    #[error("a name is letters, digits and _ - . ' and begins with a letter or a digit")]
    Character,
    /// The name is confusable with an address, or with a name of the server.
    #[error("this name is not for clients")]
    Reserved,
    /// Another client has the name, or a confusable one.
    #[error("this name is taken")]
    Taken,
}

/// A well-formed name.
///
/// The first character being a letter or a digit keeps names apart from notices (`*`) and commands
/// (`/`), and the closed set of characters keeps them from being read as `IP:PORT`, as several
/// words, or as an instruction to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name as it is shown, in Unicode's normalization form KC (UAX #15).
    pub(crate) shown: String,
    /// The name in lower case. Names that differ in case only are the same. It is fit for a file
    /// name.
    pub(crate) folded: String,
    /// Skeletons (UTS #39, section 4) of the name as it is and in lower case. Two names that have
    /// one in common are confusable: `lVAN` with `IVAN`, `ivan` with `Ivan`.
    pub(crate) skeletons: [String; 2],
}

impl Name {
    /// Reads the name of a client.
    ///
    /// # Errors
    ///
    /// Every [`NameError`] but [`Taken`](NameError::Taken).
    pub(crate) fn of_client(text: &str) -> Result<Name, NameError> {
        let name = Name::parse(text)?;
        let own = |word: &&str| name.skeletons.iter().any(|own| **own == skeleton_of(word));
        if ["server", "operator"].iter().any(own) || name.is_like_an_address() {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// Reads the name of a room, with or without the `#` of IRC.
    ///
    /// # Errors
    ///
    /// [`NameError::Empty`], [`TooLong`](NameError::TooLong) and
    /// [`Character`](NameError::Character).
    pub(crate) fn of_room(text: &str) -> Result<Name, NameError> {
        Name::parse(text.strip_prefix('#').unwrap_or(text))
    }

    fn parse(text: &str) -> Result<Name, NameError> {
        // One character more than the limit suffices to refuse a longer name.
        let shown: String = text.nfkc().take(MAX_NAME + 1).collect();
        let Some(first) = shown.chars().next() else { return Err(NameError::Empty) };
        if shown.chars().count() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        // Lower case may separate a dot that is part of the capital letter (U+0130).
        let folded: String = shown.to_lowercase().chars().filter(|c| is_allowed(*c)).collect();
        let skeletons = [skeleton_of(&shown), skeleton_of(&folded)];
        // A letter may be confusable with punctuation: U+02D0 with a colon, U+01C3 with an
        // exclamation mark.
        let plain = skeletons
            .iter()
            .all(|skeleton| skeleton.chars().all(|c| !c.is_ascii() || is_allowed(c)));
        if !first.is_alphanumeric() || !shown.chars().all(is_allowed) || !plain {
            return Err(NameError::Character);
        }
        Ok(Name { shown, folded, skeletons })
    }

    fn is_like_an_address(&self) -> bool {
        let as_digit = |c| match c {
            'l' | 'i' => '1',
            'o' => '0',
            c => c,
        };
        let digits: String = self.skeletons[0].chars().map(as_digit).collect();
        digits.parse::<Ipv4Addr>().is_ok()
    }
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'')
}

/// Returns the skeleton of `text` in lower case, because a zero is confusable with a capital
/// letter.
fn skeleton_of(text: &str) -> String {
    skeleton(text).collect::<String>().to_lowercase()
}
