//! A secret stands in the published file and nowhere else.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::cluster::{Cluster, SERVICE, wait_until};

const SECRET: &str = "hunter2-s3cret";

#[test]
fn credentials_stand_in_the_file_and_nowhere_else() {
    let cluster = Cluster::of(&[0, 1]);
    let secret = cluster.directory().join("user-info");
    fs::write(&secret, format!("eureka:{SECRET}\n")).expect("written");
    let flags = ["--user-info-file", secret.to_str().expect("text"), "--log-level", "trace"];
    let with_secret = |secret: &str| vec![format!("http://eureka:{secret}@eureka-1.{SERVICE}:8761/eureka/")];
    let config = cluster.write_config("freeze: false\n");
    let all = [&flags[..], &["--config", config.to_str().expect("text")]].concat();
    let sidecar = cluster.run(&all);
    sidecar.until_listing(&with_secret(SECRET));
    let mode = fs::metadata(cluster.file()).expect("there").permissions().mode() & 0o7777;
    assert_eq!(mode, 0o640);
    // A new secret is taken with the next look at the files.
    fs::write(&secret, format!("eureka:{SECRET}-2")).expect("written");
    cluster.write_config("freeze: true\n");
    sidecar.until_listing(&with_secret(&format!("{SECRET}-2")));
    cluster.write_config("freeze: maybe\n");
    sidecar.until("refused", |it| !it.status()["settings"]["rejected"].is_null());
    fs::write(&secret, format!("{SECRET} without a colon")).expect("written");
    cluster.write_config("freeze: false\n");
    sidecar.until_condition("not_published");

    for path in ["/", "/status", "/metrics", "/readyz?verbose", "/startupz?verbose", "/livez?verbose"] {
        assert!(!sidecar.get(path).body.contains("hunter2"), "{path}");
    }
    assert!(!sidecar.log_text().contains("hunter2"), "{}", sidecar.log_text());
    let state = fs::read_to_string(cluster.volume().join("..data").join("..state.json")).expect("a state");
    assert!(!state.contains("hunter2"), "{state}");
    fs::write(&secret, format!("eureka:{SECRET}")).expect("written");
    for subcommand in ["resolve", "check"] {
        for format in ["json", if subcommand == "resolve" { "properties" } else { "text" }] {
            let outcome =
                cluster.once(subcommand, &["--user-info-file", secret.to_str().expect("text"), "-o", format]);
            assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:#?}");
        }
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_refused_unseen() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config(&format!(
        "user-info: bob:{SECRET}\nserver-user: bob:{SECRET}\nstatic-peer: http://bob:{SECRET}@vm:1/\n\
         actuator-url: http://bob:{SECRET}@vm:1/actuator\n"
    ));
    let outcome = cluster.once("run", &["--config", config.to_str().expect("text")]).expect(78);
    for fault in ["user-info (", "server-user (", "static-peer (", "actuator-url ("] {
        assert!(outcome.stderr.contains(fault), "{fault}: {outcome:#?}");
    }
    assert!(!outcome.stderr.contains("hunter2"), "{outcome:#?}");
    for flags in [["--user-info", SECRET], ["--password", SECRET], ["--server-user", SECRET]] {
        let outcome = cluster.once("run", &flags);
        assert!(matches!(outcome.code, Some(2 | 78)), "{outcome:#?}");
        let is_quoted = outcome.stderr.contains("hunter2");
        assert!(!is_quoted, "{outcome:#?}");
    }
}

#[test]
fn a_secret_that_is_not_there_keeps_the_list() {
    let cluster = Cluster::of(&[0, 1]);
    let secret = cluster.directory().join("user-info");
    let flags = ["--user-info-file", secret.to_str().expect("text")];
    let sidecar = cluster.run(&flags);
    sidecar.until_condition("not_published");
    assert!(sidecar.message_of("not_published").contains("cannot read the user-info file"));
    fs::create_dir(&secret).expect("made");
    sidecar.until("a directory", |it| it.message_of("not_published").contains("name the file itself"));
    fs::remove_dir(&secret).expect("removed");
    fs::write(&secret, "u:p").expect("written");
    wait_until(
        "published",
        || cluster.listed() == [format!("http://u:p@eureka-1.{SERVICE}:8761/eureka/")],
        || sidecar.log_text(),
    );
}

#[test]
fn placeholders_are_the_servers_to_resolve() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run(&["--user-info", "${EUREKA_USER}:${EUREKA_PASSWORD}"]);
    sidecar.until_listing(&[format!(
        "http://${{EUREKA_USER}}:${{EUREKA_PASSWORD}}@eureka-1.{SERVICE}:8761/eureka/"
    )]);
}
