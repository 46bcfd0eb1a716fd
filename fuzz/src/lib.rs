//! What must hold of every input that comes from outside, as functions of bytes.
//!
//! Each function takes one input and panics where a promise is broken. The fuzzer calls them with what
//! it invents, and `tests/house/fuzz_corpus.rs` of the main package calls the very same ones with what the
//! fuzzer found worth keeping and with the inputs of [`seeds`]. Nothing here may depend on the order of
//! inputs or leave anything behind.

pub mod dns_answer;
pub mod dns_exchange;
pub mod documents;
pub mod listeners;
pub mod policies;
pub mod seeds;
pub mod server_reply;
pub mod settings_file;
pub mod shown;
pub mod slow;
pub mod state_file;
pub mod status_document;

/// A function that takes any bytes and panics where they break a promise.
pub type Check = fn(&[u8]);

/// Every target: its name, which is also that of its corpus, and its check.
pub const TARGETS: [(&str, Check); 10] = [
    ("dns_answer", dns_answer::check),
    ("dns_exchange", dns_exchange::check),
    ("documents", documents::check),
    ("local_request", listeners::check_local),
    ("public_request", listeners::check_public),
    ("server_reply", server_reply::check),
    ("settings_file", settings_file::check),
    ("sink_batch", listeners::check_batch),
    ("state_file", state_file::check),
    ("status_document", status_document::check),
];
