//! The story: one server, three, one that is killed, one again, three again.
//!
//! Every statement is checked before it is printed; one that does not hold ends the story.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::image::{Image, Security, cache};
use crate::pod::PeerHost;
use crate::release::Release;
use crate::server::UP_WITHIN;
use crate::sidecar::SetUp;
use crate::view::View;
use crate::wait::{holds_for, wait_for};

/// The name of the directory that holds volumes and logs while the story lasts.
const NAME: &str = "demonstration";
/// What removals wait for here; the default is 30 s.
const REMOVE_AFTER: &str = "2s";
/// A second until DNS is asked, two seconds for a removal, five between refreshes; for the WAR its own
/// poll and pass. More is a failure, also on a busy machine.
const ADOPTED_WITHIN: Duration = Duration::from_secs(30);
/// A batch leaves within a second.
const REPLICATED_WITHIN: Duration = Duration::from_secs(15);
/// How long a dead server is looked at before the kubelet starts it again.
const DEAD_FOR: Duration = Duration::from_secs(3);
/// Longer than the five seconds between two refreshes, so that the next change need not wait for them.
const REST: Duration = Duration::from_secs(6);
/// Servers in full strength.
const FULL: u8 = 3;

/// Where volumes and logs are.
pub(crate) fn directory(release: &Release) -> PathBuf {
    cache().join("runs").join(release.name).join(NAME)
}

/// The whole of it. Page and mesh as they are at the end are kept in `pictures`, where that is named.
pub(crate) fn tell(release: &'static Release, peer_host: PeerHost, pictures: Option<&Path>) {
    let begun = Instant::now();
    println!("{FULL} stock Eureka servers ({}), eureka-peers beside each, and one DNS server.", release.name);
    println!(
        "They are set up as docs/environment/{}-{}.env says.",
        release.environment(),
        peer_host.as_str()
    );
    println!("Here a removal waits {REMOVE_AFTER} (30 s by default), and no shrinking is doubted.\n");
    println!("The server is built from Maven Central where it was not built before.");
    drop(Image::of(release, Security::Without));
    let mut story = Story::new(release, peer_host);
    story.one_alone();
    story.three_of_them("Two more pods.");
    story.exchange();
    story.one_is_killed();
    story.back_to_one();
    story.three_of_them("Scaled up again.");
    story.exchange();
    let mesh = story.ask_the_program();
    if let Some(directory) = pictures {
        story.keep(directory, &mesh);
    }
    story.end();
    println!("The end, after {:.0} s.", begun.elapsed().as_secs_f64());
}

struct Story {
    cluster: Cluster,
    view: View,
    /// An instance that registered at the first server, before there was another.
    witness: Option<String>,
}

impl Story {
    fn new(release: &'static Release, peer_host: PeerHost) -> Self {
        let mut cluster = Cluster::new(release, NAME, peer_host);
        cluster.sidecar = SetUp::documented(peer_host).with(&["--remove-after", REMOVE_AFTER]);
        cluster.sidecar = cluster.sidecar.clone().with(&["--max-shrink", "100%"]);
        Self { cluster, view: View::new(), witness: None }
    }

    fn one_alone(&mut self) {
        self.begin("One pod. Its server starts after its sidecar, and the file says self, never nothing.");
        self.start_pods(0..1);
        self.settle(UP_WITHIN);
        self.show_file();
        self.rest();
        println!();
        self.witness = Some(self.cluster.register(0));
    }

    fn three_of_them(&mut self, what: &str) {
        self.begin(&format!("{what} A list says nothing of who is up: it is there before they are."));
        self.start_pods(1..FULL);
        self.settle(UP_WITHIN);
        self.show_file();
    }

    /// Every server learns what is said to any of them.
    fn exchange(&mut self) {
        let witness = self.witness.clone().expect("it registered at the beginning");
        self.cluster.renew(0, &witness);
        for ordinal in 0..FULL {
            let id = self.cluster.register(ordinal);
            let (cluster, what) = (&self.cluster, "a registration is everywhere");
            let ((), after) = wait_for(what, REPLICATED_WITHIN, || cluster.everyone_knows(&id));
            println!("   Registered at eureka-{ordinal}: everywhere after {} ms.", after.as_millis());
        }
        println!("   What registered at eureka-0 before there was another is everywhere as well.\n");
    }

