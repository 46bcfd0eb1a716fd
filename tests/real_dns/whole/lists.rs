//! The right list, whatever it is made of and however long it is, and as the pods come and go.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::Missing;
use crate::authority::{Authority, Program};
use crate::pod::{Pod, Urls, ipv4, ipv6, names};
use crate::programs::Hosting;

pub(crate) fn trials() -> Vec<Trial> {
    for_each!(Program::ALL, lists_names_and_addresses, lists_three_hundred, follows_the_pods)
}

async fn lists_names_and_addresses(program: Program) -> Result<(), Missing> {
    let server = Authority::start(program, Hosting::pods(0..3)).await?;
    for (peer_host, urls) in [("name", names(1..3)), ("ipv4", ipv4(1..3)), ("ipv6", ipv6(1..3))] {
        let pod = Pod::asking([server.address()]);
        let sidecar = pod.run(&["--peer-host", peer_host]);
        sidecar.lists(&urls);
        sidecar.until_no_condition();
        sidecar.terminate();
    }
    Ok(())
}

/// Far more than a datagram holds, so TCP: 300 addresses take 5 KB, as many names 30 KB.
async fn lists_three_hundred(program: Program) -> Result<(), Missing> {
    let server = Authority::start(program, Hosting::pods(0..=300)).await?;
    lists_many(&server, "ipv4", &ipv4(1..=300));
    match program {
        Program::Knot | Program::Bind | Program::CoreDns => {
            lists_many(&server, "name", &names(1..=300));
        }
        // It cannot write more than 16 KB: its compressed names then point into the void.
        Program::Dnsmasq => {
            let server = Authority::start(program, Hosting::pods(0..=100)).await?;
            lists_many(&server, "name", &names(1..=100));
        }
    }
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&["--peer-host", "ipv4", "--max-peers", "299", "--start-deadline", "500ms"]);
    sidecar.lists(&ipv4([0]));
    sidecar.is_held_at("too_many_peers", "held_lookup_failed");
    Ok(())
}

fn lists_many(server: &Authority, peer_host: &str, urls: &Urls) {
    let pod = Pod::asking([server.address()]);
    let max_peers = urls.len().to_string();
    let sidecar = pod.run(&["--peer-host", peer_host, "--max-peers", &max_peers]);
    sidecar.lists(urls);
    sidecar.until_condition("many_peers");
    sidecar.terminate();
}

async fn follows_the_pods(program: Program) -> Result<(), Missing> {
    const HOLD: Duration = Duration::from_secs(1);
    let mut server = Authority::start(program, Hosting::pods(0..3)).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&["--remove-after", "1s"]);
    sidecar.lists(&names(1..3));
    server.host(Hosting::pods(0..4)).await;
    sidecar.lists(&names(1..4));
    let since = Instant::now();
    server.host(Hosting::pods([0, 1, 3])).await;
    sidecar.until_condition("held_removal");
    sidecar.lists(&names([1, 3]));
    assert!(since.elapsed() > HOLD, "gone after {:?}", since.elapsed());
    sidecar.until_no_condition();
    assert_eq!(sidecar.publications(), 3, "{}", sidecar.log_text());
    sidecar.terminate();
    Ok(())
}
