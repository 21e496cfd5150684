//! Ctrl-C and the other events by which a console of Windows asks a program to end.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
    SetConsoleCtrlHandler,
};
use windows_sys::core::BOOL;

/// The time that the system leaves a program at most after its console was closed.
const CLOSING: Duration = Duration::from_secs(30);

/// An event by which a console asks a program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interrupt {
    /// Ctrl-C.
    Key,
    /// Ctrl-Break, and the request of another program.
    Break,
    /// The console was closed, the user logs off, or the system stops. The system ends the program
    /// after some seconds.
    Close,
}

type Handler = Box<dyn Fn(Interrupt) + Send>;

static HANDLERS: Mutex<Vec<Handler>> = Mutex::new(Vec::new());

/// Calls `handler` at each event of the console from now on, on a thread of the system, instead of
/// ending the program. Several handlers are called in the order of their registration.
///
/// After [`Interrupt::Close`] the program has to end by itself within some seconds.
///
/// # Errors
///
/// The system's, as of SetConsoleCtrlHandler.
pub fn on_interrupt(handler: impl Fn(Interrupt) + Send + 'static) -> io::Result<()> {
    let mut handlers = HANDLERS.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the function lives as long as the program, and may be called on any thread.
    if handlers.is_empty() && unsafe { SetConsoleCtrlHandler(Some(notify), 1) } == 0 {
        return Err(io::Error::last_os_error());
    }
    handlers.push(Box::new(handler));
    Ok(())
}

/// Returns 0 for an event that the system handles.
unsafe extern "system" fn notify(event: u32) -> BOOL {
    let interrupt = match event {
        CTRL_C_EVENT => Interrupt::Key,
        CTRL_BREAK_EVENT => Interrupt::Break,
        CTRL_CLOSE_EVENT | CTRL_LOGOFF_EVENT | CTRL_SHUTDOWN_EVENT => Interrupt::Close,
        _ => return 0,
    };
    let handlers = HANDLERS.lock().unwrap_or_else(PoisonError::into_inner);
    handlers.iter().for_each(|handler| handler(interrupt));
    drop(handlers);
    if interrupt == Interrupt::Close {
        // The system ends the program when this function returns.
        thread::sleep(CLOSING);
    }
    1
}
