//! The mark beside a partial file, FILE.part.meta: it is ours, and of this version.
//!
//! ```text
//! httpget partial 2
//! born 1794758462.034915000               the birth of FILE.part, where the file system keeps it;
//!                                         on Windows its number
//! asked http://host/disk.img?key=1        from here to the total: only if the version is known
//! found http://mirror/disk.img
//! tag "5f3e-61a"                          or: modified Sun, 06 Nov 1994 08:49:37 GMT
//! total 1073741824                        only if it is known
//! left 8c… 1000-2000 5000-1073741824      only with holes: a check value, the missing ranges
//! end
//! ```
//!
//! The mark exists before FILE.part does. It is rewritten in place, so that its first line never
//! vanishes. The last line tells a complete mark from a truncated one. A mark of version 1 named no
//! URL: its partial file is ours, but of an unknown version.
//!
//! The line `left` is rewritten while content arrives. It is padded to a constant length, and its
//! check value covers all lines before it, so that a write that was cut short is noticed. Releases
//! that do not know the line take such a file for one of an unknown version.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;

use http::HeaderValue;

use super::field::decimal;
use super::hash::hash;
use super::resume::{Source, Validator, Version};
use super::system;

#[cfg(test)]
mod tests;

/// The largest mark in bytes: two URLs, and a validator that fills a head of the default limit. A
/// longer version is not stored.
const MAX_BYTES: usize = 128 << 10;

/// The beginning of each mark, of all versions.
const OURS: &[u8] = b"httpget partial ";
const VERSION: &[u8] = b"httpget partial 2";
const END: &[u8] = b"end";

/// The beginning of the line with the missing ranges.
const LEFT: &str = "left ";

/// The columns of the missing ranges: enough for as many as there are workers.
const LEFT_WIDTH: usize = 720;

/// The contents of a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The creation time of the partial file, which tells it from another one of its name.
    pub(super) born: Option<String>,
    /// The version of the partial file.
    pub(super) version: Option<Version>,
    /// The missing ranges, each without its end. `None` for a file without holes.
    pub(super) left: Option<Vec<Range<u64>>>,
}

/// The file found at the path of a mark.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A file that this crate did not write.
    Foreign,
    Ours(Mark),
}

impl Mark {
    /// Returns the text of the mark. A version that makes it too long is left out.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = [VERSION, b"\n"].concat();
        let mut line = |name: &str, value: &[u8]| {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(value);
            text.push(b'\n');
        };
        if let Some(born) = &self.born {
            line("born ", born.as_bytes());
        }
        if let Some(Version { source, validator, total }) = &self.version {
            line("asked ", source.asked.as_bytes());
            line("found ", source.found.as_bytes());
            match validator {
                Validator::Tag(tag) => line("tag ", tag.as_bytes()),
                Validator::Modified(date) => line("modified ", date.as_bytes()),
            }
            if let Some(total) = total {
                line("total ", total.to_string().as_bytes());
            }
        }
        if let (Some(left), Some(_)) = (&self.left, &self.version) {
            let mut ranges = String::new();
            for Range { start, end } in left {
                ranges += &format!(" {start}-{end}");
            }
            let check = check_value(&text, &ranges);
            text.extend_from_slice(format!("{LEFT}{check}{ranges:LEFT_WIDTH$}\n").as_bytes());
        }
        text.extend_from_slice(END);
        text.push(b'\n');
        match text.len() > MAX_BYTES {
            true => Mark { born: self.born.clone(), ..Mark::default() }.text(),
            false => text,
        }
    }

    /// Reads a text. A truncated mark, or one of another format version, gives an empty mark.
    fn parse(text: &[u8]) -> Found {
        match text.starts_with(OURS) {
            true => Found::Ours(Mark::read(text).unwrap_or_default()),
            false => Found::Foreign,
        }
    }

    fn read(text: &[u8]) -> Option<Mark> {
        let all = text;
        let mut lines = Lines(text.strip_suffix(b"\n")?.split(|&byte| byte == b'\n').peekable());
        if lines.next("")? != VERSION {
            return None;
        }
        let born = lines.text("born ");
        let version = match lines.text("asked ") {
            None => None,
            Some(asked) => {
                let source = Source { asked, found: lines.text("found ")? };
                let validator = match lines.next("tag ") {
                    Some(tag) => Validator::Tag(HeaderValue::from_bytes(tag).ok()?),
                    None => {
                        let date = lines.next("modified ")?;
                        Validator::Modified(HeaderValue::from_bytes(date).ok()?)
                    }
                };
                let total = match lines.text("total ") {
                    Some(total) => Some(decimal(&total)?),
                    None => None,
                };
                Some(Version { source, validator, total })
            }
        };
        let left = match lines.text(LEFT) {
            Some(line) => Some(parse_left(all, &line, version.as_ref()?.total?)?),
            None => None,
        };
        (lines.next("")? == END && lines.next("").is_none()).then_some(Mark { born, version, left })
    }
}

