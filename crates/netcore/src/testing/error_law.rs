//! The law of errors: every form of an error says each thing once.

use std::error::Error;

#[cfg(test)]
mod tests;

/// Checks that an error prints well, and returns its line with all causes.
///
/// - `{}` is one line without control characters.
/// - `{:#}` and `{:?}` are that line and the causes of [`source`](Error::source), each after `: `.
///   A `main` that returns the error therefore prints a message instead of a struct.
/// - `{:#?}` has the fields.
/// - No text of the chain contains another one, and no part between colons occurs twice.
///
/// ```
/// use netcore::testing::error_law;
///
/// let line = error_law(&"::1".parse::<netcore::Endpoint>().unwrap_err());
/// assert!(line.starts_with("\"::1\" is no endpoint: "));
/// ```
///
/// # Panics
///
/// Panics with the forms of the error if it breaks the law.
#[track_caller]
pub fn error_law(error: &(dyn Error + 'static)) -> String {
    match check(error) {
        Ok(line) => line,
        Err(broken) => panic!("{broken}:\n{{}}:   {error}\n{{:?}}: {error:?}\n{{:#}}: {error:#}"),
    }
}

fn check(error: &(dyn Error + 'static)) -> Result<String, &'static str> {
    let texts: Vec<String> = std::iter::successors(Some(error), |error| (*error).source())
        .map(ToString::to_string)
        .collect();
    let line = texts.join(": ");
    if texts.iter().any(|text| text.is_empty() || text.chars().any(char::is_control)) {
        return Err("a text is empty, or has control characters");
    }
    let repeats = |at: usize| {
        let later = &texts[at + 1..];
        later.iter().any(|later| texts[at].contains(&**later) || later.contains(&*texts[at]))
    };
    if (0..texts.len()).any(repeats) {
        return Err("a text of the chain contains another one");
    }
    let parts: Vec<&str> = line.split(": ").collect();
    if (1..parts.len()).any(|at| parts[..at].contains(&parts[at])) {
        return Err("a part of the line occurs twice");
    }
    if format!("{error:#}") != line {
        return Err("{:#} is not the line with all causes");
    }
    if format!("{error:?}") != line {
        return Err("{:?} is not the line with all causes");
    }
    let fields = format!("{error:#?}");
    let name = fields.split([' ', '(']).next().unwrap_or_default();
    if name.is_empty() || !name.chars().all(char::is_alphanumeric) || fields == line {
        return Err("{:#?} does not have the fields");
    }
    Ok(line)
}
