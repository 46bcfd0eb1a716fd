//! See `src/settings_file.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| eureka_peers_fuzz::settings_file::check(input));
