//! Where the programs are, and how each is told what to serve.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::Missing;
use crate::machine::{find_program, said};
use crate::running::Spec;
use crate::zone::Zone;

/// What a server does with `cluster.local`.
#[derive(Clone, Debug)]
pub(crate) enum Hosting {
    /// Serves it.
    Zone(Zone),
    /// Has it in its configuration, and cannot get at its records: SERVFAIL.
    Broken,
    /// Does not know it: REFUSED.
    Nothing,
}

/// What an authority is to serve, and where.
pub(crate) struct Order<'a> {
    pub(crate) hosting: &'a Hosting,
    pub(crate) serial: u32,
    pub(crate) directory: &'a Path,
    pub(crate) address: SocketAddr,
}

impl Hosting {
    /// Serves it with these pods.
    pub(crate) fn pods(pods: impl IntoIterator<Item = u32>) -> Self {
        Self::Zone(Zone::of_pods(pods))
    }

    /// The name of the zone's file; there is none that is not written.
    fn zone_file(&self) -> Option<&'static str> {
        match self {
            Self::Zone(_) => Some("zone"),
            Self::Broken => Some("no-such-file"),
            Self::Nothing => None,
        }
    }

    fn files(&self, serial: u32) -> Vec<(&'static str, String)> {
        match self {
            Self::Zone(zone) => vec![("zone", zone.to_file(serial))],
            Self::Broken | Self::Nothing => vec![],
        }
    }
}

pub(crate) fn knot(Order { hosting, serial, directory, address }: &Order<'_>) -> Result<Spec, Missing> {
    let (ip, port, directory) = (address.ip(), address.port(), directory.display());
    let zone = |domain: &str, file: &str| {
        format!(
            "  - domain: {domain}\n    storage: {directory}\n    file: {file}\n    zonefile-load: whole\n"
        )
    };
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
{}{}",
        zone("broken", "no-such-file"),
        hosting.zone_file().map(|file| zone("cluster.local", file)).unwrap_or_default(),
    );
    let mut files = hosting.files(*serial);
    files.push(("knot.conf", config));
    Ok(Spec { program: find("knotd")?, arguments: &["-c", "knot.conf"], files })
}

pub(crate) fn bind(Order { hosting, serial, directory, address }: &Order<'_>) -> Result<Spec, Missing> {
    let (ip, port, directory) = (address.ip(), address.port(), directory.display());
    let zone =
        |domain: &str, file: &str| format!("zone \"{domain}\" {{ type primary; file \"{file}\"; }};\n");
    // 100 records of one type are its limit since 9.18.28 (CVE-2024-1737), unless told otherwise.
    // Host names that are none are not for it to find.
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
           check-names primary ignore;
         }};
         controls {{ }};
         {}{}",
        zone("broken", "no-such-file"),
        hosting.zone_file().map(|file| zone("cluster.local", file)).unwrap_or_default(),
    );
    let mut files = hosting.files(*serial);
    files.push(("named.conf", config));
    Ok(Spec { program: find("named")?, arguments: &["-g", "-c", "named.conf"], files })
}

/// CoreDNS with a zone file, which it looks at often; a broken zone is one of a server that is not
/// there.
pub(crate) fn coredns_with_file(order: &Order<'_>) -> Result<Spec, Missing> {
    let broken = "forward . 127.0.0.1:1";
    let plugins = match order.hosting {
        Hosting::Zone(_) => Some("file zone {\n    reload 50ms\n  }\n  loadbalance"),
        Hosting::Broken => Some(broken),
        Hosting::Nothing => None,
    };
    let zones: Vec<_> = plugins.map(|plugins| ("cluster.local", plugins)).into_iter().collect();
    let zones = [&zones[..], &[("broken", broken)]].concat();
    coredns(order.address, &zones, order.hosting.files(order.serial))
}

