//! `init`, with a server that is there and with one that comes late; its times are printed.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::Missing;
use crate::authority::{Authority, Program};
use crate::pod::{Pod, ipv4, names};
use crate::programs::Hosting;
use crate::question::{self, impatient_lookup, pods, soon};

/// How long the server of a late start is not there.
const ABSENCE: Duration = Duration::from_secs(1);

pub(crate) fn trials() -> Vec<Trial> {
    for_each!(Program::ALL, initialises, initialises_late)
}

async fn initialises(program: Program) -> Result<(), Missing> {
    let server = Authority::start(program, Hosting::pods(0..3)).await?;
    soon(&impatient_lookup(server.running()), &question::names("eureka"), &pods("eureka", 3)).await;
    for (peer_host, urls) in [("name", names(1..3)), ("ipv4", ipv4(1..3))] {
        let pod = Pod::asking([server.address()]);
        let (_, took) = pod.init(&["--peer-host", peer_host, "--on-deadline", "fail"]).end();
        assert_eq!(pod.listed(), Some(urls));
        println!("{}: init --peer-host {peer_host}: start to exit {took:?}", program.name());
    }
    Ok(())
}

/// Before a server that is not there, that does not know the zone, and that knows no peer.
async fn initialises_late(program: Program) -> Result<(), Missing> {
    let three = || Hosting::pods(0..3);
    for (what, hosting) in
        [("silent", None), ("REFUSED", Some(Hosting::Nothing)), ("NXDOMAIN", Some(Hosting::pods([])))]
    {
        let mut server = Authority::start(program, hosting.clone().unwrap_or_else(three)).await?;
        if hosting.is_none() {
            server.kill();
        }
        let pod = Pod::asking([server.address()]);
        let init = pod.init(&["--on-deadline", "fail"]);
        tokio::time::sleep(ABSENCE).await;
        match hosting {
            None => server.restart_with(three()).await,
            Some(_) => server.host(three()).await,
        }
        soon(&impatient_lookup(server.running()), &question::names("eureka"), &pods("eureka", 3)).await;
        let answered_at = Instant::now();
        let (published_at, _) = init.end();
        assert_eq!(pod.listed(), Some(names(1..3)));
        let late = published_at.saturating_duration_since(answered_at);
        println!("{}: init before {what} DNS: DNS answering to file {late:?}", program.name());
    }
    Ok(())
}
