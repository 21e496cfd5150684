//! The line that a ping sends, and how it is found in what comes back.

#[cfg(test)]
mod tests;

/// The largest answer to a probe that is looked at, in bytes: time enough for any format.
pub(crate) const ANSWER_LIMIT: usize = 1024;

/// `SEQ NONCE` and LF. The number says which probe it is, and the nonce that it is one of this run:
/// an answer to an earlier run on the same port, or one that somebody forged, has another.
pub(crate) fn line(seq: u64, nonce: u64) -> String {
    format!("{seq} {nonce:016x}\n")
}

/// The number of the probe that this is the answer to, and the server's words before it without
/// their brackets. An echo has none.
///
/// A stream may be cut where it likes. The server then says the time within the line too, and
/// everything of the form `[…] ` is left out before the line is looked at again; that it was said
/// between the first byte and the last of this exchange is as true as of the first.
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

/// Returns `true` if a line that [`read`] does not take comes from a server of another kind, and not
/// from a probe of an earlier run, which has another nonce.
pub(crate) fn is_foreign(line: &[u8], nonce: u64) -> bool {
    let line = line.trim_ascii_end();
    let last = &line[line.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1)..];
    let is_nonce = last.len() == 16 && last.iter().all(u8::is_ascii_hexdigit);
    !line.is_empty() && (!is_nonce || last == format!("{nonce:016x}").as_bytes())
}

/// A probe at the end of a line, and what stands before it.
fn ending(line: &str, nonce: u64) -> Option<(u64, &str)> {
    let rest = line.strip_suffix(&format!(" {nonce:016x}"))?;
    let begin = rest.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    Some((rest[begin..].parse().ok()?, &rest[..begin]))
}

/// The time in `[TIME] `, or nothing in nothing.
fn stamp(before: &str) -> Option<Option<&str>> {
    if before.is_empty() {
        return Some(None);
    }
    let time = before.strip_prefix('[')?.strip_suffix("] ")?;
    (!time.contains("] ")).then_some(Some(time))
}
