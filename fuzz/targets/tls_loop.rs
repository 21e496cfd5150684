#![no_main]

#[allow(dead_code, reason = "the outcome is for the test over the corpus")]
#[path = "../../crates/netcore/tests/corpus/tls_loop.rs"]
mod tls_loop;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    tls_loop::tls_loop(input);
});
