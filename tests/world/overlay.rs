//! Kustomizations that a test writes over a folder under `manifests/`, layer by layer.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::rendered::{Object, parse};
use super::tool::{Tool, project, scratch, write_file};

/// What kustomize makes of layers over a folder under `manifests/`, from the inside out.
pub(crate) fn build(folder: &str, title: &str, layers: &[&str]) -> Result<Vec<Object>, String> {
    run(Tool::KUSTOMIZE, &write(folder, title, layers)?)
}

/// What a tool makes of a directory.
pub(crate) fn run(tool: Tool, directory: &Path) -> Result<Vec<Object>, String> {
    let subcommand = if tool == Tool::KUBECTL { "kustomize" } else { "build" };
    parse(&tool.run(&[subcommand, &directory.display().to_string()])?)
}

/// Writes the layers; the directory of the outermost.
pub(crate) fn write(folder: &str, title: &str, layers: &[&str]) -> Result<PathBuf, String> {
    let folder_name = folder.replace('/', "-");
    layers.iter().enumerate().try_fold(project().join("manifests").join(folder), |below, (at, layer)| {
        over(&format!("{folder_name}-{title}-{at}"), &[below], layer)
    })
}

/// Writes a kustomization over others, in which `$components` is where ours are; its directory.
pub(crate) fn over(name: &str, bases: &[PathBuf], text: &str) -> Result<PathBuf, String> {
    let directory = fresh(name)?;
    let bases = bases.iter().map(|base| relative(&directory, base)).collect::<Result<Vec<_>, _>>()?;
    let components = relative(&directory, &project().join("manifests/components"))?;
    let text = text.replace("$components", &components);
    put(&directory, &format!("resources: [{}]\n{text}\n", bases.join(", ")))?;
    Ok(directory)
}

/// Writes manifests as somebody has them, and a kustomization of them; its directory.
pub(crate) fn base(name: &str, manifests: &str) -> Result<PathBuf, String> {
    let directory = fresh(name)?;
    write_file(&directory.join("manifests.yaml"), manifests)?;
    put(&directory, "resources: [manifests.yaml]\n")?;
    Ok(directory)
}

/// A directory for a kustomization.
pub(crate) fn fresh(name: &str) -> Result<PathBuf, String> {
    let directory = scratch("names").join(name);
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    Ok(directory)
}

/// Writes the kustomization of a directory.
pub(crate) fn put(directory: &Path, kustomization: &str) -> Result<(), String> {
    write_file(&directory.join("kustomization.yaml"), kustomization)
}

/// As kustomize wants another kustomization to be named: never by an absolute path.
pub(crate) fn relative(from: &Path, to: &Path) -> Result<String, String> {
    let real = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let (from, to) = (real(from)?, real(to)?);
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(shared)).collect();
    Ok(path.display().to_string())
}
