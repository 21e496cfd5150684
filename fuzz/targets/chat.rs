#![no_main]

#[path = "../../crates/chat/tests/corpus/checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    checks::chat(input);
});
