//! Questions to DNS, and what was answered.
//!
//! [`Lookup`] is all that the loop knows of DNS; [`HickoryLookup`] is the real thing. A look-up (`lookup`)
//! goes from server to server and, at each, from rung to rung: UDP with EDNS, UDP without, TCP (`exchange`).
//! The next rung begins beside those before it after 300 ms of silence, or at once after a failure; the first
//! usable answer wins (`race`). What worked is tried first from then on (`ladder`), and what was said becomes
//! an [`Answer`] (`reading`). A lone address and a denied port raise further questions (`raised`), whose outcome is
//! kept while the answer is the same (`conclusions`).
//!
//! Never: a CNAME followed, a truncated answer used, an answer remembered, a TTL let out, an
//! outcome logged or counted here.
//!
//! Of hickory-resolver its message and transport crates are used, not its `Resolver`. That one follows a
//! CNAME with up to eight further questions and then reports the *other* name's "no such name" as
//! ours, books each negative answer as a server's failure, answers `localhost` and `invalid` out
//! of its own head, and gives up at the first SERVFAIL of several servers.
//!
//! Between two questions no answer is kept. What is kept is of the servers, and ages: their list for a
//! minute, the one that gave records last for ten seconds, how each is best asked for five minutes, whether
//! any has answered yet. And of Services, while their answers stay the same, what these came to: whether the only
//! address is a pod's, and what a denied port means.

mod conclusions;
mod exchange;
mod known_addresses;
mod ladder;
mod lookup;
mod name_servers;
mod overheard;
mod race;
mod raised;
mod reading;

use std::future::Future;

use crate::model::{Answer, Question};

pub use known_addresses::KnownAddresses;
pub use lookup::HickoryLookup;
pub use name_servers::NameServers;
pub use reading::read_message;

/// What answers a question about a headless Service.
pub trait Lookup {
    /// Asks once. Takes a bounded time, and every failure is an [`Answer`] too.
    ///
    /// The future may be dropped at any point; nothing is then left running.
    fn ask(&self, question: &Question) -> impl Future<Output = Answer>;
}
