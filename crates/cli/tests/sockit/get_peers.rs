//! `sockit get` against servers and proxies of others, which `.ci/run` installs. Ignored otherwise.

mod codings;
mod conveniences;
mod cookies;
mod credentials;
mod https;
mod nginx;
mod proxies;
mod split;
