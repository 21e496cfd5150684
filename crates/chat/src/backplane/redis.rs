//! Redis or Valkey as the engine of a backplane.
//!
//! A script in Lua applies the operations, and streams carry their effects back. The server must be
//! Redis 6.2 or later, or Valkey, and no cluster. Its policy at the limit of memory must be
//! `noeviction`, the default, and its user needs all commands of these categories on keys that
//! begin with `sockit:`: `@read @write @scripting @connection`.

mod codec;
mod connection;
mod driver;
mod refusal;
mod source;
mod url;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use driver::Redis;
pub use source::RedisSource;
pub use url::{ParseRedisUrlError, RedisUrl};
