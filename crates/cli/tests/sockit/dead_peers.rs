//! Clients that vanish without closing: their machine lost power or its network.

use std::net::{SocketAddr, TcpStream};

use crate::common::client::Client;
use crate::common::listening::Listening;
use crate::common::process::run;
use crate::common::server::Server;
use socket2::{SockFilter, SockRef};

/// `BPF_RET | BPF_K` of linux/bpf_common.h: returns the number of bytes of a packet to keep.
const KEEP: u16 = 0x06;

/// Makes the socket deaf, as if its machine had gone. The kernel drops all packets for it,
/// acknowledges nothing and answers no probe. No other socket is affected.
fn vanish(stream: &TcpStream) {
    let nothing = [SockFilter::new(KEEP, 0, 0, 0)];
    SockRef::from(stream).attach_filter(&nothing).expect("attach a filter");
}

fn wait_for(client: &mut Client, words: &str) {
    while !client.line().contains(words) {}
}

#[test]
fn a_client_that_vanished_leaves_and_its_name_is_free_again() {
    let server = Server::start(&["chat", "serve", "--keepalive", "1s"]);
    let mut ghost = server.connect();
    ghost.send("/nick ann\n");
    wait_for(&mut ghost, "ann");
    let mut bob = server.connect();
    bob.send("/who\n");
    wait_for(&mut bob, "ann");
    vanish(ghost.stream());
    // Nothing is sent to her meanwhile, so only keep-alive can notice it.
    wait_for(&mut bob, "ann has left");
    bob.send("/nick ann\n");
    wait_for(&mut bob, "ann");
    drop(ghost);
    server.stop();
}

#[test]
fn listen_drops_a_client_that_vanished() {
    let listening = Listening::start("tcp://127.0.0.1:0", &["--keepalive", "1s"]);
    let address: SocketAddr = listening.endpoint["tcp://".len()..].parse().expect("an address");
    let mut ghost = Client::tcp(address);
    ghost.send("text");
    listening.process.stdout_when("text", |text| text == "text");
    vanish(ghost.stream());
    let finished = listening.process.finish();
    finished.expect_code(28);
}

#[test]
fn the_keepalive_time_is_bounded() {
    for limit in ["0", "19h", "on"] {
        let finished = run(&["listen", "127.0.0.1:0", "--keepalive", limit]);
        finished.expect_code(2);
    }
}
