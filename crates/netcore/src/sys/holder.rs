//! Who has an address that is in use: Linux, from procfs. A best effort, for the text of an error.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::address::Address;
use crate::address::is_abstract;
use crate::endpoint::Transport;

/// How many bytes of each table are read: about 7,000 sockets. In TCP's those that listen stand
/// first.
const MAX_TABLE: u64 = 1 << 20;

/// How many processes are looked at.
const MAX_PROCESSES: usize = 16_384;

/// How many of their descriptors are looked at, all together.
const MAX_DESCRIPTORS: usize = 65_536;

/// `TCP_LISTEN` and `TCP_CLOSE` of the kernel's tcp_states.h, which stand for a socket that listens
/// and for a datagram socket without a peer.
const OPEN_TO_ALL: [&[u8]; 2] = [b"0A", b"07"];

/// `SO_ACCEPTCON` among the flags of a Unix socket: it listens.
const ACCEPTS: u32 = 0x1_0000;

/// `SOCK_DGRAM` of socket(2).
const DATAGRAM: u32 = 2;

/// The holder is the calling process: a name and a number would send people after another one.
const OURS: &str = "another socket of this process";

/// The process that has `address`, as `nginx (pid 812)`, or [`OURS`]. `None` where it can't be seen: it is
/// another user's, in another container, behind the limits, or its socket is connected, or bound and
/// does not listen.
pub(crate) fn holder(transport: Transport, address: &Address) -> Option<String> {
    let inode = match (transport, address) {
        (Transport::Unix, Address::Unix(Some(path))) => unix(&table("unix")?, path),
        (Transport::Tcp, Address::Inet(address)) => {
            inet(&[table("tcp")?, table("tcp6").unwrap_or_default()], *address)
        }
        (Transport::Udp, Address::Inet(address)) => {
            inet(&[table("udp")?, table("udp6").unwrap_or_default()], *address)
        }
        _ => None,
    };
    process_with(inode?)
}

/// A table of proc_net(5), its lines without the heading.
fn table(name: &str) -> Option<Vec<Vec<u8>>> {
    let file = File::open(Path::new("/proc/net").join(name)).ok()?;
    let lines = BufReader::new(file.take(MAX_TABLE)).split(b'\n');
    Some(lines.map_while(Result::ok).skip(1).collect())
}

/// The inode of the socket that is likeliest to stand in the way of `wanted`.
fn inet(tables: &[Vec<Vec<u8>>], wanted: SocketAddr) -> Option<u64> {
    let rows = tables.iter().flatten().filter_map(|line| inet_row(line));
    let ranked = rows.filter_map(|(local, inode)| Some((rank(wanted, local)?, inode)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, inode)| inode)
}

/// `sl: local remote state queues timer retransmits uid timeout inode …`.
fn inet_row(line: &[u8]) -> Option<(SocketAddr, u64)> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let local = inet_address(text(fields.nth(1)?)?)?;
    let state = fields.nth(1)?;
    let inode = text(fields.nth(5)?)?.parse().ok()?;
    OPEN_TO_ALL.contains(&state).then_some((local, inode))
}

/// The address in 32-bit words, each in the machine's own order; the port is a plain number.
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

/// How close a bound address is to the wanted one. `None`: they are not in each other's way.
fn rank(wanted: SocketAddr, bound: SocketAddr) -> Option<u8> {
    let (a, b) = (wanted.ip().to_canonical(), bound.ip().to_canonical());
    let any = a.is_unspecified() || b.is_unspecified();
    let dual = |ip: IpAddr| ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    match () {
        () if wanted.port() != bound.port() => None,
        () if a == b => Some(0),
        () if any && a.is_ipv4() == b.is_ipv4() => Some(1),
        // A socket of every interface may be one for both families.
        () if dual(a) || dual(b) => Some(2),
        () => None,
    }
}

/// The inode of the one socket that accepts, or receives, on `path`. A name that was bound as a
/// relative one is left out: nobody knows in which directory. The table has each NUL of an abstract
/// name as `@`.
fn unix(table: &[Vec<u8>], path: &Path) -> Option<u64> {
    let path: Vec<u8> = match is_abstract(path) {
        true => {
            path.as_os_str().as_bytes().iter().map(|b| if *b == 0 { b'@' } else { *b }).collect()
        }
        false => std::path::absolute(path).ok()?.into_os_string().into_vec(),
    };
    let mut found = table.iter().filter_map(|line| unix_row(line, &path));
    let only = found.next()?;
    // With several the file was replaced, and all but one have lost it.
    found.next().is_none().then_some(only)
}

/// `number: references protocol flags type state inode path`.
fn unix_row(line: &[u8], path: &[u8]) -> Option<u64> {
    let row = line.strip_suffix(path)?.strip_suffix(b" ")?;
    let mut fields = row.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let flags = u32::from_str_radix(text(fields.nth(3)?)?, 16).ok()?;
    let kind = u32::from_str_radix(text(fields.next()?)?, 16).ok()?;
    let inode = text(fields.nth(1)?)?.parse().ok()?;
    // What follows the inode would be the beginning of a longer path.
    (fields.next().is_none() && (flags & ACCEPTS != 0 || kind == DATAGRAM)).then_some(inode)
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok()
}

/// The first process with a descriptor of the socket (proc_pid_fd(5)).
fn process_with(inode: u64) -> Option<String> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        Some(pid)
    });
    let mut left = MAX_DESCRIPTORS;
    for pid in processes.take(MAX_PROCESSES) {
        let directory = Path::new("/proc").join(pid.to_string());
        // Another user's are not shown; and a process may end at any time.
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
