//! Eureka clients in other languages, fetched through their own package managers.
//!
//! Never patched; versions are pinned, so that a change of theirs is seen as one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::image::cache;
use crate::process::{Process, run};

/// From the Python Package Index.
const PYTHON_PACKAGE: &str = "py-eureka-client==0.13.3";
/// From the npm registry.
const JAVASCRIPT_PACKAGE: &str = "eureka-js-client@4.5.0";
/// A handful of small packages.
const INSTALLED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// A client that registers and renews until it is dropped.
pub(crate) struct RealClient {
    /// The id under which it registers.
    pub(crate) instance_id: &'static str,
    _process: Process,
}

pub(crate) fn python(directory: &Path, servers: &[String]) -> RealClient {
    let home = installed("python", PYTHON_PACKAGE, |home| {
        run(home, INSTALLED_WITHIN, "python3", &["-m", "venv", "venv"]);
        run(home, INSTALLED_WITHIN, "venv/bin/python", &["-m", "pip", "install", "--quiet", PYTHON_PACKAGE]);
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stock_eureka/real_clients/client.py");
    start("python-client", &home.join("venv/bin/python"), Path::new(script), &home, directory, servers)
}

pub(crate) fn javascript(directory: &Path, servers: &[String]) -> RealClient {
    let home = installed("javascript", JAVASCRIPT_PACKAGE, |home| {
        let flags = ["install", "--no-audit", "--no-fund", "--prefix", ".", JAVASCRIPT_PACKAGE];
        run(home, INSTALLED_WITHIN, "npm", &flags);
    });
    let script = home.join("client.js");
    fs::write(&script, include_str!("client.js")).expect("the target directory can be written");
    start("javascript-client", Path::new("node"), &script, &home, directory, servers)
}

fn start(
    instance_id: &'static str,
    interpreter: &Path,
    script: &Path,
    home: &Path,
    directory: &Path,
    servers: &[String],
) -> RealClient {
    fs::create_dir_all(directory).expect("the target directory can be written");
    let mut command = Command::new(interpreter);
    command.arg(script).arg(instance_id).arg(servers.join(","));
    command.current_dir(home).envs(std::env::vars_os());
    let process = Process::start(instance_id, &command, &directory.join(format!("{instance_id}.log")));
    RealClient { instance_id, _process: process }
}

/// The directory into which a package has been installed, now or before.
fn installed(name: &str, package: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let home = cache().join("clients").join(name);
    fs::create_dir_all(&home).expect("the target directory can be written");
    let lock = File::create(home.join("lock")).expect("the target directory can be written");
    lock.lock().expect("the target directory's file system has locks");
    let made = home.join("made-of");
    if !fs::read_to_string(&made).is_ok_and(|made_of| made_of == package) {
        install(&home);
        fs::write(made, package).expect("the target directory can be written");
    }
    home
}
