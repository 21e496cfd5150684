//! Room for several datagrams.

use crate::datagram::received::Received;
use crate::sys;

/// A buffer for several datagrams, which
/// [`Datagram::recv_batch`](crate::Datagram::recv_batch) fills repeatedly.
///
/// ```
/// use std::time::Duration;
/// use netcore::datagram::Batch;
/// use netcore::{Datagram, Deadline, SocketOptions};
///
/// let patience = Duration::from_secs(5);
/// let options = SocketOptions::new();
/// let server = Datagram::bind_with("udp://127.0.0.1:0", &options)?;
/// let client = Datagram::connect(server.endpoint(), &options, Deadline::after(patience))?;
/// let to = server.local_address()?;
/// client.send_batch(&[(b"one", &to), (b"two", &to)], Deadline::after(patience))?;
///
/// let mut batch = Batch::new(32, 1500);
/// let mut seen = Vec::new();
/// while seen.len() < 2 {
///     server.recv_batch(&mut batch, Deadline::after(patience))?;
///     seen.extend(batch.iter().map(|(bytes, _)| bytes.to_vec()));
/// }
/// assert_eq!(seen, [b"one", b"two"]);
/// # Ok::<(), netcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) size: usize,
    pub(super) received: Vec<Received>,
    pub(super) names: sys::Names,
}

impl Batch {
    /// The most datagrams of one batch.
    pub const MAX: usize = sys::MAX_BATCH;

    /// Makes a buffer for `count` datagrams, from 1 to [`MAX`](Batch::MAX), of `size` bytes each,
    /// at least 1. Values beyond these limits are replaced by the nearest limit.
    ///
    /// A datagram longer than `size` is cut and marked as truncated. UDP's longest datagram has
    /// 65,507 bytes over IPv4 (RFC 768); those of most protocols fit in 1500.
    #[must_use]
    pub fn new(count: usize, size: usize) -> Batch {
        let count = count.clamp(1, Batch::MAX);
        let size = size.max(1);
        Batch {
            bytes: vec![0; count.saturating_mul(size)],
            size,
            received: Vec::with_capacity(count),
            names: sys::Names::new(count),
        }
    }

    /// Returns the datagrams of the last call, in the order of their arrival.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &Received)> {
        let slots = self.bytes.chunks_exact(self.size);
        self.received.iter().zip(slots).map(|(received, slot)| (&slot[..received.len], received))
    }
}
