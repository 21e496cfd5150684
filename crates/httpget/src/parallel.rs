//! Many GETs at the same time.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use netcore::CancelToken;

use crate::client::Client;
use crate::error::Error;
use crate::response::Response;

#[cfg(test)]
mod tests;

impl Client {
    /// Sends a GET for each of `urls`, at most `at_once` at the same time, in order, and follows
    /// redirects. `each` receives the index of the URL and the result, and owns the response. If
    /// `at_once` is above 1, it is called from that many threads, in the order of the responses.
    ///
    /// `urls` is read item by item, so it may be endless. Once the client's
    /// [token](Client::with_cancel) is cancelled, no further item is read. A client keeps 8 idle
    /// connections: for more at once see [`with_idle`](Client::with_idle).
    ///
    /// # Panics
    ///
    /// Panics after all threads have ended if `each` or the iterator panicked in one of them.
    ///
    /// ```no_run
    /// use std::num::NonZeroUsize;
    /// use httpget::Client;
    ///
    /// let pages = ["http://example.net/a", "http://example.net/b", "http://example.org/"];
    /// Client::new().get_all(pages, NonZeroUsize::MIN.saturating_add(3), |number, result| {
    ///     match result.and_then(|response| response.bytes(1 << 20)) {
    ///         Ok(bytes) => println!("{}: {} bytes", pages[number], bytes.len()),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// });
    /// ```
    pub fn get_all(
        &self,
        urls: impl IntoIterator<Item: AsRef<str>, IntoIter: Send>,
        at_once: NonZeroUsize,
        each: impl Fn(usize, Result<Response, Error>) + Sync,
    ) {
        let urls = urls.into_iter().enumerate();
        let threads = urls.size_hint().1.map_or(at_once.get(), |most| most.min(at_once.get()));
        let urls = Mutex::new(urls);
        let next = || urls.lock().unwrap_or_else(PoisonError::into_inner).next();
        let token = self.settings.token.as_ref();
        let is_cancelled = || token.is_some_and(CancelToken::is_cancelled);
        let work = || {
            while !is_cancelled() {
                let Some((number, url)) = next() else { break };
                each(number, self.get(url.as_ref()).send());
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // If no thread can be started, the running ones do the work.
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }
}
