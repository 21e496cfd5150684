//! The time that a thread has waited for a processor.

/// Returns how long this thread has been ready to run without a processor, in nanoseconds: the
/// second figure of proc(5)'s schedstat. Returns `None` on other systems than Linux.
pub(super) fn cpu_wait() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok()
}
