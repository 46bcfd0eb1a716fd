//! The image: what the Dockerfile says, and what comes out where buildah can build it.
//!
//! Built without a daemon and without a registry, from a binary that is there (`BINARY=dist`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;

use crate::tool::{Tool, project, scratch, text_of};
use crate::{none, present};

/// Every file and directory of the image.
const LAYOUT: [&str; 3] = ["usr/", "usr/bin/", "usr/bin/eureka-peers"];
/// OCI annotations that say what this is and where it comes from.
const LABELS: [&str; 7] = ["title", "description", "licenses", "version", "revision", "created", "source"];

/// What can be said of the recipe alone.
pub(crate) fn recipe() -> Result<(), String> {
    let text = text_of("Dockerfile");
    let last = text.rsplit("\nFROM ").next().unwrap_or_default();
    let user = last.lines().find_map(|line| line.strip_prefix("USER "));
    let is_numeric = |user: &str| user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0));
    let entry_point = "\nENTRYPOINT [\"/usr/bin/eureka-peers\"]";
    let version = concat!("\nARG VERSION=", env!("CARGO_PKG_VERSION"), "\n");
    let mut faults = present([
        (!last.starts_with("scratch\n"), "the image is not made from scratch"),
        (!last.contains("/usr/bin/eureka-peers\n"), "the binary is not in /usr/bin"),
        (last.contains("\nRUN "), "something runs in an image without a shell"),
        (!last.contains(entry_point), "the program is not the entry point"),
        (!user.is_some_and(is_numeric), "the user is no number"),
        (!last.contains(version), "another version than this"),
    ]);
    let missing = LABELS.iter().filter(|label| !last.contains(&format!("org.opencontainers.image.{label}=")));
    faults.extend(missing.map(|label| format!("no label {label}")));
    none(&faults)
}

/// The server to try it with says what it is for, and starts what its build makes.
pub(crate) fn server_recipe() -> Result<(), String> {
    let text = text_of("examples/eureka-server/Dockerfile");
    let last = text.rsplit("\nFROM ").next().unwrap_or_default();
    let pom = text_of("examples/eureka-server/pom.xml");
    let jar = pom.split("<finalName>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
    let label = "image.description=\"A stock Eureka server, for trying";
    none(&present([
        (!text.starts_with("# For trying only"), "it does not say what it is for"),
        (!last.contains(label), "nor does its label"),
        (!last.contains(&format!("/src/target/{jar}.jar /{jar}.jar\n")), "it copies another jar"),
        (!last.contains(&format!("\"-jar\", \"/{jar}.jar\"]")), "it starts another jar"),
        (!last.contains("\nUSER 65532:65532\n"), "its user is not that of the manifests"),
    ]))
}

/// Builds it and looks into it.
pub(crate) fn layout() -> Result<(), String> {
    let place = scratch("image");
    // What a broken run left behind is of no use.
    drop(fs::remove_dir_all(&place));
    let context = context(&place);
    let storage = Storage(place);
    let arguments =
        ["--build-arg", "BINARY=dist", "--build-arg", "TARGETARCH=amd64", "--build-arg", "REVISION=0123abc"];
    let context = context.to_str().expect("a plain path");
    let build = ["bud", "--isolation", "chroot", "--format", "oci", "--quiet", "-t", "eureka-peers:test"];
    storage.buildah(&[&build[..], &arguments, &[context]].concat())?;
    let oci = storage.0.join("oci");
    storage.buildah(&["push", "--quiet", "eureka-peers:test", &format!("oci:{}:test", oci.display())])?;
    let image = Image::read(&oci);
    let faults: Vec<String> = image.faults().into_iter().chain(image.files_faults()).collect();
    none(&faults)
}

/// The recipe, and the binary under test as if it had been released.
fn context(place: &Path) -> PathBuf {
    let context = place.join("context");
    let dist = context.join("dist/amd64");
    fs::create_dir_all(&dist).expect("the target directory can be written");
    fs::copy(project().join("Dockerfile"), context.join("Dockerfile")).expect("the recipe is there");
    fs::copy(env!("CARGO_BIN_EXE_eureka-peers"), dist.join("eureka-peers")).expect("the binary is there");
    context
}

/// Where buildah keeps what it makes; nothing of the machine's own.
struct Storage(PathBuf);

impl Storage {
    fn buildah(&self, arguments: &[&str]) -> Result<String, String> {
        let place = |name: &str| self.0.join(name).display().to_string();
        let (root, run) = (place("root"), place("run"));
        let places = ["--root", &root, "--runroot", &run, "--storage-driver", "vfs"];
        Tool::BUILDAH.run(&[&places[..], arguments].concat())
    }
}

/// An image in the OCI layout.
struct Image {
    config: Value,
    layers: Vec<PathBuf>,
}

impl Image {
    fn read(oci: &Path) -> Self {
        let blob = |digest: &Value| {
            let digest = digest.as_str().expect("a digest").trim_start_matches("sha256:");
            oci.join("blobs/sha256").join(digest)
        };
        let json = |path: &Path| -> Value {
            serde_yaml::from_str(&fs::read_to_string(path).expect("a blob")).expect("JSON is YAML")
        };
        let index = json(&oci.join("index.json"));
        let manifest = json(&blob(&index["manifests"][0]["digest"]));
        let layers = manifest["layers"].as_sequence().expect("layers").iter();
        Self {
            config: json(&blob(&manifest["config"]["digest"])),
            layers: layers.map(|layer| blob(&layer["digest"])).collect(),
        }
    }

    fn faults(&self) -> Vec<String> {
        let config = &self.config["config"];
        let mut faults = Vec::new();
        let expected = [
            ("User", "65532:65532"),
            ("Entrypoint", "[/usr/bin/eureka-peers]"),
            ("Cmd", "[run]"),
            ("ExposedPorts", "{9761/tcp: {}}"),
        ];
        for (key, value) in expected {
            let value: Value = serde_yaml::from_str(value).expect("it is YAML");
            if config[key] != value {
                faults.push(format!("{key} is {:?}", config[key]));
            }
        }
        if config["Labels"]["org.opencontainers.image.revision"].as_str() != Some("0123abc") {
            faults.push("the revision does not reach its label".to_owned());
        }
        faults
    }

    /// One file, which anyone may run and nobody may change.
    fn files_faults(&self) -> Vec<String> {
        let mut found = Vec::new();
        for layer in &self.layers {
            let output = Command::new("tar").arg("-tvzf").arg(layer).output().expect("tar is everywhere");
            found.extend(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
        }
        let names: Vec<&str> = found.iter().filter_map(|line| line.split_whitespace().last()).collect();
        let is_sealed = found.last().is_some_and(|line| line.starts_with("-r-xr-xr-x 0/0 "));
        let mut faults = Vec::new();
        faults.extend((names != LAYOUT).then(|| format!("the image holds {names:?}")));
        faults.extend((!is_sealed).then(|| format!("the binary is {:?}", found.last())));
        faults
    }
}
