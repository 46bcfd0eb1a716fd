//! A list that something in the server masks: said plainly, with its reason, and no refresh storm.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::http::{Reply, Request};
use crate::pod::{PeerHost, Pod};
use crate::release::Release;
use crate::server::SetUp;
use crate::sidecar::MANAGEMENT;
use crate::wait::{holds_for, wait_for};

/// What many images and manifests set, and what wins over every file.
const MASK: &str = "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE";
/// What lets `env` be read, and with it what masks the list.
const EXPOSED: &str = "MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE";
/// The exit code of `check` for what it found.
const FINDINGS: i32 = 3;
/// One refresh and two counted retries.
const REFRESHES_A_LIST: u64 = 3;
/// Three refreshes, five seconds and more apart.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(60);
/// Long enough for a loop to show.
const QUIET_FOR: Duration = Duration::from_secs(15);

/// The variable that the documentation says to remove was left in place.
pub(super) fn by_the_environment(release: &'static Release) {
    let mut cluster = Cluster::new(release, "masked", PeerHost::Names);
    let unmasked = cluster.server.clone();
    cluster.server = unmasked.clone().with(MASK, "http://127.0.0.1:8761/eureka/");
    let pods = [cluster.pod(0), cluster.pod(1), cluster.pod(2)];
    start_with(&mut cluster, &pods[..2]);
    expect_given_up(&cluster, REFRESHES_A_LIST);
    // Another list is another try, as bounded as the first.
    cluster.set_pods(&pods);
    let peers = [cluster.url(1), cluster.url(2)];
    wait_for("the file follows all the same", GIVEN_UP_WITHIN, || {
        let file = cluster.sidecar(0).published();
        if peers.iter().all(|peer| file.contains(peer)) { Ok(()) } else { Err(file) }
    });
    expect_given_up(&cluster, 2 * REFRESHES_A_LIST);
    cluster.server = unmasked;
    cluster.containers(0).server.take().expect("it runs").terminate();
    cluster.start_server(0);
    cluster.wait_up(0);
    cluster.wait_for_peers(0, &peers);
    wait_for("the condition is lifted", GIVEN_UP_WITHIN, || match not_adopted(&cluster)? {
        None => Ok(()),
        Some(message) => Err(message),
    });
}

/// A way to mask the list, and the name by which it is told where `env` is exposed.
struct Mask {
    put_on: fn(SetUp) -> SetUp,
    told_as: &'static str,
}

/// All that beat a file, by their rank in Spring.
const MASKS: [Mask; 5] = [
    Mask { put_on: |set_up| set_up.with(MASK, ELSEWHERE), told_as: MASK },
    Mask {
        put_on: |set_up| set_up.with("EUREKA_CLIENT_SERVICE_URL_DEFAULTZONE", ELSEWHERE),
        told_as: "EUREKA_CLIENT_SERVICE_URL_DEFAULTZONE",
    },
    Mask {
        put_on: |set_up| {
            let json = r#"{"eureka":{"client":{"serviceUrl":{"defaultZone":"http://elsewhere:1/eureka/"}}}}"#;
            set_up.with("SPRING_APPLICATION_JSON", json)
        },
        told_as: "SPRING_APPLICATION_JSON",
    },
    Mask {
        put_on: |mut set_up| {
            set_up.arguments.push(format!("--eureka.client.service-url.defaultZone={ELSEWHERE}"));
            set_up
        },
        told_as: "command line",
    },
    Mask {
        put_on: |set_up| {
            let option = format!("-Deureka.client.service-url.defaultZone={ELSEWHERE}");
            set_up.with("JAVA_TOOL_OPTIONS", &option)
        },
        told_as: "-D",
    },
];
const ELSEWHERE: &str = "http://elsewhere:1/eureka/";

