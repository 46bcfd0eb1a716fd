//! The main job on embedded parts: a DNS server on loopback whose headless Service changes, the
//! whole program against it in a temporary directory, and the story told step by step.
//!
//! Needs nothing but Rust, touches nothing outside its own directory, and ends by itself.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eureka_peers::cli::{self, ExitStatus};
use tokio::time::sleep;

#[path = "../tests/world/mod.rs"]
mod world;

use world::dns_server::{DnsServer, Mode, Pod};
use world::ports::free_address;
use world::view::View;

type Outcome<T> = Result<T, Box<dyn Error>>;

const SERVICE: &str = "eureka.demo.svc.cluster.local";
/// A change that has not arrived by then never will.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the file is watched while it must stay as it is.
const HOLD_WATCH: Duration = Duration::from_secs(6);

/// The cluster, and the directory that the program beside pod 0 writes into.
struct Cluster {
    dns: DnsServer,
    directory: PathBuf,
    admin: SocketAddr,
    local: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let directory = std::env::temp_dir().join(format!("eureka-peers-demo-{}", std::process::id()));
    fs::create_dir(&directory)?;
    let cluster = Cluster {
        dns: DnsServer::start((Ipv4Addr::LOCALHOST, 0).into()).await?,
        directory,
        admin: free_address(),
        local: free_address(),
    };
    let told = tell(&cluster).await;
    fs::remove_dir_all(&cluster.directory)?;
    told
}

async fn tell(cluster: &Cluster) -> Outcome<()> {
    println!("A headless Service {SERVICE}, and eureka-peers beside its pod eureka-0.");
    println!("DNS is asked every 200 ms here (1 s by default); removals are held for 2 s (30 s).\n");
    cluster.set_pods(1);
    cluster.start_program();
    cluster.wait_for("One pod: it is alone, and the file says self, never nothing.", 0..1).await?;
    cluster.set_pods(3);
    cluster.wait_for("Three pods: self is left out, the others come at once.", 1..3).await?;
    cluster.set_pods(5);
    cluster.wait_for("Five pods.", 1..5).await?;

    for (mode, what) in [
        (Mode::Silent, "DNS is silent: nothing is known, so nothing changes."),
        (Mode::ServFail, "DNS answers SERVFAIL: the same."),
        (Mode::NoSuchName, "DNS says NXDOMAIN, as a healthy cluster does while its nodes are cut off: held."),
    ] {
        cluster.dns.set_mode(mode);
        cluster.hold(what, 1..5).await?;
    }
    cluster.dns.set_mode(Mode::Normal);
    cluster.set_pods(6);
    cluster.wait_for("DNS is back, and a sixth pod with it.", 1..6).await?;

    cluster.set_pods(4);
    cluster.wait_for("Scaled down to four: a removal needs two answers and 2 s.", 1..4).await?;
    cluster.set_pods(1);
    cluster.hold("Scaled down to one: three peers gone at once is implausible, and held.", 1..4).await?;
    println!("   The operator knows better: eureka-peers accept");
    cluster.accept().await?;
    cluster.wait_for("Accepted: alone again.", 0..1).await?;
    println!("The end. The file outlives the program; this directory is removed now.");
    Ok(())
}

impl Cluster {
    fn set_pods(&self, count: u8) {
        let pods =
            (0..count).map(|at| Pod::new(format!("eureka-{at}"), Ipv4Addr::new(127, 0, 0, at + 2), 8761));
        self.dns.set_pods(SERVICE, "http", pods);
    }

    /// The whole program, as the sidecar of pod 0, on a thread of its own.
    fn start_program(&self) {
        let arguments = [
            "eureka-peers".to_owned(),
            "run".to_owned(),
            format!("--service={SERVICE}"),
            format!("--self-url=http://eureka-0.{SERVICE}:8761/eureka/"),
            format!("--dns-server={}", self.dns.address()),
            format!("--output-dir={}", self.directory.display()),
            format!("--listen={}", self.admin),
            format!("--local-listen={}", self.local),
            "--interval=200ms".to_owned(),
            "--remove-after=2s".to_owned(),
            "--log-level=error".to_owned(),
        ];
        std::thread::spawn(move || cli::main(arguments.map(Into::into)));
    }

    async fn accept(&self) -> Outcome<()> {
        let arguments =
            ["eureka-peers".to_owned(), "accept".to_owned(), format!("--local-listen={}", self.local)];
        let accepting = tokio::task::spawn_blocking(move || cli::main(arguments.map(Into::into)));
        match accepting.await? {
            ExitStatus::Success => Ok(()),
            other => Err(format!("accept ended with {other:?}").into()),
        }
    }

    fn file(&self) -> PathBuf {
        self.directory.join("peers.properties")
    }

    /// Waits until the file lists exactly these pods, and tells how long that took.
    async fn wait_for(&self, what: &str, pods: Range<u8>) -> Outcome<()> {
        let (since, urls) = (Instant::now(), urls_of(pods));
        while listed(&self.file()) != urls {
            if since.elapsed() > PATIENCE {
                return Err(format!("not within {PATIENCE:?}: {what}").into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        println!("-> {what}");
        println!("   {:.0} ms from the change in DNS to the file:", since.elapsed().as_secs_f64() * 1000.0);
        self.show_file()?;
        println!();
        Ok(())
    }

    /// Watches that the file stays as it is.
    async fn hold(&self, what: &str, pods: Range<u8>) -> Outcome<()> {
        let (since, urls) = (Instant::now(), urls_of(pods));
        while since.elapsed() < HOLD_WATCH {
            if listed(&self.file()) != urls {
                return Err(format!("the list changed although: {what}").into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        println!("-> {what}");
        println!("   After {HOLD_WATCH:?} the file still says:");
        self.show_file()?;
        self.show_conditions().await?;
        println!();
        Ok(())
    }

    fn show_file(&self) -> Outcome<()> {
        for line in fs::read_to_string(self.file())?.lines() {
            println!("     {line}");
        }
        Ok(())
    }

    /// What the status says of holds.
    async fn show_conditions(&self) -> Outcome<()> {
        let view = View(self.admin);
        let status = tokio::task::spawn_blocking(move || view.status()).await??;
        for condition in status["conditions"].as_array().ok_or("a status without conditions")? {
            println!("   {}", condition["message"].as_str().unwrap_or("?"));
        }
        Ok(())
    }
}

fn urls_of(pods: Range<u8>) -> Vec<String> {
    pods.map(|at| format!("http://eureka-{at}.{SERVICE}:8761/eureka/")).collect()
}

/// The URLs in the file; none while it is not there.
fn listed(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("eureka.client.service-url.defaultZone="));
    line.map(|urls| urls.split(',').map(str::to_owned).collect()).unwrap_or_default()
}
