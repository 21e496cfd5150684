#![no_main]

#[allow(dead_code, reason = "the outcome is for the test over the corpus")]
#[path = "../../crates/netcore/tests/corpus/tls.rs"]
mod tls;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    tls::tls_session(input);
});
