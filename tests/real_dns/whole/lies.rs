//! Hosts outside the Service and addresses that no pod has never get into the file.

use std::time::Duration;

use libtest_mimic::Trial;

use crate::Missing;
use crate::authority::{Authority, Program};
use crate::pod::{Pod, ipv4, ipv6, names};
use crate::programs::Hosting;
use crate::zone::Zone;

/// Names outside the Service, as absolute names in a zone file: a stranger, another Service's pod,
/// the Service itself, its parent.
const STRANGERS: [&str; 5] = [
    "evil.example.org.",
    "eureka-1.other.ns.svc.cluster.local.",
    "eureka-1.eureka.elsewhere.svc.cluster.local.",
    "eureka.ns.svc.cluster.local.",
    "ns.svc.cluster.local.",
];

/// Names below the Service that are no host names, in the escapes of zone files: a placeholder, a
/// second URL, a line feed, a blank, a dot within a label and an end of text, credentials.
const ODD_NAMES: [&str; 6] = [
    "\\036\\123jndi\\058x\\125.eureka.ns.svc.cluster.local.",
    "a\\044http\\058\\047\\047evil.eureka.ns.svc.cluster.local.",
    "a\\010b.eureka.ns.svc.cluster.local.",
    "a\\032b.eureka.ns.svc.cluster.local.",
    "a\\046b\\000.eureka.ns.svc.cluster.local.",
    "user\\058password\\064evil.eureka.ns.svc.cluster.local.",
];

/// Addresses of this machine, of the cloud's metadata service, and of many at once.
const NO_PODS: [&str; 9] = [
    "169.254.169.254",
    "127.0.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "fe80::1",
    "ff02::1",
    "::ffff:169.254.169.254",
];

/// How long the file is watched.
const WATCHED: Duration = Duration::from_millis(500);

pub(crate) fn trials() -> Vec<Trial> {
    for_each!(Program::ALL, is_not_believed)
}

async fn is_not_believed(program: Program) -> Result<(), Missing> {
    let mut server =
        Authority::start(program, Hosting::Zone(with_lies(program, Zone::of_pods(0..3)))).await?;
    let pods = [0; 3].map(|_| Pod::asking([server.address()]));
    let [by_name, by_ipv4, by_ipv6] = &pods;
    let hasty = ["--remove-after", "0s", "--max-shrink", "100%", "--peer-host"];
    let run = |pod: &'static str| [&hasty[..], &[pod]].concat();
    let by_name = by_name.run(&run("name"));
    let by_ipv4 = by_ipv4.run(&run("ipv4"));
    let by_ipv6 = by_ipv6.run(&run("ipv6"));
    by_name.lists(&names(1..3));
    by_ipv4.lists(&ipv4(1..3));
    by_ipv6.lists(&ipv6(1..3));
    for sidecar in [&by_name, &by_ipv4, &by_ipv6] {
        sidecar.keeps_the_file(WATCHED);
        sidecar.until_condition("records_unusable");
    }
    // Nothing but lies: nothing is known.
    server.host(Hosting::Zone(with_lies(program, Zone::of_pods([])))).await;
    by_name.is_held_at("malformed", "held_lookup_failed");
    by_ipv4.is_held_at("all_denied", "held_lookup_failed");
    by_ipv6.is_held_at("all_denied", "held_lookup_failed");
    for sidecar in [by_name, by_ipv4, by_ipv6] {
        assert_eq!(sidecar.publications(), 1, "{}", sidecar.log_text());
        sidecar.terminate();
    }
    Ok(())
}

/// dnsmasq's options have no escapes.
fn with_lies(program: Program, mut zone: Zone) -> Zone {
    let odd_names = match program {
        Program::Knot | Program::Bind | Program::CoreDns => &ODD_NAMES[..],
        Program::Dnsmasq => &[],
    };
    zone.stray_targets = [&STRANGERS[..], odd_names].concat();
    zone.stray_addresses = NO_PODS.into();
    zone
}
