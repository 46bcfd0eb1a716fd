//! What `check` finds on servers as they are met.

use super::super::{EurekaServer, Expected, Finding, Severity};
use super::{FILE_2021, FILE_2025, STATUS_2025, server};
use crate::http_client::fake_server::{FakeServer, Reply, reply};
use crate::model::ServiceUrl;
use crate::reconcile::RefreshCall;

/// A stock server, except where a test wants it otherwise.
#[derive(Clone)]
struct Stock {
    /// Status of OPTIONS on an endpoint, and what it allows.
    endpoint: (u16, &'static str),
    /// Status of a POST anywhere.
    post: u16,
    env: (u16, String),
    status: (u16, String),
    /// Status of the server's own registration.
    registration: u16,
}

impl Default for Stock {
    fn default() -> Self {
        Self {
            endpoint: (200, "POST,OPTIONS"),
            post: 405,
            env: (200, FILE_2021.to_owned()),
            status: (200, STATUS_2025.to_owned()),
            registration: 200,
        }
    }
}

impl Stock {
    async fn start(self) -> FakeServer {
        FakeServer::start(move |request| self.answer(request)).await
    }

    fn answer(&self, request: &str) -> Reply {
        let target = request.split(' ').nth(1).expect("a request line");
        if request.starts_with("OPTIONS") {
            return reply(self.endpoint.0, &format!("Allow: {}\r\n", self.endpoint.1), "");
        }
        if request.starts_with("POST") {
            return reply(self.post, "", "");
        }
        match target {
            "/eureka/status" => reply(self.status.0, "", &self.status.1),
            "/eureka/apps/EUREKA/eureka-0%3Aeureka%3A8761" => reply(self.registration, "", "<instance/>"),
            "/actuator" => reply(200, "", "{}"),
            env if env.starts_with("/actuator/env?") => reply(self.env.0, "", &self.env.1),
            _ => reply(404, "", ""),
        }
    }

    async fn inspect(self) -> Vec<Finding> {
        self.inspect_as("http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/", RefreshCall::Refresh)
            .await
    }

