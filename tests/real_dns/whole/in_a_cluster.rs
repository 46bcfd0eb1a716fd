//! CoreDNS as in a cluster, with pods that come, get ready, cease to be and go.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::kube_api::{Endpoint, KubeApi, Publishes};
use crate::kubernetes::{Cluster, start};
use crate::pod::{Pod, Urls, ipv4, ipv6, names};
use crate::question::{v4, v6};
use crate::{Missing, programs};

/// As `--remove-after` below has it.
const HOLD: Duration = Duration::from_secs(1);
/// With the shortest hold that is one.
const PATIENT: [&str; 2] = ["--remove-after", "1s"];

pub(crate) fn trials() -> Vec<Trial> {
    named!(
        "coredns_kubernetes",
        lists_who_is_ready,
        holds_when_nobody_is_ready,
        lists_who_is_not_ready_where_told_so,
        lists_both_families,
        lists_pods_without_names,
        waits_until_synchronised,
        takes_no_balanced_service
    )
}

impl Cluster {
    fn pod(&self) -> Pod {
        Pod::asking([self.dns.address()])
    }

    /// These pods of a StatefulSet are there in IPv4, some of them ready.
    fn set(&self, pods: &[u32], ready: &[u32]) {
        self.set_family(pods, ready, |pod| v4(pod).into());
    }

    fn set_v6(&self, pods: &[u32]) {
        self.set_family(pods, pods, |pod| v6(pod).into());
    }

    fn set_family(&self, pods: &[u32], ready: &[u32], address: fn(u32) -> IpAddr) {
        let endpoint = |pod: &u32| Endpoint {
            hostname: Some(format!("eureka-{pod}")),
            address: address(*pod),
            ready: ready.contains(pod),
        };
        self.api.set_endpoints("eureka", pods.iter().map(endpoint));
    }
}

async fn lists_who_is_ready() -> Result<(), Missing> {
    let cluster = Cluster::start(Publishes::Ready).await?;
    cluster.set(&[0, 1], &[0, 1]);
    let pod = cluster.pod();
    let sidecar = pod.run(&PATIENT);
    sidecar.lists(&names([1]));
    // A new pod counts when it is ready.
    cluster.set(&[0, 1, 2], &[0, 1]);
    sidecar.keeps_the_file(Duration::from_millis(500));
    cluster.set(&[0, 1, 2], &[0, 1, 2]);
    sidecar.lists(&names(1..3));
    // One that is not ready any more leaves after the hold, and one that soon is again does not.
    cluster.set(&[0, 1, 2], &[0, 2]);
    sidecar.until_condition("held_removal");
    cluster.set(&[0, 1, 2], &[0, 1, 2]);
    sidecar.until_no_condition();
    let since = Instant::now();
    cluster.set(&[0, 1, 2], &[0, 1]);
    sidecar.lists(&names([1]));
    assert!(since.elapsed() > HOLD, "gone after {:?}", since.elapsed());
    // The same for one that is deleted.
    cluster.set(&[0, 1, 3], &[0, 1, 3]);
    sidecar.lists(&names([1, 3]));
    cluster.set(&[0, 3], &[0, 3]);
    sidecar.lists(&names([3]));
    assert_eq!(sidecar.publications(), 5, "{}", sidecar.log_text());
    sidecar.terminate();
    Ok(())
}

async fn holds_when_nobody_is_ready() -> Result<(), Missing> {
    let cluster = Cluster::start(Publishes::Ready).await?;
    cluster.set(&[0, 1, 2], &[0, 1, 2]);
    let pod = cluster.pod();
    let sidecar = pod.run(&["--remove-after", "0s", "--max-shrink", "100%"]);
    sidecar.lists(&names(1..3));
    cluster.set(&[0, 1, 2], &[]);
    sidecar.is_held_at("no_such_name", "held_empty");
    cluster.set(&[], &[]);
    sidecar.is_held_at("no_such_name", "held_empty");
    cluster.set(&[0, 1, 2], &[0, 1, 2]);
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), 1, "{}", sidecar.log_text());
    Ok(())
}

async fn lists_who_is_not_ready_where_told_so() -> Result<(), Missing> {
    let cluster = Cluster::start(Publishes::NotReadyToo).await?;
    cluster.set(&[0, 1], &[]);
    let pod = cluster.pod();
    let sidecar = pod.run(&PATIENT);
    sidecar.lists(&names([1]));
    sidecar.until_no_condition();
    cluster.set(&[0, 1, 2], &[0]);
    sidecar.lists(&names(1..3));
    cluster.set(&[0, 1, 2], &[]);
    sidecar.keeps_the_file(HOLD);
    cluster.set(&[0, 2], &[]);
    sidecar.lists(&names([2]));
    Ok(())
}

