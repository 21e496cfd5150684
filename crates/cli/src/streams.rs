//! Standard input, output and error, as the program uses them.

use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::exit::Failure;

/// What `sockit` reads and writes, apart from the network.
pub struct Streams {
    /// Standard input.
    pub input: Box<dyn BufRead + Send>,
    /// Whether a person types it.
    pub interactive: bool,
    /// Standard output.
    pub output: Box<dyn Write + Send>,
    /// Standard error.
    pub errors: Box<dyn Write + Send>,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("interactive", &self.interactive).finish_non_exhaustive()
    }
}

/// The streams while a command runs.
pub(crate) struct Console {
    input: Option<Box<dyn BufRead + Send>>,
    pub(crate) interactive: bool,
    pub(crate) printer: Printer,
    pub(crate) errors: Printer,
}

/// Standard output or standard error, from any thread. What is printed is whole, and flushed.
#[derive(Clone)]
pub(crate) struct Printer(Arc<Mutex<Box<dyn Write + Send>>>);

impl Printer {
    pub(crate) fn new(stream: Box<dyn Write + Send>) -> Printer {
        Printer(Arc::new(Mutex::new(stream)))
    }

    /// # Errors
    ///
    /// As [`Failure::output`] reads it.
    pub(crate) fn print(&self, text: &[u8]) -> Result<(), Failure> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let printed = output.write_all(text).and_then(|()| output.flush());
        printed.map_err(|e| Failure::output(&e))
    }
}

impl Console {
    pub(crate) fn new(streams: Streams) -> Console {
        let Streams { input, interactive, output, errors } = streams;
        let [printer, errors] = [output, errors].map(Printer::new);
        Console { input: Some(input), interactive, printer, errors }
    }

    /// Standard input, which one part of the program reads.
    pub(crate) fn input(&mut self) -> Box<dyn BufRead + Send> {
        self.input.take().unwrap_or_else(|| Box::new(std::io::empty()))
    }

    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.printer.print(text.as_bytes())
    }

    /// One line on standard error.
    pub(crate) fn complain(&mut self, words: &str) {
        self.complain_in_full(&format!("sockit: {words}\n"));
    }

    /// Where that fails too, nobody is left to tell.
    pub(crate) fn complain_in_full(&mut self, text: &str) {
        let _ = self.errors.print(text.as_bytes());
    }
}