/// dnsmasq with records of its own. Others it can only forward for, and refuses without a server.
pub(crate) fn dnsmasq_with_records(order: &Order<'_>) -> Result<Spec, Missing> {
    let options = match order.hosting {
        Hosting::Zone(zone) => zone.to_dnsmasq(),
        Hosting::Broken => "server=/cluster.local/127.0.0.1#1\n".to_owned(),
        Hosting::Nothing => String::new(),
    };
    dnsmasq(&options, order.address)
}

/// CoreDNS as a cache in front of another server, as NodeLocal DNSCache is.
pub(crate) fn coredns_as_cache(upstream: SocketAddr, address: SocketAddr) -> Result<Spec, Missing> {
    coredns(address, &[("cluster.local", &format!("cache 30\n  forward . {upstream}"))], Vec::new())
}

/// CoreDNS in front of two servers, asking each every other time.
pub(crate) fn coredns_round_robin(upstreams: [SocketAddr; 2], address: SocketAddr) -> Result<Spec, Missing> {
    coredns(address, &[("cluster.local", &round_robin(upstreams))], Vec::new())
}

/// The same with a cache that forgets after a second.
pub(crate) fn coredns_round_robin_cache(
    upstreams: [SocketAddr; 2],
    address: SocketAddr,
) -> Result<Spec, Missing> {
    let cache = "cache {\n    success 1000 1 0\n    denial 1000 1 0\n  }\n  ";
    coredns(address, &[("cluster.local", &[cache, &round_robin(upstreams)].concat())], Vec::new())
}

fn round_robin([first, second]: [SocketAddr; 2]) -> String {
    format!("forward . {first} {second} {{\n    policy round_robin\n  }}")
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
    Ok(Spec { program: built_coredns()?, arguments: &["-conf", "Corefile"], files })
}

/// dnsmasq with what `options` add, and nothing of this machine's own DNS.
pub(crate) fn dnsmasq(options: &str, address: SocketAddr) -> Result<Spec, Missing> {
    let (ip, port) = (address.ip(), address.port());
    let config = format!(
        "port={port}\nlisten-address={ip}\nbind-interfaces\nno-resolv\nno-hosts\npid-file=\nuser=\n\
         log-queries\nlog-facility=-\nno-daemon\n{options}"
    );
    let files = vec![("dnsmasq.conf", config)];
    Ok(Spec { program: find("dnsmasq")?, arguments: &["--conf-file=dnsmasq.conf"], files })
}

/// Unbound in front of another server, with what `options` add to its server's section.
pub(crate) fn unbound(
    options: &str,
    upstream: SocketAddr,
    directory: &Path,
    address: SocketAddr,
) -> Result<Spec, Missing> {
    let (ip, port, directory) = (address.ip(), address.port(), directory.display());
    let (upstream_ip, upstream_port) = (upstream.ip(), upstream.port());
    let config = format!(
        "\
server:
  interface: {ip}
  port: {port}
  directory: \"{directory}\"
  chroot: \"\"
  username: \"\"
  pidfile: \"\"
  logfile: \"\"
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  module-config: \"iterator\"
{options}remote-control:
  control-enable: no
forward-zone:
  name: \"cluster.local\"
  forward-addr: {upstream_ip}@{upstream_port}
"
    );
    Ok(Spec {
        program: find("unbound")?,
        arguments: &["-d", "-c", "unbound.conf"],
        files: vec![("unbound.conf", config)],
    })
}

fn find(program: &str) -> Result<PathBuf, Missing> {
    find_program(program).ok_or_else(|| Missing(format!("no {program} here")))
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
    let mut command = Command::new(go);
    command.args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    said(command.current_dir(&module)).map(|_| program)
}

/// Whether the program is younger than everything it is built from.
fn is_newer(program: &Path, module: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let built = changed(program);
    built.is_some() && ["main.go", "go.mod", "go.sum"].iter().all(|name| changed(&module.join(name)) < built)
}
