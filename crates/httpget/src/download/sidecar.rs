//! The small file beside a partial one: which version of what it is the beginning of.
//!
//! ```text
//! httpget partial 1
//! tag "5f3e-61a"                          or: modified Sun, 06 Nov 1994 08:49:37 GMT
//! total 1073741824                        where it is known
//! end
//! ```
//!
//! It is written before the first byte of the content and is gone before the file is whole. The last
//! line tells it from one that was cut short.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use http::HeaderValue;

use super::resume::{Validator, decimal};

/// The longest one: a validator longer than a head has room for by default is not kept.
const MAX_BYTES: usize = 64 << 10;

const VERSION: &[u8] = b"httpget partial 1";
const END: &[u8] = b"end";

/// The contents of the file, whose version is `validator` and size `total`.
pub(super) fn text(validator: &Validator, total: Option<u64>) -> Vec<u8> {
    let name: &[u8] = match validator {
        Validator::Tag(_) => b"tag ",
        Validator::Modified(_) => b"modified ",
    };
    let mut text = [VERSION, b"\n", name, validator.value().as_bytes(), b"\n"].concat();
    if let Some(total) = total {
        text.extend_from_slice(format!("total {total}\n").as_bytes());
    }
    text.extend_from_slice(END);
    text.push(b'\n');
    text
}

/// What [`text`] was made of. `None` for anything else.
pub(super) fn parse(text: &[u8]) -> Option<(Validator, Option<u64>)> {
    let mut lines = text.strip_suffix(b"\n")?.split(|&byte| byte == b'\n');
    if lines.next()? != VERSION {
        return None;
    }
    let line = lines.next()?;
    let validator = match (line.strip_prefix(b"tag "), line.strip_prefix(b"modified ")) {
        (Some(tag), _) => Validator::Tag(HeaderValue::from_bytes(tag).ok()?),
        (_, Some(date)) => Validator::Modified(HeaderValue::from_bytes(date).ok()?),
        _ => return None,
    };
    let mut line = lines.next()?;
    let mut total = None;
    if let Some(number) = line.strip_prefix(b"total ") {
        total = Some(decimal(std::str::from_utf8(number).ok()?)?);
        line = lines.next()?;
    }
    (line == END && lines.next().is_none()).then_some((validator, total))
}

/// Replaces the file at `path`.
pub(super) fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    remove(path)?;
    // Anew, so that it is nobody's but ours.
    File::options().write(true).create_new(true).mode(0o600).open(path)?.write_all(text)
}

/// What the file at `path` says; `None` if there is none, or it is none of ours.
pub(super) fn read(path: &Path) -> io::Result<Option<(Validator, Option<u64>)>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = match File::options().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(if text.len() > MAX_BYTES { None } else { parse(&text) })
}

/// Removes the file at `path`, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
