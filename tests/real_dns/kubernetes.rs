//! CoreDNS as in a cluster: its `kubernetes` plugin before an API server that says what pods
//! there are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use eureka_peers::dns::Lookup;
use eureka_peers::model::{Answer, LookupFailure};
use libtest_mimic::Trial;

use crate::kube_api::{Endpoint, KubeApi, Publishes};
use crate::question::{
    addresses, failed, ipv4, ipv6, lookup, names, names_of_port, pods, soon, targets, v4, v6,
};
use crate::running::Running;
use crate::{Missing, programs};

pub(crate) fn trials() -> Vec<Trial> {
    named!(
        "coredns_kubernetes",
        follows_the_pods,
        says_more_than_a_datagram_holds,
        names_pods_by_address,
        tells_mistakes_apart,
        fails_until_synchronised
    )
}

/// CoreDNS, and what it is told.
pub(crate) struct Cluster {
    pub(crate) api: KubeApi,
    pub(crate) dns: Running,
}

impl Cluster {
    pub(crate) async fn start(publishes: Publishes) -> Result<Self, Missing> {
        let api = KubeApi::start(publishes).await;
        let dns = start(api.address()).await?;
        Ok(Self { api, dns })
    }
}

pub(crate) async fn start(api: SocketAddr) -> Result<Running, Missing> {
    Running::start(|_, address| programs::coredns_in_cluster(api, address)).await
}

fn endpoint(number: u32, address: impl Into<IpAddr>) -> Endpoint {
    Endpoint { hostname: Some(format!("eureka-{number}")), address: address.into(), ready: true }
}

/// Pods of a StatefulSet.
fn endpoints(count: u32) -> impl Iterator<Item = Endpoint> {
    (0..count).map(|number| endpoint(number, v4(number)))
}

async fn follows_the_pods() -> Result<(), Missing> {
    let Cluster { api, dns } = Cluster::start(Publishes::Ready).await?;
    let lookup = lookup(&dns);
    api.set_endpoints("eureka", endpoints(3));
    soon(&lookup, &names("eureka"), &pods("eureka", 3)).await;
    assert_eq!(lookup.ask(&ipv4("eureka")).await, addresses((0..3).map(v4)));

    api.set_endpoints("eureka", (0..3).map(|number| endpoint(number, v6(number))));
    soon(&lookup, &ipv6("eureka"), &addresses((0..3).map(v6))).await;
    assert_eq!(lookup.ask(&names("eureka")).await, pods("eureka", 3));

    let none_ready = |family: fn(u32) -> IpAddr| {
        (0..3).map(move |number| Endpoint { ready: false, ..endpoint(number, family(number)) })
    };
    api.set_endpoints("eureka", none_ready(|number| v6(number).into()));
    api.set_endpoints("eureka", none_ready(|number| v4(number).into()));
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let soa_serial = loop {
        match lookup.ask(&names("eureka")).await {
            Answer::Empty { no_such_name: true, soa_serial } => break soa_serial,
            other => assert!(tokio::time::Instant::now() < deadline, "{other:?}"),
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
    assert!(now.abs_diff(soa_serial.into()) < 60, "the Unix time of the last change: {soa_serial}");
    Ok(())
}

async fn says_more_than_a_datagram_holds() -> Result<(), Missing> {
    let Cluster { api, dns } = Cluster::start(Publishes::Ready).await?;
    let lookup = lookup(&dns);
    api.set_endpoints("eureka", endpoints(60));
    soon(&lookup, &names("eureka"), &pods("eureka", 60)).await;
    api.set_endpoints("eureka", endpoints(1000));
    soon(&lookup, &ipv4("eureka"), &addresses((0..1000).map(v4))).await;
    Ok(())
}

async fn names_pods_by_address() -> Result<(), Missing> {
    let Cluster { api, dns } = Cluster::start(Publishes::Ready).await?;
    let no_hostname = |endpoint| Endpoint { hostname: None, ..endpoint };
    api.set_endpoints("eureka", endpoints(2).map(no_hostname));
    let expected = targets("eureka", ["10-0-0-0", "10-0-0-1"]);
    soon(&lookup(&dns), &names("eureka"), &expected).await;
    Ok(())
}

async fn tells_mistakes_apart() -> Result<(), Missing> {
    let Cluster { api, dns } = Cluster::start(Publishes::Ready).await?;
    let lookup = lookup(&dns);
    api.set_endpoints("eureka", endpoints(1));
    api.set_endpoints("balanced", endpoints(1));
    soon(&lookup, &names("eureka"), &pods("eureka", 1)).await;
    let missing = failed(LookupFailure::PortNameMissing);
    assert_eq!(lookup.ask(&names_of_port("eureka", "https")).await, missing);
    // What a cluster IP looks like is for the core to see: the Service's own name.
    let own_name = names_at("balanced.ns.svc.cluster.local");
    soon(&lookup, &names("balanced"), &own_name).await;
    let alias = failed(LookupFailure::Malformed("a CNAME, which a headless Service never has"));
    assert_eq!(lookup.ask(&ipv4("alias")).await, alias);
    assert_eq!(lookup.ask(&ipv4("eureka.ns.elsewhere.example")).await, failed(LookupFailure::Refused));
    Ok(())
}

async fn fails_until_synchronised() -> Result<(), Missing> {
    // Accepts, for the kernel does, and never answers.
    let hanging = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let dns = start(hanging.local_addr().expect("bound")).await?;
    assert_eq!(lookup(&dns).ask(&names("eureka")).await, failed(LookupFailure::ServerFailure));
    Ok(())
}

fn names_at(name: &str) -> Answer {
    use eureka_peers::model::{Port, Record};
    Answer::Records(vec![Record::Target { name: name.parse().expect("valid"), port: Port::EUREKA }])
}
