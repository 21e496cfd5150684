#![no_main]

#[path = "../../crates/httpget/tests/corpus/cookies.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    checks::cookie(input);
});
