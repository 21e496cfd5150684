//! The examples of the help and of the documentation, as a shell reads them.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use clap::{CommandFactory, Parser};
use netcore::testing::TestDir;

use crate::args::Args;

const PAGES: [&str; 3] = [
    include_str!("../../../../README.md"),
    include_str!("../../../../docs/http.md"),
    include_str!("../../../../docs/protocols.md"),
];

/// Functions of the shell: the program writes down its words, and other programs do nothing.
const SHELL: &str = "\
sockit() { { printf '%s\\0' sockit \"$@\"; echo; } >> calls; }
tail() { :; }
nc() { :; }
cat() { :; }
";

#[test]
fn a_shell_reads_every_example_as_a_command_of_this_program() {
    let mut examples = Vec::new();
    of_help(&Args::command(), &mut examples);
    assert!(examples.len() > 40, "only {} examples in the help", examples.len());
    let fences = PAGES.iter().flat_map(|page| page.split("```sh\n").skip(1));
    let blocks = fences.filter_map(|fence| fence.split("```").next());
    examples.extend(blocks.flat_map(str::lines).map(str::to_owned));
    let directory = TestDir::new();
    for example in examples.iter().filter(|line| line.contains("sockit ")) {
        for call in calls(&directory, example) {
            let words = call.iter().map(OsString::from);
            if let Err(error) = Args::try_parse_from(words) {
                panic!("{example}\n{error}");
            }
        }
    }
}

/// The examples in the help of `command` and of those below it: lines that begin with two spaces.
fn of_help(command: &clap::Command, examples: &mut Vec<String>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let indented = help.lines().filter_map(|line| line.strip_prefix("  "));
    examples.extend(indented.map(str::to_owned));
    command.get_subcommands().for_each(|inner| of_help(inner, examples));
}

/// The words of each call of the program in a line, which must succeed.
fn calls(directory: &TestDir, line: &str) -> Vec<Vec<String>> {
    let _ = fs::remove_file(directory.path("calls"));
    fs::write(directory.path("file"), "text\n").unwrap();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{SHELL}{line}\nwait")).current_dir(directory.root());
    let output = shell.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.is_empty(), "{line}\n{}{errors}", output.status);
    let calls = fs::read_to_string(directory.path("calls")).unwrap_or_default();
    assert!(!calls.is_empty(), "{line}\ndoes not call the program");
    let words = |call: &str| call.split_terminator('\0').map(str::to_owned).collect();
    calls.split_terminator("\0\n").map(words).collect()
}