/// Reads the rest of the line `left` in the text `all` of a mark. The ranges must be in order, not
/// empty, apart from one another, and within `total`.
fn parse_left(all: &[u8], line: &str, total: u64) -> Option<Vec<Range<u64>>> {
    let (check, ranges) = line.split_at_checked(16)?;
    let ranges = ranges.trim_end_matches(' ');
    let start = [b"\n", LEFT.as_bytes(), check.as_bytes()].concat();
    let before = all.windows(start.len()).position(|window| window == start)? + 1;
    if check != check_value(&all[..before], ranges) {
        return None;
    }
    let mut left = Vec::new();
    let mut first = 0;
    for range in ranges.split(' ').skip(1) {
        let (start, end) = range.split_once('-')?;
        let (start, end) = (decimal(start)?, decimal(end)?);
        if start < first || start >= end || end > total {
            return None;
        }
        left.push(start..end);
        first = end.saturating_add(1);
    }
    Some(left)
}

/// Returns the check value of the missing ranges and of the lines before them.
fn check_value(before: &[u8], ranges: &str) -> String {
    format!("{:016x}", hash(&[before, ranges.as_bytes()].concat()))
}

/// The lines of a mark.
struct Lines<'a, I: Iterator<Item = &'a [u8]>>(std::iter::Peekable<I>);

impl<'a, I: Iterator<Item = &'a [u8]>> Lines<'a, I> {
    /// Returns the rest of the next line, if that begins with `name`.
    fn next(&mut self, name: &str) -> Option<&'a [u8]> {
        self.0.next_if(|line| line.starts_with(name.as_bytes()))?.strip_prefix(name.as_bytes())
    }

    fn text(&mut self, name: &str) -> Option<String> {
        String::from_utf8(self.next(name)?.to_vec()).ok()
    }
}

/// Writes the mark at `path`, over an existing one.
///
/// `over_a_version`: the existing mark names a version. Then the new one is synced to disk first,
/// so that a power loss never joins the old version and the new content.
pub(super) fn write(path: &Path, mark: &Mark, over_a_version: bool) -> io::Result<()> {
    let text = mark.text();
    let mut file = match options().open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            options().create_new(true).open(path)?
        }
        opened => opened?,
    };
    file.write_all(&text)?;
    file.set_len(text.len() as u64)?;
    if over_a_version { file.sync_data() } else { Ok(()) }
}

fn options() -> fs::OpenOptions {
    let mut options = File::options();
    // A URL may contain a secret.
    system::private(options.write(true), true);
    system::without_links(&mut options);
    options
}

/// Reads the file at `path`. It follows no symbolic link and waits for no device.
pub(super) fn read(path: &Path) -> io::Result<Found> {
    let file = match system::without_links(File::options().read(true)).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) if system::is_link(&error) => return Ok(Found::Foreign),
        // Windows opens no directory.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.is_dir() => {
            return Ok(Found::Foreign);
        }
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(Found::Foreign);
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(Mark::parse(&text))
}

/// Removes the file at `path`, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
