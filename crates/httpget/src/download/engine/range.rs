//! Range faults as failures of an attempt.

use super::attempt::Failure;
use crate::download::resume::RangeFault;
use crate::error::{Error, ErrorKind};
use crate::response::Response;

/// Returns an error if the number of bytes differs from the announced `length`.
pub(super) fn check_length(
    response: &Response,
    length: Option<u64>,
    sent: Option<u64>,
) -> Result<(), Failure> {
    match (length, sent) {
        (Some(length), Some(sent)) if sent != length => {
            Err(range(RangeFault::Length { range: length, sent }, response))
        }
        _ => Ok(()),
    }
}

/// Returns the failure for `fault`. A body without Content-Length ends with the connection and may
/// have been truncated.
pub(super) fn range(fault: RangeFault, response: &Response) -> Failure {
    let error = match fault {
        RangeFault::Length { range, sent }
            if response.content_length().is_none() && sent < range =>
        {
            Error::new(ErrorKind::BodyTruncated { received: sent, expected: Some(range) })
        }
        fault => Error::new(ErrorKind::Range).with_cause(fault),
    };
    error.with_url(response.url()).into()
}
