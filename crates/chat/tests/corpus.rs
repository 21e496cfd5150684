//! Runs the checks of the fuzz target over its corpus, without a fuzzer.
#![cfg(feature = "client")]

#[path = "corpus/checks.rs"]
mod checks;

use std::path::Path;
use std::{fs, io};

#[test]
fn the_corpus_of_server_output_passes() -> io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/chat");
    let (mut with_message, mut without) = (0, 0);
    for entry in fs::read_dir(&directory)? {
        let file = entry?.path();
        println!("{}", file.display());
        match checks::chat(&fs::read(file)?) {
            true => with_message += 1,
            false => without += 1,
        }
    }
    assert!(
        with_message >= 12 && without >= 12,
        "{with_message} with a message, {without} without"
    );
    Ok(())
}
