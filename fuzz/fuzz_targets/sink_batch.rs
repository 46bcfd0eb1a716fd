//! See `src/listeners.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| eureka_peers_fuzz::listeners::check_batch(input));
