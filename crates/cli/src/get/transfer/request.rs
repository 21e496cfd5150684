//! The request of a transfer, and its download, as the command line describes them.

use httpget::Request;
use httpget::download::{Backoff, Download};

use super::Transfers;

impl Transfers<'_> {
    /// Returns the request for a URL.
    pub(super) fn request(&self, url: &str) -> Request {
        let args = self.args;
        let request = match args.request.head {
            true => self.client.head(url),
            false => self.client.get(url),
        };
        let rate = args.network.limit_rate.filter(|rate| *rate > 0).map(|rate| rate as u64);
        let refers = args.request.referer.as_deref().is_some_and(|text| text.ends_with(";auto"));
        let mut request = self
            .access
            .authorize(request)
            .with_redirects(!args.no_location)
            .with_raw(args.raw)
            .with_max_rate(rate)
            .with_auto_referer(refers);
        if args.http10 {
            request = request.with_http_1_0();
        }
        request
    }

    /// Returns the download of a request.
    pub(super) fn download(&self, request: Request) -> Download {
        let args = self.args;
        let mut download = Download::new(request).with_resume(args.resume).with_retries(args.retry);
        if let Some(segments) = args.segments {
            download = download.with_segments(segments);
        }
        // As in curl, 0 means the default.
        if let Some(wait) = args.retry_delay.filter(|wait| !wait.is_zero()) {
            download = download.with_backoff(Backoff::steady(wait));
        }
        if let Some(time) = args.retry_max_time.filter(|time| !time.is_zero()) {
            download = download.with_retry_time(time);
        }
        let download =
            download.with_retry_any_error(args.retry_all_errors).with_replace(!args.no_clobber);
        download.with_error_content(!args.fail)
    }
}