/// Where `env` is exposed, the very source is named, and nobody has to guess.
pub(super) fn and_shown(release: &'static Release) {
    let mut cluster = Cluster::new(release, "masked_and_shown", PeerHost::Names);
    let exposed = cluster.server.clone().with(EXPOSED, "env,health,refresh");
    let exposed = exposed.with("MANAGEMENT_ENDPOINT_ENV_POST_ENABLED", "true");
    cluster.server = (MASKS[0].put_on)(exposed.clone());
    let pods = [cluster.pod(0), cluster.pod(1)];
    start_with(&mut cluster, &pods);
    let message = expect_given_up(&cluster, REFRESHES_A_LIST);
    assert!(!message.contains("Suspects"), "the source is known: {message}");
    expect_named(&cluster, MASKS[0].told_as);
    for mask in &MASKS[1..] {
        cluster.server = (mask.put_on)(exposed.clone());
        restart_server(&mut cluster);
        expect_named(&cluster, mask.told_as);
    }
    cluster.server = exposed;
    restart_server(&mut cluster);
    cluster.wait_for_peers(0, &[cluster.url(1)]);
    post_to_env(&cluster);
    expect_named(&cluster, "/actuator/env");
}

/// The first pod, with `pods` in DNS before it: a list of self alone would be one more, with refreshes of
/// its own.
fn start_with(cluster: &mut Cluster, pods: &[Pod]) {
    cluster.set_pods(pods);
    cluster.add(0);
    cluster.start_sidecar(0);
    cluster.start_server(0);
    cluster.wait_up(0);
}

fn restart_server(cluster: &mut Cluster) {
    cluster.containers(0).server.take().expect("it runs").terminate();
    cluster.start_server(0);
    cluster.wait_up(0);
    // It opens after the registry's port, and what `check` asks for is there.
    let management = cluster.pod(0).socket(MANAGEMENT);
    wait_for("the management port", GIVEN_UP_WITHIN, || {
        Request::get("/actuator").send(management).map_err(|error| error.to_string())?.ok()
    });
}

/// What somebody did with an actuator that lets its environment be written.
fn post_to_env(cluster: &Cluster) {
    let property = format!(r#"{{"name":"eureka.client.service-url.defaultZone","value":"{ELSEWHERE}"}}"#);
    let request = Request::with_body("POST", "/actuator/env", &property);
    let reply = request.send(cluster.pod(0).socket(MANAGEMENT)).map(Reply::ok);
    reply.expect("the management port is open").expect("env may be written");
}

/// `check` names what masks the list, at once and without a refresh.
fn expect_named(cluster: &Cluster, told_as: &str) {
    let before = cluster.sidecar(0).refreshes();
    let outcome = cluster.once("check", 0);
    assert_eq!(outcome.code, Some(FINDINGS), "{told_as}: {}", outcome.output);
    let faults: Vec<&str> = outcome.output.lines().filter(|line| line.contains("fault: ")).collect();
    println!("  {told_as}: {faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains(told_as)), "{told_as} is not named: {faults:#?}");
    let refreshes = cluster.sidecar(0).refreshes();
    assert!(refreshes <= before + REFRESHES_A_LIST, "{refreshes} refreshes after {before}");
}

/// The condition stands, names its reason, and the refreshes end.
fn expect_given_up(cluster: &Cluster, refreshes_max: u64) -> String {
    let (message, after) = wait_for("not_adopted, with its likely reason", GIVEN_UP_WITHIN, || {
        let message = not_adopted(cluster)?.ok_or_else(|| "no condition".to_owned())?;
        if message.contains(MASK) { Ok(message) } else { Err(message) }
    });
    println!("  given up after {after:?}: {message}");
    holds_for("no refresh storm", QUIET_FOR, || {
        let refreshes = cluster.sidecar(0).refreshes();
        if refreshes <= refreshes_max { Ok(()) } else { Err(format!("{refreshes} refreshes")) }
    });
    assert_eq!(cluster.sidecar(0).probe("/readyz"), Ok(200), "a masked server is no reason to leave DNS");
    message
}

fn not_adopted(cluster: &Cluster) -> Result<Option<String>, String> {
    cluster.sidecar(0).condition("not_adopted")
}
