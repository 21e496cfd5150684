//! The identity of a file, by which a program notices that another one has taken its name.

pub use crate::sys::FileIdentity;

#[cfg(test)]
mod tests;
