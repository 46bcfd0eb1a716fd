//! Everything that DNS can say, in every phase, in both layouts, on the real program.
//!
//! A trial a cell; each states what must be seen and watches from outside. After a run of everything the page
//! `docs/fault-matrix.md` is compared with what was seen, or written with `FAULT_MATRIX=write`.
//! Beside the table, packet filters between the program and DNS (`filters`).
//! The run takes place in a network namespace of its own, where an address can be taken away; where
//! there is none, the cells that need it are ignored, and so are the filters.

mod cell;
mod expected;
mod filters;
mod network;
mod phase;
mod says;
mod table;
#[path = "../world/mod.rs"]
mod world;

use std::env;
use std::fs;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Trial};

use world::{cluster, dns_server, extent, machine, namespace, once, ports, reader, secret, sidecar, wait};

use cell::Cell;
use expected::Shown;
use namespace::Stand;
use phase::Phase;
use says::Says;

const LAYOUTS: [&str; 2] = ["volume", "plain"];
/// Cells wait far more than they work.
const AT_ONCE: usize = 24;

type Rows = Arc<Mutex<Vec<(Phase, Says, &'static str, Shown)>>>;

fn main() -> ExitCode {
    let network = match namespace::enter(&["--net"]) {
        Stand::Over(code) => return code,
        Stand::Inside => network::begin(),
        Stand::Outside(reason) => Err(reason),
    };
    let rows = Rows::default();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let mut all = filters::trials(&network);
    all.extend(trials(&rows, &network));
    let trials = extent::chosen("fault_matrix", &arguments, all, is_in_sample);
    let conclusion = libtest_mimic::run(&arguments, trials);
    if conclusion.has_failed() {
        return conclusion.exit_code();
    }
    match compare(&rows.lock().expect("nobody panics while holding it")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// A quick run plays everything that DNS can say to a steady sidecar, and in the other phases an answer, a
/// denial and a failure.
fn is_in_sample(name: &str) -> bool {
    let is_wide = ["::Records::", "::NoSuchName::", "::ServFail::"].iter().any(|says| name.contains(says));
    let is_filter = name == "filters::udp";
    is_filter || name.ends_with("::volume") && (is_wide || name.starts_with("steady::"))
}

fn trials(rows: &Rows, network: &Result<(), String>) -> Vec<Trial> {
    let mut trials = vec![];
    // Those that wait longest come first.
    let mut says = Says::all();
    says.sort_by_key(|says| says.outcome() != "timeout");
    for says in says {
        for phase in Phase::all() {
            trials.extend(LAYOUTS.map(|layout| trial(Cell { phase, says, layout }, rows, network)));
        }
    }
    trials
}

fn trial(cell: Cell, rows: &Rows, network: &Result<(), String>) -> Trial {
    let Cell { phase, says, layout } = cell;
    let needed = if says == Says::Unreachable { network.clone() } else { Ok(()) };
    let rows = Arc::clone(rows);
    machine::trial_with(format!("{}::{says:?}::{layout}", phase.name()), needed, move || {
        let shown = cell.play();
        rows.lock().expect("nobody panics while holding it").push((phase, says, layout, shown));
    })
}

/// Holds the page to what was seen, where every cell was played.
fn compare(rows: &[(Phase, Says, &'static str, Shown)]) -> Result<(), String> {
    let find = |phase, says, layout| {
        let is_it = |row: &&(Phase, Says, &str, Shown)| row.0 == phase && row.1 == says && row.2 == layout;
        rows.iter().find(is_it).map(|(.., shown)| shown.clone())
    };
    let mut page_rows = vec![];
    for phase in Phase::all() {
        for says in Says::all() {
            let [Some(volume), Some(plain)] = LAYOUTS.map(|layout| find(phase, says, layout)) else {
                return Ok(());
            };
            if volume != plain {
                return Err(format!("{phase:?}, {says:?}: the layout makes a difference"));
            }
            page_rows.push((phase, says, volume));
        }
    }
    let page = table::page(&page_rows);
    if env::var_os("FAULT_MATRIX").is_some_and(|value| value == "write") {
        return fs::write(table::PATH, page).map_err(|error| format!("{}: {error}", table::PATH));
    }
    if fs::read_to_string(table::PATH).unwrap_or_default() == page {
        return Ok(());
    }
    Err(format!("{} is not what was seen; FAULT_MATRIX=write writes it anew", table::PATH))
}
