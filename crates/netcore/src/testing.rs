//! Tools for the tests of every protocol: laws, random numbers, and a server without sockets.
//!
//! The laws are the split law and the law of errors. [`TestDir`] is a directory for one test.
//!
//! The feature is `testing`; the server needs `server` too.

mod error_law;
mod random;
mod test_dir;

use std::fmt::{Debug, Write};

#[cfg(all(feature = "server", feature = "tls"))]
pub use crate::server::harness::tls::TlsClient;
#[cfg(feature = "server")]
pub use crate::server::harness::{Harness, Peer};
pub use error_law::error_law;
use random::seed;
pub use random::{Random, seed_from_env};
pub use test_dir::TestDir;

#[cfg(test)]
mod tests;

/// The environment variable that fixes the seed of the random chunkings: a decimal number, as a
/// failed test prints it.
pub const SEED_VARIABLE: &str = "SPLIT_SEED";

/// The number of random chunkings that [`split_law`] tries.
const RANDOM_CHUNKINGS: usize = 64;

/// Checks that the events of a state machine do not depend on how its input is cut into chunks.
///
/// `run` creates a machine, feeds it the chunks in order, ends its input if the machine knows an
/// end, and returns every event. The events of the whole stream in one chunk are compared with
/// those of the stream byte by byte, of every split in two, and of random chunkings. No chunk is
/// empty.
///
/// The random chunkings come from a seed that differs from run to run. A failure prints it, and
/// [`SEED_VARIABLE`] in the environment fixes it.
///
/// The work grows with the square of the stream's length, so streams of a few hundred bytes are
/// best.
///
/// # Panics
///
/// Panics if two chunkings give different events. The message has both lists of events, the chunks
/// and the seed. Panics also if [`SEED_VARIABLE`] is set but is not a number.
///
/// # Examples
///
/// ```
/// use netcore::line::LineFramer;
/// use netcore::testing::split_law;
///
/// split_law(b"one\r\ntwo\n\nthree", |chunks| {
///     let mut framer = LineFramer::new(100);
///     let mut events = Vec::new();
///     for mut chunk in chunks.iter().copied() {
///         while let Some(line) = framer.next(&mut chunk) {
///             events.push(line.map(|line| line.as_bytes().to_vec()));
///         }
///     }
///     events.extend(framer.finish().map(|line| Ok(line.as_bytes().to_vec())));
///     events
/// });
/// ```
#[track_caller]
pub fn split_law<E: Debug + PartialEq>(stream: &[u8], run: impl FnMut(&[&[u8]]) -> Vec<E>) {
    if let Err(broken) = check(stream, seed(SEED_VARIABLE), run) {
        panic!("{broken}");
    }
}

/// Cuts `stream` into pieces shorter than `longest`, at positions that follow from `seed`. Some
/// pieces are empty. The same seed always cuts at the same positions, for use with a stored corpus.
pub fn cut(mut stream: &[u8], seed: u8, longest: u32) -> Vec<&[u8]> {
    let mut state = u32::from(seed) + 1;
    let mut pieces = Vec::new();
    while !stream.is_empty() {
        // xorshift32 of Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let (piece, rest) = stream.split_at((state % longest) as usize % (stream.len() + 1));
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

fn check<E: Debug + PartialEq>(
    stream: &[u8],
    seed: u64,
    mut run: impl FnMut(&[&[u8]]) -> Vec<E>,
) -> Result<(), String> {
    let whole: Vec<&[u8]> = if stream.is_empty() { vec![] } else { vec![stream] };
    let expected = run(&whole);
    let mut compare = |chunks: &[&[u8]]| {
        let events = run(chunks);
        if events == expected { Ok(()) } else { Err(report(&expected, &events, chunks, seed)) }
    };

    compare(&stream.chunks(1).collect::<Vec<_>>())?;
    for middle in 1..stream.len() {
        let (head, tail) = stream.split_at(middle);
        compare(&[head, tail])?;
    }
    let mut random = Random::new(seed);
    for _ in 0..RANDOM_CHUNKINGS {
        compare(&random_chunks(&mut random, stream))?;
    }
    Ok(())
}

fn report<E: Debug + PartialEq>(
    expected: &[E],
    events: &[E],
    chunks: &[&[u8]],
    seed: u64,
) -> String {
    let same =
        expected.iter().zip(events).take_while(|(expected, event)| expected == event).count();
    let mut text = format!(
        "the events depend on the chunking, from event {same} on (seed {seed}: set \
         {SEED_VARIABLE}={seed} to repeat it)\nevents of the whole stream:"
    );
    for event in expected {
        let _ = write!(text, "\n    {event:?}");
    }
    text.push_str("\nevents of the chunks:");
    for event in events {
        let _ = write!(text, "\n    {event:?}");
    }
    text.push_str("\nchunks:");
    for chunk in chunks {
        let _ = write!(text, "\n    \"{}\"", chunk.escape_ascii());
    }
    text
}

/// Cuts `stream` at random. The longest chunk is drawn first, so that chunkings into many small
/// pieces are as likely as chunkings into few.
fn random_chunks<'a>(random: &mut Random, mut stream: &'a [u8]) -> Vec<&'a [u8]> {
    let longest = 1 + random.below(stream.len().max(1));
    let mut chunks = Vec::new();
    while !stream.is_empty() {
        let (chunk, rest) = stream.split_at(1 + random.below(longest.min(stream.len())));
        chunks.push(chunk);
        stream = rest;
    }
    chunks
}
