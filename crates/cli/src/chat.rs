//! `sockit chat`.

mod join;
mod password;
mod serve;
mod stats;

pub(crate) use join::join;
pub(crate) use serve::serve;
