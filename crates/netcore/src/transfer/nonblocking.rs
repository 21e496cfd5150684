//! A guard for the blocking mode of a stream.

use crate::error::Error;
use crate::stream::Stream;

/// A stream in non-blocking mode for some time: the kernel's own copy has no flag for a single
/// call.
#[derive(Debug)]
pub(crate) struct Nonblocking<'a>(Option<&'a Stream>);

impl Nonblocking<'_> {
    pub(crate) fn set(stream: &Stream) -> Result<Nonblocking<'_>, Error> {
        // Over TLS there is no such copy, and each call says by itself that it does not wait.
        if stream.is_encrypted() || stream.is_nonblocking() {
            return Ok(Nonblocking(None));
        }
        stream.set_nonblocking(true)?;
        Ok(Nonblocking(Some(stream)))
    }
}

impl Drop for Nonblocking<'_> {
    fn drop(&mut self) {
        if let Some(stream) = self.0 {
            // This fails only for a descriptor that is not open.
            let _ = stream.set_nonblocking(false);
        }
    }
}
