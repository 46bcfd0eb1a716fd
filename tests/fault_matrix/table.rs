//! The matrix as a page of the documentation, written from what was seen.

use std::fmt::Write as _;

use crate::expected::{Init, Shown};
use crate::phase::Phase;
use crate::says::Says;

pub(crate) const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fault-matrix.md");

const HEAD: &str = "# Fault matrix

What eureka-peers does for each thing that DNS can say, in each phase of its life. This page is written
by `tests/fault_matrix` from runs of the real program in both layouts; `EUREKA_PEERS_TESTS=all cargo test
--test fault_matrix` compares it with what it sees, and `FAULT_MATRIX=write` in front writes it anew.

Pod 0 is the one beside which the sidecar runs. *File* is the peers in `peers.properties`, list after
list; a reader that never stops saw each of them whole, and nothing else. *Conditions* are those of
`/status`, in brackets those that passed. Removals were allowed after `--remove-after`, falls after
`--shrink-after`, and where there are no records, everything was watched for longer than both; `--empty-after`
is `never`, as by default. *`init`* is the exit code of the init container in the volume as it was, and
what its file then says; the second column is with `--on-deadline fail`, the third with `wait`: 1 is one that
was still waiting when it was told to stop. Afterwards DNS named pods 0 to 5,
and each of these sidecars followed without a restart.
";

const COLUMNS: &str = "
| DNS says | outcome | file | conditions | readyz | startupz | `init` | or fail | or wait |
|---|---|---|---|---|---|---|---|---|
";

/// The page; `rows` are in the order of phases, and within one of what DNS says.
pub(crate) fn page(rows: &[(Phase, Says, Shown)]) -> String {
    let mut page = HEAD.to_owned();
    for phase in Phase::all() {
        let (heading, sentence) = phase.words();
        let _infallible = write!(page, "\n## {heading}\n\n{sentence}\n{COLUMNS}");
        for (_, says, shown) in rows.iter().filter(|(of, ..)| *of == phase) {
            page.push_str(&row(*says, shown));
        }
    }
    page
}

fn row(says: Says, shown: &Shown) -> String {
    let seen = [
        says.words().to_owned(),
        format!("`{}`", says.outcome()),
        lists(&shown.lists),
        conditions(shown),
        shown.readyz.to_string(),
        shown.startupz.to_string(),
    ];
    let cells: Vec<String> = seen.into_iter().chain(shown.inits.iter().map(init)).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn lists(lists: &[Vec<u8>]) -> String {
    if lists.is_empty() {
        return "none".to_owned();
    }
    lists.iter().map(|pods| list(pods)).collect::<Vec<_>>().join(" → ")
}

fn list(pods: &[u8]) -> String {
    if *pods == [0] {
        return "self".to_owned();
    }
    pods.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
}

fn conditions(shown: &Shown) -> String {
    let stay = shown.conditions.iter().map(|kind| format!("`{kind}`"));
    let pass = shown.passing.iter().map(|kind| format!("(`{kind}`)"));
    stay.chain(pass).collect::<Vec<_>>().join(" ")
}

fn init(init: &Init) -> String {
    let file = init.list.as_deref().map_or("none".to_owned(), list);
    format!("{}: {file}", init.code)
}
