//! Certificates for the tests, as files.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use netcore::relay::relay;
use netcore::testing::TestDir;
use netcore::tls::{TlsAcceptor, TlsConnector};
use netcore::{Connector, Deadline, Endpoint, Listener};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::patience::PATIENCE;

/// The number of authorities so far. Each has its own name, because issuers are found by name.
static AUTHORITIES: AtomicU32 = AtomicU32::new(0);

/// An authority and its certificates: `ca.pem`, `cert.pem` and `key.pem` for `localhost` and
/// 127.0.0.1, and `client.pem` with a client's certificate and key.
pub(crate) struct Certificates {
    dir: TestDir,
    authority: Certificate,
    key: KeyPair,
}

/// A certificate and its key in PEM.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Returns the parameters of a certificate for `names` that is valid for a century.
pub(crate) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| String::from(*name)).collect();
    let mut params = CertificateParams::new(names).expect("names of hosts");
    params.distinguished_name.push(DnType::CommonName, "a test");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

impl Certificates {
    pub(crate) fn new() -> Certificates {
        let mut authority = params(&[]);
        let name = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        authority.distinguished_name.push(DnType::CommonName, format!("authority {name}"));
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let authority = authority.self_signed(&key).expect("a certificate");
        let certificates = Certificates { dir: TestDir::new(), authority, key };
        certificates.write("ca.pem", &certificates.authority.pem());
        certificates.renew(&["localhost", "127.0.0.1"]);
        let client = certificates.client();
        certificates.write("client.pem", &(client.certificate + &client.key));
        certificates
    }

    /// Issues a certificate with these parameters.
    pub(crate) fn issue(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.clone().signed_by(&key, &self.authority, &self.key);
        let certificate = certificate.expect("a certificate").pem();
        Issued { certificate, key: key.serialize_pem() }
    }

    /// Issues a certificate for clients.
    pub(crate) fn client(&self) -> Issued {
        let mut params = params(&["client.example"]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params)
    }

    /// Replaces `cert.pem` and `key.pem` by a new certificate for these names.
    pub(crate) fn renew(&self, names: &[&str]) {
        self.replace(&self.issue(&params(names)));
    }

    /// Replaces `cert.pem` and `key.pem`.
    pub(crate) fn replace(&self, issued: &Issued) {
        self.write("cert.pem", &issued.certificate);
        self.write("key.pem", &issued.key);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path(name), text).expect("write a certificate");
    }

    /// Returns the path of a file.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// Returns the arguments of a server: `--cert` and `--key`.
    pub(crate) fn of_server(&self) -> Vec<String> {
        ["--cert", &self.path("cert.pem"), "--key", &self.path("key.pem")].map(String::from).into()
    }

    /// Returns the arguments of a client that trusts the authority: `--cacert`.
    pub(crate) fn of_client(&self) -> Vec<String> {
        ["--cacert", &self.path("ca.pem")].map(String::from).into()
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from_files(self.path("cert.pem"), self.path("key.pem")).expect("a pair")
    }

    /// Starts a server that decrypts for the server at `port` of 127.0.0.1, and returns its port.
    /// Its threads end with the test.
    pub(crate) fn front(&self, port: u16) -> u16 {
        let listener =
            Listener::bind("127.0.0.1:0").expect("a free port").with_tls(self.acceptor());
        let address = listener.local_address().expect("its address");
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept(Deadline::never()) {
                thread::spawn(move || {
                    let behind = Endpoint::tcp(([127, 0, 0, 1], port).into());
                    let behind = Connector::new().connect(&behind, Deadline::after(PATIENCE));
                    if let Ok(behind) = behind {
                        // The client reports what goes wrong.
                        let _ = relay(
                            (&stream).into(),
                            (&behind).into(),
                            Some(PATIENCE),
                            Deadline::never(),
                        );
                    }
                });
            }
        });
        address.inet().expect("an address").port()
    }

    pub(crate) fn connector(&self) -> TlsConnector {
        TlsConnector::with_roots_file(self.path("ca.pem")).expect("a certificate")
    }
}

/// Returns the arguments in one list.
pub(crate) fn args<'a>(words: &[&'a str], more: &'a [String]) -> Vec<&'a str> {
    words.iter().copied().chain(more.iter().map(String::as_str)).collect()
}
