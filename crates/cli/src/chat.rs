//! `sockit chat`.

mod figures;
mod join;
mod serve;

pub(crate) use join::join;
pub(crate) use serve::serve;
