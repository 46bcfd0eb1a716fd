//! See `src/status_document.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| eureka_peers_fuzz::status_document::check(input));
