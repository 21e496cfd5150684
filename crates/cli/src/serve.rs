//! Common parts of all servers: listening, and the announcement on standard output.

use netcore::endpoint::Host;
use netcore::server::{Config, Handle, Server, Service, Worker};
#[cfg(feature = "tls")]
use netcore::tls::{MAX_BUFFERED, TlsAcceptor};
use netcore::{Endpoint, Transport};

use crate::activation::{self, Passed};
use crate::args::common::{Common, ServeArgs};
use crate::descriptors::raise_descriptors;
use crate::exit::{self, Failure};
#[cfg(feature = "tls")]
use crate::signals;
use crate::signals::Signals;
use crate::stdio::{Printer, Stdio};
use crate::{logging, tls};

/// The most TLS handshakes at a time.
#[cfg(feature = "tls")]
const MAX_HANDSHAKES: usize = 1024;

/// A server with bound sockets that has announced nothing yet.
pub(crate) struct Bound {
    server: Server,
    /// The endpoints of the sockets that systemd has passed.
    passed: Vec<Endpoint>,
    /// Number of endpoints that are no pages, and of all, without those of systemd.
    listeners: usize,
    all: usize,
    workers: usize,
    /// The certificate, if a listener is `tls://`.
    #[cfg(feature = "tls")]
    acceptor: Option<TlsAcceptor>,
}

/// A server that listens and has announced its endpoints.
pub(crate) struct Listening {
    server: Server,
    /// The endpoints as they were announced.
    endpoints: Vec<Endpoint>,
    workers: usize,
    /// The certificate, if a listener is `tls://`.
    #[cfg(feature = "tls")]
    acceptor: Option<TlsAcceptor>,
    signals: Signals,
}

impl Bound {
    /// Binds the endpoints of `--listen`, or `default` without any, and `web` behind them. The
    /// sockets `passed` by systemd take the place of `--listen`.
    pub(crate) fn bind(
        args: &ServeArgs,
        default: &[&str],
        web: &[String],
        passed: Passed,
        config: Config,
        stdio: &Stdio,
    ) -> Result<Bound, Failure> {
        let shown = passed.endpoints();
        let given = args.listen.iter().map(String::as_str);
        let mut endpoints: Vec<Endpoint> = if !passed.is_empty() {
            if !args.listen.is_empty() {
                log::info!("--listen: ignored: systemd has passed sockets");
            }
            Vec::new()
        } else if args.listen.is_empty() {
            default.iter().map(|endpoint| endpoint.parse()).collect::<Result<_, _>>()?
        } else {
            given.map(str::parse).collect::<Result<_, _>>()?
        };
        let listeners = endpoints.len();
        for endpoint in web {
            endpoints.push(web_endpoint(endpoint, args)?);
        }
        #[cfg(feature = "tls")]
        let acceptor = tls::acceptor(&args.tls, &[&*shown, &*endpoints].concat())?;
        #[cfg(not(feature = "tls"))]
        tls::refuse(&[&*shown, &*endpoints].concat())?;
        logging::detach()?;
        raise_descriptors();
        crate::foreground::ignore_stops();
        let config = match args.workers {
            Some(workers) => config.with_workers(workers.get()),
            None => config,
        };
        let config = config.with_idle_timeout(args.idle_timeout).with_grace(args.grace);
        let config = config.with_dead_peer_timeout(args.keepalive.0);
        #[cfg(feature = "tls")]
        let config = match acceptor.clone() {
            Some(acceptor) => {
                let renewed = acceptor.clone();
                signals::watch_hangup(stdio.interactive, move || tls::reload(&renewed))?;
                config.with_tls(acceptor).with_max_handshakes(MAX_HANDSHAKES)
            }
            None => config,
        };
        #[cfg(not(feature = "tls"))]
        let _ = stdio;
        let workers = config.workers();
        #[cfg_attr(not(unix), expect(unused_mut, reason = "no sockets of systemd are added"))]
        let mut server =
            Server::bind(&endpoints, config).map_err(|error| Failure::listening(&error))?;
        #[cfg(all(unix, feature = "tls"))]
        passed.add_to(&mut server, acceptor.as_ref())?;
        #[cfg(all(unix, not(feature = "tls")))]
        passed.add_to(&mut server)?;
        Ok(Bound {
            server,
            passed: shown,
            listeners,
            all: endpoints.len(),
            workers,
            #[cfg(feature = "tls")]
            acceptor,
        })
    }

