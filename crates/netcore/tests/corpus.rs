//! The checks of the fuzz targets over their corpus, without a fuzzer.

#![cfg(feature = "testing")]

#[path = "corpus/checks.rs"]
mod checks;
#[cfg(all(feature = "server", feature = "tls"))]
#[path = "corpus/tls.rs"]
mod tls;
#[cfg(all(feature = "server", feature = "tls"))]
#[path = "corpus/tls_loop.rs"]
mod tls_loop;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns every input of a target, with its file.
fn corpus(target: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let file = entry?.path();
        inputs.push((file.clone(), fs::read(file)?));
    }
    assert!(inputs.len() >= 24, "a corpus has a few dozen files: {}", inputs.len());
    Ok(inputs)
}

#[test]
fn endpoints_round_trip_and_refusals_are_harmless() {
    let inputs = corpus("endpoint").unwrap();
    let mut taken = 0;
    for (file, input) in &inputs {
        println!("{}", file.display());
        taken += usize::from(checks::endpoint(input));
    }
    let refused = inputs.len() - taken;
    assert!(taken >= 12 && refused >= 12, "both kinds: {taken} taken, {refused} refused");
}

#[test]
fn lines_do_not_depend_on_the_cutting_and_keep_their_limit() {
    let inputs = corpus("line").unwrap();
    let (mut lines, mut errors) = (0, 0);
    for (file, input) in &inputs {
        println!("{}", file.display());
        let (more_lines, more_errors) = checks::line(input);
        lines += more_lines;
        errors += more_errors;
    }
    assert!(lines >= 24 && errors >= 12, "both kinds: {lines} lines, {errors} errors");
}

#[cfg(all(feature = "server", feature = "tls"))]
#[test]
fn tls_sessions_take_nothing_that_the_peer_has_not_sent() {
    use tls::Outcome;
    let mut outcomes = Vec::new();
    for (file, input) in &corpus("tls_session").unwrap() {
        println!("{}", file.display());
        outcomes.extend(tls::tls_session(input));
    }
    if outcomes.is_empty() {
        return;
    }
    for (kind, least) in [(Outcome::Refused, 12), (Outcome::Broken, 12), (Outcome::Whole, 3)] {
        let found = outcomes.iter().filter(|outcome| **outcome == kind).count();
        assert!(found >= least, "{kind:?}: {found} of at least {least}");
    }
}

#[cfg(all(feature = "server", feature = "tls"))]
#[test]
fn tls_peers_are_served_whole_or_their_damage_is_noticed() {
    use tls_loop::Outcome;

    let inputs = corpus("tls_loop").unwrap();
    let mut outcomes = Vec::new();
    for (file, input) in &inputs {
        println!("{}", file.display());
        outcomes.extend(tls_loop::tls_loop(input));
    }
    for (outcome, least) in [(Outcome::Refused, 12), (Outcome::Whole, 6), (Outcome::Broken, 6)] {
        let count = outcomes.iter().filter(|it| **it == outcome).count();
        assert!(count >= least, "{count} inputs are {outcome:?}");
    }
}
