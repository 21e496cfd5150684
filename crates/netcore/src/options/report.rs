//! Requested options beside the granted ones.

use std::fmt;
use std::time::Duration;

use socket2::Domain;

use crate::error::{Error, Operation};
use crate::options::socket_options::{
    Keepalive, MulticastInterface, Seconds, SocketOptions, Values,
};
use crate::options::system::{Readout, Target};
use crate::sys::AsHandle;

#[cfg(test)]
mod tests;

/// Every option of a live socket under its C name, with the requested and the granted value.
///
/// ```
/// use netcore::{Endpoint, Listener, SocketOptions};
/// use netcore::options::Verdict;
///
/// let asked = SocketOptions::new().with_reuse_address(true).with_ttl(9);
/// let endpoint: Endpoint = "127.0.0.1:0".parse()?;
/// for listener in Listener::bind_all(&endpoint, &asked)? {
///     let report = SocketOptions::report(&listener, Some(&asked))?;
///     for row in report.rows().iter().filter(|row| row.name() == "IP_TTL") {
///         assert_eq!((row.asked(), row.verdict()), (Some("9"), Some(Verdict::AsAsked)));
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Systems may grant less than setsockopt(2) reports: a smaller buffer, a rounded time, another
/// value. [`ReportRow::verdict`] tells these cases apart.
///
/// Prints as a table with a line for each option:
///
/// ```text
/// option          asked   granted
/// SO_REUSEADDR    1       1
/// SO_RCVBUF       65536   131072              doubled
/// SO_SNDBUF       -       16384
/// TCP_NODELAY     1       not available here
/// ```
#[derive(Debug)]
pub struct Report {
    rows: Vec<ReportRow>,
}

/// One option of a [`Report`].
#[derive(Debug)]
pub struct ReportRow {
    name: &'static str,
    asked: Option<String>,
    granted: Granted,
    verdict: Option<Verdict>,
}

/// The system's answer about an option.
#[derive(Debug)]
#[non_exhaustive]
pub enum Granted {
    /// The reported value: a number, `1` or `0` for on or off, a time with its unit, a name; `off`
    /// or `none` if it is not set.
    Value(String),
    /// This system, or this type of socket, does not have the option.
    NotAvailable,
    /// The option exists, but its value could not be read: [`Operation::GetOption`].
    Failed(Error),
}

/// The comparison of the granted with the requested value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The values are equal.
    AsAsked,
    /// A buffer of twice the size: Linux includes its own bookkeeping (socket(7)).
    Doubled,
    /// A buffer of another size: reduced or raised to the system's limit.
    Clamped,
    /// A time rounded up to the clock of the option.
    Rounded,
    /// Any other value.
    Ignored,
}

impl SocketOptions {
    /// Returns every option that `socket` could have, as the system reports it, beside the value
    /// that was `asked` for.
    ///
    /// The connect timeout and the backlog are missing: no system reports them.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`] if the handle is not a socket. An unreadable option is no error but a
    /// row: [`Granted::Failed`].
    pub fn report(socket: &impl AsHandle, asked: Option<&SocketOptions>) -> Result<Report, Error> {
        let target = Target::of(socket)?;
        let Readout { options, keepalive, no_device, mut failed } = target.read();
        let none = Values::default();
        let asked = asked.map_or(&none, |asked| &asked.set);
        let asked = Side { set: asked, keepalive: asked.keepalive.flatten(), no_device: false };
        let granted = Side { set: &options.set, keepalive: Some(keepalive), no_device };
        let rows = OPTIONS.iter().map(|&(name, name_v6, value)| {
            let name = if target.domain == Domain::IPV6 { name_v6 } else { name };
            let failure =
                failed.iter().position(|error| error.operation() == Operation::GetOption(name));
            let failure = failure.map(|at| failed.swap_remove(at));
            ReportRow::new(name, value(&asked), value(&granted), failure)
        });
        Ok(Report { rows: rows.collect() })
    }
}

impl Report {
    /// Returns a row for each option, always in the same order.
    #[must_use]
    pub fn rows(&self) -> &[ReportRow] {
        &self.rows
    }
}

impl ReportRow {
    fn new(
        name: &'static str,
        asked: Option<Value>,
        granted: Option<Value>,
        failure: Option<Error>,
    ) -> ReportRow {
        let verdict = asked.as_ref().zip(granted.as_ref()).map(|(a, b)| Verdict::of(a, b));
        let granted = match (granted, failure) {
            (Some(value), _) => Granted::Value(value.to_string()),
            (None, Some(error)) => Granted::Failed(error),
            (None, None) => Granted::NotAvailable,
        };
        ReportRow { name, asked: asked.map(|value| value.to_string()), granted, verdict }
    }

    /// Returns the C name, by the socket's family: `IP_TTL` or `IPV6_UNICAST_HOPS`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the requested value, in the form of [`Granted::Value`]. Returns `None` if the option
    /// was not requested.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        self.asked.as_deref()
    }

    /// Returns the system's answer.
    #[must_use]
    pub fn granted(&self) -> &Granted {
        &self.granted
    }

    /// Returns the comparison of the two values. Returns `None` if one of them is missing.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }
}

