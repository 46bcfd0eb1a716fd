//! Settings under which inputs are judged, read by the program's own reader.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use eureka_peers::model::WallClock;
use eureka_peers::reconcile::Policy;
use eureka_peers::settings::{Environment, Flags, Key, Purpose, Settings, load};

/// The full name of the Service that is asked about.
pub const SERVICE: &str = "eureka.ns.svc.cluster.local";

/// The pod that we are beside.
pub fn pod() -> Environment {
    let variables = [("POD_NAME", "eureka-0"), ("POD_IP", "10.0.0.10"), ("POD_NAMESPACE", "ns")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.into())).into();
    Environment { variables, ..Environment::default() }
}

/// A server's names, a server's IPv4 addresses, a client's IPv6 addresses, a server of one range.
static POLICIES: LazyLock<[Policy; 4]> = LazyLock::new(|| {
    let policy = |flags: &[(Key, &str)]| settings(flags).policy;
    [
        policy(&[]),
        policy(&[(Key::PeerHost, "ipv4")]),
        policy(&[(Key::PeerHost, "ipv6"), (Key::Role, "client")]),
        policy(&[(Key::PeerHost, "ipv4"), (Key::AllowCidr, "10.0.0.0/8"), (Key::DenyCidr, "10.1.0.0/16")]),
    ]
});

/// The settings of a sidecar that is given these flags.
pub fn settings(flags: &[(Key, &str)]) -> Settings {
    let given = [(Key::Service, "eureka"), (Key::OutputDir, "/volume"), (Key::MaxPeers, "4096")];
    let all = given.iter().chain(flags).map(|(key, value)| (*key, vec![(*value).to_owned()]));
    let loaded = load(&all.collect::<Flags>(), None, &pod(), Purpose::Run);
    loaded.expect("these settings have no fault").settings
}

/// One of the policies; the byte says which.
pub fn chosen_by(byte: u8) -> &'static Policy {
    &POLICIES[usize::from(byte) % POLICIES.len()]
}

/// The dates of a program that started in September 2001.
pub fn clock() -> WallClock {
    WallClock::started_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
}
