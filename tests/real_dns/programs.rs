//! Where the programs are, and how each is told what to serve.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::Missing;
use crate::question::{v4, v6};
use crate::running::Spec;

/// The serial in the zone's SOA.
pub(crate) const SERIAL: u32 = 1_700_000_001;

/// `cluster.local` as `plugin/kubernetes` would have it, for servers that read zone files.
///
/// `eureka` has three pods in both families, `sixty` and `thousand` as many in IPv4, `elsewhere`
/// is an alias (a Service of type `ExternalName`); the zone `broken` has no file.
fn zone() -> String {
    let mut zone = format!(
        "$TTL 5\n\
         @ IN SOA ns.dns.cluster.local. hostmaster.cluster.local. {SERIAL} 7200 1800 86400 5\n\
         @ IN NS ns.dns.cluster.local.\n\
         ns.dns IN A 127.0.0.1\n\
         elsewhere.ns.svc IN CNAME eureka.ns.svc\n"
    );
    for (service, count) in [("eureka", 3), ("sixty", 60), ("thousand", 1000)] {
        for number in 0..count {
            push_pod(&mut zone, service, number);
        }
    }
    for number in 0..3 {
        writeln!(zone, "eureka.ns.svc IN AAAA {}", v6(number)).expect("a string takes it");
    }
    zone
}

fn push_pod(zone: &mut String, service: &str, number: u32) {
    let address = v4(number);
    writeln!(
        zone,
        "{service}.ns.svc IN A {address}\n\
         eureka-{number}.{service}.ns.svc IN A {address}\n\
         _http._tcp.{service}.ns.svc IN SRV 0 1 8761 eureka-{number}.{service}.ns.svc"
    )
    .expect("a string takes it");
}

pub(crate) fn knot(directory: &Path, address: SocketAddr) -> Result<Spec, Missing> {
    let (ip, port, directory) = (address.ip(), address.port(), directory.display());
    let config = format!(
        "\
server:
  listen: {ip}@{port}
  rundir: {directory}
database:
  storage: {directory}
log:
  - target: stderr
    any: info
zone:
  - domain: cluster.local
    storage: {directory}
    file: zone
    zonefile-load: whole
  - domain: broken
    storage: {directory}
    file: no-such-file
"
    );
    Ok(Spec {
        program: find("knotd")?,
        arguments: ["-c", "knot.conf"].map(Into::into).into(),
        files: vec![("zone", zone()), ("knot.conf", config)],
    })
}

pub(crate) fn bind(directory: &Path, address: SocketAddr) -> Result<Spec, Missing> {
    let (ip, port, directory) = (address.ip(), address.port(), directory.display());
    // 100 records of one type are its limit since 9.18.28 (CVE-2024-1737), unless told otherwise.
    let config = format!(
        "options {{
           directory \"{directory}\";
           managed-keys-directory \"{directory}\";
           listen-on port {port} {{ {ip}; }};
           listen-on-v6 {{ none; }};
           pid-file none;
           session-keyfile none;
           recursion no;
           notify no;
           max-records-per-type 0;
         }};
         controls {{ }};
         zone \"cluster.local\" {{ type primary; file \"zone\"; }};
         zone \"broken\" {{ type primary; file \"no-such-file\"; }};
        "
    );
    Ok(Spec {
        program: find("named")?,
        arguments: ["-g", "-c", "named.conf"].map(Into::into).into(),
        files: vec![("zone", zone()), ("named.conf", config)],
    })
}

/// CoreDNS with zone files; what is asked of `broken` goes to a server that is not there.
pub(crate) fn coredns_with_files(_: &Path, address: SocketAddr) -> Result<Spec, Missing> {
    coredns(
        address,
        &[("cluster.local", "file zone\n  loadbalance"), ("broken", "forward . 127.0.0.1:1")],
        vec![("zone", zone())],
    )
}

/// CoreDNS as a cache in front of another server, as NodeLocal DNSCache is.
pub(crate) fn coredns_as_cache(upstream: SocketAddr, address: SocketAddr) -> Result<Spec, Missing> {
    coredns(address, &[("cluster.local", &format!("cache 30\n  forward . {upstream}"))], Vec::new())
}

/// CoreDNS as in a cluster.
pub(crate) fn coredns_in_cluster(api: SocketAddr, address: SocketAddr) -> Result<Spec, Missing> {
    let plugin =
        format!("kubernetes cluster.local {{\n    endpoint http://{api}\n    startup_timeout 50ms\n  }}");
    coredns(address, &[("cluster.local", &plugin)], Vec::new())
}

fn coredns(
    address: SocketAddr,
    zones: &[(&str, &str)],
    mut files: Vec<(&'static str, String)>,
) -> Result<Spec, Missing> {
    let (ip, port) = (address.ip(), address.port());
    let server = |(zone, plugins): &(&str, &str)| {
        format!("{zone}:{port} {{\n  bind {ip}\n  errors\n  {plugins}\n}}\n")
    };
    files.push(("Corefile", zones.iter().map(server).collect()));
    Ok(Spec { program: built_coredns()?, arguments: ["-conf", "Corefile"].map(Into::into).into(), files })
}

/// dnsmasq with what `options` add, and nothing of this machine's own DNS.
pub(crate) fn dnsmasq(options: &str, address: SocketAddr) -> Result<Spec, Missing> {
    let (ip, port) = (address.ip(), address.port());
    let config = format!(
        "port={port}\nlisten-address={ip}\nbind-interfaces\nno-resolv\nno-hosts\npid-file=\nuser=\n\
         log-queries\nlog-facility=-\nno-daemon\n{options}"
    );
    Ok(Spec {
        program: find("dnsmasq")?,
        arguments: vec!["--conf-file=dnsmasq.conf".into()],
        files: vec![("dnsmasq.conf", config)],
    })
}

/// An installed program. Debian keeps servers where an ordinary user's `PATH` does not look, and
/// Go comes unpacked into `/usr/local`.
fn find(program: &str) -> Result<PathBuf, Missing> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/go/bin".into()])
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Missing(format!("no {program} here")))
}

/// CoreDNS, built from the Go module beside this file; kept under `target`.
fn built_coredns() -> Result<PathBuf, Missing> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(build_coredns).clone().map_err(Missing)
}

fn build_coredns() -> Result<PathBuf, String> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_dns/coredns");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("coredns");
    if is_newer(&program, &module) {
        return Ok(program);
    }
    let go = find("go").map_err(|Missing(what)| what)?;
    let output = Command::new(go)
        .args(["build", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(&module)
        .output();
    match output {
        Ok(Output { status, .. }) if status.success() => Ok(program),
        Ok(Output { stderr, .. }) => {
            Err(format!("go cannot build CoreDNS: {}", String::from_utf8_lossy(&stderr)))
        }
        Err(error) => Err(format!("go cannot be run: {error}")),
    }
}

/// Whether the program is younger than everything it is built from.
fn is_newer(program: &Path, module: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let sources: Vec<Option<SystemTime>> =
        ["main.go", "go.mod", "go.sum"].iter().map(|name| changed(&module.join(name))).collect();
    let built = changed(program);
    built.is_some() && sources.iter().all(|source| *source < built)
}
