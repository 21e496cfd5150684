//! A limit on the connections of each address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::service::Rejection;
use crate::address::Address;
use crate::address::group::AddressGroup;
use crate::lock::lock;
use crate::throttle::Throttle;

#[cfg(test)]
mod tests;

/// Interval of the log lines about rejected addresses.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// A limit on the connections of each [`AddressGroup`]: an IPv4 address, or a `/64` of IPv6. Unix
/// sockets are not limited.
///
/// Clones share the counts, so servers whose configurations have clones of one limit share it. TLS
/// handshakes are counted apart, up to the same limit. A peer over TLS therefore learns after its
/// handshake why it is rejected, and no address can take all handshakes.
///
/// ```
/// use netcore::server::{AddressLimit, Config};
///
/// let config = Config::default().with_address_limit(Some(AddressLimit::new(20)));
/// ```
#[derive(Debug, Clone)]
pub struct AddressLimit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    counts: Mutex<HashMap<AddressGroup, Counts>>,
    throttle: Mutex<Throttle>,
}

/// The connections of one group.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    handshakes: usize,
    served: usize,
}

/// The kind of a connection that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Handshake,
    Served,
}

/// One counted connection. Dropping it gives the place back.
#[derive(Debug)]
struct Place {
    limit: AddressLimit,
    group: AddressGroup,
    stage: Stage,
}

/// Two limits are equal if they share their counts.
impl PartialEq for AddressLimit {
    fn eq(&self, other: &AddressLimit) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for AddressLimit {}

impl AddressLimit {
    /// Returns a limit of `limit` connections for each address. Zero means one.
    #[must_use]
    pub fn new(limit: usize) -> AddressLimit {
        AddressLimit(Arc::new(Shared {
            limit: limit.max(1),
            counts: Mutex::default(),
            throttle: Mutex::new(Throttle::new(LOG_INTERVAL)),
        }))
    }

    /// Counts one more connection of a group.
    fn take(&self, group: AddressGroup, stage: Stage) -> Result<Place, Rejection> {
        let mut counts = lock(&self.0.counts);
        let count = counts.entry(group).or_default().of(stage);
        if *count < self.0.limit {
            *count += 1;
            return Ok(Place { limit: self.clone(), group, stage });
        }
        drop(counts);
        let limit = self.0.limit;
        if lock(&self.0.throttle).allows(Instant::now()) {
            log::warn!("{group}: rejected: it has {limit} connections, the limit of an address");
        }
        Err(Rejection::AddressFull { limit })
    }

    /// Counts one connection of a group less.
    fn give_back(&self, group: AddressGroup, stage: Stage) {
        let mut counts = lock(&self.0.counts);
        let Some(of_group) = counts.get_mut(&group) else { return };
        *of_group.of(stage) -= 1;
        if of_group.handshakes + of_group.served == 0 {
            counts.remove(&group);
        }
    }

    #[cfg(test)]
    fn groups(&self) -> usize {
        lock(&self.0.counts).len()
    }
}

impl Counts {
    fn of(&mut self, stage: Stage) -> &mut usize {
        match stage {
            Stage::Handshake => &mut self.handshakes,
            Stage::Served => &mut self.served,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limit.give_back(self.group, self.stage);
    }
}

/// The places of one worker's connections, by the index of their slots.
#[derive(Debug)]
pub(super) struct Places {
    limit: Option<AddressLimit>,
    held: HashMap<u32, Place>,
}

/// A place that belongs to no connection yet; `None` where nothing is counted.
#[derive(Debug)]
pub(super) struct NewPlace(Option<Place>);

impl Places {
    pub(super) fn new(limit: Option<AddressLimit>) -> Places {
        Places { limit, held: HashMap::new() }
    }

    /// Counts a connection of `peer`.
    ///
    /// # Errors
    ///
    /// [`Rejection::AddressFull`] if the peer's address has as many connections as it may.
    pub(super) fn take(&self, peer: &Address, stage: Stage) -> Result<NewPlace, Rejection> {
        let Some(limit) = &self.limit else { return Ok(NewPlace(None)) };
        let Some(group) = AddressGroup::of(peer) else { return Ok(NewPlace(None)) };
        limit.take(group, stage).map(|place| NewPlace(Some(place)))
    }

    /// Gives a place to the connection in the slot `index`.
    pub(super) fn hold(&mut self, index: u32, place: NewPlace) {
        if let Some(place) = place.0 {
            self.held.insert(index, place);
        }
    }

    /// Counts a connection whose handshake is done as a served one.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take). The connection stays counted as a handshake then.
    pub(super) fn establish(&mut self, index: u32) -> Result<(), Rejection> {
        let Some(place) = self.held.get_mut(&index) else { return Ok(()) };
        *place = place.limit.take(place.group, Stage::Served)?;
        Ok(())
    }

    /// Gives the place of a released connection back.
    pub(super) fn release(&mut self, index: u32) {
        // Without a limit there is nothing to look up.
        if !self.held.is_empty() {
            self.held.remove(&index);
        }
    }
}