async fn lists_both_families() -> Result<(), Missing> {
    let cluster = Cluster::start(Publishes::Ready).await?;
    cluster.set(&[0, 1], &[0, 1]);
    let pods = [0; 3].map(|_| cluster.pod());
    let [by_name, by_ipv4, by_ipv6] = &pods;
    let by_name = by_name.run(&PATIENT);
    let by_ipv4 = by_ipv4.run(&[&PATIENT[..], &["--peer-host", "ipv4"]].concat());
    let by_ipv6 =
        by_ipv6.run(&[&PATIENT[..], &["--peer-host", "ipv6", "--start-deadline", "500ms"]].concat());
    by_name.lists(&names([1]));
    by_ipv4.lists(&ipv4([1]));
    // There are endpoints, of the other family only.
    by_ipv6.lists(&ipv6([0]));
    by_ipv6.hears("no_data");
    // Families change at different moments.
    cluster.set_v6(&[0, 1, 2]);
    by_name.lists(&names(1..3));
    by_ipv6.lists(&ipv6(1..3));
    by_ipv4.keeps_the_file(Duration::from_millis(300));
    cluster.set(&[0, 1, 2], &[0, 1, 2]);
    by_ipv4.lists(&ipv4(1..3));
    cluster.set_v6(&[0, 1]);
    by_ipv6.lists(&ipv6([1]));
    assert_eq!(by_name.keeps_the_file(Duration::from_millis(300)), names(1..3));
    for sidecar in [by_name, by_ipv4, by_ipv6] {
        sidecar.until_no_condition();
        assert_eq!(sidecar.publications(), 2 + u64::from(sidecar.log_text().contains("start_deadline")));
    }
    Ok(())
}

/// Pods of a Deployment, and of a StatefulSet with another governing Service: CoreDNS names them
/// by address, in both families.
async fn lists_pods_without_names() -> Result<(), Missing> {
    let cluster = Cluster::start(Publishes::Ready).await?;
    let endpoint = |address: IpAddr| Endpoint { hostname: None, address, ready: true };
    cluster.api.set_endpoints("eureka", (0..3).map(|pod| endpoint(v4(pod).into())));
    let pod = cluster.pod();
    let sidecar = pod.run(&PATIENT);
    let dashed = |labels: &[&str]| -> Urls {
        let url = |label| format!("http://{label}.eureka.ns.svc.cluster.local:8761/eureka/");
        labels.iter().map(url).collect()
    };
    sidecar.lists(&dashed(&["10-0-0-1", "10-0-0-2"]));
    sidecar.until_no_condition();
    cluster.api.set_endpoints("eureka", (0..2).map(|pod| endpoint(v6(pod).into())));
    sidecar.lists(&dashed(&["10-0-0-1", "10-0-0-2", "fd00--1-1"]));
    sidecar.until_no_condition();
    Ok(())
}

async fn waits_until_synchronised() -> Result<(), Missing> {
    // Accepts, for the kernel does, and never answers.
    let hanging = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let mut dns = start(hanging.local_addr().expect("bound")).await?;
    let pod = Pod::asking([dns.address()]);
    let sidecar = pod.run(&PATIENT);
    sidecar.hears("servfail");
    assert_eq!(pod.listed(), None);
    let api = KubeApi::start(Publishes::Ready).await;
    let cluster = Cluster {
        dns: {
            let spec = programs::coredns_in_cluster(api.address(), dns.address())?;
            dns.rewrite(spec);
            dns.kill();
            dns.restart().await;
            dns
        },
        api,
    };
    cluster.set(&[0, 1, 2], &[0, 1, 2]);
    sidecar.lists(&names(1..3));
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), 1, "{}", sidecar.log_text());
    Ok(())
}

/// A Service with a cluster IP says so in each answer, and is no list.
async fn takes_no_balanced_service() -> Result<(), Missing> {
    let cluster = Cluster::start(Publishes::Ready).await?;
    cluster.api.set_endpoints("balanced", [Endpoint { hostname: None, address: v4(1).into(), ready: true }]);
    let pod = cluster.pod().of_service("balanced");
    let sidecar = pod.run(&["--start-deadline", "1s"]);
    sidecar.hears("not_headless");
    let own = "http://eureka-0.balanced.ns.svc.cluster.local:8761/eureka/".to_owned();
    sidecar.lists(&Urls::from([own]));
    sidecar.is_held_at("not_headless", "held_lookup_failed");
    Ok(())
}