    async fn inspect_as(self, own: &str, call: RefreshCall) -> Vec<Finding> {
        let fake = self.start().await;
        let findings = inspect(&server(&fake), own, Some(call)).await;
        // Nothing that changes anything: the only POST goes to the list of links.
        let posts = fake.asked().into_iter().filter(|asked| asked.starts_with("POST"));
        assert!(posts.clone().all(|post| post == "POST /actuator"), "{:?}", posts.collect::<Vec<_>>());
        findings
    }
}

async fn inspect(server: &EurekaServer, own: &str, call: Option<RefreshCall>) -> Vec<Finding> {
    let own: ServiceUrl = own.parse().expect("valid");
    let sink: ServiceUrl = "http://127.0.0.1:9762/sink/eureka/".parse().expect("valid");
    server.inspect(&Expected { own: Some(&own), sink: &sink, call, files: &["peers.properties"] }).await
}

/// Everything that is not good, as text.
fn bad(findings: &[Finding]) -> Vec<String> {
    findings.iter().filter(|f| f.severity != Severity::Good).map(ToString::to_string).collect()
}

/// What the recorded servers leave at its default.
const DEFAULTS: [&str; 4] = [
    "allow-circular-references is false (the default)",
    "on-demand-update-status-change is true (the default)",
    "peer-node-read-timeout-ms is 200 (the default)",
    "poll-interval-seconds is 300 (the default)",
];

/// The one thing that is not good besides these defaults.
fn the_bad_one(findings: &[Finding]) -> String {
    let mut bad = bad(findings);
    bad.retain(|finding| !DEFAULTS.iter().any(|default| finding.contains(default)));
    assert_eq!(bad.len(), 1, "{bad:#?}");
    bad.remove(0)
}

#[tokio::test]
async fn a_server_set_up_as_recommended_is_good() {
    let findings = Stock::default().inspect().await;
    let bad = bad(&findings);
    assert_eq!(bad.len(), DEFAULTS.len(), "{bad:#?}");
    for (finding, default) in bad.iter().zip(DEFAULTS) {
        assert!(finding.starts_with("warning: ") && finding.contains(default), "{finding}");
    }
    assert_eq!(findings.len(), 16, "{findings:#?}");
}

#[tokio::test]
async fn hidden_values_are_one_finding() {
    let findings = Stock { env: (200, FILE_2025.to_owned()), ..Stock::default() }.inspect().await;
    let bad = the_bad_one(&findings);
    assert!(bad.starts_with("unknown: the server sets eureka.client.register-with-eureka, "), "{bad}");
}

#[tokio::test]
async fn endpoints_that_cannot_be_called() {
    for (endpoint, post, says) in [
        ((404, ""), 405, "404: no such endpoint"),
        ((200, "GET,HEAD,OPTIONS"), 405, "405: the endpoint takes no POST"),
        ((401, ""), 405, "401: the server wants credentials"),
        ((302, ""), 405, "redirected"),
        ((200, "POST"), 403, "CSRF"),
        ((405, "POST"), 401, "CSRF"),
        ((200, "POST"), 302, "redirected"),
    ] {
        let findings = Stock { endpoint, post, ..Stock::default() }.inspect().await;
        assert_eq!(findings[0].severity, Severity::Fault, "{findings:#?}");
        assert!(findings[0].message.what.contains(says), "{:?} for {says}", findings[0]);
    }
}

#[tokio::test]
async fn what_masks_the_list_is_a_fault_of_its_own() {
    let masked = include_str!("../testdata/env-variable.json").replace("******", "2000");
    let findings = Stock { env: (200, masked), ..Stock::default() }.inspect().await;
    let masks = findings.iter().find(|f| f.message.what.contains("not that of the file")).expect("a finding");
    assert_eq!(masks.severity, Severity::Fault);
    assert!(masks.message.what.contains("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE"), "{masks}");
    let handed = include_str!("../testdata/env-handed.json").to_owned();
    let own = "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/";
    let findings = Stock { env: (200, handed), ..Stock::default() }.inspect_as(own, RefreshCall::Env).await;
    assert!(findings.iter().all(|f| f.severity != Severity::Fault), "{findings:#?}");
}

#[tokio::test]
async fn the_list_of_another_file_is_not_ours() {
    let of = |source: &str| {
        let properties = r#"{"eureka.client.service-url.defaultZone":{"value":"******"}}"#;
        format!(r#"{{"propertySources":[{{"name":"{source}","properties":{properties}}}]}}"#)
    };
    let masks =
        |findings: &[Finding]| findings.iter().any(|f| f.message.what.contains("not that of the file"));
    let image =
        of("Config resource 'class path resource [application.yml]' via location 'optional:classpath:/'");
    assert!(masks(&Stock { env: (200, image), ..Stock::default() }.inspect().await));
    let tree = of("Config tree '/eureka-peers'");
    assert!(!masks(&Stock { env: (200, tree), ..Stock::default() }.inspect().await));
}

#[tokio::test]
async fn a_file_that_is_not_imported() {
    let nowhere = include_str!("../testdata/env-nowhere.json").to_owned();
    let findings = Stock { env: (200, nowhere), ..Stock::default() }.inspect().await;
    assert!(
        bad(&findings).iter().any(|f| f.starts_with("warning: no property source of the server is called"))
    );
    assert!(bad(&findings).iter().any(|f| f.contains("it does not import the file")));
}

#[tokio::test]
async fn settings_that_lose_data() {
    let shown = include_str!("../testdata/env-shown.json").to_owned();
    let bad = bad(&Stock { env: (200, shown), ..Stock::default() }.inspect().await);
    for start in [
        "fault: eureka.client.register-with-eureka is false (set)",
        "fault: eureka.client.refresh.enable is true (set)",
        "fault: the server does not take http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/ for itself: \
         its eureka.server.my-url is another one",
    ] {
        assert!(bad.iter().any(|finding| finding.starts_with(start)), "{start} in {bad:#?}");
    }
}

/// Of what a refresh must not do to the server's own registration, and what the cure needs beside it.
const PAIR: &str = "EUREKA_CLIENT_REFRESH_ENABLE=false and SPRING_MAIN_ALLOW_CIRCULAR_REFERENCES=true";

/// What is found where the environment of [`FILE_2021`] has `value` for the client's refresh, and the
/// variables `more`.
async fn bad_with_refresh(value: &str, more: &str) -> Vec<String> {
    let was = r#""EUREKA_CLIENT_REFRESH_ENABLE":{"value":"false""#;
    let is = format!(r#"{more}"EUREKA_CLIENT_REFRESH_ENABLE":{{"value":"{value}""#);
    assert!(FILE_2021.contains(was));
    bad(&Stock { env: (200, FILE_2021.replace(was, &is)), ..Stock::default() }.inspect().await)
}

#[tokio::test]
async fn a_cure_names_what_is_missing_and_nothing_else() {
    const ALLOWED: &str = r#""SPRING_MAIN_ALLOW_CIRCULAR_REFERENCES":{"value":"true"},"#;
    let has = |found: &[String], text: &str| found.iter().any(|finding| finding.contains(text));
    let neither = bad_with_refresh("true", "").await;
    assert!(has(&neither, &format!("; set {PAIR}")), "{neither:#?}");
    // One finding for the pair, not two.
    assert!(!has(&neither, "allow-circular-references is"), "{neither:#?}");
    let denied = r#""spring.main.allow-circular-references":{"value":"false"},"#;
    let denied = bad_with_refresh("true", denied).await;
    assert!(has(&denied, &format!("; set {PAIR}")), "{denied:#?}");
    let allowed = bad_with_refresh("true", ALLOWED).await;
    assert!(has(&allowed, "; set EUREKA_CLIENT_REFRESH_ENABLE=false"), "{allowed:#?}");
    assert!(!has(&allowed, "CIRCULAR"), "{allowed:#?}");
    let one = bad_with_refresh("false", "").await;
    assert!(has(&one, "2024.0.0 do not start without it"), "{one:#?}");
    assert!(has(&one, "; set SPRING_MAIN_ALLOW_CIRCULAR_REFERENCES=true"), "{one:#?}");
    let both = bad_with_refresh("false", ALLOWED).await;
    assert!(!has(&both, "CIRCULAR") && !has(&both, "REFRESH_ENABLE"), "{both:#?}");
}

#[tokio::test]
async fn calls_on_demand_are_switched_off_together_with_a_prompt_first_report() {
    const OFF: &str = r#""EUREKA_CLIENT_ONDEMANDUPDATESTATUSCHANGE":{"value":"false"},"#;
    const PROMPT: &str = r#""EUREKA_CLIENT_INITIALINSTANCEINFOREPLICATIONINTERVALSECONDS":{"value":"2"},"#;
    let on_demand = "EUREKA_CLIENT_ONDEMANDUPDATESTATUSCHANGE=false";
    let first_report = "EUREKA_CLIENT_INITIALINSTANCEINFOREPLICATIONINTERVALSECONDS=2";
    let fixes = async |more: &str| {
        let bad = bad_with_refresh("false", more).await;
        let fixes =
            bad.iter().filter_map(|finding| finding.split_once("; set ").map(|(_, fix)| fix.to_owned()));
        fixes.filter(|fix| fix.contains("ONDEMAND") || fix.contains("INITIAL")).collect::<Vec<_>>()
    };
    assert_eq!(fixes("").await, [format!("{on_demand} and {first_report}")]);
    assert_eq!(fixes(PROMPT).await, [on_demand]);
    assert_eq!(fixes(OFF).await, [first_report]);
    assert_eq!(fixes(&format!("{OFF}{PROMPT}")).await, [""; 0]);
}

#[tokio::test]
async fn a_list_that_is_handed_over_needs_a_key_that_may_be_written() {
    let own = "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/";
    let found = async |value: Option<&str>, call: RefreshCall| {
        let handed = include_str!("../testdata/env-handed.json");
        let variable = value.map_or(String::new(), |value| {
            let entry = format!(r#""MANAGEMENT_ENDPOINT_ENV_POST_VALIDKEYSREGEX":{{"value":"{value}"}}"#);
            format!(r#"{{"name":"systemEnvironment","properties":{{{entry}}}}},"#)
        });
        let first = r#""propertySources":["#;
        let env = handed.replacen(first, &format!("{first}{variable}"), 1);
        let findings = Stock { env: (200, env), ..Stock::default() }.inspect_as(own, call).await;
        findings.into_iter().filter(|finding| finding.message.what.contains("valid-keys")).collect::<Vec<_>>()
    };
    let refused = [None, Some("spring[.].*")];
    for value in refused {
        let found = found(value, RefreshCall::Env).await;
        assert_eq!(found[0].severity, Severity::Warning, "{found:#?}");
        let cure = "set MANAGEMENT_ENDPOINT_ENV_POST_VALIDKEYSREGEX=eureka[.]client[.]service-url[.].*";
        assert_eq!(found[0].message.cure, cure);
    }
    for value in ["eureka[.]client[.]service-url[.].*", ".*"] {
        assert_eq!(found(Some(value), RefreshCall::Env).await[0].severity, Severity::Good, "{value}");
    }
    assert!(found(None, RefreshCall::Refresh).await.is_empty(), "only a handed list needs it");
}

#[tokio::test]
async fn without_env_the_rest_is_still_looked_at() {
    let findings = Stock { env: (404, String::new()), ..Stock::default() }.inspect().await;
    let bad = the_bad_one(&findings);
    assert!(
        bad.starts_with("unknown: what masks the list") && bad.contains("(404: no such endpoint)"),
        "{bad}"
    );
    assert_eq!(findings.len(), 5, "{findings:#?}");
}

#[tokio::test]
async fn self_is_judged_as_the_server_judges() {
    let refresh = RefreshCall::Refresh;
    let other = Stock::default().inspect_as("http://10.0.0.1:8761/eureka/", refresh).await;
    let bad = the_bad_one(&other);
    assert!(
        bad.starts_with("fault: the server does not take") && bad.contains("PREFERIPADDRESS=true"),
        "{bad}"
    );
    let listed = "http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/";
    let bad = the_bad_one(&Stock::default().inspect_as(listed, refresh).await);
    assert!(bad.starts_with("fault: the server takes itself for a peer"), "{bad}");
    // As in an image that sets a URL of its own: the name is right, and does not count.
    let own = "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/";
    let status = STATUS_2025.replace(listed, own);
    let bad = the_bad_one(&Stock { status: (200, status), ..Stock::default() }.inspect().await);
    assert!(bad.contains(&format!("set EUREKA_SERVER_MYURL={own}")), "{bad}");
    let hidden = Stock { env: (404, String::new()), ..Stock::default() };
    let findings = hidden.inspect_as("http://[fd00::1]:8761/eureka/", refresh).await;
    assert!(bad_with(&findings, "EUREKA_SERVER_MYURL=http://[fd00::1]:8761/eureka/").starts_with("unknown"));
    let polls = Stock::default().start().await;
    let findings = inspect(&server(&polls), "http://10.0.0.1:8080/eureka/v2/", None).await;
    let bad = bad_with(&findings, "-Deureka.myUrl=http://10.0.0.1:8080/eureka/v2/");
    assert!(bad.starts_with("unknown: the server does not take"), "{bad}");
}

fn bad_with(findings: &[Finding], text: &str) -> String {
    let bad = bad(findings);
    bad.iter().find(|finding| finding.contains(text)).unwrap_or_else(|| panic!("{text} in {bad:#?}")).clone()
}

#[tokio::test]
async fn a_registration_that_is_wiped_or_missing() {
    let missing = Stock { registration: 404, ..Stock::default() }.inspect().await;
    assert!(the_bad_one(&missing).contains("does not find itself among the instances"));
    let hidden = Stock { registration: 403, ..Stock::default() }.inspect().await;
    assert!(the_bad_one(&hidden).starts_with("unknown: whether the server is registered"));
    let wiped = include_str!("../testdata/status-wiped-2025.1.2.xml").to_owned();
    let findings = Stock { status: (200, wiped.clone()), ..Stock::default() }.inspect().await;
    // Where env shows that the one is in force, only the other is proposed.
    let port = bad_with(&findings, "registers with port 80");
    assert!(port.contains("set SPRING_MAIN_ALLOW_CIRCULAR_REFERENCES=true and restart"), "{port}");
    let blind = Stock { status: (200, wiped.clone()), env: (404, String::new()), ..Stock::default() };
    let port = bad_with(&blind.inspect().await, "registers with port 80");
    assert!(port.contains(&format!("set {PAIR} and restart the server")), "{port}");
    assert!(bad_with(&findings, "peers that count as unavailable: 2").starts_with("warning"));
    let no_id = wiped.replace("eureka-0:eureka:8761", "");
    let findings = Stock { status: (200, no_id), ..Stock::default() }.inspect().await;
    assert!(bad_with(&findings, "has no id").starts_with("fault"));
}

#[tokio::test]
async fn peers_that_are_no_urls_and_the_sink() {
    let misread = include_str!("../testdata/status-misread-list.xml").to_owned();
    let findings = Stock { status: (200, misread), ..Stock::default() }.inspect().await;
    assert!(bad_with(&findings, "peers that are not URLs").starts_with("fault"));
    let sink = "<unavailable-replicas>http://127.0.0.1:9762/sink/eureka/,</unavailable-replicas>";
    let flushing = STATUS_2025.replace("<unavailable-replicas></unavailable-replicas>", sink);
    assert_ne!(flushing, STATUS_2025);
    let findings = Stock { status: (200, flushing), ..Stock::default() }.inspect().await;
    assert_eq!(bad(&findings).len(), DEFAULTS.len(), "{findings:#?}");
}

#[tokio::test]
async fn a_placeholder_that_the_server_cannot_resolve() {
    let host = "http://eureka-1.eureka.ns.svc.cluster.local";
    for (user_info, told) in [
        ("${EUREKA_USER}:${EUREKA_PASSWORD}", true),
        ("user:hunter2", false),
        // Passwords with odd signs in them, which are told to nobody.
        ("user:hun${ter2", false),
        ("user:${hunter2 }", false),
    ] {
        let status = STATUS_2025.replace(host, &host.replace("://", &format!("://{user_info}@")));
        let findings = Stock { status: (200, status), ..Stock::default() }.inspect().await;
        let found = bad(&findings).join("\n");
        assert_eq!(found.contains("the server does not know EUREKA_USER"), told, "{user_info}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_in_three_lines() {
    let fake = Stock::default().start().await;
    let server = server(&fake);
    drop(fake);
    tokio::task::yield_now().await;
    let findings = inspect(&server, "http://eureka-0:8761/eureka/", Some(RefreshCall::Refresh)).await;
    let severities: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Fault, Severity::Unknown, Severity::Fault]);
}

#[tokio::test]
async fn a_server_that_polls_by_itself_is_asked_for_its_status_only() {
    let fake = Stock::default().start().await;
    let findings =
        inspect(&server(&fake), "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/", None).await;
    assert_eq!(bad(&findings), [""; 0]);
    assert!(fake.asked().iter().all(|asked| asked.starts_with("GET /eureka/")), "{:?}", fake.asked());
}
