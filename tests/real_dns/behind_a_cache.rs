//! Servers that stand between: dnsmasq, unbound and CoreDNS's cache in front of ours, and dnsmasq with
//! records of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use eureka_peers::dns::Lookup;
use eureka_peers::model::{Answer, LookupFailure};
use libtest_mimic::Trial;

use crate::dns_server::{DnsServer, Mode, Pod};
use crate::programs;
use crate::question::{addresses, failed, impatient_lookup, ipv4, ipv6, lookup, names, pods, soon, v4};
use crate::running::{Running, Spec};
use crate::zone::Zone;
use crate::{Missing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("dnsmasq", "forwards", async || {
            let forward = |upstream: SocketAddr| format!("server={}#{}\n", upstream.ip(), upstream.port());
            forwards(|upstream, address| programs::dnsmasq(&forward(upstream), address)).await
        }),
        trial("unbound", "forwards", async || {
            forwards_by(|upstream, directory, address| {
                programs::unbound(HARDENED, upstream, directory, address)
            })
            .await
        }),
        trial("unbound", "loses_its_upstream_and_finds_it_again", loses_its_upstream_and_finds_it_again),
        trial("unbound", "strips_private_addresses", strips_private_addresses),
        trial("coredns_cache", "forwards", async || forwards(programs::coredns_as_cache).await),
        trial("coredns_cache", "loses_its_upstream", async || {
            let cluster = cluster().await;
            let server =
                Running::start(|_, address| programs::coredns_as_cache(cluster.address(), address)).await?;
            cluster.stop().await;
            let told = lookup(&server).ask(&names("eureka")).await;
            assert_eq!(told, failed(LookupFailure::ServerFailure));
            Ok(())
        }),
        trial("dnsmasq", "has_records_of_its_own", async || {
            let options = Zone::of_pods(0..3).to_dnsmasq();
            let server = Running::start(|_, address| programs::dnsmasq(&options, address)).await?;
            has_records_of_its_own(&server).await;
            Ok(())
        }),
    ]
}

/// What people switch on in unbound.
const HARDENED: &str = "\
  minimal-responses: yes
  harden-glue: yes
  harden-below-nxdomain: yes
  harden-algo-downgrade: yes
  harden-large-queries: yes
  qname-minimisation: yes
  use-caps-for-id: yes
  prefetch: yes
";

/// While nobody is behind it nothing is known, be it that it says so or goes on trying; then it is all there.
async fn loses_its_upstream_and_finds_it_again() -> Result<(), Missing> {
    let cluster = cluster().await;
    let upstream = cluster.address();
    let start =
        |directory: &Path, address: SocketAddr| programs::unbound(HARDENED, upstream, directory, address);
    let server = Running::start(start).await?;
    cluster.stop().await;
    let told = impatient_lookup(&server).ask(&names("eureka")).await;
    assert!(
        matches!(told, Answer::Failed(LookupFailure::ServerFailure | LookupFailure::Timeout)),
        "{told:?}"
    );
    let _again = cluster_at(upstream).await;
    soon(&lookup(&server), &names("eureka"), &pods("eureka", 3)).await;
    Ok(())
}

/// Its protection against rebinding takes the pods' addresses out of an answer and leaves it empty: nobody vouches
/// for that, so no peer leaves. Names are not touched.
async fn strips_private_addresses() -> Result<(), Missing> {
    let cluster = cluster().await;
    let private = "  private-address: 10.0.0.0/8\n";
    for (options, told) in [
        (private.to_owned(), failed(LookupFailure::NegativeWithoutSoa)),
        (format!("{private}  private-domain: \"cluster.local\"\n"), addresses((0..3).map(v4))),
    ] {
        let start = |directory: &Path, address: SocketAddr| {
            programs::unbound(&options, cluster.address(), directory, address)
        };
        let server = Running::start(start).await?;
        let lookup = lookup(&server);
        assert_eq!(lookup.ask(&ipv4("eureka")).await, told);
        assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));
    }
    Ok(())
}

/// Our own server, with three pods.
async fn cluster() -> DnsServer {
    cluster_at((Ipv4Addr::LOCALHOST, 0).into()).await
}

async fn cluster_at(address: SocketAddr) -> DnsServer {
    let cluster = DnsServer::start(address).await.expect("a free port");
    let three = |service: &str, count| {
        let pods = (0..count).map(|number| Pod::new(format!("eureka-{number}"), v4(number), 8761));
        cluster.set_pods(&format!("{service}.ns.svc.cluster.local"), "http", pods);
    };
    three("eureka", 3);
    three("sixty", 60);
    three("thousand", 1000);
    cluster
}

async fn forwards(spec: impl Fn(SocketAddr, SocketAddr) -> Result<Spec, Missing>) -> Result<(), Missing> {
    forwards_by(|upstream, _, address| spec(upstream, address)).await
}

async fn forwards_by(
    spec: impl Fn(SocketAddr, &Path, SocketAddr) -> Result<Spec, Missing>,
) -> Result<(), Missing> {
    let cluster = cluster().await;
    let server = Running::start(|directory, address| spec(cluster.address(), directory, address)).await?;
    let lookup = lookup(&server);
    let nobody = |no_such_name| Answer::Empty { no_such_name, soa_serial: cluster.soa_serial() };
    // Twice: from the server behind it, and from its memory.
    for _ in 0..2 {
        assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));
        assert_eq!(lookup.ask(&names("sixty")).await, pods("sixty", 60));
        assert_eq!(lookup.ask(&ipv4("thousand")).await, addresses((0..1000).map(v4)));
        assert_eq!(lookup.ask(&ipv4("nobody")).await, nobody(true));
        assert_eq!(lookup.ask(&ipv6("eureka")).await, nobody(false));
    }
    cluster.set_mode(Mode::ServFail);
    assert_eq!(lookup.ask(&ipv4("other")).await, failed(LookupFailure::ServerFailure));
    Ok(())
}

async fn has_records_of_its_own(server: &Running) {
    let lookup = lookup(server);
    assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));
    assert_eq!(lookup.ask(&ipv4("eureka")).await, addresses((0..3).map(v4)));
    // It denies on its own word, without an SOA.
    assert_eq!(lookup.ask(&ipv4("nobody")).await, failed(LookupFailure::NegativeWithoutSoa));
    assert_eq!(lookup.ask(&ipv4("eureka.ns.elsewhere.example")).await, failed(LookupFailure::Refused));
}
