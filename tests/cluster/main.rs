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

use world::{control_plane, namespace, overlay, process, registry, rendered, tool, view, wait};

use crate::change::{hasten, roll_out};
use crate::ground::{Ground, NODES};
use crate::install::install;
use crate::prefix::prefixed;
use crate::shop::Shop;
use crate::typo::{NO_SERVICE, typo};

/// Set by `.ci/cluster`: we are in namespaces that it will take away.
const INSIDE: &str = "EUREKA_PEERS_CLUSTER";

/// What is tried in a namespace.
type Body = fn(&mut Shop<'_>) -> Result<(), String>;

/// The level of Pod Security that all but one of the namespaces have.
const RESTRICTED: &str = "restricted";

const TRIALS: [(&str, &str, Body); 21] = [
    ("install::one_replica", RESTRICTED, |shop| install(shop, "statefulset", install::one_replica, 1)),
    ("install::ordered_ready", RESTRICTED, |shop| install(shop, "statefulset", install::order, 3)),
    ("install::host_network", "privileged", |shop| install(shop, ON_THE_HOST_NETWORK, |_| (), NODES)),
    ("install::behind_a_cache", RESTRICTED, install::behind_a_cache),
    ("install::init_container", RESTRICTED, |shop| install(shop, "init-container", |_| (), 3)),
    ("roll_out::statefulset", RESTRICTED, |shop| roll_out(shop, "statefulset", 3)),
    ("roll_out::deployment", RESTRICTED, |shop| roll_out(shop, "deployment", 3)),
    ("roll_out::daemonset", RESTRICTED, |shop| roll_out(shop, "daemonset", NODES)),
    ("outage::everything", RESTRICTED, outage::everything),
    ("typo::statefulset", RESTRICTED, |shop| typo(shop, "statefulset", hasten, 3, NO_SERVICE)),
    ("typo::ordered_ready", RESTRICTED, |shop| typo(shop, "statefulset", typo::in_order, 3, NO_SERVICE)),
    ("typo::deployment", RESTRICTED, |shop| typo(shop, "deployment", hasten, 3, NO_SERVICE)),
    ("typo::daemonset", RESTRICTED, |shop| typo(shop, "daemonset", hasten, NODES, NO_SERVICE)),
    // The clients' Service, where servers are asked for by name.
    ("typo::not_headless", RESTRICTED, |shop| typo(shop, "statefulset", hasten, 3, typo::NOT_HEADLESS)),
    ("typo::published", RESTRICTED, typo::published),
    ("typo::port_name", RESTRICTED, typo::port_name),
    ("silence::accept_empty", RESTRICTED, silence::accept_empty),
    ("silence::two_minutes", RESTRICTED, silence::two_minutes),
    ("prefix::statefulset", RESTRICTED, |shop| prefixed(shop, "statefulset", 3)),
    ("prefix::deployment", RESTRICTED, |shop| prefixed(shop, "deployment", 3)),
    ("prefix::daemonset", RESTRICTED, |shop| prefixed(shop, "daemonset", NODES)),
];
const ON_THE_HOST_NETWORK: &str = "examples/daemonset-host-network";

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
