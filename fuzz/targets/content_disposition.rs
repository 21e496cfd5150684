#![no_main]

#[allow(dead_code, reason = "each target has one of the checks")]
#[path = "../../crates/httpget/tests/corpus/checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    checks::content_disposition(input);
});
