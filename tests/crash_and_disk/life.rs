//! A publication in a life of the program, held at its brink until the test lets it begin.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::cluster::{Cluster, urls};
use crate::machine::names_in;
use crate::reader::{Unread, list_in};
use crate::sidecar::Sidecar;
use crate::step::Step;
use crate::strace::{Tracer, writing_threads};

/// When in the program's life the publication takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// The first one of all, after a life that was killed before it came to that.
    First,
    /// The first one of a later life: there is a list, an older one, and what a kill left behind.
    Next,
    /// A later one of a running sidecar; an old generation is to be removed, too.
    Running,
}

/// A publication that is to be disturbed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) life: Life,
    pub(crate) layout: &'static str,
}

/// The program before its publication begins, the thread that writes its files under a tracer.
pub(crate) struct Brink<'c> {
    pub(crate) sidecar: Sidecar<'c>,
    pub(crate) tracer: Tracer,
}

impl Scene {
    pub(crate) fn all() -> Vec<Self> {
        let lives = [Life::First, Life::Next, Life::Running];
        lives.into_iter().flat_map(|life| ["volume", "plain"].map(|layout| Self { life, layout })).collect()
    }

    /// The list before, if there is one.
    pub(crate) fn old_list(self) -> Option<Vec<String>> {
        match self.life {
            Life::First => None,
            Life::Next | Life::Running => Some(urls(&[1, 2])),
        }
    }

    /// The list that is published.
    pub(crate) fn new_list() -> Vec<String> {
        urls(&[1, 2, 3])
    }

    /// The surroundings, as earlier lives left them.
    pub(crate) fn cluster(self) -> Cluster {
        let cluster = Cluster::of(&[0, 1]);
        let volume = cluster.volume();
        match self.life {
            Life::First => {
                plant_old_generation(&volume);
                plant_leftovers(&volume);
            }
            Life::Next => {
                self.init(&cluster);
                cluster.set_pods(&[0, 1, 2]);
                self.init(&cluster);
                spoil_state(&volume);
                plant_leftovers(&volume);
            }
            Life::Running => {
                cluster.set_pods(&[0, 1, 2]);
                self.init(&cluster);
            }
        }
        cluster
    }

    /// What has not come so far.
    fn come(cluster: &Cluster) {
        cluster.set_pods(&[0, 1, 2, 3]);
    }

    pub(crate) fn init(self, cluster: &Cluster) {
        cluster.once("init", &["--layout", self.layout]).expect(0);
    }

    /// Starts `init` or `run`, and has it where its next file call is the publication's first.
    pub(crate) fn bring<'c>(
        self,
        cluster: &'c Cluster,
        subcommand: &str,
        injection: Option<&str>,
    ) -> Brink<'c> {
        let flags = ["--layout", self.layout];
        if self.life == Life::Running {
            let sidecar = cluster.run_until_listed(&[1, 2], &flags);
            sidecar.until("started", |it| it.status()["started"] == true);
            plant_old_generation(&cluster.volume());
            let tracer = attach(&sidecar, injection);
            return Brink { sidecar, tracer };
        }
        Self::come(cluster);
        cluster.dns().set_held_back(true);
        let asked = cluster.questions();
        let sidecar = Sidecar::start(cluster, cluster.command(subcommand, &flags));
        sidecar.until("a question", |it| it.cluster.questions() > asked);
        let tracer = attach(&sidecar, injection);
        Brink { sidecar, tracer }
    }

    /// Lets the publication begin.
    pub(crate) fn begin(self, cluster: &Cluster) {
        match self.life {
            Life::First | Life::Next => cluster.dns().set_held_back(false),
            Life::Running => Self::come(cluster),
        }
    }

    /// The steps of the publication when nothing disturbs it.
    pub(crate) fn learn(self) -> Vec<Step> {
        let cluster = self.cluster();
        let brink = self.bring(&cluster, "run", None);
        self.begin(&cluster);
        brink.sidecar.until_listing(&Self::new_list());
        brink.sidecar.until("the end", |_| brink.tracer.has_seen_the_end());
        let steps = brink.tracer.steps(&cluster.volume());
        let is_whole = steps.iter().any(|step| self.is_swap(step)) && steps.last().is_some_and(Step::is_end);
        assert!(is_whole, "{self:?}: {steps:#?}");
        steps
    }

    /// What a reader finds must be the old list or the new one, whole; says whether it is the new one.
    pub(crate) fn is_new(self, cluster: &Cluster) -> bool {
        match (list_in(&cluster.file()), self.old_list()) {
            (Ok(list), _) if list == Self::new_list() => true,
            (Ok(list), Some(old)) if list == old => false,
            (Err(Unread::Absent), None) => false,
            (other, _) => panic!("a reader finds {other:?}"),
        }
    }

    /// Whether readers see the new list from this step on.
    pub(crate) fn is_swap(self, step: &Step) -> bool {
        // The file's own name is a link, which is there from the first publication on.
        let by_generation = self.layout == "volume" && self.life != Life::First;
        let name = if by_generation { "..data" } else { "peers.properties" };
        step.call.starts_with("renameat") && step.object == name
    }

    /// The next start publishes the list and leaves nothing but what belongs there.
    pub(crate) fn next_start_mends(self, cluster: &Cluster) {
        self.init(cluster);
        assert_eq!(cluster.listed(), Self::new_list());
        let names = names_in(&cluster.volume());
        let (generations, others): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| name.starts_with("..2"));
        if self.layout == "volume" {
            assert_eq!(others, ["..data", "..lock", "peers.properties"]);
            assert!((1..=2).contains(&generations.len()), "{generations:?}");
        } else {
            assert_eq!(others, ["..lock", "..state.json", "peers.properties"]);
            assert!(generations.is_empty(), "{generations:?}");
        }
        for generation in generations {
            let names = names_in(&cluster.volume().join(&generation));
            assert_eq!(names, ["..state.json", "peers.properties"], "{generation}");
        }
    }
}

/// The log of the first process that was started as a [`Sidecar`].
pub(crate) fn log_of(cluster: &Cluster) -> String {
    fs::read_to_string(cluster.directory().join("log-0")).expect("a log")
}

fn attach(sidecar: &Sidecar<'_>, injection: Option<&str>) -> Tracer {
    sidecar.until("a thread for files", |it| !writing_threads(it.pid()).is_empty());
    let threads = writing_threads(sidecar.pid());
    Tracer::attach(&threads, sidecar.cluster.directory().join("strace"), injection)
}

/// What a life that was killed leaves.
fn plant_leftovers(volume: &Path) {
    symlink("nowhere", volume.join("..data_tmp")).expect("made");
    fs::write(volume.join("..tmp~peers.properties"), "half").expect("made");
}

/// What is there of the saved state is left by a newer release: this one must wait for DNS.
fn spoil_state(volume: &Path) {
    let file = fs::canonicalize(volume.join("peers.properties")).expect("there");
    fs::write(file.with_file_name("..state.json"), "{\"version\":2}").expect("there");
}

/// A generation whose time is over, as a sidecar has one after its third publication.
fn plant_old_generation(volume: &Path) {
    let generation = volume.join("..2025_01_01_00_00_00.old");
    fs::create_dir(&generation).expect("made");
    for name in ["..state.json", "peers.properties"] {
        fs::write(generation.join(name), "old").expect("made");
    }
}
