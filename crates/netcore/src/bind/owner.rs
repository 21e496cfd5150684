//! The process that owns an address in use: on Linux, from procfs.
//!
//! A best effort, for the text of an error.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::address::{Address, is_abstract};
use crate::endpoint::Transport;

#[cfg(test)]
mod tests;

/// The most bytes read of each table: about 7,000 sockets. TCP's table has listening sockets first.
const MAX_TABLE: u64 = 1 << 20;

/// The most processes inspected.
const MAX_PROCESSES: usize = 16_384;

/// The most descriptors inspected, of all processes together.
const MAX_DESCRIPTORS: usize = 65_536;

/// `TCP_LISTEN` and `TCP_CLOSE` of the kernel's tcp_states.h: the states of a listening socket and
/// of a datagram socket without a peer.
const OPEN_TO_ALL: [&[u8]; 2] = [b"0A", b"07"];

/// `SO_ACCEPTCON` in the flags of a Unix socket, which then listens.
const ACCEPTS: u32 = 0x1_0000;

/// `SOCK_DGRAM` of socket(2).
const DATAGRAM: u32 = 2;

/// The owner if it is the calling process. Its name and number would make people look for another
/// process.
const OURS: &str = "another socket of this process";

/// Returns the process that owns `address`, as `nginx (pid 812)`, or [`OURS`].
///
/// Returns `None` if the process can't be seen: it belongs to another user or container, or is
/// beyond the limits. The same holds for a socket that is connected, or bound and does not listen.
pub(super) fn address_owner(transport: Transport, address: &Address) -> Option<String> {
    let inode = match (transport, address) {
        (Transport::Unix, Address::Unix(Some(path))) => unix(&table("unix")?, path),
        (Transport::Tcp | Transport::Tls, Address::Inet(address)) => {
            inet(&[table("tcp")?, table("tcp6").unwrap_or_default()], *address)
        }
        (Transport::Udp, Address::Inet(address)) => {
            inet(&[table("udp")?, table("udp6").unwrap_or_default()], *address)
        }
        _ => None,
    };
    process_with(inode?)
}

/// Returns the lines of a table of proc_net(5), without the heading.
fn table(name: &str) -> Option<Vec<Vec<u8>>> {
    let file = File::open(Path::new("/proc/net").join(name)).ok()?;
    let lines = BufReader::new(file.take(MAX_TABLE)).split(b'\n');
    Some(lines.map_while(Result::ok).skip(1).collect())
}

/// Returns the inode of the socket that most likely conflicts with `wanted`.
fn inet(tables: &[Vec<Vec<u8>>], wanted: SocketAddr) -> Option<u64> {
    let rows = tables.iter().flatten().filter_map(|line| inet_row(line));
    let ranked = rows.filter_map(|(local, inode)| Some((rank(wanted, local)?, inode)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, inode)| inode)
}

/// Parses `sl: local remote state queues timer retransmits uid timeout inode …`.
fn inet_row(line: &[u8]) -> Option<(SocketAddr, u64)> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let local = inet_address(text(fields.nth(1)?)?)?;
    let state = fields.nth(1)?;
    let inode = text(fields.nth(5)?)?.parse().ok()?;
    OPEN_TO_ALL.contains(&state).then_some((local, inode))
}

/// Parses an address: 32-bit words, each in the machine's own byte order, and the port as a plain
/// number.
fn inet_address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = [0; 16];
    for (at, word) in bytes.chunks_mut(4).enumerate() {
        let Some(hex) = ip.get(at * 8..at * 8 + 8) else { break };
        word.copy_from_slice(&u32::from_str_radix(hex, 16).ok()?.to_ne_bytes());
    }
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
        32 => IpAddr::V6(Ipv6Addr::from(bytes)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Returns the distance of a bound address from the wanted one, or `None` if they do not conflict.
fn rank(wanted: SocketAddr, bound: SocketAddr) -> Option<u8> {
    let (a, b) = (wanted.ip().to_canonical(), bound.ip().to_canonical());
    let any = a.is_unspecified() || b.is_unspecified();
    let dual = |ip: IpAddr| ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    match () {
        () if wanted.port() != bound.port() => None,
        () if a == b => Some(0),
        () if any && a.is_ipv4() == b.is_ipv4() => Some(1),
        // A socket on every interface may serve both families.
        () if dual(a) || dual(b) => Some(2),
        () => None,
    }
}

/// Returns the inode of the only socket that accepts or receives on `path`. The search skips a name
/// that was bound as a relative path, since its directory is unknown. The table writes each NUL of
/// an abstract name as `@`.
fn unix(table: &[Vec<u8>], path: &Path) -> Option<u64> {
    let path: Vec<u8> = match is_abstract(path) {
        true => {
            path.as_os_str().as_bytes().iter().map(|b| if *b == 0 { b'@' } else { *b }).collect()
        }
        false => std::path::absolute(path).ok()?.into_os_string().into_vec(),
    };
    let mut found = table.iter().filter_map(|line| unix_row(line, &path));
    let only = found.next()?;
    // Several rows mean that the file was replaced, and only one socket still has it.
    found.next().is_none().then_some(only)
}

/// Parses `number: references protocol flags type state inode path`.
fn unix_row(line: &[u8], path: &[u8]) -> Option<u64> {
    let row = line.strip_suffix(path)?.strip_suffix(b" ")?;
    let mut fields = row.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let flags = u32::from_str_radix(text(fields.nth(3)?)?, 16).ok()?;
    let kind = u32::from_str_radix(text(fields.next()?)?, 16).ok()?;
    let inode = text(fields.nth(1)?)?.parse().ok()?;
    // A field after the inode would be the beginning of a longer path.
    (fields.next().is_none() && (flags & ACCEPTS != 0 || kind == DATAGRAM)).then_some(inode)
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok()
}

/// Returns the first process with a descriptor of the socket (proc_pid_fd(5)).
fn process_with(inode: u64) -> Option<String> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        Some(pid)
    });
    let mut left = MAX_DESCRIPTORS;
    for pid in processes.take(MAX_PROCESSES) {
        let directory = Path::new("/proc").join(pid.to_string());
        // The system hides those of another user, and a process may end at any time.
        let Ok(descriptors) = fs::read_dir(directory.join("fd")) else { continue };
        for descriptor in descriptors.filter_map(Result::ok) {
            left = left.checked_sub(1)?;
            let target = fs::read_link(descriptor.path());
            if target.is_ok_and(|target| target.as_os_str() == wanted.as_str()) {
                if pid == std::process::id() {
                    return Some(OURS.to_owned());
                }
                let name = fs::read(directory.join("comm")).ok()?;
                return Some(format!("{} (pid {pid})", printable(&name)));
            }
        }
    }
    None
}

/// A process chooses its name (proc_pid_comm(5)), control characters and all.
fn printable(name: &[u8]) -> String {
    let name = name.strip_suffix(b"\n").unwrap_or(name);
    String::from_utf8_lossy(name).escape_debug().to_string()
}
