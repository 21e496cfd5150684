//! `sockit get` against servers and proxies of others, which `.ci/run` installs. Ignored otherwise.

mod https;
mod peer;
