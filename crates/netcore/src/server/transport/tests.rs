use crate::address::Address;
use crate::server::harness::Harness;
use crate::server::{Config, Output, Service};

/// Echoes, and sends a byte before each echo in a part of its own.
struct Echo {
    parts: bool,
}

impl Service for Echo {
    type Connection = ();

    fn open(&mut self, _: &Address, _: &mut Output) {}

    fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
        if self.parts {
            output.share(bytes::Bytes::from_static(b">"));
        }
        output.send(input);
    }
}

#[test]
fn each_message_is_answered_if_only_a_blocking_call_rearms_the_socket() {
    let mut harness = Harness::with_late_rearming(Config::default(), |_| Echo { parts: false });
    let peer = harness.connect();
    for text in ["one", "two", "three"] {
        peer.send(text.as_bytes());
        harness.run();
        assert_eq!(peer.text(), text);
    }
    peer.finish();
    harness.run();
    assert!(peer.is_closed());
    assert_eq!(harness.connections(), 0);
}

#[test]
fn a_short_write_is_continued_if_only_a_blocking_call_rearms_the_socket() {
    for (parts, answer) in [(false, "abcdef"), (true, ">abcdef")] {
        let mut harness = Harness::with_late_rearming(Config::default(), |_| Echo { parts });
        let peer = harness.connect();
        peer.room(2);
        peer.send(b"abcdef");
        harness.run();
        let mut seen = peer.text();
        assert_eq!(seen, answer[..2]);
        // The second write is short, too.
        for _ in 0..2 {
            peer.room(1);
            harness.run();
            seen += &peer.text();
        }
        assert_eq!(seen, answer[..4]);
        peer.room(usize::MAX);
        harness.run();
        seen += &peer.text();
        assert_eq!(seen, answer);
        peer.send(b"x");
        harness.run();
        assert!(peer.text().ends_with('x'), "the connection goes on");
    }
}
