//! The check for any netrc file. The fuzz target `netrc` and the test over its corpus include
//! this file.

use httpget::netrc::Netrc;

/// Checks a netrc file. Returns `true` if it is one.
pub(crate) fn netrc(input: &[u8]) -> bool {
    let netrc = match Netrc::parse(input) {
        Ok(netrc) => netrc,
        Err(error) => {
            let lines = input.split(|byte| *byte == b'\n').count();
            let bounds = if input.len() > Netrc::MAX_BYTES { 0..=0 } else { 1..=lines };
            assert!(bounds.contains(&error.line()), "{error}, of {lines} lines");
            let text = error.to_string();
            assert!(text.is_ascii() && !text.contains(char::is_control), "{text:?}");
            return false;
        }
    };
    for host in ["h", "H", "g", ""] {
        for user in [None, Some("u"), Some("")] {
            let Ok(Some(found)) = netrc.find(host, user) else { continue };
            assert!(!found.user().contains([':', '\n', '\r', '\0']));
            assert!(!found.password().expose().contains(char::is_control));
            assert!(user.is_none_or(|user| user == found.user()));
            assert!(found.password().expose().len() <= Netrc::MAX_WORD);
            let basic = found.basic();
            assert!(basic.is_sensitive() && basic.as_bytes().starts_with(b"Basic "));
        }
    }
    let lower = netrc.find("h", None).ok().flatten();
    assert_eq!(lower, netrc.find("H", None).ok().flatten(), "hosts have no case");
    if let Some(expected) = simple(input) {
        let found = lower.map(|it| (it.user().to_owned(), it.password().expose().to_owned()));
        assert_eq!(found, expected);
    }
    let text = format!("{netrc:?}");
    assert!(text.len() < 64 && text.is_ascii(), "{text}");
    true
}

/// The user and the password of a host.
type Found = Option<(String, String)>;

/// Finds the credentials for the host `h`, in a file without quotes, comments and macros. Returns
/// `None` for any other file, and for one whose credentials can't be sent.
fn simple(input: &[u8]) -> Option<Found> {
    let text = std::str::from_utf8(input).ok()?;
    if !text.is_ascii() || text.to_ascii_lowercase().contains("macdef") || text.contains(['"', '#'])
    {
        return None;
    }
    let is_blank = |c| matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}');
    let mut words = text.split(is_blank).filter(|word| !word.is_empty());
    let mut entries: Vec<(bool, [Option<&str>; 2])> = Vec::new();
    while let Some(word) = words.next() {
        let mut set = |at: usize| {
            let value = words.next();
            entries.last_mut().expect("an accepted file").1[at] = value;
        };
        match word.to_ascii_lowercase().as_str() {
            "machine" => {
                let is_ours = words.next().is_some_and(|host| host.eq_ignore_ascii_case("h"));
                entries.push((is_ours, [None; 2]));
            }
            "default" => entries.push((true, [None; 2])),
            "login" => set(0),
            "password" => set(1),
            _ => drop(words.next()),
        }
    }
    let fits = |(is_ours, pair): &&(bool, [Option<&str>; 2])| *is_ours && *pair != [None; 2];
    let Some((_, [user, password])) = entries.iter().find(fits) else { return Some(None) };
    let (user, password) = (user.unwrap_or_default(), password.unwrap_or_default());
    let is_sent = !user.contains(':') && ![user, password].concat().contains(char::is_control);
    is_sent.then(|| Some((user.to_owned(), password.to_owned())))
}
