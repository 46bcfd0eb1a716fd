//! Refresh and env, against every way a server turns them away.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::{password_file, server, server_with_credentials, settings};
use crate::http_client::Credentials;
use crate::http_client::fake_server::{FakeServer, Reply, reply};
use crate::model::{Refusal, ServerFault, Zone};
use crate::reconcile::RefreshCall;
use crate::wording::server_fault;

use super::super::{EurekaServer, Expected, Reading, ServerAccess};

const SECOND: Duration = Duration::from_secs(1);

async fn refresh(reply: Reply) -> Result<(), ServerFault> {
    server(&FakeServer::always(reply).await).refresh(SECOND).await
}

#[tokio::test]
async fn a_refresh_is_one_empty_post() {
    let fake = FakeServer::always(reply(200, "", r#"["eureka.client.service-url.defaultZone"]"#)).await;
    assert_eq!(server(&fake).refresh(SECOND).await, Ok(()));
    assert_eq!(fake.asked(), ["POST /actuator/refresh"]);
    let request = &fake.requests()[0];
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    assert!(request.contains("content-length: 0\r\n") && request.ends_with("\r\n\r\n"), "{request}");
    assert_eq!(refresh(reply(204, "", "")).await, Ok(()));
}

#[tokio::test]
async fn env_hands_the_list_over() {
    let fake = FakeServer::always(reply(200, "", r#"{"k":"v"}"#)).await;
    let zone: Zone = "us-east-1c".parse().expect("valid");
    let server = EurekaServer::new(&super::settings(&fake), zone, Reading::default());
    let value = "http://u:p\"ss@a:1/eureka/,http://b:1/eureka/";
    assert_eq!(server.env(value, SECOND).await, Ok(()));
    assert_eq!(fake.asked(), ["POST /actuator/env"]);
    let body = fake.requests()[0].split_once("\r\n\r\n").expect("a body").1.to_owned();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON"),
        serde_json::json!({
            "name": "eureka.client.service-url.us-east-1c",
            "value": "http://u:p\"ss@a:1/eureka/,http://b:1/eureka",
        })
    );
}

#[tokio::test]
async fn env_says_what_may_have_refused_the_key() {
    let of = async |status: u16, body: &str| {
        let fake = FakeServer::always(reply(status, "", body)).await;
        match server(&fake).env("http://a/", SECOND).await {
            Err(ServerFault::Failing { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    };
    // As 2025.1.3 answers it, and with its message shown.
    let hidden = r#"{"status":500,"error":"Internal Server Error","path":"/actuator/env"}"#;
    let shown = r#"{"status":500,"message":"Invalid key"}"#;
    let cure = "set MANAGEMENT_ENDPOINT_ENV_POST_VALIDKEYSREGEX=eureka[.]client[.]service-url[.].*";
    for body in [hidden, shown] {
        let reason = of(500, body).await;
        assert!(reason.ends_with(cure), "{reason}");
    }
    assert!(!of(503, hidden).await.contains("VALIDKEYS"));
    assert!(!matches!(refresh(reply(500, "", hidden)).await,
        Err(ServerFault::Failing { reason, .. }) if reason.contains("VALIDKEYS")));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (status, refusal) in [
        (302, Refusal::Redirected),
        (307, Refusal::Redirected),
        (401, Refusal::CredentialsMissing),
        (403, Refusal::Forbidden),
        (404, Refusal::NotExposed),
        (405, Refusal::MethodNotAllowed),
        (415, Refusal::Status(415)),
    ] {
        assert_eq!(refresh(reply(status, "", "")).await, Err(ServerFault::Refused(refusal)), "{status}");
    }
    let fake = FakeServer::always(reply(401, "", "")).await;
    let (server, _directory) = server_with_credentials(&fake);
    assert_eq!(server.refresh(SECOND).await, Err(ServerFault::Refused(Refusal::CredentialsWrong)));
}

#[tokio::test]
async fn a_failing_server_gives_its_reason() {
    let document = include_str!("../testdata/error-500.json");
    let reason = "it gives no reason".to_owned();
    assert_eq!(refresh(reply(500, "", document)).await, Err(ServerFault::Failing { status: 500, reason }));
    // The status says enough, whatever becomes of the body.
    let flood = Reply::Flood(b"HTTP/1.1 502 x\r\n\r\n".to_vec());
    assert!(matches!(refresh(flood).await, Err(ServerFault::Failing { status: 502, .. })));
    let held = Reply::Held(b"HTTP/1.1 503 x\r\nContent-Length: 9\r\n\r\n".to_vec());
    assert!(matches!(refresh(held).await, Err(ServerFault::Failing { status: 503, .. })));
}

/// Spring Security: turns POSTs away with `status`, lets anyone who may read read.
async fn with_csrf(status: u16, reads: u16) -> FakeServer {
    FakeServer::start(
        move |request| {
            if request.starts_with("POST") { reply(status, "", "") } else { reply(reads, "", "") }
        },
    )
    .await
}

#[tokio::test]
async fn csrf_is_what_stops_a_post_and_no_read() {
    for status in [401, 403] {
        for reads in [405, 200, 404] {
            let fake = with_csrf(status, reads).await;
            let (server, _directory) = server_with_credentials(&fake);
            let csrf = Err(ServerFault::Refused(Refusal::Csrf));
            assert_eq!(server.refresh(SECOND).await, csrf);
            assert_eq!(server.env("http://a/", SECOND).await, csrf);
            let asked = [
                "POST /actuator/refresh",
                "GET /actuator/refresh",
                "POST /actuator/env",
                "GET /actuator/env",
            ];
            assert_eq!(fake.asked(), asked);
            assert!(fake.requests().iter().all(|request| request.contains("authorization: Basic ")));
        }
    }
    for (reads, refusal) in [(401, Refusal::CredentialsWrong), (302, Refusal::CredentialsWrong)] {
        let fake = with_csrf(401, reads).await;
        let (server, _directory) = server_with_credentials(&fake);
        assert_eq!(server.refresh(SECOND).await, Err(ServerFault::Refused(refusal)));
    }
    let forbidden = with_csrf(403, 403).await;
    assert_eq!(server(&forbidden).refresh(SECOND).await, Err(ServerFault::Refused(Refusal::Forbidden)));
}

#[tokio::test]
async fn the_second_look_has_no_time_of_its_own() {
    // The refusal takes 0.8 s of the 1.2 s that there are.
    let slow = b"HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n";
    let fake = FakeServer::start(|request| {
        if request.starts_with("POST") { Reply::Dripped(slow.to_vec()) } else { Reply::Held(Vec::new()) }
    })
    .await;
    let begun = Instant::now();
    let outcome = server(&fake).refresh(SECOND.mul_f64(1.2)).await;
    assert_eq!(outcome, Err(ServerFault::Refused(Refusal::CredentialsMissing)));
    assert_eq!(fake.asked().len(), 2);
    assert!(begun.elapsed() < SECOND.mul_f64(1.8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_no_actuator_is_not_believed() {
    for page in ["<html>welcome</html>", "OK"] {
        let outcome = refresh(reply(200, "", page)).await;
        let Err(ServerFault::Unreadable(why)) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains("/actuator/refresh is not an actuator"), "{why}");
    }
    assert_eq!(refresh(Reply::Held(Vec::new())).await, Err(ServerFault::TimedOut));
    let cut = Reply::Whole(b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\n[".to_vec());
    assert!(matches!(refresh(cut).await, Err(ServerFault::Unreadable(_))));
    let flood = Reply::Flood(b"HTTP/1.1 200 x\r\n\r\n".to_vec());
    assert!(matches!(refresh(flood).await, Err(ServerFault::Unreadable(_))));
}

#[tokio::test]
async fn secrets_stay_out_of_faults() {
    let secret = "hunter2";
    let message = format!(r#"{{"message":"cannot bind http://u:{secret}@a:1/eureka/"}}"#);
    for reply in [
        reply(500, "", &message),
        reply(500, "", &format!("http://u:{secret}@a/ failed")),
        reply(401, "", ""),
    ] {
        let fake = FakeServer::always(reply).await;
        let (server, _directory) = server_with_credentials(&fake);
        let fault = server.env(&format!("http://u:{secret}@a:1/eureka/"), SECOND).await.expect_err("a fault");
        let said = server_fault(&fault);
        assert!(!format!("{said} {fault:?} {server:?}").contains(secret), "{said}");
    }
}

/// Whatever form they have: they are known.
#[tokio::test]
async fn secrets_that_a_server_says_again_are_hidden_because_they_are_known() {
    let directory = tempfile::tempdir().expect("a directory");
    let of_list = directory.path().join("user-info");
    std::fs::write(&of_list, "peers:le&t/me in\n").expect("written");
    let (_directory, password) = password_file();
    for said in [
        "hunter2",
        "b3BzOmh1bnRlcjI=",
        "hunter%32",
        "&#104;unter2",
        "ops:hunter2@eureka-0:8761",
        "le&t/me in",
        "le&amp;t/me in",
        "peers:le%26t%2Fme%20in@eureka-1:8761",
        "cGVlcnM6bGUmdC9tZSBpbg==",
    ] {
        let xml = said.replace('&', "&amp;");
        let status = format!(
            "<StatusInfo><applicationStats><registered-replicas>{xml},x:{xml}</registered-replicas></applicationStats>\
             <instanceInfo><hostName>{xml}</hostName><app>{xml}</app></instanceInfo></StatusInfo>"
        );
        let body = serde_json::json!({"propertySources": [{"name": format!("Config resource {said}"),
            "properties": {"eureka.client.service-url.defaultZone": {"value": ""},
                "eureka.server.peer-node-read-timeout-ms": {"value": said}}}]});
        let mut shown = String::new();
        for reply in [
            reply(500, "", said),
            reply(500, "", &serde_json::json!({ "message": said }).to_string()),
            reply(200, "", &status),
            reply(200, "", &body.to_string()),
        ] {
            let fake = FakeServer::always(reply).await;
            let access = ServerAccess {
                credentials: Some(Credentials::new("ops".into(), password.clone())),
                user_info_file: Some(of_list.clone()),
                ..settings(&fake)
            };
            let server = EurekaServer::new(&access, Zone::default(), Reading::default());
            let sink = "http://127.0.0.1:9762/sink/eureka/".parse().expect("a URL");
            let call = Some(RefreshCall::Refresh);
            let expected = Expected { own: None, sink: &sink, call, files: &["x"] };
            let told = (
                server.refresh(SECOND).await,
                server.status().await,
                server.origin().await,
                server.inspect(&expected).await,
            );
            let _infallible = write!(shown, "{told:?}");
        }
        assert!(shown.contains("***"), "{said}: {shown}");
        for secret in [said, "hunter2", "hunter%32", "b3Bz", "cGVl", "le&", "le%26", "me in"] {
            assert!(!shown.contains(secret), "{said} as {secret}: {shown}");
        }
    }
}

/// A server that has them as they are, and not as a URL has them.
#[tokio::test]
async fn credentials_with_a_slash_are_no_part_of_a_peer() {
    let directory = tempfile::tempdir().expect("a directory");
    let of_list = directory.path().join("user-info");
    std::fs::write(&of_list, "peers:p@ss/word1\n").expect("written");
    let status = "<StatusInfo><applicationStats><registered-replicas>http://peers:p@ss/word1@eureka-1:8761/eureka/, \
                  http://peers:p%40ss%2Fword1@eureka-2:8761/eureka/, http://eureka-3:8761/eureka/</registered-replicas>\
                  </applicationStats></StatusInfo>";
    let fake = FakeServer::always(reply(200, "", status)).await;
    let access = ServerAccess { user_info_file: Some(of_list), ..settings(&fake) };
    let replicas =
        EurekaServer::new(&access, Zone::default(), Reading::default()).replicas().await.expect("a list");
    let peers = [1, 2, 3].map(|pod| format!("http://eureka-{pod}:8761/eureka/").parse().expect("a URL"));
    assert_eq!((replicas.peers, replicas.foreign), (peers.into(), vec![]));
}

#[tokio::test]
async fn a_missing_password_file_is_named() {
    let fake = FakeServer::always(reply(200, "", "")).await;
    let (server, directory) = server_with_credentials(&fake);
    drop(directory);
    let fault = server.refresh(SECOND).await.expect_err("no password");
    assert_eq!(fault.label(), "unreachable");
    assert!(server_fault(&fault).what.contains("/password cannot be read"), "{fault:?}");
    assert!(fake.requests().is_empty());
}
