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
    let full = full.split(" script: ").next().unwrap_or(full);
    // Redis 6.2: "ERR Error running script (call to f_SHA): @user_script:12: -OOM command […]"
    if full.starts_with("ERR ") {
        for code in CODES {
            if let Some(at) = full.find(&format!("-{code}")) {
                return full[at + 1..].trim_end().to_owned();
            }
        }
        if full.contains("ACL failure in script") || full.contains("can't run this command") {
            return format!("NOPERM {}", full.trim_start_matches("ERR ").trim_end());
        }
    }
    full.trim_end().to_owned()
}
