#![no_main]

#[path = "../../crates/httpget/tests/corpus/netrc.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    checks::netrc(input);
});
