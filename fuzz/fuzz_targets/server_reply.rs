//! See `src/server_reply.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| eureka_peers_fuzz::server_reply::check(input));
