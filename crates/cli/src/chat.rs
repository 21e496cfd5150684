//! `sockit chat`.

#[cfg(feature = "redis")]
mod backplane;
#[cfg(not(feature = "redis"))]
#[path = "chat/backplane/none.rs"]
mod backplane;
mod join;
mod metrics;
#[cfg(feature = "web")]
mod page;
#[cfg(not(feature = "web"))]
#[path = "chat/page/none.rs"]
mod page;
mod password;
mod serve;
mod stats;

pub(crate) use join::join;
pub(crate) use serve::serve;
