//! Servers that read a zone file: knot, BIND and CoreDNS, all asked the same.

use eureka_peers::dns::Lookup;
use eureka_peers::model::{Answer, LookupFailure};
use libtest_mimic::Trial;

use crate::authority::{Authority, Program};
use crate::programs::Hosting;
use crate::question::{
    addresses, failed, impatient_lookup, ipv4, ipv6, lookup, names, names_of_port, pods, soon, v4, v6,
};
use crate::running::Running;
use crate::zone::{SERIAL, Zone};
use crate::{Missing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    [Program::Knot, Program::Bind, Program::CoreDns].into_iter().flat_map(trials_of).collect()
}

fn trials_of(program: Program) -> Vec<Trial> {
    let server = program.name();
    vec![
        trial(server, "says_names_and_addresses", async move || {
            says_names_and_addresses(&start(program).await?).await;
            Ok(())
        }),
        trial(server, "says_more_than_a_datagram_holds", async move || {
            says_more_than_a_datagram_holds(&start(program).await?).await;
            Ok(())
        }),
        trial(server, "denies", async move || {
            denies(&start(program).await?).await;
            Ok(())
        }),
        trial(server, "does_not_know", async move || {
            does_not_know(&start(program).await?).await;
            Ok(())
        }),
        trial(server, "comes_back", async move || {
            comes_back(start(program).await?).await;
            Ok(())
        }),
    ]
}

async fn start(program: Program) -> Result<Running, Missing> {
    let server = Authority::start(program, Hosting::Zone(Zone::of_all_sizes())).await?.into_running();
    // It may listen before it has read its zones.
    soon(&lookup(&server), &names("eureka"), &pods("eureka", 3)).await;
    Ok(server)
}

async fn says_names_and_addresses(server: &Running) {
    let lookup = lookup(server);
    assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));
    assert_eq!(lookup.ask(&ipv4("eureka")).await, addresses((0..3).map(v4)));
    assert_eq!(lookup.ask(&ipv6("eureka")).await, addresses((0..3).map(v6)));
}

async fn says_more_than_a_datagram_holds(server: &Running) {
    let lookup = lookup(server);
    assert_eq!(lookup.ask(&ipv4("sixty")).await, addresses((0..60).map(v4)));
    assert_eq!(lookup.ask(&names("sixty")).await, pods("sixty", 60));
    assert_eq!(lookup.ask(&ipv4("thousand")).await, addresses((0..1000).map(v4)));
}

async fn denies(server: &Running) {
    let lookup = lookup(server);
    let nobody = |no_such_name| Answer::Empty { no_such_name, soa_serial: SERIAL };
    assert_eq!(lookup.ask(&ipv4("nobody")).await, nobody(true));
    assert_eq!(lookup.ask(&names("nobody")).await, nobody(true));
    assert_eq!(lookup.ask(&ipv6("sixty")).await, nobody(false));
    let missing = failed(LookupFailure::PortNameMissing);
    assert_eq!(lookup.ask(&names_of_port("eureka", "https")).await, missing);
}

async fn does_not_know(server: &Running) {
    let lookup = lookup(server);
    assert_eq!(lookup.ask(&ipv4("eureka.ns.elsewhere.example")).await, failed(LookupFailure::Refused));
    assert_eq!(lookup.ask(&ipv4("eureka.ns.broken")).await, failed(LookupFailure::ServerFailure));
    let alias = failed(LookupFailure::Malformed("a CNAME, which a headless Service never has"));
    assert_eq!(lookup.ask(&ipv4("elsewhere")).await, alias);
}

async fn comes_back(mut server: Running) {
    let lookup = impatient_lookup(&server);
    assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));
    server.kill();
    assert_eq!(lookup.ask(&names("eureka")).await, failed(LookupFailure::Timeout));
    server.restart().await;
    soon(&lookup, &names("eureka"), &pods("eureka", 3)).await;
}
