//! The saved state, as this program or anyone else who may write into the volume left it.
//!
//! The first byte chooses the settings of the life that reads it.

use std::time::Duration;

use eureka_peers::model::{ErrorChain, Moment};
use eureka_peers::publish::{decode_state, encode_state};
use eureka_peers::reconcile::Machine;

use super::dns_answer::drain;
use super::policies::{chosen_by, clock};
use super::shown::assert_line;

/// Reads the state, and insists that nothing of it gets into a list that the settings do not allow.
pub fn check(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else { return };
    let state = match decode_state(bytes, clock()) {
        Ok(decoded) => decoded.state,
        Err(fault) => return assert_line(&ErrorChain(&fault).to_string()),
    };
    assert_eq!(decode_state(&encode_state(&state, clock()), clock()).expect("our own bytes").state, state);
    let policy = chosen_by(*choice);
    let mut machine = Machine::new(policy.clone(), Some(&state), Moment::START);
    drain(&mut machine, policy, Moment::START);
    // Past the start deadline.
    drain(&mut machine, policy, Moment::at(Duration::from_secs(3600)));
}
