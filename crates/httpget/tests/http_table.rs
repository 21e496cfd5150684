//! The table in `docs/http.md`, row by row.

#[allow(dead_code, reason = "the fuzz targets' entries are for the test of the corpus")]
#[path = "corpus/checks.rs"]
mod checks;
mod page;

use std::fmt::Write;

use checks::{Story, prefix_of, tell_of};
use httpget::Limits;
use httpget::http::HeaderMap;
use httpget::protocol::Exchange;
use netcore::testing::split_law;
use page::{PAGE, unescape};

/// Those that the page states.
fn limits() -> Limits {
    Limits::default()
        .with_head(160)
        .with_fields(4)
        .with_interim(2)
        .with_body(64)
        .with_trailers(32)
        .with_chunk_line(20)
}

struct Row {
    case: &'static str,
    /// Makes the exchange of a GET, or of a HEAD if the case says so.
    new: fn(&Limits) -> Exchange,
    bytes: Vec<u8>,
    outcome: &'static str,
}

fn rows() -> Vec<Row> {
    let responses = PAGE.lines().take_while(|line| !line.starts_with("## Requests"));
    let rows = responses.filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [case, bytes, outcome, _section] = cells[..] else { return None };
        let bytes = unescape(bytes.strip_prefix('`')?.strip_suffix('`')?);
        let outcome = outcome.strip_prefix('`')?.strip_suffix('`')?;
        let new = if case.starts_with("HEAD: ") { Exchange::for_head } else { Exchange::new };
        Some(Row { case, new, bytes, outcome })
    });
    rows.collect()
}

/// As the page's third column has it.
fn outcome(story: &Story) -> String {
    let mut text = String::new();
    let interim = story.heads.len() - usize::from(story.status.is_some());
    for (status, _) in &story.heads[..interim] {
        let _ = write!(text, "{status}; ");
    }
    if let Some(status) = story.status {
        let _ = write!(text, "{status}{}", shown(&story.headers));
        let _ = write!(text, " \"{}\"", story.content.escape_ascii());
        if let Some(trailers) = &story.trailers {
            text.push_str(&shown(trailers));
        }
        text.push_str("; ");
    }
    match &story.end {
        Some(error) => {
            let _ = write!(text, "{error}");
        }
        None => text.push_str(if story.kept { "kept" } else { "not kept" }),
    }
    for warning in &story.warnings {
        let _ = write!(text, "; warning: {warning}");
    }
    text
}

/// The fields that are there for the outcome's sake.
fn shown(headers: &HeaderMap) -> String {
    let ours = headers.iter().filter(|(name, _)| name.as_str().starts_with('x'));
    ours.map(|(name, value)| format!(" {name}: {}", value.as_bytes().escape_ascii())).collect()
}

#[test]
fn each_row_matches() {
    let rows = rows();
    assert!(rows.len() >= 80, "a page that is read: {} rows", rows.len());
    let mut wrong = 0;
    for row in &rows {
        let story = tell_of(row.new, &limits(), &[&row.bytes], false);
        if outcome(&story) != row.outcome {
            println!("{}\n  page: {}\n  here: {}", row.case, row.outcome, outcome(&story));
            wrong += 1;
        }
    }
    assert_eq!(wrong, 0, "rows that are wrong");
}

#[test]
fn any_split_gives_the_same_outcome() {
    for row in rows() {
        println!("{}", row.case);
        split_law(&row.bytes, |pieces| {
            let told = |moving| tell_of(row.new, &limits(), pieces, moving);
            vec![told(false), told(true)]
        });
    }
}

#[test]
fn no_prefix_is_complete() {
    for row in rows() {
        println!("{}", row.case);
        let story = tell_of(row.new, &limits(), &[&row.bytes], false);
        for length in 0..row.bytes.len() {
            prefix_of(row.new, &limits(), &row.bytes[..length], &story);
        }
    }
}

#[test]
fn the_page_has_the_limits_of_this_test() {
    let Limits { head, fields, interim, body, trailers, chunk_line, .. } = limits();
    let stated = format!(
        "`head` {head}, `fields` {fields}, `interim` {interim}, `body` {body}, \
         `trailers` {trailers}, `chunk_line` {chunk_line}"
    );
    assert!(PAGE.contains(&stated), "{stated}");
}
