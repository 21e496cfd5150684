//! nginx, started on a free port with a directory of its own.

use std::fs;
use std::process::Command;

use netcore::testing::TestDir;

use crate::common::peer::Peer;
use crate::common::tls::Certificates;

/// nginx with a certificate for `localhost`.
pub(super) struct Nginx {
    peer: Peer,
    dir: TestDir,
    certificates: Certificates,
}

impl Nginx {
    /// Starts nginx with these directives in the block of its server, which speaks TLS. Its root is
    /// the folder `www`, made by `fill`.
    pub(super) fn start(directives: &str, fill: impl FnOnce(&TestDir)) -> Nginx {
        let dir = TestDir::new();
        let certificates = Certificates::new();
        fs::create_dir(dir.path("www")).expect("make a folder");
        fill(&dir);
        let root = dir.root().display().to_string();
        let (cert, key) = (certificates.path("cert.pem"), certificates.path("key.pem"));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {root}/{name};\n"))
            .concat();
        // As root, nginx would give its files to a user that can't enter the directory.
        let user = if rustix::process::getuid().is_root() { "user root;" } else { "" };
        let peer = Peer::start("nginx", |port| {
            let conf = format!(
                "daemon off; {user} pid {root}/pid; worker_processes 1; error_log stderr;\n\
                 events {{ worker_connections 512; }}\n\
                 http {{ access_log off; {temporary}\n\
                 default_type application/octet-stream; limit_conn_zone $server_name zone=one:1m;\n\
                 server {{ listen 127.0.0.1:{port} ssl; root {root}/www;\n\
                 ssl_certificate {cert}; ssl_certificate_key {key};\n{directives}\n}} }}\n"
            );
            fs::write(dir.path("nginx.conf"), conf).expect("write the configuration");
            let mut command = Command::new("nginx");
            command.arg("-e").arg("stderr").arg("-c").arg(dir.path("nginx.conf"));
            command
        });
        Nginx { peer, dir, certificates }
    }

    /// Returns the URL of `target`.
    pub(super) fn url(&self, target: &str) -> String {
        format!("https://localhost:{}{target}", self.peer.port())
    }

    /// Returns the file of the authority, for `--cacert`.
    pub(super) fn ca(&self) -> String {
        self.certificates.path("ca.pem")
    }

    /// Returns the directory, in which `www` is the root of the server.
    pub(super) fn dir(&self) -> &TestDir {
        &self.dir
    }
}
