//! The output of one client, as a shard uses it.

use bytes::Bytes;

/// The output of one client: the calls by which a [`Shard`](crate::Shard) sends and controls it.
///
/// With the feature `server`, `netcore::server::Output` implements it.
pub trait ClientOutput {
    /// Sends a copy of `bytes`.
    fn send(&mut self, bytes: &[u8]);

    /// Sends `bytes`, which many clients share, without a copy.
    fn share(&mut self, bytes: Bytes);

    /// Returns the number of bytes of earlier calls that are unsent.
    fn unsent(&self) -> usize;

    /// Requests a call of [`Shard::handle_writable`](crate::Shard::handle_writable) once everything
    /// is sent.
    fn call_when_flushed(&mut self);

    /// Stops reading from the client.
    fn pause_reading(&mut self);

    /// Reads from the client again.
    fn resume_reading(&mut self);

    /// Closes the connection once all earlier output is sent. Later output is dropped.
    fn close(&mut self);

    /// Closes the connection now and drops unsent output.
    fn abort(&mut self);
}
