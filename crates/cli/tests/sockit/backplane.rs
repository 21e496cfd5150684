//! `sockit chat serve --backplane`: several servers, a real redis-server, and faults between them.

use std::process::Command;

use crate::common::process::program;

/// The scenarios are a script, because most of each is a list of what happens when.
#[test]
#[ignore = "needs redis-server, python3, and root for a network namespace"]
fn several_servers_are_one_chat_whatever_happens_to_the_engine() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/backplane.py");
    let output = Command::new("python3").args([script, program()]).output().expect("run python3");
    let [out, errors] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    assert!(output.status.success(), "{}\n{out}{errors}", output.status);
}
