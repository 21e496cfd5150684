//! Dictionaries of Structured Fields (RFC 9651), as far as their byte sequences matter.

use super::base64;

#[cfg(test)]
mod tests;

/// The members of a dictionary, each key once, in the order of their first occurrence.
pub type Dictionary<'a> = Vec<DictionaryMember<'a>>;

/// A member of a dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DictionaryMember<'a> {
    /// The key.
    pub key: &'a str,
    /// The value, if it is a byte sequence. `None` for a value of any other type.
    pub bytes: Option<Vec<u8>>,
}

/// Parses a dictionary (RFC 9651 section 4.2.2). Returns `None` if the text is malformed: a reader
/// ignores such a field as a whole. Parameters are checked and dropped. The last value of a
/// repeated key counts.
///
/// ```
/// use httpget::digest::parse_dictionary;
///
/// let members = parse_dictionary(b"sha-256=:LPJN:, unixsum=30637").ok_or("malformed")?;
/// assert_eq!(members[0].key, "sha-256");
/// assert_eq!(members[0].bytes.as_deref(), Some(&[0x2c, 0xf2, 0x4d][..]));
/// assert_eq!(members[1].bytes, None);
/// assert_eq!(parse_dictionary(b"sha-256=:LPJN"), None);
/// # Ok::<(), &str>(())
/// ```
///
/// A dictionary of more than 1024 keys is malformed here (RFC 9651 section 3.2).
#[must_use]
pub fn parse_dictionary(text: &[u8]) -> Option<Dictionary<'_>> {
    let mut input = Input(text);
    let mut members: Dictionary<'_> = Vec::new();
    input.skip(b" ");
    if input.0.is_empty() {
        return Some(members);
    }
    loop {
        let key = input.key()?;
        let bytes = match input.take(b'=') {
            true => input.member()?,
            false => None,
        };
        input.parameters()?;
        match members.iter().position(|member| member.key == key) {
            Some(at) => members[at].bytes = bytes,
            None if members.len() == MAX_MEMBERS => return None,
            None => members.push(DictionaryMember { key, bytes }),
        }
        input.skip(b" \t");
        if input.0.is_empty() {
            return Some(members);
        }
        input.expect(b',')?;
        input.skip(b" \t");
    }
}

/// The most keys of a dictionary.
const MAX_MEMBERS: usize = 1024;

/// The rest of the text.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// Consumes `byte` if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// Consumes all bytes that are in `set`.
    fn skip(&mut self, set: &[u8]) {
        self.take_while(|byte| set.contains(&byte));
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| !accept(byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    /// Consumes a key (RFC 9651 section 4.2.3.3).
    fn key(&mut self) -> Option<&'a str> {
        if !matches!(self.peek()?, b'a'..=b'z' | b'*') {
            return None;
        }
        let key = self.take_while(
            |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'),
        );
        std::str::from_utf8(key).ok()
    }

    /// Consumes an item or an inner list without its parameters. Returns the bytes of a byte
    /// sequence.
    fn member(&mut self) -> Option<Option<Vec<u8>>> {
        if !self.take(b'(') {
            return self.bare_item();
        }
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Some(None);
            }
            self.bare_item()?;
            self.parameters()?;
            if !matches!(self.peek()?, b' ' | b')') {
                return None;
            }
        }
    }

    /// Consumes parameters (RFC 9651 section 4.2.3.2).
    fn parameters(&mut self) -> Option<()> {
        while self.take(b';') {
            self.skip(b" ");
            self.key()?;
            if self.take(b'=') {
                self.bare_item()?;
            }
        }
        Some(())
    }

    /// Consumes an item without parameters (RFC 9651 section 4.2.3.1).
    fn bare_item(&mut self) -> Option<Option<Vec<u8>>> {
        match self.peek()? {
            b'-' | b'0'..=b'9' => self.number(true)?,
            b'"' => self.string()?,
            b'*' | b'A'..=b'Z' | b'a'..=b'z' => {
                self.take_while(|byte| byte.is_ascii_alphanumeric() || TOKEN.contains(&byte));
            }
            b':' => return self.byte_sequence().map(Some),
            b'?' => {
                self.next();
                matches!(self.next()?, b'0' | b'1').then_some(())?;
            }
            b'@' => {
                self.next();
                self.number(false)?;
            }
            b'%' => self.display_string()?,
            _ => return None,
        }
        Some(None)
    }

    /// Consumes an integer of at most 15 digits, or a decimal of at most 12 and 3.
    fn number(&mut self, decimal: bool) -> Option<()> {
        self.take(b'-');
        let digits = self.take_while(|byte| byte.is_ascii_digit()).len();
        if self.peek() != Some(b'.') {
            return (1..=15).contains(&digits).then_some(());
        }
        self.next();
        let fraction = self.take_while(|byte| byte.is_ascii_digit()).len();
        (decimal && (1..=12).contains(&digits) && (1..=3).contains(&fraction)).then_some(())
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => matches!(self.next()?, b'"' | b'\\').then_some(())?,
                b' '..=b'~' => {}
                _ => return None,
            }
        }
    }

    fn byte_sequence(&mut self) -> Option<Vec<u8>> {
        self.expect(b':')?;
        let text = self.take_while(|byte| byte != b':');
        self.expect(b':')?;
        base64::decode(text)
    }

    /// Consumes a display string: percent-encoded UTF-8 (RFC 9651 section 4.2.10).
    fn display_string(&mut self) -> Option<()> {
        self.expect(b'%')?;
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return std::str::from_utf8(&text).ok().map(|_| ()),
                b'%' => {
                    let (high, low) = (hex_digit(self.next()?)?, hex_digit(self.next()?)?);
                    text.push(high << 4 | low);
                }
                byte @ b' '..=b'~' => text.push(byte),
                _ => return None,
            }
        }
    }
}

/// The characters of a token besides letters and digits (RFC 9651 section 4.2.6).
const TOKEN: &[u8] = b":/!#$%&'*+-.^_`|~";

/// Returns the value of a lower-case hexadecimal digit.
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}