    /// Prints a line per listener, and one for each URL of `others`, and tells systemd. Everything
    /// that can fail to be bound must be bound by then.
    pub(crate) fn announce(
        self,
        others: &[String],
        common: &Common,
        stdio: &Stdio,
    ) -> Result<Listening, Failure> {
        let server = self.server;
        // Before the announcement, because from then on a signal may arrive.
        let handle = server.handle();
        let signals = Signals::watch(move |at_once| {
            activation::notify_stopping();
            if at_once {
                handle.stop_now();
            } else {
                handle.stop();
            }
        })?;
        let bound = (0..self.all).flat_map(|index| {
            let of_page = index >= self.listeners;
            server.endpoints_of(index).map(move |endpoint| (endpoint, of_page))
        });
        let mut shown = self.passed;
        let mut urls: Vec<String> = shown.iter().map(ToString::to_string).collect();
        for (endpoint, of_page) in bound {
            urls.push(if of_page { web_url(endpoint) } else { endpoint.to_string() });
            shown.push(endpoint.clone());
        }
        for url in urls.iter().chain(others) {
            announce(url, common, &stdio.printer)?;
        }
        signals.set_printing(false);
        activation::notify_ready(&shown);
        Ok(Listening {
            server,
            endpoints: shown,
            workers: self.workers,
            #[cfg(feature = "tls")]
            acceptor: self.acceptor,
            signals,
        })
    }

    /// Adds the certificate of the `tls://` listeners to the settings of another server.
    #[cfg(feature = "tls")]
    pub(crate) fn with_tls(&self, config: Config) -> Config {
        match &self.acceptor {
            Some(acceptor) => config.with_tls(acceptor.clone()),
            None => config,
        }
    }
}

impl Listening {
    /// Binds the endpoints of `--listen`, or `default` without any, and prints a line per listener.
    pub(crate) fn start(
        args: &ServeArgs,
        default: &[&str],
        config: Config,
        common: &Common,
        stdio: &Stdio,
    ) -> Result<Listening, Failure> {
        let bound = Bound::bind(args, default, &[], Passed::take()?, config, stdio)?;
        bound.announce(&[], common, stdio)
    }

    /// Returns the most bytes of memory for TLS with this many clients.
    #[cfg(feature = "tls")]
    pub(crate) fn tls_bytes(&self, clients: usize) -> usize {
        match self.acceptor.is_some() {
            true => clients.saturating_add(MAX_HANDSHAKES).saturating_mul(MAX_BUFFERED),
            false => 0,
        }
    }

    /// Returns the bound endpoints.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Returns `true` if the endpoint number `index`, of those that the server has bound itself,
    /// has only addresses of loopback.
    #[cfg(feature = "web")]
    pub(crate) fn is_on_loopback(&self, index: usize) -> bool {
        self.server.endpoints_of(index).all(is_loopback)
    }

    /// Returns the number of worker threads.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// Returns a handle that stops the server.
    pub(crate) fn handle(&self) -> Handle {
        self.server.handle()
    }

    /// Serves until a signal or a handle stops the server.
    pub(crate) fn run<S: Service>(
        self,
        service: impl Fn(Worker) -> S + Sync,
    ) -> Result<(), Failure> {
        let Listening { server, signals, .. } = self;
        let result = server.run(service);
        // The operator's console and a failure stop the server too.
        activation::notify_stopping();
        let at_once = signals.end();
        result?;
        if at_once {
            Err(Failure::new(
                exit::OTHER,
                "stopped immediately by a second signal; unsent data was dropped",
            ))
        } else {
            Ok(())
        }
    }
}

/// Returns `true` for an endpoint whose address is one of loopback.
pub(crate) fn is_loopback(endpoint: &Endpoint) -> bool {
    matches!(endpoint.host(), Some(Host::Ip(ip, _)) if ip.to_canonical().is_loopback())
}

/// Parses an endpoint of a page, which is encrypted if there is a certificate.
fn web_endpoint(text: &str, args: &ServeArgs) -> Result<Endpoint, Failure> {
    let endpoint: Endpoint = text.parse()?;
    if endpoint.transport() == Transport::Udp {
        let message = format!("--web {text}: a page needs connections, and UDP has none");
        return Err(Failure::new(exit::USAGE, message));
    }
    #[cfg(feature = "tls")]
    if args.tls.cert.is_some() && endpoint.transport() == Transport::Tcp {
        return Ok(tls::over_tls(&endpoint).parse()?);
    }
    #[cfg(not(feature = "tls"))]
    let _ = args;
    Ok(endpoint)
}

/// Returns the URL of a page at an endpoint. A Unix socket has none.
fn web_url(endpoint: &Endpoint) -> String {
    let text = endpoint.to_string();
    match endpoint.transport() {
        Transport::Tcp => text.replacen("tcp://", "http://", 1) + "/",
        Transport::Tls => text.replacen("tls://", "https://", 1) + "/",
        _ => text,
    }
}

/// Prints the line of a listener on standard output.
fn announce(endpoint: &str, common: &Common, printer: &Printer) -> Result<(), Failure> {
    let line = if common.json {
        format!("{{\"listening\":{}}}\n", crate::escape::quote(endpoint))
    } else {
        format!("listening on {endpoint}\n")
    };
    printer.print(line.as_bytes())
}
