use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::{PIECE, Queue, piece};

const PATIENCE: Duration = Duration::from_secs(60);

/// A standard error that is not read until the test lets it be.
struct Gate {
    begun: Sender<()>,
    opened: Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.begun.send(());
        // The test has ended: open for good.
        let _ = self.opened.recv();
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_that_nobody_reads_are_dropped_counted_and_told() {
    let queue = Arc::new(Queue::new(30));
    let written = Arc::new(Mutex::new(Vec::new()));
    let ((begun, begins), (open, opened)) = (channel(), channel());
    let gate = Gate { begun, opened, written: written.clone() };
    let writing = queue.clone();
    thread::spawn(move || writing.write(gate, |dropped| format!("{dropped} dropped\n")));
    queue.push(b"first\n");
    begins.recv().unwrap();
    // The writer is stuck with the first line, and nobody here waits for it.
    for number in 0..100 {
        queue.push(format!("line {number:04}\n").as_bytes());
    }
    // A line that is short enough does not overtake those that are missing.
    queue.push(b"x\n");
    queue.flush(Duration::from_millis(1));
    assert_eq!(*written.lock().unwrap(), b"");
    drop(open);
    queue.flush(PATIENCE);
    queue.push(b"last\n");
    queue.flush(PATIENCE);
    let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(written, "first\nline 0000\nline 0001\nline 0002\n98 dropped\nlast\n");
}

#[test]
fn a_write_is_whole_lines() {
    let short = b"0123456789abcde\n".repeat(2 * PIECE / 16);
    assert_eq!(piece(&short), PIECE);
    assert_eq!(piece(&short[1..]), PIECE - 1);
    let long = [&b"x".repeat(2 * PIECE)[..], b"\nrest\n"].concat();
    assert_eq!(piece(&long), 2 * PIECE + 1);
    assert_eq!(piece(b"no end"), 6);
}

#[test]
fn an_output_that_fails_ends_nothing() {
    struct Moody(u32, Arc<Mutex<Vec<u8>>>);

    impl Write for Moody {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => Err(io::ErrorKind::BrokenPipe.into()),
                _ => self.1.lock().unwrap().write(&bytes[..1]),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let (queue, written) = (Arc::new(Queue::new(100)), Arc::new(Mutex::new(Vec::new())));
    let (writing, output) = (queue.clone(), Moody(0, written.clone()));
    thread::spawn(move || writing.write(output, |_| String::new()));
    for line in [&b"lost\n"[..], b"kept\n"] {
        queue.push(line);
        queue.flush(PATIENCE);
    }
    assert_eq!(*written.lock().unwrap(), b"kept\n");
}
