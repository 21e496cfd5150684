//! The cause of a timeout, without a second mention of the timeout.

use std::error::Error as StdError;
use std::fmt;

use netcore::Operation;

/// The cause of a timeout: the peer that did not answer. It wraps the network's error and leaves
/// out that time expired, which the kind already says.
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
            Operation::Write => write!(f, "{} accepts no more data", peer(error)),
            _ => write!(f, "{} is too slow", peer(error)),
        }
    }
}

impl StdError for NoAnswer {}

fn attempt(f: &mut fmt::Formatter<'_>, error: &netcore::Error) -> fmt::Result {
    match error.is_timeout() {
        true => write!(f, "no answer from {}", peer(error)),
        false => write!(f, "{}: {}", peer(error), error.kind()),
    }
}

/// Returns the address, or else the endpoint as the user wrote it.
fn peer(error: &netcore::Error) -> String {
    match (error.address(), error.endpoint()) {
        // A name such as `proxy p:3128` says which of several hops it is.
        (Some(address), Some(name)) if name.contains(' ') => {
            let address = address.to_string();
            match name.ends_with(&address) {
                true => String::from(name),
                false => format!("{name} ({address})"),
            }
        }
        (Some(address), _) => address.to_string(),
        (None, Some(endpoint)) => String::from(endpoint),
        (None, None) => String::from("the server"),
    }
}
