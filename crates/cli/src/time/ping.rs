//! `sockit time ping`: measures round trips and the offset of the server's clock.

mod histogram;
#[cfg(feature = "plot")]
mod plot;
mod report;
#[cfg(feature = "plot")]
mod series;
mod target;
mod units;
mod view;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::Instant;

use netcore::{Connector, Endpoint, Operation};
use timestamp::Zone;
use timestamp::ping::{Event, Plan, Prober};

use crate::args::common::Common;
use crate::args::time::TimePing;
use crate::exit::{self, Failure};
use crate::signals::Signals;
use crate::stdio::Stdio;
use crate::threads;
use crate::tls::with_tls;
use target::Target;
use view::View;

#[cfg(test)]
mod tests;

/// Most events that wait for printing. At this limit, the probes wait too.
const MAX_EVENTS: usize = 1024;

/// An event from the threads, which end with the program. Numbers identify the server.
enum PingEvent {
    Happened(usize, Event),
    Ended(usize),
    /// The first attempt to connect failed, which ends the ping of this server.
    Unreachable(usize, netcore::Error),
    Stop,
}

/// Runs `sockit time ping`.
pub(crate) fn ping(args: TimePing, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoints: Vec<Endpoint> =
        args.endpoints.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let connector = Connector::new().with_family(args.families.wanted());
    let connector = with_tls(connector, &args.tls, &endpoints)?;
    #[cfg(feature = "plot")]
    let picture = args.plot.as_deref().map(plot::Picture::create).transpose()?;
    let is_single = endpoints.len() == 1;
    let mut targets: Vec<Target> =
        endpoints.iter().map(|endpoint| Target::new(endpoint, is_single, args.service)).collect();
    let view = View::new(targets.len(), common, stdio);
    let (events, incoming) = mpsc::sync_channel(MAX_EVENTS);
    let stopped = Arc::new(AtomicBool::new(false));
    let (stop, stops) = (events.clone(), stopped.clone());
    let signals = Signals::watch(move |_| {
        stops.store(true, Ordering::Relaxed);
        // A full channel needs no event: the loop then checks `stopped` anyway.
        let _ = stop.try_send(PingEvent::Stop);
    })?;
    start(endpoints, connector, &args, &events)?;
    let mut left = targets.len();
    while left > 0 && !stopped.load(Ordering::Relaxed) {
        match incoming.recv() {
            Ok(PingEvent::Happened(index, event)) => {
                let target = &mut targets[index];
                target.add(&event);
                view.show(index, target, &event)?;
            }
            Ok(PingEvent::Ended(index)) => {
                targets[index].end = Some(Instant::now());
                left -= 1;
            }
            Ok(PingEvent::Unreachable(index, error)) => {
                targets[index].failure = Some(view.give_up(index, &targets[index], &error));
                left -= 1;
            }
            Ok(PingEvent::Stop) | Err(_) => break,
        }
    }
    view.clear();
    summaries(&targets, &args, common, stdio)?;
    #[cfg(feature = "plot")]
    if let Some(picture) = picture {
        picture.draw(&targets)?;
    }
    signals.end();
    verdict(targets, stdio)
}

/// Prints the summary of each server that was reached.
fn summaries(
    targets: &[Target],
    args: &TimePing,
    common: &Common,
    stdio: &Stdio,
) -> Result<(), Failure> {
    let unreached = |target: &Target| target.address.is_none() && target.failure.is_some();
    targets.iter().filter(|target| !unreached(target)).try_for_each(|target| {
        stdio.print(&match common.json {
            true => report::json(target, args.histogram),
            false => report::text(target, args.utc, args.histogram),
        })
    })
}

/// Prints the reason for each server that did not reply. The first of them decides the exit code.
fn verdict(targets: Vec<Target>, stdio: &mut Stdio) -> Result<(), Failure> {
    let silent = targets.into_iter().filter(|target| !target.statistics.is_alive());
    let failures = silent.map(|target| target.failure.unwrap_or(Failure::silent(exit::OTHER)));
    let mut first = Ok(());
    for failure in failures {
        if let Some(message) = failure.message() {
            stdio.print_error(message);
        }
        first = first.and(Err(Failure::silent(failure.code())));
    }
    first
}

/// Returns `true` if `error` concerns connecting to a server.
fn is_connect_error(error: &netcore::Error) -> bool {
    matches!(
        error.operation(),
        Operation::Resolve | Operation::Connect | Operation::Open | Operation::Handshake
    )
}

/// Starts a thread for each server.
fn start(
    endpoints: Vec<Endpoint>,
    connector: Connector,
    args: &TimePing,
    events: &SyncSender<PingEvent>,
) -> Result<(), Failure> {
    let plan = Plan::default()
        .with_interval(args.interval)
        .with_timeout(args.timeout)
        .with_count(args.count)
        .with_deadline(args.deadline);
    let zone = if args.utc { Zone::Utc } else { Zone::Local };
    for (index, endpoint) in endpoints.into_iter().enumerate() {
        // The keys of a `RandomState` come from the system's random number generator.
        let nonce = RandomState::new().hash_one(index);
        let prober = Prober::new(endpoint, args.service, zone, plan.clone(), nonce)
            .with_connector(connector.clone());
        let events = events.clone();
        threads::start("ping", move || run(prober, index, &events))?;
    }
    Ok(())
}

/// Sends the events of one server until its ping is over.
fn run(prober: Prober, index: usize, events: &SyncSender<PingEvent>) {
    let mut is_reached = false;
    for event in prober {
        is_reached |= matches!(event, Event::Connected(_));
        match event {
            Event::Error(error) if !is_reached && is_connect_error(&error) => {
                return notify(events, PingEvent::Unreachable(index, error));
            }
            event => notify(events, PingEvent::Happened(index, event)),
        }
    }
    notify(events, PingEvent::Ended(index));
}

fn notify(events: &SyncSender<PingEvent>, event: PingEvent) {
    // The receiver is gone once the command has ended.
    let _ = events.send(event);
}
