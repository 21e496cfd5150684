#![no_main]

#[path = "../../crates/httpget/tests/corpus/proxy.rs"]
mod proxy;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    proxy::proxy_reply(input);
});
