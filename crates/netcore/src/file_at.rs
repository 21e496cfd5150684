//! Reads and writes of a file at a position, without its own position: pread(2), pwrite(2).

pub use crate::sys::{read_at, read_exact_at, write_all_at};

#[cfg(test)]
mod tests;
