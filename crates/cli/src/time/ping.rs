//! `sockit time ping`.

mod histogram;
#[cfg(feature = "plot")]
mod plot;
mod report;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use netcore::{Connector, Endpoint, Operation};
use timestamp::ping::{Event, Plan, Prober, Statistics};
use timestamp::{Service, Zone};

use crate::args::common::Common;
use crate::args::time::TimePing;
use crate::exit::{self, Failure};
use crate::serve::Signals;
use crate::stdio::Stdio;
use crate::{escape, threads};

/// How many events may wait for being printed. At that, the probes wait too.
const BACKLOG: usize = 1024;

/// What the threads tell. They end with the program.
enum Told {
    Happened(usize, Event),
    Ended(usize),
    /// The server could not be reached at the first attempt, and the ping of it is over.
    Unreachable(usize, netcore::Error),
    Stop,
}

/// One of the servers, and what is known of it.
struct Target {
    endpoint: String,
    /// As the system has it, once it is reached.
    address: Option<String>,
    /// Whether lines call it by its endpoint: with several, addresses do not tell them apart.
    by_endpoint: bool,
    service: Service,
    statistics: Statistics,
    /// The reason for which nothing came back, and its exit code.
    failure: Option<Failure>,
    begin: Instant,
    end: Option<Instant>,
    #[cfg(feature = "plot")]
    series: plot::Series,
}

