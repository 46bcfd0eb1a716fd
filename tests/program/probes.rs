//! Probes, status, page and metrics of the running program.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::cluster::{Cluster, SERVICE, url, urls};
use crate::dns_server::Mode;
use crate::http::send;

#[test]
fn probes_say_what_they_are_about() {
    let cluster = Cluster::of(&[]);
    cluster.set_mode(Mode::ServFail);
    let sidecar = cluster.run(&["--role", "client", "--start-deadline", "100ms"]);
    sidecar.until_condition("held_lookup_failed");
    assert_eq!(sidecar.get("/livez").status, 200, "DNS is no reason to be killed");
    for probe in ["/readyz", "/healthz", "/startupz"] {
        let reply = sidecar.get(probe);
        assert_eq!(reply.status, 503, "{probe}");
        assert!(reply.body.contains("SERVFAIL") && reply.body.contains("check failed"), "{}", reply.body);
    }
    cluster.set_mode(Mode::Normal);
    cluster.set_pods(&[0, 1]);
    sidecar.until_listed(&[0, 1]);
    sidecar.until("ready", |it| it.get("/readyz").status == 200);
    for (probe, check) in [
        ("livez", "[+]loop ok"),
        ("readyz", "[+]list ok"),
        ("healthz", "[+]list ok"),
        ("startupz", "[+]first-publication ok"),
    ] {
        let brief = sidecar.get(&format!("/{probe}"));
        assert_eq!((brief.status, &*brief.body), (200, "ok\n"));
        let verbose = sidecar.get(&format!("/{probe}?verbose"));
        assert_eq!(verbose.status, 200);
        assert!(verbose.body.contains(check) && verbose.body.contains("check passed"), "{}", verbose.body);
    }
    cluster.set_mode(Mode::ServFail);
    sidecar.until_condition("held_lookup_failed");
    assert_eq!(sidecar.get("/readyz").status, 200, "the list is still a valid one");
}

#[test]
fn health_asks_for_images_without_a_shell() {
    let cluster = Cluster::of(&[0, 1]);
    assert!(cluster.once("health", &[]).expect(1).stderr.contains("refused"));
    let sidecar = cluster.run_until_listed(&[1], &[]);
    sidecar.until("ready", |it| it.get("/readyz").status == 200);
    for probe in ["livez", "readyz", "startupz"] {
        let outcome = cluster.once("health", &["--probe", probe]).expect(0);
        assert!(outcome.stdout.ends_with(&format!("{probe} check passed\n")), "{outcome:#?}");
    }
    drop(sidecar);
    std::fs::remove_dir_all(cluster.volume()).expect("removed");
    let sidecar = cluster.run(&[]);
    sidecar.until_condition("not_published");
    let outcome = cluster.once("health", &[]).expect(1);
    assert!(
        outcome.stdout.contains("[-]list failed") && outcome.stdout.contains("does not exist"),
        "{outcome:#?}"
    );
    // A file that was broken while the sidecar runs must not turn its probe red.
    let broken = cluster.write_config("port: 0\n");
    let flags = ["--probe", "livez", "--config", broken.to_str().expect("text")];
    cluster.once("health", &flags).expect(0);
}

#[test]
fn status_tells_lists_holds_and_reasons() {
    let cluster = Cluster::of(&[0, 1, 2, 3]);
    let sidecar = cluster.run_until_listed(&[1, 2, 3], &[]);
    cluster.set_pods(&[0, 3]);
    sidecar.until_condition("held_shrink");
    let status = sidecar.status();
    assert_eq!(status["schema"], 1);
    assert_eq!(status["role"], "server");
    assert_eq!(status["self"], url(0));
    assert_eq!(status["desired"]["peers"], json!(urls(&[1, 2, 3])));
    assert_eq!(status["published"]["peers"], json!(urls(&[1, 2, 3])));
    assert_eq!(status["adopted"], Value::Null);
    assert_eq!(status["held"], json!({ "is_held": true, "reasons": ["held_shrink", "held_removal"] }));
    let service = &status["services"][0];
    assert_eq!(service["name"], SERVICE);
    assert_eq!(service["answered"], json!(urls(&[3])));
    assert_eq!(service["kept"], json!(urls(&[1, 2, 3])));
    assert_eq!(service["self_found"], true);
    assert_eq!(status["list_in_place"], "published");
    let page = sidecar.get("/");
    assert_eq!(page.status, 200);
    assert!(page.head.to_ascii_lowercase().contains("content-type: text/html"), "{}", page.head);
    for told in [url(1), "held_shrink".to_owned(), "--shrink-after".to_owned()] {
        assert!(page.body.contains(&told), "{told} in {}", page.body);
    }
    assert!(!page.body.contains("<script") && !page.body.contains("src="), "no scripts, no assets");
}

