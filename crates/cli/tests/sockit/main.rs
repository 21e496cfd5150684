//! Tests of the started program: one binary with a module for each subject.
#![cfg_attr(
    windows,
    allow(dead_code, unused_imports, reason = "many tests need Unix sockets, signals or a shell")
)]

mod common;

#[cfg(all(target_os = "linux", feature = "redis"))]
mod backplane;
#[cfg(all(unix, feature = "web"))]
mod chat_browser;
mod chat_door;
mod chat_hostile;
#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
mod chat_join;
mod chat_join_piped;
#[cfg(target_os = "linux")]
mod chat_load;
mod chat_log;
mod chat_metrics;
mod chat_serve;
#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
mod chat_terminal;
mod datagrams;
#[cfg(target_os = "linux")]
mod dead_peers;
mod from_curl;
mod get;
mod get_codings;
mod get_conditions;
mod get_cookies;
mod get_credentials;
mod get_digests;
mod get_ends;
mod get_files;
mod get_heads;
#[cfg(feature = "tls")]
mod get_https;
mod get_lists;
mod get_names;
mod get_network;
mod get_options;
#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
mod get_output;
mod get_parallel;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod get_peers;
mod get_proxies;
mod get_split;
mod listen;
#[cfg(unix)]
mod logging;
mod probe;
mod program;
mod readme;
mod send;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(unix)]
mod standard_streams;
#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
mod stdio_relay;
#[cfg(unix)]
mod systemd;
#[cfg(target_os = "linux")]
mod threads;
mod time_bench;
mod time_client;
mod time_ping;
mod time_serve;
#[cfg(feature = "tls")]
mod tls_clients;
#[cfg(all(unix, feature = "tls"))]
mod tls_interop;
#[cfg(feature = "tls")]
mod tls_probe;
#[cfg(feature = "tls")]
mod tls_servers;
mod usage;
mod workspace;
