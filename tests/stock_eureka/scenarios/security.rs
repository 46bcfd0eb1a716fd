//! Servers that ask for a user and a password, and what Spring Security's CSRF check makes of refresh.

use std::fs;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::image::Security;
use crate::pod::PeerHost;
use crate::release::Release;
use crate::wait::{holds_for, wait_for};

const USER: &str = "registry";
/// Long and strange enough to be found wherever it leaks.
const PASSWORD: &str = "f1nd-me-nowhere";
/// The documentation's exemption, and with it the one that refresh needs.
const EXEMPT_ENOUGH: &str = "/eureka/,/actuator/";
/// What the documentation exempts.
pub(super) const EXEMPT_AS_DOCUMENTED: &str = "/eureka/";
/// The first refusal says it all.
const DIAGNOSED_WITHIN: Duration = Duration::from_secs(30);
/// Long enough for hammering to show.
const QUIET_FOR: Duration = Duration::from_secs(15);
/// A refused call is repeated with backoff: in the quiet time, hardly ever.
const REFUSALS_MAX: u64 = 8;

/// Basic everywhere: refresh and status with our credentials, peers with theirs, and replication works.
pub(super) fn basic_credentials(release: &'static Release) {
    let mut cluster = guarded(release, "basic_credentials", Some(EXEMPT_ENOUGH));
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.exchange_registrations();
    cluster.scale(1);
    cluster.wait_adopted();
    cluster.scale(2);
    cluster.wait_adopted();
    cluster.exchange_registrations();
    expect_no_leak(&cluster);
}

/// The same with the actuator on the registry's own port, where most images with security have it.
pub(super) fn on_the_main_port(release: &'static Release) {
    let mut cluster = guarded(release, "actuator_on_the_main_port", Some(EXEMPT_ENOUGH));
    cluster.server.without = vec!["MANAGEMENT_SERVER_PORT", "MANAGEMENT_SERVER_ADDRESS"];
    cluster.sidecar.actuator = Some(cluster.pod(0).socket(release.port()));
    cluster.scale(1);
    let (one, other) = (cluster.pod(0), cluster.pod(1));
    cluster.set_pods([&one, &other]);
    cluster.wait_for_peers(0, &[cluster.url(1)]);
    expect_no_leak(&cluster);
}

/// Placeholders that the server cannot resolve: it adopts the list, and would call
/// its peers as nobody. `check` says so.
pub(super) fn unresolved_placeholders(release: &'static Release) {
    let mut cluster = Cluster::new(release, "unresolved_placeholders", PeerHost::Names);
    cluster.sidecar = cluster.sidecar.clone().with(&["--user-info", "${EUREKA_USER}:${EUREKA_PASSWORD}"]);
    cluster.scale(1);
    cluster.set_pods([&cluster.pod(0), &cluster.pod(1)]);
    cluster.wait_for_peers(0, &[cluster.url(1)]);
    let check = cluster.once("check", 0);
    let is_told = check.output.contains("fault: the server does not know EUREKA_USER");
    assert!(is_told && check.code == Some(3), "{}", check.output);
}

/// What is exempt, such as the documentation's paths, leaves refresh refused when a peer appears: 401 with the
/// right credentials. Said as what it is, and not hammered.
pub(super) fn refresh_is_refused(release: &'static Release, scenario: &str, exempt: Option<&str>) {
    let mut cluster = guarded(release, scenario, exempt);
    cluster.scale(1);
    cluster.set_pods([&cluster.pod(0), &cluster.pod(1)]);
    let message = diagnosis(&cluster);
    assert!(message.contains("CSRF"), "not told apart from wrong credentials: {message}");
    expect_quiet(&cluster);
    expect_no_leak(&cluster);
}

fn guarded(release: &'static Release, scenario: &str, exempt: Option<&str>) -> Cluster {
    let mut cluster = Cluster::new(release, scenario, PeerHost::Names);
    cluster.server.security = Security::With;
    cluster.server.more.push("spring-basic-auth");
    cluster.server.credentials = Some((USER, PASSWORD));
    let mut set_up = cluster.server.clone().with("EUREKA_USER", USER).with("EUREKA_PASSWORD", PASSWORD);
    if let Some(exempt) = exempt {
        set_up = set_up.with("STOCK_CSRFEXEMPT", exempt);
    }
    cluster.server = set_up;
    let password_file = cluster.pod(0).file("password");
    fs::write(&password_file, PASSWORD).expect("the target directory can be written");
    let password_file = password_file.display().to_string();
    cluster.sidecar = cluster.sidecar.clone().with(&[
        "--user-info",
        "${EUREKA_USER}:${EUREKA_PASSWORD}",
        "--server-user",
        USER,
        "--server-password-file",
        &password_file,
    ]);
    cluster
}

fn diagnosis(cluster: &Cluster) -> String {
    let (message, after) = wait_for("the condition refresh_refused", DIAGNOSED_WITHIN, || {
        cluster.sidecar(0).condition("refresh_refused")?.ok_or_else(|| "no condition".to_owned())
    });
    println!("  diagnosed after {after:?}: {message}");
    message
}

fn expect_quiet(cluster: &Cluster) {
    holds_for("a refusal is not hammered", QUIET_FOR, || {
        let outcomes = cluster.sidecar(0).metric("eureka_peers_refreshes_total", "outcome")?;
        let refusals = outcomes.get("refused").copied().unwrap_or_default();
        if refusals <= REFUSALS_MAX { Ok(()) } else { Err(format!("{refusals} refusals")) }
    });
}

/// The password is in nobody's mouth: not in a log line, a page, a file or the metrics.
fn expect_no_leak(cluster: &Cluster) {
    let sidecar = cluster.sidecar(0);
    let pages = ["/", "/status", "/metrics", "/readyz?verbose"].map(|path| sidecar.page(path));
    let [log, file] = [sidecar.log(), sidecar.published()];
    for said in pages.iter().chain([&log, &file]) {
        assert!(!said.contains(PASSWORD), "the password leaks: {said}");
    }
    assert!(file.contains("${EUREKA_PASSWORD}"), "the placeholder is for the server to resolve: {file}");
}
