//! A server to ping, and its results.

use std::time::{Duration, Instant};

use netcore::Endpoint;
use timestamp::Service;
use timestamp::ping::{Event, Statistics};

#[cfg(feature = "plot")]
use super::series::Series;
use crate::exit::{self, Failure};

/// A server, and the results of its ping so far.
pub(super) struct Target {
    pub(super) endpoint: String,
    /// The address, once it is connected.
    pub(super) address: Option<String>,
    /// `true` if lines name the endpoint instead of the address, as they do with several servers.
    pub(super) by_endpoint: bool,
    pub(super) service: Service,
    pub(super) statistics: Statistics,
    /// The reason for the lack of a reply, and its exit code.
    pub(super) failure: Option<Failure>,
    pub(super) begin: Instant,
    pub(super) end: Option<Instant>,
    #[cfg(feature = "plot")]
    pub(super) series: Series,
}

impl Target {
    /// Makes a target without results. `is_single` is `true` if there is only one.
    pub(super) fn new(endpoint: &Endpoint, is_single: bool, service: Service) -> Target {
        Target {
            endpoint: endpoint.to_string(),
            address: None,
            by_endpoint: !is_single,
            service,
            statistics: Statistics::default(),
            failure: None,
            begin: Instant::now(),
            end: None,
            #[cfg(feature = "plot")]
            series: Series::default(),
        }
    }

    /// Adds an event to the results.
    pub(super) fn add(&mut self, event: &Event) {
        self.statistics.add(event);
        if let Event::Connected(address) = event {
            self.address = Some(address.to_string());
        }
        if let Event::Foreign(begin) = event {
            self.failure = Some(Failure::new(exit::RECEIVE_ERROR, self.foreign_message(begin)));
        }
        #[cfg(feature = "plot")]
        self.series.add(self.begin.elapsed(), event);
    }

    /// Returns the name of the server in lines.
    pub(super) fn name(&self) -> &str {
        self.address.as_deref().filter(|_| !self.by_endpoint).unwrap_or(&self.endpoint)
    }

    /// Returns the duration of the ping so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.end.unwrap_or_else(Instant::now) - self.begin
    }

    /// Returns the message about a server that does not speak the service, with the begin of its
    /// data.
    pub(super) fn foreign_message(&self, begin: &[u8]) -> String {
        let (endpoint, service) = (&self.endpoint, self.service);
        let begin = String::from_utf8_lossy(begin);
        format!("ping {endpoint}: not a server of the service {service}; it sent: {begin}")
    }
}
