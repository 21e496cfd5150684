//! Comparisons of facts that stand in two places: the console examples with the output of the
//! program, and the limits and exit codes of `--help` with those of `docs`.

mod console;

use std::collections::{BTreeMap, BTreeSet};

use crate::common::process::run;

const README: &str = include_str!("../../../../README.md");
const ARCHITECTURE: &str = include_str!("../../../../docs/architecture.md");
const PROTOCOLS: &str = include_str!("../../../../docs/protocols.md");
const HTTP: &str = include_str!("../../../../docs/http.md");
const BENCHMARKS: &str = include_str!("../../../../docs/benchmarks.md");
const CONTRIBUTING: &str = include_str!("../../../../CONTRIBUTING.md");

#[test]
fn the_console_examples_produce_the_printed_output() {
    let pages = [README, ARCHITECTURE, PROTOCOLS, HTTP, BENCHMARKS];
    let servers: Vec<usize> = pages.map(|page| console::play(blocks(page, "console"))).into();
    assert!(servers[0] >= 2, "the README's two commands were not found: {servers:?}");
}

#[test]
fn the_exit_codes_of_the_help_are_those_of_the_documentation() {
    let help = run(&["--help"]);
    let (_, codes) = help.stdout_text().split_once("Exit codes: ").expect("the help lists them");
    let words = codes.split_whitespace().collect::<Vec<_>>().join(" ");
    let told: BTreeSet<String> = words.split(", ").map(str::to_owned).collect();
    let table = rows(section(ARCHITECTURE, "## Exit codes"));
    let documented = table.iter().map(|cells| format!("{} {}", cells[0], cells[1])).collect();
    assert_eq!(told, documented);
}

#[test]
fn the_defaults_of_the_help_are_those_of_the_documentation() {
    for (page, command) in [
        (PROTOCOLS, "time serve"),
        (PROTOCOLS, "time ping"),
        (PROTOCOLS, "time bench"),
        (PROTOCOLS, "chat serve"),
        (PROTOCOLS, "chat join"),
        (HTTP, "get"),
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = run(&words);
        let told: BTreeMap<&str, &str> = help.stdout_text().lines().filter_map(default).collect();
        let table = rows(section(page, &format!("## Limits of sockit {command}")));
        let cells =
            table.iter().map(|cells| (cells[0].trim_matches('`'), cells[1].trim_matches('`')));
        assert_eq!(told, cells.collect(), "sockit {command}");
    }
}

#[test]
fn the_rust_versions_of_the_pages_and_the_checks_are_those_of_the_manifests() {
    let version = |manifest: &'static str| {
        let (_, rest) = manifest.split_once("\nrust-version = \"").expect("it states the version");
        rest.split('"').next().expect("the version ends")
    };
    let libraries = version(include_str!("../../../../Cargo.toml"));
    let program = version(include_str!("../../Cargo.toml"));
    for (page, said) in [
        (README, format!("The libraries need Rust {libraries}, the program {program}.")),
        (CONTRIBUTING, format!("The libraries build with Rust {libraries}.")),
        (CONTRIBUTING, format!("tests them with Debian's {libraries}.")),
        (CONTRIBUTING, format!("The program needs Rust {program},")),
        (include_str!("../../../../.ci/minimum"), format!("\nminimum={libraries}\n")),
    ] {
        assert!(page.contains(&said), "a page lacks {said:?}");
    }
    for manifest in [
        include_str!("../../../netcore/Cargo.toml"),
        include_str!("../../../timestamp/Cargo.toml"),
        include_str!("../../../chat/Cargo.toml"),
        include_str!("../../../httpget/Cargo.toml"),
    ] {
        assert!(manifest.contains("\nrust-version.workspace = true\n"), "{manifest}");
    }
}

/// Returns the option and its default from a line of the help.
fn default(line: &str) -> Option<(&str, &str)> {
    let (_, default) = line.split_once("[default: ")?;
    let option = line.split_whitespace().find(|word| word.starts_with("--"))?;
    Some((option, default.split(']').next()?))
}

#[test]
fn the_protocol_of_the_readme_is_an_example_of_netcore_and_is_tested_there() {
    let program = include_str!("../../../netcore/examples/shout.rs");
    let (_, shown) = program.split_once("\n\n").expect("a first line that says what it is");
    assert_eq!(blocks(README, "rust").collect::<Vec<_>>(), [shown]);
    let page = include_str!("../../../netcore/src/server.rs");
    let page: Vec<&str> = page.lines().map(|line| line.trim_start_matches("//!").trim()).collect();
    let lines = program.lines().map(str::trim);
    let service: Vec<&str> = lines
        .skip_while(|line| !line.starts_with("///"))
        .take_while(|line| !line.starts_with("fn main"))
        .collect();
    assert!(
        page.windows(service.len()).any(|lines| lines == service),
        "netcore's is another: {service:#?}"
    );
}

/// Rustdoc hides lines that begin with `# `, but a git host shows them.
#[test]
fn no_example_of_a_page_has_lines_that_only_rustdoc_hides() {
    let pages = [
        README,
        include_str!("../../../../docs/from-python.md"),
        include_str!("../../../netcore/README.md"),
        include_str!("../../../timestamp/README.md"),
        include_str!("../../../chat/README.md"),
        include_str!("../../../httpget/README.md"),
    ];
    for page in pages {
        let examples: Vec<&str> =
            ["rust", "rust,no_run"].map(|it| blocks(page, it)).into_iter().flatten().collect();
        assert!(!examples.is_empty(), "no example on {page}");
        let hidden =
            examples.iter().flat_map(|example| example.lines()).find(|line| line.starts_with("# "));
        assert_eq!(hidden, None);
    }
}

/// Returns the fenced blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let fence = format!("```{language}\n");
    let starts: Vec<usize> = page.match_indices(&fence).map(|(at, _)| at + fence.len()).collect();
    starts.into_iter().filter_map(|at| page[at..].split("```").next())
}

/// Returns the text below a heading, up to the next one.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, below) = page.split_once(&format!("\n{heading}\n")).expect("the heading is there");
    below.split("\n#").next().unwrap_or(below)
}

/// Returns the cells of a table's rows, without its head.
fn rows(section: &str) -> Vec<Vec<&str>> {
    let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}
