//! Users and passwords from a netrc file, without I/O.

mod error;
mod token;

use std::fmt;

use netcore::Secret;

use crate::url::{Credentials, InvalidCredentials};
pub use error::NetrcError;
use token::Tokens;

#[cfg(test)]
mod tests;

/// The users and passwords of a netrc file, for [`Client::with_netrc`](crate::Client::with_netrc).
/// `Debug` shows none of them.
///
/// ```
/// use httpget::netrc::Netrc;
///
/// let text = b"machine example.com login alice password \"open sesame\"  # quoted\n\
///              machine example.com login bob password secret\n\
///              default login anonymous password -\n";
/// let netrc = Netrc::parse(text)?;
/// let found = netrc.find("example.com", None)?.ok_or("an entry")?;
/// assert_eq!((found.user(), found.password().expose()), ("alice", "open sesame"));
/// let found = netrc.find("example.com", Some("bob"))?.ok_or("an entry")?;
/// assert_eq!(found.password().expose(), "secret");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The syntax is curl's. An entry begins with `machine HOST` or `default` and has any of `login`,
/// `password` and `account`. Words are separated by blanks and line ends. A quoted word may have
/// blanks, and the escapes `\"`, `\\`, `\n`, `\r` and `\t`. A `#` instead of a keyword begins a
/// comment. `macdef` and the lines up to the next empty one are skipped.
///
/// An unknown keyword is an error, unlike in curl: it is often the second word of a password that
/// lacks its quotes.
#[derive(Clone, Default)]
pub struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Clone, Default)]
struct Entry {
    /// The host. `None` is `default`.
    machine: Option<Box<str>>,
    login: Option<Box<str>>,
    password: Option<Secret>,
}

impl Netrc {
    /// Bytes of the longest file, as in curl: 128 KiB.
    pub const MAX_BYTES: usize = 128 << 10;

    /// Bytes of the longest word, as in curl: 4 KiB.
    pub const MAX_WORD: usize = token::MAX_WORD;

    /// Parses the content of a file.
    ///
    /// # Errors
    ///
    /// The error has the number of the line:
    ///
    /// - an unknown keyword, or `login`, `password` or `account` before the first entry;
    /// - a keyword without its value;
    /// - a quoted word that does not end on its line;
    /// - a line that is not UTF-8;
    /// - a word longer than [`MAX_WORD`](Netrc::MAX_WORD), and a file longer than
    ///   [`MAX_BYTES`](Netrc::MAX_BYTES).
    pub fn parse(content: &[u8]) -> Result<Netrc, NetrcError> {
        if content.len() > Netrc::MAX_BYTES {
            return Err(NetrcError { line: 0, expected: "at most 128 KiB expected" });
        }
        let mut tokens = Tokens::new(content);
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(keyword) = tokens.keyword()? {
            let line = tokens.line();
            let value = |tokens: &mut Tokens<'_>| {
                let missing = NetrcError { line, expected: "a value behind the keyword expected" };
                tokens.value()?.ok_or(missing)
            };
            match keyword.to_ascii_lowercase().as_str() {
                "machine" => {
                    let machine = Some(value(&mut tokens)?.into());
                    entries.push(Entry { machine, ..Entry::default() });
                    continue;
                }
                "default" => {
                    entries.push(Entry::default());
                    continue;
                }
                "macdef" => {
                    value(&mut tokens)?;
                    tokens.skip_to_empty_line();
                    continue;
                }
                _ => {}
            }
            let Some(entry) = entries.last_mut() else {
                return Err(NetrcError { line, expected: "machine or default expected" });
            };
            match keyword.to_ascii_lowercase().as_str() {
                "login" => entry.login = Some(value(&mut tokens)?.into()),
                "password" => entry.password = Some(Secret::new(value(&mut tokens)?)),
                "account" => drop(value(&mut tokens)?),
                _ => return Err(NetrcError { line, expected: UNKNOWN }),
            }
        }
        Ok(Netrc { entries })
    }

    /// Returns the credentials of the first entry for a host, a name or an address without port and
    /// brackets. `default` is for every host. With a `user`, an entry for another one does not
    /// count. An entry without a login is for any user, or an empty one. Without a password, it is
    /// empty.
    ///
    /// # Errors
    ///
    /// The entry has a control character, or a colon in its login: Basic authentication can't send
    /// it (RFC 7617).
    pub fn find(
        &self,
        host: &str,
        user: Option<&str>,
    ) -> Result<Option<Credentials>, InvalidCredentials> {
        let fits = |entry: &&Entry| {
            let is_host = entry.machine.as_ref().is_none_or(|it| it.eq_ignore_ascii_case(host));
            let is_user = match (user, &entry.login) {
                (Some(user), Some(login)) => user == &**login,
                (Some(_), None) => true,
                (None, _) => entry.login.is_some() || entry.password.is_some(),
            };
            is_host && is_user
        };
        let Some(entry) = self.entries.iter().find(fits) else { return Ok(None) };
        let user = user.or(entry.login.as_deref()).unwrap_or_default();
        let password = entry.password.as_ref().map_or("", Secret::expose);
        Credentials::new(user, password).map(Some)
    }
}

const UNKNOWN: &str = "unknown keyword; a login or password with blanks needs quotes";

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netrc").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
