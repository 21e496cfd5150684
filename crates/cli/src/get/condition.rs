//! Conditions of a request: `-z`, `--etag-compare`, and the tag that `--etag-save` keeps.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use httpget::Response;
use httpget::http::StatusCode;
use httpget::http::header::ETAG;
use timestamp::{ParsedTime, Zone};

use crate::exit::{self, Failure};

#[cfg(test)]
mod tests;

/// The longest file of an entity tag: 64 KiB, as a head.
const MAX_TAG: u64 = 64 << 10;

/// Returns the field for `-z`. A text that is neither a date nor a file causes a warning and no
/// condition, as in curl: the first run may make that file.
pub(super) fn time_field(text: &str) -> Option<String> {
    let (name, text) = match text.strip_prefix('-') {
        Some(text) => ("If-Unmodified-Since", text),
        None => ("If-Modified-Since", text),
    };
    let modified = || fs::metadata(text).and_then(|file| file.modified());
    let time = match date(text) {
        Some(time) => Ok(time),
        None => modified(),
    };
    match time {
        Ok(time) => {
            let time = DateTime::<Utc>::from(time).format("%a, %d %b %Y %H:%M:%S GMT");
            Some(format!("{name}: {time}"))
        }
        Err(error) => {
            log::warn!("-z: {text} is neither a date nor a readable file: no condition ({error})");
            None
        }
    }
}

/// Parses a date of HTTP, RFC 2822 or ISO 8601, or 8 digits. Without a zone it is in UTC.
fn date(text: &str) -> Option<SystemTime> {
    let day = ["%Y-%m-%d", "%Y%m%d"].iter().find_map(|form| {
        let is_short = text.len() == "2026-11-29".len() || text.len() == "20261129".len();
        is_short.then(|| NaiveDate::parse_from_str(text, form).ok()).flatten()
    });
    if let Some(day) = day {
        return Some(day.and_time(NaiveTime::MIN).and_utc().into());
    }
    // Seconds since 1970 are no date to curl, and RFC 850 dates end with their zone.
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let rfc850 = || {
        let form = "%A, %d-%b-%y %H:%M:%S GMT";
        chrono::NaiveDateTime::parse_from_str(text, form).ok().map(|date| date.and_utc().into())
    };
    let parsed = ParsedTime::parse(text, Zone::Utc, SystemTime::now()).map(|parsed| parsed.time);
    parsed.or_else(rfc850)
}

/// Returns the field for `--etag-compare`. As in curl, an empty tag matches none, and so does a
/// missing file if `--etag-save` makes it.
///
/// # Errors
///
/// [`exit::UNREADABLE`] if the file cannot be read, is too long, or has more than a tag.
pub(super) fn tag_field(path: &Path, is_saved: bool) -> Result<String, Failure> {
    let failed = |error: io::Error| {
        Failure::new(exit::UNREADABLE, format!("--etag-compare {}: {error}", path.display()))
    };
    let mut text = String::new();
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_saved => {}
        opened => {
            opened.and_then(|file| file.take(MAX_TAG).read_to_string(&mut text)).map_err(failed)?;
        }
    }
    let tag = text.trim();
    if tag.contains(char::is_control) {
        return Err(failed(io::Error::other("not one entity tag on one line")));
    }
    Ok(format!("If-None-Match: {}", if tag.is_empty() { "\"\"" } else { tag }))
}

/// Writes the entity tag of a response to the file of `--etag-save`. A response with content but
/// without a tag empties the file: the old tag is not that of the new content.
///
/// # Errors
///
/// [`exit::WRITE_ERROR`] if the file cannot be written.
pub(super) fn save_tag(path: &Path, response: &Response) -> Result<(), Failure> {
    let tag = response.headers().get(ETAG).map(|tag| [tag.as_bytes(), b"\n"].concat());
    let content = match (tag, response.status()) {
        (_, status) if status.as_u16() >= 400 => return Ok(()),
        (None, StatusCode::NOT_MODIFIED) => return Ok(()),
        (tag, _) => tag.unwrap_or_default(),
    };
    fs::write(path, content).map_err(|error| {
        Failure::new(exit::WRITE_ERROR, format!("--etag-save {}: {error}", path.display()))
    })
}
