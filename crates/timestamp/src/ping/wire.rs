//! The line of a probe, and its recognition in answers.

#[cfg(test)]
mod tests;

/// The longest answer to a probe in bytes, which is enough for any format of the time.
pub(crate) const ANSWER_LIMIT: usize = 1024;

/// Returns the line of a probe: `SEQ NONCE` and LF. The nonce identifies this run. Answers to an
/// earlier run on the same port, and forged answers, have another one.
pub(crate) fn line(seq: u64, nonce: u64) -> String {
    format!("{seq} {nonce:016x}\n")
}

/// Parses an answer. Returns the number of its probe and the text of its stamp without brackets; an
/// echo has no stamp. Returns `None` if the line does not answer a probe of this run.
///
/// A stream may be divided anywhere, so the server may write a stamp within the line too. Every
/// `[…] ` after the first is removed and the line is parsed again. The first stamp is still valid:
/// the server wrote it between the first and the last byte of the exchange.
pub(crate) fn read(line: &[u8], nonce: u64) -> Option<(u64, Option<&str>)> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches(['\r', '\n']);
    if let Some((seq, before)) = ending(line, nonce) {
        if let Some(time) = stamp(before) {
            return Some((seq, time));
        }
    }
    let (first, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let mut whole = String::new();
    let mut parts = rest.split('[');
    whole.push_str(parts.next()?);
    for part in parts {
        whole.push_str(part.split_once("] ")?.1);
    }
    match ending(&whole, nonce)? {
        (seq, "") => Some((seq, Some(first))),
        _ => None,
    }
}

/// Returns `true` if a line that [`read`] rejects comes from another kind of server. A line with
/// the nonce of an earlier run does not count.
pub(crate) fn is_foreign(line: &[u8], nonce: u64) -> bool {
    let line = line.trim_ascii_end();
    let last = &line[line.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1)..];
    let is_nonce = last.len() == 16 && last.iter().all(u8::is_ascii_hexdigit);
    !line.is_empty() && (!is_nonce || last == format!("{nonce:016x}").as_bytes())
}

/// Splits a line into the number of the probe at its end and the text before it.
fn ending(line: &str, nonce: u64) -> Option<(u64, &str)> {
    let rest = line.strip_suffix(&format!(" {nonce:016x}"))?;
    let begin = rest.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    Some((rest[begin..].parse().ok()?, &rest[..begin]))
}

/// Returns the time in `[TIME] `, or `Some(None)` for an empty text.
fn stamp(before: &str) -> Option<Option<&str>> {
    if before.is_empty() {
        return Some(None);
    }
    let time = before.strip_prefix('[')?.strip_suffix("] ")?;
    (!time.contains("] ")).then_some(Some(time))
}