    fn one_is_killed(&mut self) {
        self.begin("kill -9 to the JVM of eureka-1. Its pod stays in DNS, so it stays listed.");
        let before = self.refreshes();
        self.cluster.containers(1).server.take().expect("it runs").kill();
        let (cluster, view) = (&self.cluster, &mut self.view);
        holds_for("the living go on with their lists", DEAD_FOR, || {
            view.look(cluster);
            [0, 2].into_iter().try_for_each(|ordinal| cluster.has_right_peers(ordinal))
        });
        self.view.show();
        self.begin("The kubelet starts it again: the file was right before it read it.");
        self.cluster.start_server(1);
        self.settle(UP_WITHIN);
        assert_eq!(self.refreshes(), before, "nobody had to be told");
        println!("   Nobody was told anything: refreshes before and after: {before}.\n");
    }

    fn back_to_one(&mut self) {
        self.begin("Scaled down to one. A server takes no empty list: the last dead peers leave for a sink.");
        for ordinal in (1..FULL).rev() {
            self.cluster.remove(ordinal);
            println!("   {:6.2} s  eureka-{ordinal} has left DNS", self.view.seconds());
        }
        self.settle(ADOPTED_WITHIN);
        self.show_file();
        self.rest();
        let witness = self.witness.clone().expect("it registered at the beginning");
        self.cluster.renew(0, &witness);
        println!("   What is registered at eureka-0 is still there.\n");
    }

    /// The same question, asked by the program itself, and its answer.
    fn ask_the_program(&self) -> String {
        let outcome = self.cluster.once("mesh", 0);
        assert_eq!(outcome.code, Some(0), "{}", outcome.output);
        println!("-> eureka-peers mesh, run beside eureka-0, says with exit code 0:\n");
        for line in outcome.output.lines() {
            println!("   {line}");
        }
        println!();
        outcome.output
    }

    /// What the program shows now, for `.ci/pictures`.
    fn keep(&self, directory: &Path, mesh: &str) {
        let page = self.cluster.sidecar(0).page("/");
        fs::create_dir_all(directory).expect("the directory can be made");
        fs::write(directory.join("page.html"), page).expect("the directory can be written");
        fs::write(directory.join("mesh.txt"), mesh).expect("the directory can be written");
        println!("   Page and mesh are kept in {}.\n", directory.display());
    }

    fn end(&mut self) {
        println!("-> Every program counts what it did in its present life.");
        for (ordinal, containers) in &self.cluster.pods {
            let (changes, refreshes) = (containers.sidecar().changes(), containers.sidecar().refreshes());
            println!("   eureka-{ordinal}: {changes} lists, {refreshes} refreshes");
        }
        for (ordinal, mut containers) in std::mem::take(&mut self.cluster.pods) {
            drop(containers.server.take());
            let sidecar = containers.sidecar.take().expect("the program runs to the end");
            println!("   eureka-{ordinal}: ends {} ms after SIGTERM", sidecar.terminate().as_millis());
        }
        println!();
    }

    fn begin(&mut self, what: &str) {
        println!("-> {what}");
        self.view.begin_step();
    }

    /// Pods appear in DNS, then in each the program, then, once that has started, the server.
    fn start_pods(&mut self, ordinals: std::ops::Range<u8>) {
        for ordinal in ordinals.clone() {
            self.cluster.add(ordinal);
        }
        self.cluster.tell_dns();
        for ordinal in ordinals {
            self.cluster.start_sidecar(ordinal);
            self.cluster.start_server(ordinal);
        }
    }

    /// Watches until every server lists every other one, and nobody else, and every program has seen it.
    fn settle(&mut self, limit: Duration) {
        let (cluster, view) = (&self.cluster, &mut self.view);
        let ((), after) = wait_for("the mesh is complete", limit, || {
            view.look(cluster);
            view.settled()
        });
        self.view.show();
        println!("   So it is {:.2} s after the last of these pods came or went.", after.as_secs_f64());
        self.cluster.wait_shown();
    }

    /// Watches that nothing moves.
    fn rest(&mut self) {
        let (cluster, view) = (&self.cluster, &mut self.view);
        holds_for("the mesh stays complete", REST, || {
            view.look(cluster);
            view.settled()
        });
        println!("   {REST:?} later it is still so.");
    }

    fn show_file(&self) {
        println!("   The file of eureka-0:");
        for line in self.cluster.sidecar(0).published().lines().filter(|line| !line.starts_with('#')) {
            println!("     {line}");
        }
        println!();
    }

    fn refreshes(&self) -> u64 {
        self.cluster.pods.values().map(|containers| containers.sidecar().refreshes()).sum()
    }
}
