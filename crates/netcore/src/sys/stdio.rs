//! The state of standard output at the start of the program: open or closed.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Returns `true` if the program was started with standard output closed (`>&-` in a shell).
///
/// Before `main`, std opens `/dev/null` for each standard descriptor that is closed. A program
/// cannot distinguish that from a `/dev/null` that its parent opened in the same way, as Python and
/// Node do.
///
/// This feature (`stdio`) therefore looks before std does, in a function that the loader calls. It
/// costs one fcntl(2) at the start of each program that turns the feature on. On systems without
/// ELF or Mach-O the result is always `false`.
///
/// ```
/// assert!(!netcore::stdio::standard_output_was_closed());
/// ```
#[must_use]
pub fn standard_output_was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// The loader calls each function of this section before `main`, and so before std looks.
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static BEFORE_MAIN: extern "C" fn() = look;

extern "C" fn look() {
    // SAFETY: fcntl(2) with F_GETFD has no further argument and touches no memory.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(flags == -1, Ordering::Relaxed);
}
