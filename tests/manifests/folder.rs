//! The folders under `manifests/`: found, not listed, so that a new one cannot go untested.

use std::path::PathBuf;

use crate::machine::files_below;
use crate::tool::project;

/// The oldest Kubernetes that the manifests are for: the first with `preStop.sleep` switched on, and
/// with native sidecars.
const OLDEST: &str = "1.30";
/// The newest Kubernetes whose schema is known.
const NEWEST: &str = "1.37";

/// A folder with a kustomization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Its path under `manifests/`.
    pub(crate) path: String,
}

impl Folder {
    /// Every one there is.
    pub(crate) fn all() -> Vec<Self> {
        let manifests = project().join("manifests");
        let folder = |file: PathBuf| {
            let folder = file.parent().filter(|_| file.ends_with("kustomization.yaml"))?;
            let path = folder.strip_prefix(&manifests).expect("it is below").to_str();
            Some(Self { path: path.expect("a folder of ours has a plain name").to_owned() })
        };
        let mut found: Vec<Self> = files_below(&manifests, |_| true).into_iter().filter_map(folder).collect();
        found.sort_by(|one, other| one.path.cmp(&other.path));
        assert!(found.len() > 10, "the folders of manifests/ were found: {found:?}");
        found
    }

    /// Whether it only changes what others bring, or is a part of something that does.
    pub(crate) fn is_component(&self) -> bool {
        self.path.starts_with("components/")
    }

    /// Whether kustomize builds it without the values of an overlay.
    pub(crate) fn is_built_alone(&self) -> bool {
        self.path != "components/ports-and-paths"
    }

    /// The versions of Kubernetes against whose schemas it must hold.
    pub(crate) fn versions(&self) -> [&'static str; 2] {
        let oldest = match self.path.as_str() {
            // For clusters without native sidecars.
            "init-container" => "1.25",
            // `fileKeyRef` is switched on since then.
            "init-container/client-env-file" => "1.35",
            _ => OLDEST,
        };
        [oldest, NEWEST]
    }

    /// What else a check would find fault with, and what the platform of this folder wants; each must be found.
    pub(crate) fn wanted_by_its_platform(&self) -> &'static [&'static str] {
        match self.path.as_str() {
            "examples/openshift" => &["eureka-peers: no numeric user"],
            "examples/resource-quota" => &["eureka-peers: a limit of CPU, which delays a publication"],
            _ => &[],
        }
    }

    /// Whether Pod Security "restricted" cannot hold, because the pod is on its node's network.
    pub(crate) fn is_on_the_host_network(&self) -> bool {
        self.path == "examples/daemonset-host-network"
    }
}
