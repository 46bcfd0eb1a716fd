//! Builds of stock servers, made once from Maven coordinates and kept in Cargo's target directory.
//!
//! Never a patched class, never an extra one: the documentation's application, and what it needs.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::release::{Kind, Release, Spring};
use crate::world::machine::{find_program, target};
use crate::world::process::run;

/// What these servers need is 170 to 195 MiB; this machine has no cgroup to say so.
const JVM_OPTIONS: [&str; 4] = ["-Xmx256m", "-Xss512k", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
/// Where the Maven plugins that fetch things are pinned.
pub(crate) const DEPENDENCY_PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
/// A first build fetches some 120 files.
const FETCHED_WITHIN: Duration = Duration::from_secs(10 * 60);
/// One to three small classes.
const COMPILED_WITHIN: Duration = Duration::from_secs(60);

const POM: &str = include_str!("image/pom.xml");
const APPLICATION: &str = include_str!("image/StockEureka.java");
const GUARDED_PATHS: &str = include_str!("image/GuardedPaths.java");
const APPLICATION_YML: &str = include_str!("image/application.yml");
const SECURITY: &str = "
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-security</artifactId>
    </dependency>";

/// Whether a build contains Spring Security.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Security {
    /// It does not.
    #[default]
    Without,
    /// The starter, and the documentation's exemptions where a property asks for them.
    With,
}

/// A build that is ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    directory: PathBuf,
    kind: Kind,
}

/// What this machine lacks for stock servers; empty where it lacks nothing.
pub(crate) fn missing_tools() -> Vec<&'static str> {
    ["java", "javac", "jar", "mvn"].into_iter().filter(|tool| find_program(tool).is_none()).collect()
}

pub(crate) fn cache() -> PathBuf {
    target().join("stock-eureka")
}

impl Image {
    /// The build of `release`, made now unless it was before.
    pub(crate) fn of(release: &Release, security: Security) -> Self {
        let suffix = if security == Security::With { "-security" } else { "" };
        let directory = cache().join(format!("{}{suffix}", release.name));
        fs::create_dir_all(&directory).expect("the target directory can be written");
        // One build at a time: Maven's own store is not made for two.
        let lock = File::create(cache().join("lock")).expect("the target directory can be written");
        lock.lock().expect("the target directory's file system has locks");
        let recipe = recipe(release, security);
        let made = directory.join("made-of");
        if fs::read_to_string(&made).is_ok_and(|made_of| made_of == recipe) {
            return Self { directory, kind: release.kind };
        }
        match release.kind {
            Kind::Spring(spring) => build_spring(&directory, spring, security),
            Kind::War { eureka, jetty } => build_war(&directory, eureka, jetty),
        }
        fs::write(made, recipe).expect("the target directory can be written");
        Self { directory, kind: release.kind }
    }

    /// Its JVM, with more options, a file for the pod's `/etc/hosts` and a directory for its `/tmp`; `socket`
    /// is told to a server that has no environment for it.
    pub(crate) fn java(&self, options: &[&str], hosts: &Path, tmp: &Path, socket: SocketAddr) -> Command {
        let mut command = Command::new("java");
        command.args(JVM_OPTIONS).args(options);
        command.arg(format!("-Djdk.net.hosts.file={}", hosts.display()));
        command.arg(format!("-Djava.io.tmpdir={}", tmp.display()));
        command.args(self.arguments(&socket.ip().to_string(), socket.port()));
        command
    }

    fn arguments(&self, address: &str, port: u16) -> Vec<String> {
        let file = |name: &str| self.directory.join(name).display().to_string();
        match self.kind {
            Kind::Spring(_) => {
                let class_path = format!("{}:{}", file("application.jar"), file("lib/*"));
                vec!["-cp".to_owned(), class_path, "stock.StockEureka".to_owned()]
            }
            Kind::War { .. } => {
                let port = port.to_string();
                let flags = ["--host", address, "--port", &port, "--path", "/eureka"].map(str::to_owned);
                let jetty = ["-jar".to_owned(), file("jetty-runner.jar")];
                jetty.into_iter().chain(flags).chain([file("eureka-server.war")]).collect()
            }
        }
    }
}

/// Everything that a build depends on; another recipe is another build.
fn recipe(release: &Release, security: Security) -> String {
    let sources = [POM, APPLICATION, GUARDED_PATHS, APPLICATION_YML, SECURITY, DEPENDENCY_PLUGIN];
    format!("{release:?} {security:?}\n{}", sources.join("\n"))
}

fn build_spring(directory: &Path, spring: Spring, security: Security) {
    drop(fs::remove_dir_all(directory.join("lib")));
    drop(fs::remove_dir_all(directory.join("classes")));
    let security_starter = if security == Security::With { SECURITY } else { "" };
    let pom = POM.replace("@cloud@", spring.cloud).replace("@boot@", spring.boot);
    let pom = pom.replace("@security@", security_starter);
    let mut sources = vec![("StockEureka.java", APPLICATION)];
    if security == Security::With {
        sources.push(("GuardedPaths.java", GUARDED_PATHS));
    }
    let classes = directory.join("classes");
    fs::create_dir_all(&classes).expect("the target directory can be written");
    fs::write(directory.join("pom.xml"), pom).expect("the target directory can be written");
    fs::write(classes.join("application.yml"), APPLICATION_YML).expect("the target directory can be written");
    for (name, source) in &sources {
        fs::write(directory.join(name), source).expect("the target directory can be written");
    }
    let copy = format!("{DEPENDENCY_PLUGIN}:copy-dependencies");
    run(
        directory,
        FETCHED_WITHIN,
        "mvn",
        &["-B", "-q", &copy, "-DincludeScope=runtime", "-DoutputDirectory=lib"],
    );
    let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
    let javac =
        [["-parameters", "--release", spring.java, "-cp", "lib/*", "-d", "classes"].as_slice(), &names]
            .concat();
    run(directory, COMPILED_WITHIN, "javac", &javac);
    let jar = ["--create", "--file", "application.jar", "-C", "classes", "."];
    run(directory, COMPILED_WITHIN, "jar", &jar);
}

fn build_war(directory: &Path, eureka: &str, jetty: &str) {
    let copy = format!("{DEPENDENCY_PLUGIN}:copy");
    let war = format!("-Dartifact=com.netflix.eureka:eureka-server:{eureka}:war");
    let runner = format!("-Dartifact=org.eclipse.jetty:jetty-runner:{jetty}");
    for artifact in [war, runner] {
        let arguments = ["-B", "-q", &copy, &artifact, "-DoutputDirectory=.", "-Dmdep.stripVersion=true"];
        run(directory, FETCHED_WITHIN, "mvn", &arguments);
    }
}
