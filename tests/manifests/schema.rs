//! Kubernetes' own schemas, strictly: an unknown field is a fault.

use crate::rendered::{Object, write};
use crate::tool::{Tool, scratch};

/// Holds the built-in objects against the schema of this version.
pub(crate) fn check(name: &str, objects: &[Object], version: &str) -> Result<(), String> {
    let text = write(objects.iter().filter(|object| object.is_built_in()));
    if text.is_empty() {
        return Ok(());
    }
    let file = scratch(&format!("{}-{version}.yaml", name.replace('/', "-")));
    std::fs::write(&file, text).expect("the target directory can be written");
    let file = file.to_str().expect("the target directory has a plain path");
    Tool::KUBERNETES_VALIDATE.run(&["-k", version, "--strict", "--quiet", file]).map(drop)
}
