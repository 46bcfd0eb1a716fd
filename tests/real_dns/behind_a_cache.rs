//! Servers that stand between: dnsmasq and CoreDNS's cache in front of ours, and dnsmasq with
//! records of its own.

use std::net::{Ipv4Addr, SocketAddr};

use eureka_peers::dns::Lookup;
use eureka_peers::model::{Answer, LookupFailure};
use libtest_mimic::Trial;

use crate::dns_server::{DnsServer, Mode, Pod};
use crate::programs;
use crate::question::{addresses, failed, ipv4, ipv6, lookup, names, pods, v4};
use crate::running::{Running, Spec};
use crate::zone::Zone;
use crate::{Missing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("dnsmasq", "forwards", async || {
            let forward = |upstream: SocketAddr| format!("server={}#{}\n", upstream.ip(), upstream.port());
            forwards(|upstream, address| programs::dnsmasq(&forward(upstream), address)).await
        }),
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

/// Our own server, with three pods.
async fn cluster() -> DnsServer {
    let cluster = DnsServer::start((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a free port");
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
    let cluster = cluster().await;
    let server = Running::start(|_, address| spec(cluster.address(), address)).await?;
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
