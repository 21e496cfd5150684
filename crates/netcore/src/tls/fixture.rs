//! Certificates for tests.

use std::thread;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::client::UnbufferedClientConnection;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS12;
use rustls::{ClientConfig, RootCertStore};

use crate::fixture::{listen, patience};
use crate::stream::Stream;
use crate::tls::session::Session;
use crate::tls::{TlsAcceptor, TlsConnector};

/// An authority that issues certificates.
pub(crate) struct Authority {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// A certificate and its key, both in PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Returns the parameters of a certificate for `names`.
pub(crate) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| String::from(*name)).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "a test");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

/// Returns the parameters of an authority.
fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(&[]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Authority {
    pub(crate) fn new() -> Authority {
        Authority::named("an authority for tests")
    }

    pub(crate) fn named(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        Authority { certificate: authority_params(name).self_signed(&key).unwrap(), key }
    }

    /// Returns an authority whose certificate this one has issued.
    pub(crate) fn intermediate(&self, name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let params = authority_params(name);
        let certificate = params.signed_by(&key, &self.certificate, &self.key).unwrap();
        Authority { certificate, key }
    }

    /// Returns the authority's own certificate, as a server would wrongly use it.
    pub(crate) fn itself(&self) -> Issued {
        Issued { certificate: self.certificate.pem(), key: self.key.serialize_pem() }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// Returns a connector that trusts this authority.
    pub(crate) fn connector(&self) -> TlsConnector {
        TlsConnector::with_roots_pem(self.pem().as_bytes()).unwrap()
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = params.clone().signed_by(&key, &self.certificate, &self.key).unwrap();
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Issues a certificate for the given key.
    pub(crate) fn issue_for(&self, params: &CertificateParams, key: &KeyPair) -> String {
        params.clone().signed_by(key, &self.certificate, &self.key).unwrap().pem()
    }

    /// Issues a certificate for servers.
    pub(crate) fn server(&self, names: &[&str]) -> Issued {
        let mut params = params(names);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(&params)
    }

    /// Issues a certificate for clients.
    pub(crate) fn client(&self) -> Issued {
        let mut params = params(&["client.example"]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params)
    }
}

impl Issued {
    pub(crate) fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        (chain.collect::<Result<_, _>>().unwrap(), key)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from_pem(self.certificate.as_bytes(), self.key.as_bytes()).unwrap()
    }
}

/// Returns a certificate that is its own issuer.
pub(crate) fn self_signed(params: &CertificateParams) -> Issued {
    let key = KeyPair::generate().unwrap();
    let certificate = params.clone().self_signed(&key).unwrap();
    Issued { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// Returns both sides for `localhost` and 127.0.0.1, each of which trusts the other.
pub(crate) fn both_sides() -> (TlsConnector, TlsAcceptor) {
    let authority = Authority::new();
    let acceptor = authority.server(&["localhost", "127.0.0.1"]).acceptor();
    (authority.connector(), acceptor)
}

/// Encrypts both ends of a connection, and completes the handshake.
pub(crate) fn encrypt(pair: (Stream, Stream)) -> (Stream, Stream) {
    encrypt_by(&both_sides(), pair)
}

/// Encrypts both ends of a connection by the given settings, and completes the handshake.
pub(crate) fn encrypt_by(
    (connector, acceptor): &(TlsConnector, TlsAcceptor),
    (client, server): (Stream, Stream),
) -> (Stream, Stream) {
    thread::scope(|scope| {
        let client = scope.spawn(move || {
            let client = connector.connect(client, "localhost", patience()).unwrap();
            client.handshake(patience()).unwrap();
            client
        });
        let server = acceptor.accept(server).unwrap();
        server.handshake(patience()).unwrap();
        (client.join().unwrap(), server)
    })
}

/// Returns a client and the server's side of its connection, over TLS.
pub(crate) fn pair() -> (Stream, Stream) {
    encrypt(crate::fixture::pair(&listen("127.0.0.1:0")))
}

/// Returns a pair as [`pair`], over a session inside another one.
pub(crate) fn nested_pair() -> (Stream, Stream) {
    encrypt(pair())
}

/// Returns a pair over one session, and one over a session inside another.
pub(crate) fn pairs() -> [(Stream, Stream); 2] {
    [pair(), nested_pair()]
}

/// Returns a client's session with `localhost` that knows TLS 1.2 only.
#[cfg(feature = "server")]
pub(crate) fn session_of_tls12(authority: &Authority) -> Session {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    Session::client(UnbufferedClientConnection::new(config.into(), name).unwrap())
}
