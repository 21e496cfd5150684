use std::error::Error as StdError;
use std::fmt;

use netcore::Operation;

/// What is behind a timeout: who did not answer. The error of the network's layer in words that do
/// not say again that time ran out.
#[derive(Debug)]
pub(crate) struct NoAnswer(pub(crate) netcore::Error);

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NoAnswer(error) = self;
        match error.operation() {
            Operation::Resolve => f.write_str("no answer from the resolver"),
            Operation::Connect if error.attempts().is_empty() => attempt(f, error),
            Operation::Connect => {
                let mut separator = "";
                error.attempts().iter().try_for_each(|each| {
                    f.write_str(std::mem::replace(&mut separator, "; "))?;
                    attempt(f, each)
                })
            }
            Operation::Write => write!(f, "{} takes no more", place(error)),
            _ => write!(f, "{} is too slow", place(error)),
        }
    }
}

impl StdError for NoAnswer {}

fn attempt(f: &mut fmt::Formatter<'_>, error: &netcore::Error) -> fmt::Result {
    match error.is_timeout() {
        true => write!(f, "no answer from {}", place(error)),
        false => write!(f, "{}: {}", place(error), error.kind()),
    }
}

/// The address where there is one, else what the user calls it.
fn place(error: &netcore::Error) -> String {
    match (error.address(), error.endpoint()) {
        (Some(address), _) => address.to_string(),
        (None, Some(endpoint)) => String::from(endpoint),
        (None, None) => String::from("the server"),
    }
}
