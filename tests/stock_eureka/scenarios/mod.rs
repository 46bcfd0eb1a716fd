//! The scenarios, and the releases on which each runs.
//!
//! A scenario is a function over a release; it fails by a panic that says what was seen.

mod additions;
mod adoption;
mod bursts;
mod calls;
mod clients;
mod commands;
mod control;
mod documented;
mod ipv6;
mod masked;
mod outage;
mod own_record;
mod restarts;
mod security;
mod surroundings;

use adoption::{SINK_HELD, SINK_HELD_LONG, hold_the_sink};
use security::{EXEMPT_AS_DOCUMENTED, refresh_is_refused};

use crate::ground;
use crate::machine::find_program;
use crate::pod::PeerHost;
use crate::release::{Import, Kind, REFERENCE, Release, Spring};

/// One scenario.
pub(crate) struct Scenario {
    /// The second half of a trial's name.
    pub(crate) name: &'static str,
    /// What happens.
    pub(crate) body: fn(&'static Release),
    /// Whether it takes minutes of waiting for one figure.
    pub(crate) is_measurement: bool,
    /// What it stands on.
    pub(crate) ground: ground::Kind,
    on: On,
    tools: &'static [&'static str],
}

/// Which releases can differ in a scenario.
#[derive(Clone, Copy)]
enum On {
    /// All of them.
    All,
    /// Those that are told to refresh.
    Refreshed,
    /// Those with the present interfaces of Spring Security.
    Guarded,
    /// All that are told to refresh, down to their patches.
    Patches,
    /// None: the program's own behaviour, shown on one release.
    Reference,
}

impl Scenario {
    /// Whether a release can differ here.
    pub(crate) fn runs_on(&self, release: &Release) -> bool {
        match self.on {
            On::All => true,
            On::Refreshed | On::Patches => release.is_refreshed(),
            On::Guarded => matches!(release.kind, Kind::Spring(Spring { import: Import::Config, .. })),
            On::Reference => release.name == REFERENCE,
        }
    }

    /// Whether a patch can differ here, of a release that is under test for nothing else.
    pub(crate) fn runs_on_patches(&self) -> bool {
        matches!(self.on, On::Patches)
    }

    /// What it needs besides Java and this machine lacks.
    pub(crate) fn missing_tools(&self) -> impl Iterator<Item = &'static str> {
        let tools = self.tools.iter().copied().filter(|tool| find_program(tool).is_none());
        tools.chain(self.ground.missing())
    }
}

const fn scenario(name: &'static str, on: On, body: fn(&'static Release)) -> Scenario {
    Scenario { name, body, is_measurement: false, ground: ground::Kind::Shared, on, tools: &[] }
}

/// A pod that has the machine's own ports.
const fn on_the_machine(name: &'static str, on: On, body: fn(&'static Release)) -> Scenario {
    Scenario { ground: ground::Kind::Namespace, ..scenario(name, on, body) }
}

const fn measurement(name: &'static str, on: On, body: fn(&'static Release)) -> Scenario {
    Scenario { is_measurement: true, ..scenario(name, on, body) }
}

/// Every scenario, the simple ones first.
pub(crate) static SCENARIOS: &[Scenario] = &[
    scenario("without_the_program", On::All, control::without_the_program),
    scenario("cold_start", On::All, adoption::cold_start),
    scenario("scale_names", On::All, |release| adoption::scale(release, PeerHost::Names)),
    scenario("scale_addresses", On::All, |release| adoption::scale(release, PeerHost::Addresses)),
    scenario("sink_held", On::All, |release| hold_the_sink(release, "sink_held", SINK_HELD)),
    scenario("server_killed", On::All, restarts::server_killed),
    scenario("sidecar_killed", On::All, restarts::sidecar_killed),
    scenario("stale_sink", On::All, restarts::stale_sink),
    scenario("change_during_start", On::Refreshed, restarts::change_during_start),
    scenario("init_container_only", On::All, documented::init_container_only),
    on_the_machine("documented_environment", On::Patches, documented::exactly),
    on_the_machine("open_actuator", On::Reference, documented::open_actuator),
    scenario("adopted_by_env", On::Patches, adoption::by_env),
    scenario("masked", On::Refreshed, masked::by_the_environment),
    scenario("masked_and_shown", On::Reference, masked::and_shown),
    scenario("mesh_and_check", On::Reference, commands::mesh_and_check),
    scenario("accept", On::Reference, commands::accept),
    scenario("dns_outage", On::Reference, outage::failures_and_denials),
    scenario("slow_server", On::Reference, calls::slow_server),
    scenario("slow_status", On::Reference, calls::slow_status),
    scenario("hanging_server", On::Reference, calls::hanging_server),
    scenario("storm", On::Reference, calls::storm),
    scenario("with_client_refresh", On::Reference, additions::with_client_refresh),
    scenario("basic_credentials", On::Guarded, security::basic_credentials),
    scenario("csrf", On::Guarded, |release| refresh_is_refused(release, "csrf", Some(EXEMPT_AS_DOCUMENTED))),
    // With nothing but a user and a password.
    scenario("security_starter_only", On::Reference, |release| {
        refresh_is_refused(release, "security_starter_only", None);
    }),
    scenario("actuator_on_the_main_port", On::Reference, security::on_the_main_port),
    scenario("unresolved_placeholders", On::Refreshed, security::unresolved_placeholders),
    scenario("context_path", On::Reference, surroundings::context_path),
    scenario("steeltoe", On::Reference, surroundings::steeltoe),
    scenario("https", On::Reference, surroundings::https),
    Scenario { ground: ground::Kind::Ipv6Namespace, ..scenario("ipv6", On::Reference, ipv6::with_addresses) },
    Scenario {
        tools: &["python3", "node", "npm"],
        ..scenario("real_clients", On::Reference, clients::stay_registered)
    },
    measurement("additions", On::All, additions::thirty),
    measurement("bursts", On::Refreshed, bursts::five_additions),
    measurement("own_record", On::Patches, own_record::stays_up),
    measurement("sink_held_long", On::All, |release| {
        hold_the_sink(release, "sink_held_long", SINK_HELD_LONG);
    }),
];
