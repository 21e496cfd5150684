// One example of the front page is a download.
#![cfg_attr(feature = "download", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "download"),
    doc = "An HTTP/1.1 GET client. The front page needs the feature `download`."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
mod connection;
#[cfg(feature = "cookies")]
pub mod cookies;
mod deadlines;
#[cfg(feature = "digest")]
pub mod digest;
#[cfg(feature = "download")]
pub mod download;
mod error;
mod event;
#[cfg(test)]
mod fixture;
// The page's examples are tests, of this crate with all of its features.
#[cfg(all(doctest, feature = "cookies", feature = "download", feature = "tls"))]
#[doc = include_str!("../../../docs/from-curl.md")]
mod from_curl {}
mod limits;
mod min_speed;
#[cfg(feature = "netrc")]
pub mod netrc;
mod pace;
mod parallel;
mod pool;
pub mod protocol;
#[cfg(feature = "proxy")]
pub mod proxy;
mod request;
mod response;
#[cfg(feature = "proxy")]
mod route;
#[cfg(not(feature = "proxy"))]
#[path = "route/direct.rs"]
mod route;
mod run;
mod timeouts;
mod timings;
mod url;

pub use body::Body;
pub use client::Client;
pub use error::{Error, ErrorKind};
pub use event::{CloseReason, Event};
pub use limits::Limits;
pub use min_speed::MinSpeed;
pub use request::{Request, get};
pub use response::Response;
pub use timeouts::{Phase, Timeout, Timeouts};
pub use timings::Timings;
pub use url::{Credentials, InvalidCredentials, Origin, ParseUrlError, Scheme, Url};

pub use http;
/// The crate of the connectors, deadlines, addresses and errors in this API.
pub use netcore;
#[doc(inline)]
pub use netcore::CancelToken;
#[doc(inline)]
pub use netcore::Secret;
