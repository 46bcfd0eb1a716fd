//! See `src/documents.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| eureka_peers_fuzz::documents::check(input));
