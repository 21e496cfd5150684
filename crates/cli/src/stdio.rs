//! Standard input, output and error of the program, also if they are closed or non-blocking.

mod text_lines;

use std::io::{self, BufRead, Read, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, poll};
#[cfg(unix)]
use rustix::io::Errno;

use crate::exit::Failure;
#[cfg(unix)]
use crate::foreground;
pub(crate) use text_lines::{NotUtf8, TextLines};

/// The streams that `sockit` reads and writes, apart from the network.
pub struct Streams {
    /// Standard input.
    pub input: Box<dyn BufRead + Send>,
    /// `true` if a person types standard input.
    pub interactive: bool,
    /// Standard output.
    pub output: Box<dyn Write + Send>,
    /// Standard error.
    pub errors: Box<dyn Write + Send>,
}

impl Streams {
    /// Returns the streams of the process. `interactive` is `true` if a person types the input.
    pub fn of_process(interactive: bool) -> Streams {
        #[cfg(unix)]
        keep_closed();
        Streams {
            input: Box::new(io::BufReader::new(Standard(io::stdin()))),
            interactive,
            output: Box::new(Standard(io::stdout())),
            errors: Box::new(Standard(io::stderr())),
        }
    }
}

/// Returns standard input for the kernel's own copy, not through that of [`Streams`].
#[cfg(unix)]
pub(crate) fn input() -> Result<io::Stdin, Failure> {
    Ok(io::stdin())
}

/// Returns standard input for a transfer, not through that of [`Streams`]. A thread reads it into a
/// stream, since Windows cannot wait for it. Every call returns the same stream, so that no
/// connection takes the input of the next one.
#[cfg(not(unix))]
pub(crate) fn input() -> Result<netcore::Stream, Failure> {
    static INPUT: Mutex<Option<netcore::Stream>> = Mutex::new(None);

    let mut input = INPUT.lock().unwrap_or_else(PoisonError::into_inner);
    let stream = match input.take() {
        Some(stream) => stream,
        None => netcore::transfer::pollable(io::stdin())?,
    };
    Ok(input.insert(stream).try_clone()?)
}

/// Replaces a closed standard output with a descriptor that refuses every write. std has opened
/// `/dev/null` there, so output would vanish and the program would exit with 0.
#[cfg(unix)]
fn keep_closed() {
    if !netcore::stdio::standard_output_was_closed() {
        return;
    }
    // This does not fail: std aborts the program if `/dev/null` cannot be opened.
    if let Ok(unwritable) = std::fs::File::open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(unwritable);
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("interactive", &self.interactive).finish_non_exhaustive()
    }
}

/// A standard stream of the process, without a buffer.
///
/// Other processes share its blocking mode: a parent may have made a pipe or terminal non-blocking.
/// A read then waits for input, and a write until all of it is written. std's handles would fail
/// with `WouldBlock` instead, and report success if the descriptor is not open.
pub(crate) struct Standard<S>(pub(crate) S);

#[cfg(unix)]
impl<S: AsFd> Read for Standard<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(&self.0, &mut *buffer) {
                Err(Errno::AGAIN) => {
                    poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None)?;
                }
                // The terminal is another program's, and SIGTTIN is ignored (POSIX 11.1.4).
                Err(Errno::IO) if foreground::wait(&self.0).is_ok() => {}
                read => return Ok(read?),
            }
        }
    }
}

#[cfg(not(unix))]
impl<S: Read> Read for Standard<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

#[cfg(unix)]
impl<S: AsFd> Write for Standard<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match rustix::io::write(&self.0, bytes) {
            Err(Errno::AGAIN) => {
                netcore::transfer::write_all_to(&self.0, bytes, netcore::Deadline::never())?;
                Ok(bytes.len())
            }
            written => Ok(written?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl<S: Write> Write for Standard<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The streams of a running command.
pub(crate) struct Stdio {
    input: Option<Box<dyn BufRead + Send>>,
    pub(crate) interactive: bool,
    pub(crate) printer: Printer,
    pub(crate) errors: Printer,
}

/// Standard output or standard error, for any thread. Each text is written as a whole and flushed.
#[derive(Clone)]
pub(crate) struct Printer(Arc<Mutex<Box<dyn Write + Send>>>);

impl Printer {
    pub(crate) fn new(stream: Box<dyn Write + Send>) -> Printer {
        Printer(Arc::new(Mutex::new(stream)))
    }

    /// Prints `text`.
    ///
    /// # Errors
    ///
    /// As [`Failure::output`] converts it.
    pub(crate) fn print(&self, text: &[u8]) -> Result<(), Failure> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let printed = output.write_all(text).and_then(|()| output.flush());
        printed.map_err(|error| Failure::output(&error))
    }
}

impl Stdio {
    pub(crate) fn new(streams: Streams) -> Stdio {
        let Streams { input, interactive, output, errors } = streams;
        let [printer, errors] = [output, errors].map(Printer::new);
        Stdio { input: Some(input), interactive, printer, errors }
    }

    /// Takes standard input. Only one part of the program reads it; a second call returns an empty
    /// input.
    pub(crate) fn input(&mut self) -> Box<dyn BufRead + Send> {
        self.input.take().unwrap_or_else(|| Box::new(std::io::empty()))
    }

    /// Prints text on standard output.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.printer.print(text.as_bytes())
    }

    /// Prints `sockit: ` and a message as one line on standard error.
    pub(crate) fn print_error(&self, message: &str) {
        self.print_error_text(&format!("sockit: {message}\n"));
    }

    /// Prints text on standard error. An error is ignored, because there is no other stream to
    /// report to.
    pub(crate) fn print_error_text(&self, text: &str) {
        let _ = self.errors.print(text.as_bytes());
    }
}
