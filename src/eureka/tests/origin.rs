//! What masks a list, by the replies of running servers.

use super::{FILE_2021, FILE_2025, server};
use crate::http_client::fake_server::{FakeServer, Reply, reply};
use crate::model::ListOrigin;
use crate::wording::list_origin;

async fn origin(document: &str) -> ListOrigin {
    let fake = FakeServer::always(reply(200, "", document)).await;
    let origin = server(&fake).origin().await;
    let asked = "GET /actuator/env?pattern=%28%3Fi%29%5E%28eureka%7Cspring%5B._%5D%28config%7Cmain%29%7Cmanagement%5B._%5Dendpoint%5B._%5Denv%29%5B._%5D";
    assert_eq!(fake.asked(), [asked]);
    origin
}

#[tokio::test]
async fn a_file_is_named_as_spring_names_it() {
    for document in [FILE_2021, FILE_2025, include_str!("../testdata/env-file-2025.1.1.json")] {
        let origin = origin(document).await;
        assert!(
            matches!(&origin, ListOrigin::File(name) if name.contains("file [/eureka-peers/peers.properties]"))
        );
    }
}

#[tokio::test]
async fn every_mask_is_told_by_its_name() {
    let key = || "eureka.client.serviceUrl.defaultZone".to_owned();
    for (document, expected) in [
        (
            include_str!("../testdata/env-variable.json"),
            ListOrigin::EnvironmentVariable("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE".into()),
        ),
        (include_str!("../testdata/env-application-json.json"), ListOrigin::ApplicationJson),
        (include_str!("../testdata/env-arguments.json"), ListOrigin::CommandLine(key())),
        (include_str!("../testdata/env-jvm.json"), ListOrigin::SystemProperty(key())),
        (include_str!("../testdata/env-handed.json"), ListOrigin::Handed),
        (include_str!("../testdata/env-nowhere.json"), ListOrigin::Nowhere),
    ] {
        let found = origin(document).await;
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn other_sources_and_dns() {
    let document = r#"{"propertySources":[{"name":"configserver:https://u:hunter2@c/x.yml","properties":
        {"eureka.client.service-url.defaultZone":{"value":"******"}}}]}"#;
    assert_eq!(origin(document).await, ListOrigin::Other("configserver:https://***@c/x.yml".into()));
    let document = r#"{"propertySources":[{"name":"applicationConfig: [file:/vol/application.properties]",
        "properties":{"eureka.client.service-url.defaultZone":{"value":"x"}}}]}"#;
    assert!(matches!(origin(document).await, ListOrigin::File(_)));
    let document = r#"{"propertySources":[{"name":"x","properties":
        {"eureka.client.useDnsForFetchingServiceUrls":{"value":true}}}]}"#;
    assert_eq!(origin(document).await, ListOrigin::DnsInstead);
}

#[tokio::test]
async fn where_nothing_is_shown_the_suspects_are_named() {
    for hidden in [
        reply(404, "", ""),
        reply(401, "", ""),
        reply(200, "", "<html></html>"),
        reply(200, "", r#"{"propertySources":7}"#),
        Reply::Whole(Vec::new()),
    ] {
        let origin = server(&FakeServer::always(hidden).await).origin().await;
        assert!(matches!(origin, ListOrigin::Unseen { .. }), "{origin:?}");
        let text = list_origin(&origin).to_string();
        for suspect in
            ["EUREKA_CLIENT_SERVICEURL_DEFAULTZONE", "SPRING_APPLICATION_JSON", "SPRING_CONFIG_IMPORT"]
        {
            assert!(text.contains(suspect), "{text}");
        }
    }
}

#[tokio::test]
async fn values_are_never_shown() {
    assert!(FILE_2021.contains("8761/eureka/"));
    let origin = origin(FILE_2021).await;
    assert!(!format!("{} {origin:?}", list_origin(&origin)).contains("8761"));
}
