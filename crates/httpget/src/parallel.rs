#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::client::Client;
use crate::error::Error;
use crate::response::Response;

impl Client {
    /// GETs all of `urls`, at most `at_once` of them at the same time, each begun in its turn and
    /// redirects followed. `each` gets the number of the URL, from 0, and what came of it, and has
    /// the body to itself; with `at_once` above 1 it is called from that many threads, in the order
    /// in which the responses come.
    ///
    /// `urls` are asked for one by one, so there may be any number of them. A client keeps 8 idle
    /// connections: for more at once see [`with_idle`](Client::with_idle).
    ///
    /// # Panics
    ///
    /// Once all threads have ended, if `each` or the iterator has panicked in one of them.
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
        let work = || {
            while let Some((number, url)) = next() {
                each(number, self.get(url.as_ref()).send());
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // Without another thread the ones that there are do the work.
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }
}
