//! What the workers of a chat share: the log, and who is there.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Config;
use crate::log::Log;
use crate::name::{self, NameError};

/// A client, for as long as it is there. Numbers go up in the order of coming and are never used
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientId(u64);

/// What an operator wants of one client.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    Tell(String),
    Kick,
}

/// Orders that wait to be carried out.
const MAX_ORDERS: usize = 1024;

#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) config: Config,
    pub(crate) log: Arc<Log>,
    roster: Mutex<Roster>,
    /// How many orders there are: a worker looks at each turn, and mostly there is none.
    orders: AtomicUsize,
}

#[derive(Debug, Default)]
struct Roster {
    last: u64,
    clients: BTreeMap<ClientId, Arc<str>>,
    /// Chosen names, folded.
    taken: HashMap<String, ClientId>,
    orders: Vec<(ClientId, Order)>,
}

impl Hub {
    pub(crate) fn new(config: Config) -> Hub {
        let log = Arc::new(Log::new(config.history, config.far_behind()));
        Hub { config, log, roster: Mutex::default(), orders: AtomicUsize::new(0) }
    }

    /// A client has come. `None` for its name: it gets one with its number.
    pub(crate) fn join(&self, name: Option<&str>) -> (ClientId, Arc<str>) {
        let mut roster = self.roster();
        roster.last += 1;
        let id = ClientId(roster.last);
        let name: Arc<str> = name.map_or_else(|| format!("unix:{}", id.0).into(), Arc::from);
        roster.clients.insert(id, name.clone());
        (id, name)
    }

    /// A client has gone.
    pub(crate) fn leave(&self, id: ClientId) {
        let mut roster = self.roster();
        if let Some(name) = roster.clients.remove(&id) {
            roster.free(&name, id);
        }
        drop(roster);
        if self.orders.load(Ordering::Acquire) > 0 {
            // Those that came too late for it.
            self.take_orders(id);
        }
    }

    /// Gives a client the name that it chose.
    ///
    /// # Errors
    ///
    /// What the name lacks, or that another client has it.
    pub(crate) fn rename(&self, id: ClientId, name: &str) -> Result<Arc<str>, NameError> {
        name::check(name)?;
        let folded = name::fold(name);
        let mut roster = self.roster();
        if roster.taken.get(&folded).is_some_and(|other| *other != id) {
            return Err(NameError::Taken);
        }
        let new: Arc<str> = name.into();
        if let Some(old) = roster.clients.insert(id, new.clone()) {
            roster.free(&old, id);
        }
        roster.taken.insert(folded, id);
        Ok(new)
    }

    /// How many there are, and the names of the first `most` of them, in the order of their coming.
    pub(crate) fn who(&self, most: usize) -> (usize, Vec<Arc<str>>) {
        let roster = self.roster();
        (roster.clients.len(), roster.clients.values().take(most).cloned().collect())
    }

    /// Gives an order about the client that is called `name`. `false`: there is none, or too many
    /// orders wait already.
    pub(crate) fn order(&self, name: &str, order: Order) -> bool {
        let mut roster = self.roster();
        let chosen = roster.taken.get(&name::fold(name)).copied();
        let by_address = || roster.clients.iter().find(|(_, n)| &***n == name).map(|(id, _)| *id);
        let Some(id) = chosen.or_else(by_address) else { return false };
        if roster.orders.len() >= MAX_ORDERS {
            return false;
        }
        roster.orders.push((id, order));
        self.orders.store(roster.orders.len(), Ordering::Release);
        drop(roster);
        self.log.wake_all();
        true
    }

    /// The clients that there are orders about.
    pub(crate) fn ordered(&self) -> Vec<ClientId> {
        if self.orders.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        self.roster().orders.iter().map(|(id, _)| *id).collect()
    }

    /// The orders about the client `id`, which its worker carries out.
    pub(crate) fn take_orders(&self, id: ClientId) -> Vec<Order> {
        let mut roster = self.roster();
        let orders = std::mem::take(&mut roster.orders);
        let (taken, left): (Vec<_>, Vec<_>) = orders.into_iter().partition(|(who, _)| *who == id);
        self.orders.store(left.len(), Ordering::Release);
        roster.orders = left;
        taken.into_iter().map(|(_, order)| order).collect()
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        // Every change of it is complete before the lock is given back.
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Roster {
    /// Gives the chosen name back; names that were not chosen are in nobody's way.
    fn free(&mut self, name: &str, id: ClientId) {
        let folded = name::fold(name);
        if self.taken.get(&folded) == Some(&id) {
            self.taken.remove(&folded);
        }
    }
}