#[test]
fn self_that_is_not_found_is_told_with_what_was_looked_for_and_seen() {
    let cluster = Cluster::of(&[1, 2]);
    let sidecar = cluster.run_until_listed(&[1, 2], &[]);
    sidecar.until_condition("self_not_found");
    let message = sidecar.message_of("self_not_found");
    for told in ["eureka-0", "10.0.0.10", "eureka-1", "publishNotReadyAddresses"] {
        assert!(message.contains(told), "{told} in {message}");
    }
    cluster.set_pods(&[0, 1, 2]);
    sidecar.until_no_condition();
}

/// Samples by name and labels, read as both text formats say.
fn samples(text: &str) -> BTreeMap<String, String> {
    let body = text.strip_suffix("# EOF\n").unwrap_or(text);
    let mut families = vec![];
    let mut samples = BTreeMap::new();
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let (kind, rest) = comment.split_once(' ').expect("a kind of comment");
            let (family, _) = rest.split_once(' ').expect("a family");
            assert!(
                matches!(kind, "HELP" | "TYPE" | "UNIT") && family.starts_with("eureka_peers_"),
                "{line}"
            );
            families.push(family);
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(families.iter().any(|family| name.starts_with(family)), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(samples.insert(name.to_owned(), value.to_owned()).is_none(), "twice: {line}");
    }
    samples
}

/// What a scraper is given that accepts `accept`: samples, their type, and whether it is OpenMetrics.
fn scraped(address: SocketAddr, accept: &str) -> (BTreeMap<String, String>, String, bool) {
    let request = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\n\r\n");
    let reply = send(address, &request).expect("the listener answers");
    let kind = reply.head.lines().find_map(|line| line.strip_prefix("content-type: ")).expect("a type");
    (samples(&reply.body), kind.to_owned(), reply.body.ends_with("# EOF\n"))
}

#[test]
fn a_scraper_is_given_what_it_reads() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let sidecar = cluster.run_until_listed(&[1, 2], &[]);
    let (text, kind, is_open) = scraped(sidecar.view().0, "text/plain;version=0.0.4");
    assert_eq!((&*kind, is_open), ("text/plain; version=0.0.4; charset=utf-8", false));
    let (open, kind, is_open) =
        scraped(sidecar.view().0, "application/openmetrics-text; version=1.0.0,*/*;q=0.1");
    assert_eq!((&*kind, is_open), ("application/openmetrics-text; version=1.0.0; charset=utf-8", true));
    assert!(text.len() > 50 && text.keys().eq(open.keys()), "{text:#?} {open:#?}");
    assert!(!sidecar.get("/metrics").body.contains("# EOF"), "text for those who say nothing");
}

#[test]
fn metrics_count_what_happened() {
    let cluster = Cluster::of(&[0, 1, 2]);
    let sidecar = cluster.run_until_listed(&[1, 2], &[]);
    let metrics = || samples(&sidecar.get("/metrics").body);
    sidecar.until("shown", |_| metrics()["eureka_peers_peers{list=\"published\"}"] == "2");
    let healthy = metrics();
    assert_eq!(healthy["eureka_peers_peers{list=\"desired\"}"], "2");
    assert_eq!(healthy["eureka_peers_held"], "0");
    assert_eq!(healthy["eureka_peers_publications_total{outcome=\"written\"}"], "1");
    assert_ne!(healthy["eureka_peers_lookups_total{record_type=\"SRV\",outcome=\"records\"}"], "0");
    assert_ne!(healthy["eureka_peers_last_success_timestamp_seconds{step=\"publish\"}"], "0.0");
    cluster.set_mode(Mode::ServFail);
    sidecar.until_condition("held_lookup_failed");
    let held = metrics();
    assert_eq!(held["eureka_peers_held"], "1");
    assert_eq!(held["eureka_peers_held_reason{reason=\"held_lookup_failed\"}"], "1");
    assert_eq!(held["eureka_peers_condition{condition=\"held_lookup_failed\"}"], "1");
    assert_ne!(held["eureka_peers_lookups_total{record_type=\"SRV\",outcome=\"servfail\"}"], "0");
    assert_eq!(held["eureka_peers_loop_restarts_total"], "0");
}