impl Verdict {
    fn of(asked: &Value, granted: &Value) -> Verdict {
        match (asked, granted) {
            _ if asked == granted => Verdict::AsAsked,
            (Value::Size(asked), Value::Size(granted))
                if asked.checked_mul(2) == Some(*granted) =>
            {
                Verdict::Doubled
            }
            (Value::Size(_), Value::Size(_)) => Verdict::Clamped,
            (Value::Time(asked), Value::Time(granted))
                if !asked.is_zero()
                    && asked < granted
                    && *granted - *asked < Duration::from_secs(1) =>
            {
                Verdict::Rounded
            }
            _ => Verdict::Ignored,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::AsAsked => "as asked",
            Verdict::Doubled => "doubled",
            Verdict::Clamped => "clamped",
            Verdict::Rounded => "rounded",
            Verdict::Ignored => "ignored",
        })
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Granted::Value(value) => f.pad(value),
            Granted::NotAvailable => f.pad("not available here"),
            Granted::Failed(error) => f.pad(&format!("failed: {}", error.kind())),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![["option", "asked", "granted", ""].map(String::from)];
        lines.extend(self.rows.iter().map(|row| {
            let remark = row.verdict.filter(|verdict| *verdict != Verdict::AsAsked);
            [
                String::from(row.name),
                row.asked.clone().unwrap_or(String::from("-")),
                row.granted.to_string(),
                remark.map(|verdict| verdict.to_string()).unwrap_or_default(),
            ]
        }));
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        };
        let [name, asked, granted] = [width(0), width(1), width(2)];
        for (at, line) in lines.iter().enumerate() {
            let [a, b, c, d] = line;
            let text = format!("{a:name$}  {b:asked$}  {c:granted$}  {d}");
            let end = if at + 1 == lines.len() { "" } else { "\n" };
            write!(f, "{}{end}", text.trim_end())?;
        }
        Ok(())
    }
}

/// An option's value, in a form that can be compared across options.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Flag(bool),
    Number(u32),
    Size(usize),
    Time(Duration),
    Text(String),
    /// The option exists and has no value.
    Unset(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Flag(on) => u8::from(*on).fmt(f),
            Value::Number(number) => number.fmt(f),
            Value::Size(size) => size.fmt(f),
            Value::Time(time) => Seconds(*time).fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Unset(word) => f.write_str(word),
        }
    }
}

/// A requested or a granted value.
struct Side<'a> {
    set: &'a Values,
    /// The parameters of keepalive, whether it is on or off.
    keepalive: Option<Keepalive>,
    no_device: bool,
}

/// The name on most sockets, the name on IPv6 sockets, and the value.
type Row = (&'static str, &'static str, fn(&Side<'_>) -> Option<Value>);

#[rustfmt::skip]
const OPTIONS: &[Row] = &[
    ("SO_REUSEADDR", "SO_REUSEADDR", |side| side.set.reuse_address.map(Value::Flag)),
    ("SO_REUSEPORT", "SO_REUSEPORT", |side| side.set.reuse_port.map(Value::Flag)),
    ("O_NONBLOCK", "O_NONBLOCK", |side| side.set.nonblocking.map(Value::Flag)),
    ("SO_RCVTIMEO", "SO_RCVTIMEO", |side| side.set.read_timeout.map(Value::Time)),
    ("SO_SNDTIMEO", "SO_SNDTIMEO", |side| side.set.write_timeout.map(Value::Time)),
    ("TCP_NODELAY", "TCP_NODELAY", |side| side.set.nodelay.map(Value::Flag)),
    ("SO_KEEPALIVE", "SO_KEEPALIVE", |side| side.set.keepalive.map(|it| Value::Flag(it.is_some()))),
    ("TCP_KEEPIDLE", "TCP_KEEPIDLE", |side| side.keepalive?.idle.map(Value::Time)),
    ("TCP_KEEPINTVL", "TCP_KEEPINTVL", |side| side.keepalive?.interval.map(Value::Time)),
    ("TCP_KEEPCNT", "TCP_KEEPCNT", |side| side.keepalive?.count.map(Value::Number)),
    ("SO_LINGER", "SO_LINGER", |side| side.set.linger.map(linger)),
    ("SO_RCVBUF", "SO_RCVBUF", |side| side.set.recv_buffer.map(Value::Size)),
    ("SO_SNDBUF", "SO_SNDBUF", |side| side.set.send_buffer.map(Value::Size)),
    ("IP_TTL", "IPV6_UNICAST_HOPS", |side| number(side.set.ttl)),
    ("IP_TOS", "IPV6_TCLASS", |side| number(side.set.tos)),
    ("SO_BROADCAST", "SO_BROADCAST", |side| side.set.broadcast.map(Value::Flag)),
    ("IPV6_V6ONLY", "IPV6_V6ONLY", |side| side.set.only_v6.map(Value::Flag)),
    ("IP_MULTICAST_LOOP", "IPV6_MULTICAST_LOOP", |side| side.set.multicast_loop.map(Value::Flag)),
    ("IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS", |side| number(side.set.multicast_ttl)),
    ("IP_MULTICAST_IF", "IPV6_MULTICAST_IF", |side| side.set.multicast_interface.map(interface)),
    ("TCP_USER_TIMEOUT", "TCP_USER_TIMEOUT", |side| side.set.user_timeout.map(Value::Time)),
    ("SO_BINDTODEVICE", "SO_BINDTODEVICE", device),
];

fn number(value: Option<u8>) -> Option<Value> {
    value.map(|value| Value::Number(value.into()))
}

fn linger(linger: Option<Duration>) -> Value {
    linger.map_or(Value::Unset("off"), Value::Time)
}

fn interface(interface: MulticastInterface) -> Value {
    Value::Text(match interface {
        MulticastInterface::V4(address) => address.to_string(),
        MulticastInterface::V6(index) => index.to_string(),
    })
}

fn device(side: &Side<'_>) -> Option<Value> {
    let name = side.set.bind_device.clone().map(Value::Text);
    name.or(side.no_device.then_some(Value::Unset("none")))
}
