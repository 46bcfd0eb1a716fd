//! The whole program against these servers: one module a promise.

mod disagreement;
mod in_a_cluster;
mod lies;
mod lists;
mod operator;
mod outages;
mod starts;

use libtest_mimic::Trial;

/// The longest ones first.
pub(crate) fn trials() -> Vec<Trial> {
    [
        disagreement::trials(),
        outages::trials(),
        operator::trials(),
        in_a_cluster::trials(),
        lies::trials(),
        lists::trials(),
        starts::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
