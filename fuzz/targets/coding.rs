#![no_main]

#[path = "../../crates/httpget/tests/corpus/coding.rs"]
mod coding;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    coding::coding(input);
});
