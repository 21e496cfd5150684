//! The way to one client.

use bytes::Bytes;

/// The way to one client: what a [`Seat`](crate::Seat) does with what it has for it.
///
/// With the feature `server`, `netcore::server::Output` is one.
pub trait Outbox {
    /// Sends a copy of `bytes`.
    fn send(&mut self, bytes: &[u8]);

    /// Sends `bytes`, which many clients share.
    fn share(&mut self, bytes: Bytes);

    /// How many bytes of earlier calls the client has not taken.
    fn waiting(&self) -> usize;

    /// Asks for a call of [`Seat::feed`](crate::Seat::feed) once everything is taken.
    fn more(&mut self);

    /// While held, nothing more is read from the client.
    fn hold(&mut self, hold: bool);

    /// Closes the connection once everything before is sent. What comes after it is dropped.
    fn close(&mut self);

    /// Closes the connection now.
    fn abort(&mut self);
}
