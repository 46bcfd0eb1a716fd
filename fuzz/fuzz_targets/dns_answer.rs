//! See `src/dns_answer.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| eureka_peers_fuzz::dns_answer::check(input));
