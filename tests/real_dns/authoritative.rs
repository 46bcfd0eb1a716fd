//! Servers that read a zone file: knot, BIND and CoreDNS, all asked the same.

use eureka_peers::dns::Lookup;
use eureka_peers::model::{Answer, LookupFailure};
use libtest_mimic::Trial;

use crate::Missing;
use crate::authority::{Authority, Program};
use crate::programs::Hosting;
use crate::question::{
    addresses, failed, impatient_lookup, ipv4, ipv6, lookup, names, names_of_port, pods, soon, v4, v6,
};
use crate::running::Running;
use crate::zone::{SERIAL, Zone};

pub(crate) fn trials() -> Vec<Trial> {
    for_each!(
        [Program::Knot, Program::Bind, Program::CoreDns],
        says_names_and_addresses,
        says_more_than_a_datagram_holds,
        denies,
        does_not_know,
        comes_back
    )
}

async fn start(program: Program) -> Result<Running, Missing> {
    let server = Authority::start(program, Hosting::Zone(Zone::of_all_sizes())).await?.into_running();
    // It may listen before it has read its zones.
    soon(&lookup(&server), &names("eureka"), &pods("eureka", 3)).await;
    Ok(server)
}

async fn says_names_and_addresses(program: Program) -> Result<(), Missing> {
    let server = start(program).await?;
    let lookup = lookup(&server);
    assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));
    assert_eq!(lookup.ask(&ipv4("eureka")).await, addresses((0..3).map(v4)));
    assert_eq!(lookup.ask(&ipv6("eureka")).await, addresses((0..3).map(v6)));
    Ok(())
}

async fn says_more_than_a_datagram_holds(program: Program) -> Result<(), Missing> {
    let server = start(program).await?;
    let lookup = lookup(&server);
    assert_eq!(lookup.ask(&ipv4("sixty")).await, addresses((0..60).map(v4)));
    assert_eq!(lookup.ask(&names("sixty")).await, pods("sixty", 60));
    assert_eq!(lookup.ask(&ipv4("thousand")).await, addresses((0..1000).map(v4)));
    Ok(())
}

async fn denies(program: Program) -> Result<(), Missing> {
    let server = start(program).await?;
    let lookup = lookup(&server);
    let empty = |no_such_name| Answer::Empty { no_such_name, soa_serial: SERIAL };
    assert_eq!(lookup.ask(&ipv4("nobody")).await, empty(true));
    assert_eq!(lookup.ask(&names("nobody")).await, empty(true));
    assert_eq!(lookup.ask(&ipv6("sixty")).await, empty(false));
    let missing = failed(LookupFailure::PortNameMissing);
    assert_eq!(lookup.ask(&names_of_port("eureka", "https")).await, missing);
    Ok(())
}

async fn does_not_know(program: Program) -> Result<(), Missing> {
    let server = start(program).await?;
    let lookup = lookup(&server);
    assert_eq!(lookup.ask(&ipv4("eureka.ns.elsewhere.example")).await, failed(LookupFailure::Refused));
    assert_eq!(lookup.ask(&ipv4("eureka.ns.broken")).await, failed(LookupFailure::ServerFailure));
    let alias = failed(LookupFailure::Malformed("a CNAME, which a headless Service never has"));
    assert_eq!(lookup.ask(&ipv4("elsewhere")).await, alias);
    Ok(())
}

async fn comes_back(program: Program) -> Result<(), Missing> {
    let mut server = start(program).await?;
    let lookup = impatient_lookup(&server);
    assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));
    server.kill();
    let closed = lookup.ask(&names("eureka")).await;
    assert!(matches!(closed, Answer::Failed(LookupFailure::Network(_))), "{closed:?}");
    server.restart().await;
    soon(&lookup, &names("eureka"), &pods("eureka", 3)).await;
    Ok(())
}
