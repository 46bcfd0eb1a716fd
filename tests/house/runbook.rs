//! Holds the runbook to the program: every condition that it can show has its line, and no other.

use std::collections::BTreeSet;

use eureka_peers::reconcile::ConditionKind;

use crate::world::tool::text_of;

#[test]
fn every_condition_has_its_line() {
    let text = text_of("docs/runbook.md");
    let (conditions, _mesh) = text.split_once("## What `mesh` says").expect("findings of mesh come last");
    let named = |line: &str| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name.to_owned());
    let written: BTreeSet<String> = conditions.lines().filter_map(named).collect();
    let shown: BTreeSet<String> =
        ConditionKind::ALL.into_iter().map(|kind| kind.label().to_owned()).collect();
    assert_eq!(written, shown);
}
