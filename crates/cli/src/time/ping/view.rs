//! The view of a running ping: lines, JSON objects, or a table on a terminal.

use std::io::{self, IsTerminal};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use timestamp::ping::Event;

use super::report;
use super::target::Target;
use crate::args::common::Common;
use crate::escape;
use crate::exit::{self, Failure};
use crate::stdio::Stdio;

/// One line of the table, cut to the width of the terminal.
pub(super) const LINE: &str = "{wide_msg}";

/// The way in which events are printed.
pub(super) enum View<'a> {
    /// Only failures.
    Quiet(&'a Stdio),
    /// A line per event.
    Lines(&'a Stdio),
    /// A JSON object per event.
    Json(&'a Stdio),
    /// A line per server, updated in place.
    Table(MultiProgress, Vec<ProgressBar>),
}

impl<'a> View<'a> {
    /// Selects the view for the command line and the terminal.
    pub(super) fn new(targets: usize, common: &Common, stdio: &'a Stdio) -> View<'a> {
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
            // This does not fail: the template is a constant, and a test uses it.
            if let Ok(style) = ProgressStyle::with_template(LINE) {
                bar.set_style(style);
            }
            bar
        };
        let bars = (0..targets).map(|_| line()).collect();
        View::Table(table, bars)
    }

    /// Prints an event.
    pub(super) fn show(&self, index: usize, target: &Target, event: &Event) -> Result<(), Failure> {
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
                        log::warn!("{}", escape::to_show(&target.foreign_message(begin)));
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

    /// Reports that a server cannot be reached: immediately, or in its line of the table.
    pub(super) fn give_up(&self, index: usize, target: &Target, error: &netcore::Error) -> Failure {
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

    /// Removes the table from the terminal.
    pub(super) fn clear(&self) {
        if let View::Table(table, _) = self {
            // An error means that there is no terminal to clear.
            let _ = table.clear();
        }
    }
}
