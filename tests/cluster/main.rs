//! Our manifests on real Kubernetes parts: whole clusters, real nodes, and stock servers in real containers.
//!
//! By command only: `.ci/cluster` builds what is needed, and calls this in namespaces made for it. Elsewhere
//! everything is ignored, `CI=true` or not. One trial after another, for two cores carry one set of servers.

mod change;
mod ground;
mod install;
mod outage;
mod pod;
mod prefix;
mod shop;
mod silence;
mod typo;
#[path = "../world/mod.rs"]
mod world;

use std::cell::RefCell;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use world::{control_plane, http, namespace, overlay, process, registry, rendered, tool, wait};

use crate::ground::Ground;
use crate::shop::Shop;

/// Set by `.ci/cluster`: we are in namespaces that it will take away.
const INSIDE: &str = "EUREKA_PEERS_CLUSTER";

/// What is tried in a namespace.
type Body = fn(&mut Shop<'_>) -> Result<(), String>;

const TRIALS: [(&str, &str, Body); 21] = [
    ("install::one_replica", "restricted", install::one_replica),
    ("install::ordered_ready", "restricted", install::ordered_ready),
    ("install::host_network", "privileged", install::host_network),
    ("install::behind_a_cache", "restricted", install::behind_a_cache),
    ("install::init_container", "restricted", install::init_container),
    ("roll_out::statefulset", "restricted", change::statefulset),
    ("roll_out::deployment", "restricted", change::deployment),
    ("roll_out::daemonset", "restricted", change::daemonset),
    ("outage::everything", "restricted", outage::everything),
    ("typo::statefulset", "restricted", typo::statefulset),
    ("typo::ordered_ready", "restricted", typo::ordered_ready),
    ("typo::deployment", "restricted", typo::deployment),
    ("typo::daemonset", "restricted", typo::daemonset),
    ("typo::not_headless", "restricted", typo::not_headless),
    ("typo::published", "restricted", typo::published),
    ("typo::port_name", "restricted", typo::port_name),
    ("silence::accept_empty", "restricted", silence::accept_empty),
    ("silence::two_minutes", "restricted", silence::two_minutes),
    ("prefix::statefulset", "restricted", prefix::statefulset),
    ("prefix::deployment", "restricted", prefix::deployment),
    ("prefix::daemonset", "restricted", prefix::daemonset),
];

thread_local! {
    /// Made by the first trial that wants it, on the thread that runs all of them.
    static GROUND: RefCell<Option<Result<Rc<RefCell<Ground>>, String>>> = const { RefCell::new(None) };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The cluster's processes end with the thread that has started them: with one, it is this one.
    arguments.test_threads = Some(1);
    let trials = TRIALS.map(|(name, level, body)| {
        Trial::ignorable_test(name, move || {
            if env::var_os(INSIDE).is_none() {
                return Ok(Completion::ignored_with(".ci/cluster runs it"));
            }
            run(name, level, body).map(|()| Completion::Completed).map_err(Failed::from)
        })
    });
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

fn run(name: &str, level: &str, body: Body) -> Result<(), String> {
    let ground = ground()?;
    let begun = Instant::now();
    println!();
    let namespace = name.replace("::", "-").replace('_', "-");
    let mut shop = Shop::open(&ground, &namespace, level)?;
    let outcome = body(&mut shop).map_err(|why| format!("{why}\n{}", shop.state()));
    // Whatever a trial has done to DNS is no concern of the next.
    ground.borrow_mut().start_dns(ground::Dns::Plain)?;
    println!("    {name}: {:.0?}", begun.elapsed());
    let closed = shop.close();
    outcome.and(closed)
}

/// The cluster; where it could not be made, no trial can be.
fn ground() -> Result<Rc<RefCell<Ground>>, String> {
    GROUND.with_borrow_mut(|slot| {
        let start = || {
            let begun = Instant::now();
            let ground = Ground::start()?;
            println!("\n    the cluster is up after {:.0?}", begun.elapsed());
            Ok(Rc::new(RefCell::new(ground)))
        };
        slot.get_or_insert_with(start).clone()
    })
}