/// How the events are shown.
enum View<'a> {
    /// Not at all, except for failures.
    Quiet(&'a Stdio),
    /// A line for each.
    Lines(&'a Stdio),
    /// An object for each.
    Json(&'a Stdio),
    /// A line for each server, kept up to date.
    Table(MultiProgress, Vec<ProgressBar>),
}

/// `sockit time ping`
pub(crate) fn ping(args: TimePing, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoints: Vec<Endpoint> =
        args.endpoints.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    #[cfg(feature = "plot")]
    let picture = args.plot.as_deref().map(plot::Picture::create).transpose()?;
    let is_single = endpoints.len() == 1;
    let mut targets: Vec<Target> =
        endpoints.iter().map(|endpoint| Target::new(endpoint, is_single, args.service)).collect();
    let view = View::new(targets.len(), common, stdio);
    let (tell, told) = mpsc::sync_channel(BACKLOG);
    let stopped = Arc::new(AtomicBool::new(false));
    let (stop, stops) = (tell.clone(), stopped.clone());
    let signals = Signals::watch(move |_| {
        stops.store(true, Ordering::Relaxed);
        // A full channel needs no such event: the loop is about to read another.
        let _ = stop.try_send(Told::Stop);
    })?;
    signals.set_printing(true);
    start(endpoints, &args, &tell)?;
    let mut left = targets.len();
    while left > 0 && !stopped.load(Ordering::Relaxed) {
        match told.recv() {
            Ok(Told::Happened(index, event)) => {
                let target = &mut targets[index];
                target.add(&event);
                view.show(index, target, &event)?;
            }
            Ok(Told::Ended(index)) => {
                targets[index].end = Some(Instant::now());
                left -= 1;
            }
            Ok(Told::Unreachable(index, error)) => {
                targets[index].failure = Some(view.give_up(index, &targets[index], &error));
                left -= 1;
            }
            Ok(Told::Stop) | Err(_) => break,
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

/// Prints the end of each, except of those that were never reached.
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

/// The first endpoint from which nothing came back decides the exit code, and each says why.
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

/// Returns `true` if `error` belongs to the way to a server.
fn is_first(error: &netcore::Error) -> bool {
    matches!(error.operation(), Operation::Resolve | Operation::Connect | Operation::Open)
}

/// A thread for each server.
fn start(
    endpoints: Vec<Endpoint>,
    args: &TimePing,
    tell: &SyncSender<Told>,
) -> Result<(), Failure> {
    let plan = Plan::default()
        .with_interval(args.interval)
        .with_timeout(args.timeout)
        .with_count(args.count)
        .with_deadline(args.deadline);
    let zone = if args.utc { Zone::Utc } else { Zone::Local };
    let connector = Connector::new().with_family(args.families.wanted());
    for (index, endpoint) in endpoints.into_iter().enumerate() {
        // Its keys are from the system's generator of random numbers.
        let nonce = RandomState::new().hash_one(index);
        let prober = Prober::new(endpoint, args.service, zone, plan.clone(), nonce)
            .with_connector(connector.clone());
        let tell = tell.clone();
        threads::start("ping", move || run(prober, index, &tell))?;
    }
    Ok(())
}

/// Tells the events of one server until the ping of it is over.
fn run(prober: Prober, index: usize, tell: &SyncSender<Told>) {
    let mut is_reached = false;
    for event in prober {
        is_reached |= matches!(event, Event::Connected(_));
        match event {
            Event::Error(error) if !is_reached && is_first(&error) => {
                return tell_of(tell, Told::Unreachable(index, error));
            }
            event => tell_of(tell, Told::Happened(index, event)),
        }
    }
    tell_of(tell, Told::Ended(index));
}

fn tell_of(tell: &SyncSender<Told>, told: Told) {
    // Nobody hears it when the end has come already.
    let _ = tell.send(told);
}

impl Target {
    fn new(endpoint: &Endpoint, is_single: bool, service: Service) -> Target {
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
            series: plot::Series::default(),
        }
    }

    fn add(&mut self, event: &Event) {
        self.statistics.add(event);
        if let Event::Connected(address) = event {
            self.address = Some(address.to_string());
        }
        if let Event::Foreign(begin) = event {
            self.failure = Some(Failure::new(exit::RECEIVE_ERROR, self.foreign_words(begin)));
        }
        #[cfg(feature = "plot")]
        self.series.add(self.begin.elapsed(), event);
    }

    /// What lines call it.
    fn name(&self) -> &str {
        self.address.as_deref().filter(|_| !self.by_endpoint).unwrap_or(&self.endpoint)
    }

    fn elapsed(&self) -> Duration {
        self.end.unwrap_or_else(Instant::now) - self.begin
    }

    /// Says that the server is of another kind.
    fn foreign_words(&self, begin: &[u8]) -> String {
        let (endpoint, service) = (&self.endpoint, self.service);
        let begin = String::from_utf8_lossy(begin);
        format!("ping {endpoint}: not a server of the service {service}; it says: {begin}")
    }
}

impl<'a> View<'a> {
    fn new(targets: usize, common: &Common, stdio: &'a Stdio) -> View<'a> {
        if common.quiet {
            return View::Quiet(stdio);
        }
        if common.json {
            return View::Json(stdio);
        }
        if targets == 1 || !io::stdout().is_terminal() {
            return View::Lines(stdio);
        }
        let table = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let line = || {
            let bar = table.add(ProgressBar::no_length());
            // The template is a constant, and a test has seen it.
            if let Ok(style) = ProgressStyle::with_template(LINE) {
                bar.set_style(style);
            }
            bar
        };
        let bars = (0..targets).map(|_| line()).collect();
        View::Table(table, bars)
    }

    fn show(&self, index: usize, target: &Target, event: &Event) -> Result<(), Failure> {
        match self {
            View::Quiet(_) => Ok(()),
            View::Json(stdio) => match report::json_event(target, event) {
                Some(object) => stdio.print(&object),
                None => Ok(()),
            },
            View::Lines(stdio) => {
                match event {
                    Event::Error(error) => log::warn!("{}", exit::chain(error)),
                    Event::Foreign(begin) => {
                        log::warn!("{}", escape::to_show(&target.foreign_words(begin)));
                    }
                    _ => {}
                }
                match report::line(target, event) {
                    Some(line) => stdio.print(&line),
                    None => Ok(()),
                }
            }
            View::Table(_, bars) => {
                if let Some(row) = report::row(target, event) {
                    bars[index].set_message(row);
                }
                Ok(())
            }
        }
    }

    /// Says at once that a server can't be reached, or leaves that to the end of the table.
    fn give_up(&self, index: usize, target: &Target, error: &netcore::Error) -> Failure {
        let failure = Failure::of(error);
        match self {
            View::Table(_, bars) => {
                bars[index].set_message(format!("{}: {}", target.endpoint, error.kind()));
                failure
            }
            View::Quiet(stdio) | View::Lines(stdio) | View::Json(stdio) => {
                stdio.print_error(failure.message().unwrap_or_default());
                Failure::silent(failure.code())
            }
        }
    }

    fn clear(&self) {
        if let View::Table(table, _) = self {
            // Where that fails there is no terminal to clear.
            let _ = table.clear();
        }
    }
}

/// One line of the table, cut to the width of the terminal.
const LINE: &str = "{wide_msg}";
