//! The source of a response, by the request that it answers.

use http::header::HOST;

use crate::download::resume::Source;
use crate::run::PreparedRequest;
use crate::url::Url;

/// Returns the source of a response from `found` to `prepared`.
pub(super) fn source(prepared: &PreparedRequest, found: &Url) -> Source {
    let PreparedRequest { url, head, .. } = prepared;
    let source = Source::of(url, found);
    match head.value(&HOST).filter(|host| *host != url.host_value()) {
        Some(host) => source.with_host(host),
        None => source,
    }
}
