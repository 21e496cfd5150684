//! The texts of the engine's refusals, the same for all releases.

use redis::ServerError;

#[cfg(test)]
mod tests;

/// Codes of refusals that Redis 6.2 wraps into `ERR` when a script meets them.
const CODES: [&str; 9] = [
    "OOM ",
    "READONLY ",
    "NOPERM ",
    "WRONGTYPE ",
    "LOADING ",
    "MISCONF ",
    "NOREPLICAS ",
    "MASTERDOWN ",
    "BUSY ",
];

/// Returns the text of a refusal: its code, a space and the reason, without the place in a script.
pub(crate) fn text(error: &ServerError) -> String {
    let full = match error.details() {
        Some(detail) => format!("{} {detail}", error.code()),
        None => error.code().to_owned(),
    };
    shorten(&full)
}

/// Removes what names the script, which only we know.
pub(crate) fn shorten(full: &str) -> String {
    // Redis 7: "OOM command not allowed […]. script: SHA, on @user_script:12."
    let full = match full.rsplit_once(" script: ") {
        Some((reason, place)) if place.contains(", on ") => reason,
        _ => full,
    };
    // Redis 6.2: "ERR Error running script (call to f_SHA): @user_script:12: -OOM command […]"
    let reason = full.trim_start_matches("ERR ").trim_end();
    if let Some(at) = CODES.iter().find_map(|code| reason.find(&format!("-{code}"))) {
        return reason[at + 1..].to_owned();
    }
    // Redis 6.2 and Valkey have no code for these.
    if reason.contains("ACL failure in script") || reason.contains("can't run this command") {
        let is_place = |byte: char| byte.is_ascii_digit() || byte == ':' || byte == ' ';
        let reason = reason.rsplit("@user_script").next().unwrap_or(reason);
        return format!("NOPERM {}", reason.trim_start_matches(is_place));
    }
    full.trim_end().to_owned()
}
