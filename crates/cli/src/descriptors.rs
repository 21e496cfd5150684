//! The limit on open descriptors.

/// Raises the soft limit of descriptors to the hard limit. Each connection needs a descriptor, and
/// the default soft limit (often 1,024) exists for programs that use select(2).
pub(crate) fn raise_descriptors() {
    #[cfg(unix)]
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => log::debug!("limit of open files: raised to {limit}"),
        Err(error) => log::warn!("limit of open files: not raised: {error}"),
    }
}
