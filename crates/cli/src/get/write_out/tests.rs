use std::collections::BTreeSet;

use super::{VARIABLES, WriteOut, json};
use crate::get::report::Report;

fn report() -> Report {
    Report { url: "http://h/a".to_owned(), received: 7, exit_code: 18, ..Report::default() }
}

fn output(format: &str) -> String {
    format.parse::<WriteOut>().unwrap().write(&report()).output
}

#[test]
fn text_escapes_and_variables_stand_beside_one_another() {
    assert_eq!(output("plain"), "plain");
    assert_eq!(output("a\\nb\\tc\\rd\\\\e\\q"), "a\nb\tc\rd\\e\\q");
    assert_eq!(output("100%% %d %"), "100% %d %");
    assert_eq!(output("%{size_download}:%{url}."), "7:http://h/a.");
    assert_eq!(output("%{http_code}|%{time_total}"), "000|0.000000");
    assert_eq!(output("%header{x}|"), "|");
}

#[test]
fn what_is_not_a_variable_is_refused() {
    for format in ["%{nonsense}", "%{", "%{url", "%header{x"] {
        assert!(format.parse::<WriteOut>().is_err(), "{format}");
    }
}

#[test]
fn a_part_can_go_to_standard_error_or_be_for_failures_alone() {
    let format: WriteOut = "a%{stderr}b%{stdout}c%{onerror}d".parse().unwrap();
    let written = format.write(&report());
    assert_eq!((&*written.output, &*written.errors), ("acd", "b"));
    let done = format.write(&Report { exit_code: 0, ..report() });
    assert_eq!(done.output, "ac");
}

#[test]
fn json_has_each_variable_once() {
    let names: BTreeSet<_> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(names.len(), VARIABLES.len());
    let json = json(&report());
    for name in names {
        assert!(json.contains(&format!("\"{name}\":")), "{name}: {json}");
    }
    assert!(json.contains("\"http_code\":0,") && json.contains("\"exitcode\":18"), "{json}");
}

#[test]
fn parts_of_the_urls_have_names() {
    let effective = httpget::Url::parse("https://b:8443/d?e").ok();
    let report = Report { url: "http://u:p@A/c/?d#f".to_owned(), effective, ..Report::default() };
    let format = "%{url.scheme} %{url.host} %{url.port} %{url.path} %{url.query}|\
                  %{urle.scheme} %{urle.host} %{urle.port} %{urle.path} %{urle.query}";
    let written = format.parse::<WriteOut>().unwrap().write(&report).output;
    assert_eq!(written, "http a 80 /c/ d|https b 8443 /d e");
    assert_eq!(output("%{urle.host}|"), "|");
}

#[test]
fn parts_go_to_files() {
    let directory = netcore::testing::TestDir::new();
    let path = |name: &str| directory.path(name).display().to_string();
    let format = format!(
        "a%output{{{}}}%{{size_download}}%{{stderr}}b%output{{>>{}}}c%{{stdout}}d",
        path("new"),
        path("log")
    );
    let format: WriteOut = format.parse().unwrap();
    for _ in 0..2 {
        let written = format.write(&report());
        assert_eq!((&*written.output, &*written.errors), ("ad", "b"));
        written.files.iter().for_each(|file| file.write().unwrap());
    }
    assert_eq!(std::fs::read(directory.path("new")).unwrap(), b"7");
    assert_eq!(std::fs::read(directory.path("log")).unwrap(), b"cc");
    let nowhere: WriteOut = format!("%output{{{}/x/y}}a", path("")).parse().unwrap();
    let failure = nowhere.write(&report()).files[0].write().unwrap_err();
    assert_eq!(failure.code(), crate::exit::WRITE_ERROR);
    for malformed in ["%output{}", "%output{>>}", "%output{x"] {
        assert!(malformed.parse::<WriteOut>().is_err(), "{malformed}");
    }
}
