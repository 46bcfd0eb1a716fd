//! Servers as others run them: below another path, with https, with settings of an image in use.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::cluster::Cluster;
use crate::pod::{PeerHost, SERVICE};
use crate::process::run;
use crate::release::Release;
use crate::wait::wait_for;

/// `server.servlet.context-path`, and where the registry then is.
const BELOW: &str = "/registry";
const REGISTRY_BELOW: &str = "/registry/eureka/";
/// What the image `steeltoe.azurecr.io/eureka-server` 4.3.1 brings with it (SteeltoeOSS/Dockerfiles,
/// `eureka-server/patches/application.properties.patch`), its log level aside.
const STEELTOE: &str = "server.port = 8761
eureka.client.fetch-registry = false
eureka.client.register-with-eureka = false
eureka.client.serviceUrl.defaultZone = ${EUREKA_CLIENT_SERVICEURL_DEFAULTZONE:http://localhost:8761/eureka/}
eureka.instance.hostname = localhost
eureka.server.myUrl = ${EUREKA_CLIENT_SERVICEURL_DEFAULTZONE:http://localhost:8761/eureka/}
eureka.server.enable-self-preservation = false
eureka.server.numberOfReplicationRetries = 0
eureka.server.evictionIntervalTimerInMs = 1000
eureka.server.responseCacheUpdateIntervalMs = 1000
eureka.server.wait-time-in-ms-when-sync-empty = 0
spring.main.lazy-initialization = true
";
/// What a server is told to take its URL in the list for its own.
const OWN_URL: &str = "EUREKA_SERVER_MYURL";
/// The program looks at a server as soon as it is up.
const TOLD_WITHIN: Duration = Duration::from_secs(40);
/// Pods with a certificate.
const PODS: u8 = 3;
/// Three servers with TLS on two cores.
const UP_WITHIN: Duration = Duration::from_secs(120);
/// A JVM that writes one file.
const IMPORTED_WITHIN: Duration = Duration::from_secs(30);
/// Guards a file that holds nothing but a certificate.
const STORE_PASSWORD: &str = "changeit";

/// The registry below another path.
pub(super) fn context_path(release: &'static Release) {
    let mut cluster = Cluster::new(release, "context_path", PeerHost::Names);
    cluster.server = cluster.server.clone().with("SERVER_SERVLET_CONTEXTPATH", BELOW);
    cluster.server.context_path = Some(REGISTRY_BELOW);
    cluster.sidecar.context_path = Some(REGISTRY_BELOW);
    for count in [2, 1, 2] {
        cluster.scale(count);
        cluster.wait_adopted();
        cluster.exchange_registrations();
    }
    let mesh = cluster.once("mesh", 0);
    assert_eq!(mesh.code, Some(0), "{}", mesh.output);
}

/// The settings of Steeltoe's image, whose own URL beats every host name: said, cured by one variable,
/// and then a server like any other.
pub(super) fn steeltoe(release: &'static Release) {
    let mut cluster = Cluster::new(release, "steeltoe", PeerHost::Names);
    fs::write(cluster.pod(0).work().join("application.properties"), STEELTOE)
        .expect("the target directory can be written");
    cluster.scale(1);
    expect_not_recognised(&cluster);
    cluster.server = cluster.server.clone().with(OWN_URL, &cluster.url(0));
    cluster.containers(0).server.take().expect("it runs").terminate();
    cluster.start_server(0);
    cluster.wait_up(0);
    cluster.has_peers(0, &[]).expect("it knows itself");
    let (one, other) = (cluster.pod(0), cluster.pod(1));
    cluster.set_pods([&one, &other]);
    cluster.wait_for_peers(0, &[cluster.url(1)]);
    cluster.set_pods([&one]);
    cluster.wait_for_peers(0, &[]);
    expect_recognised(&cluster);
}

/// A server that takes itself for a peer is told, with the variable that cures it.
pub(super) fn expect_not_recognised(cluster: &Cluster) {
    let ((), after) = wait_for("self is not recognised", TOLD_WITHIN, || {
        let told = cluster.sidecar(0).condition("self_not_recognised")?;
        let told = told.ok_or_else(|| "no condition".to_owned())?;
        if told.contains(OWN_URL) { Ok(()) } else { Err(told) }
    });
    println!("  told after {after:?}");
    let check = cluster.once("check", 0);
    let cure = format!("set {OWN_URL}={}", cluster.url(0));
    assert!(check.output.contains(&cure), "{}", check.output);
}

/// The server knows itself.
pub(super) fn expect_recognised(cluster: &Cluster) {
    wait_for("the condition is lifted", TOLD_WITHIN, || {
        cluster.sidecar(0).condition("self_not_recognised")?.map_or(Ok(()), Err)
    });
}

/// Servers that speak TLS only, to each other and to the program, by certificates of a private
/// authority. What servers say is heard through the program, whose client speaks TLS too.
pub(super) fn https(release: &'static Release) {
    let mut cluster = Cluster::new(release, "https", PeerHost::Names);
    let files = Certificates::issue(&cluster);
    let options = format!(
        "-Djavax.net.ssl.trustStore={} -Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}",
        files.trust_store.display()
    );
    let set_up = cluster.server.clone().with("JAVA_TOOL_OPTIONS", &options);
    let set_up = set_up.with("SERVER_SSL_CERTIFICATE", &format!("file:{}", files.certificate.display()));
    let set_up = set_up.with("SERVER_SSL_CERTIFICATEPRIVATEKEY", &format!("file:{}", files.key.display()));
    let set_up = set_up.with("MANAGEMENT_SERVER_SSL_ENABLED", "false");
    let set_up = set_up.with("EUREKA_INSTANCE_SECUREPORTENABLED", "true");
    let set_up = set_up.with("EUREKA_INSTANCE_SECUREPORT", &release.port().to_string());
    let set_up = set_up.with("EUREKA_INSTANCE_LEASERENEWALINTERVALINSECONDS", "5");
    cluster.server = set_up.with("EUREKA_INSTANCE_NONSECUREPORTENABLED", "false");
    cluster.sidecar.scheme = "https";
    cluster.sidecar = cluster.sidecar.clone().with(&["--ca-file", &files.authority.display().to_string()]);
    for ordinal in 0..2 {
        cluster.add(ordinal);
    }
    cluster.tell_dns();
    for ordinal in 0..2 {
        cluster.start_sidecar(ordinal);
        cluster.start_server(ordinal);
    }
    expect_complete(&cluster, 2);
    // Its own registration at each server, and nothing to find fault with: what one server was told
    // has reached the other.
    wait_for("peers are registered with each other", UP_WITHIN, || {
        let check = cluster.once("check", 0);
        let is_well = check.code == Some(0) && !check.output.contains("unavailable");
        if is_well { Ok(()) } else { Err(check.output) }
    });
    cluster.set_pods([&cluster.pod(0), &cluster.pod(1), &cluster.pod(2)]);
    wait_for("a third peer", UP_WITHIN, || {
        let status = cluster.sidecar(0).status()?;
        let adopted = status["adopted"]["peers"].to_string();
        if adopted.contains(&cluster.url(2)) { Ok(()) } else { Err(adopted) }
    });
}

fn expect_complete(cluster: &Cluster, servers: usize) {
    let ((), after) = wait_for("a complete mesh by the program's word", UP_WITHIN, || {
        let mesh = cluster.once("mesh", 0);
        let is_complete = mesh.code == Some(0) && mesh.output.contains(&format!("each of {servers} servers"));
        if is_complete { Ok(()) } else { Err(mesh.output) }
    });
    println!("  complete after {after:?}");
}

/// Files of a private authority.
struct Certificates {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    trust_store: PathBuf,
}

impl Certificates {
    /// One certificate for all pods, by name and by address.
    fn issue(cluster: &Cluster) -> Self {
        let directory = cluster.pod(0).file("certificates");
        fs::create_dir_all(&directory).expect("the target directory can be written");
        let made = "certificates of known parts can be made";
        let mut authority = CertificateParams::new(Vec::new()).expect(made);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect(made)).expect(made);
        let addresses = (0..PODS).map(|ordinal| cluster.pod(ordinal).address().to_string());
        let subjects = addresses.chain([format!("*.{SERVICE}")]).collect::<Vec<_>>();
        let key = KeyPair::generate().expect(made);
        let leaf = CertificateParams::new(subjects).expect(made).signed_by(&key, &issuer).expect(made);
        let file = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).expect("the target directory can be written");
            path
        };
        let authority = file("authority.pem", &issuer.pem());
        let trust_store = directory.join("trust.p12");
        import(&directory, &authority, &trust_store);
        let certificate = file("server.pem", &leaf.pem());
        Self { authority, certificate, key: file("server.key", &key.serialize_pem()), trust_store }
    }
}

/// A trust store as the JVM reads it; `keytool` comes with every Java.
fn import(directory: &Path, authority: &Path, trust_store: &Path) {
    let [authority, trust_store] = [authority, trust_store].map(|file| file.to_str().expect("text"));
    let kind = ["-importcert", "-noprompt", "-alias", "authority", "-storetype", "PKCS12"];
    let files = ["-storepass", STORE_PASSWORD, "-file", authority, "-keystore", trust_store];
    run(directory, IMPORTED_WITHIN, "keytool", &[kind, files].concat());
}
