//! A secret stands in the published file and nowhere else.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::panic::catch_unwind;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cluster::{Cluster, SERVICE, wait_until};
use crate::once::Outcome;
use crate::secret::{self, IN_URL, PASSWORD, USER};

#[test]
fn credentials_stand_in_the_file_and_nowhere_else() {
    let cluster = Cluster::of(&[0, 1]);
    let secret = secret::user_info_file(cluster.directory());
    let flags = ["--user-info-file", secret.to_str().expect("text"), "--log-level", "trace"];
    let with_secret = |more: &str| vec![format!("http://{IN_URL}{more}@eureka-1.{SERVICE}:8761/eureka/")];
    let config = cluster.write_config("freeze: false\n");
    let all = [&flags[..], &["--config", config.to_str().expect("text")]].concat();
    let sidecar = cluster.run(&all);
    sidecar.until_listing(&with_secret(""));
    let mode = fs::metadata(cluster.file()).expect("there").permissions().mode() & 0o7777;
    assert_eq!(mode, 0o640);
    // A new secret is taken with the next look at the files.
    fs::write(&secret, format!("{USER}:{PASSWORD}-2")).expect("written");
    cluster.write_config("freeze: true\n");
    sidecar.until_listing(&with_secret("-2"));
    cluster.write_config("freeze: maybe\n");
    sidecar.until_condition("settings_rejected");
    fs::write(&secret, format!("{PASSWORD} without a colon")).expect("written");
    cluster.write_config("freeze: false\n");
    sidecar.until_condition("not_published");
    // The harness searches whatever is said here: see `secret`.
    fs::write(&secret, format!("{USER}:{PASSWORD}")).expect("written");
    for subcommand in ["resolve", "check"] {
        for format in ["json", if subcommand == "resolve" { "properties" } else { "text" }] {
            let said =
                cluster.once(subcommand, &["--user-info-file", secret.to_str().expect("text"), "-o", format]);
            assert!(!said.stdout.is_empty(), "{said:#?}");
        }
    }
}

/// Whether the harness would find it here.
fn is_found(text: &str) -> bool {
    catch_unwind(|| secret::expect_unseen("a text", text.as_bytes())).is_err()
}

#[test]
fn the_harness_finds_every_spelling() {
    let pair = format!("{USER}:{PASSWORD}");
    let spellings = [PASSWORD.to_owned(), IN_URL.to_owned(), pair.clone(), STANDARD.encode(&pair)];
    let behind = ["", "a", "ab", "abc"].map(|before| STANDARD.encode(format!("{before}{PASSWORD}")));
    for spelling in spellings.into_iter().chain(behind) {
        assert!(is_found(&format!("before {spelling} after")), "{spelling}");
    }
    assert!(!is_found("nothing of the kind"));
}

/// The secret that is searched for is really in use: a search for what is not there finds nothing.
#[test]
fn a_server_is_given_the_password_in_base64() {
    let cluster = Cluster::of(&[0, 1]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/eureka/status", listener.local_addr().expect("bound"));
    let sidecar = cluster.run(&["--status-url", &url, "--log-level", "trace"]);
    let (mut stream, _) = listener.accept().expect("a caller");
    let mut request = [0; 4096];
    let length = stream.read(&mut request).expect("a request");
    let request = str::from_utf8(&request[..length]).expect("text");
    let token = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    assert!(request.to_ascii_lowercase().contains("authorization: basic "), "{request}");
    assert!(request.contains(&token), "{request}");
    assert!(is_found(request));
    stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").expect("it listens");
    sidecar.until_condition("status_unreadable");
}

#[test]
fn a_secret_in_the_wrong_place_is_refused_unseen() {
    let cluster = Cluster::of(&[0, 1]);
    let config = cluster.write_config(&format!(
        "user-info: bob:{PASSWORD}\nserver-user: bob:{PASSWORD}\nstatic-peer: http://bob:{PASSWORD}@vm:1/\n\
         actuator-url: http://bob:{PASSWORD}@vm:1/actuator\n"
    ));
    let given = ["--server-user", "--server-password-file"];
    let command = cluster.command_without("run", &given, &["--config", config.to_str().expect("text")]);
    let outcome = Outcome::of(command).expect(78);
    for fault in ["user-info (", "server-user (", "static-peer (", "actuator-url ("] {
        assert!(outcome.stderr.contains(fault), "{fault}: {outcome:#?}");
    }
    for flags in [["--user-info", PASSWORD], ["--password", PASSWORD], ["--server-user", "eureka:hunter2"]] {
        let outcome = cluster.once("run", &flags);
        assert!(matches!(outcome.code, Some(2 | 78)), "{outcome:#?}");
    }
}

/// A Secret's key that is put into the wrong variable: what looks like user and password is not said again.
#[test]
fn a_pair_in_the_place_of_any_value_is_refused_unseen() {
    let cluster = Cluster::of(&[0, 1]);
    let pair = format!("{USER}:{PASSWORD}");
    for flag in [
        "--service",
        "--dns-server",
        "--listen",
        "--local-listen",
        "--context-path",
        "--namespace",
        "--zone",
        "--output",
        "--port",
        "--port-name",
        "--interval",
        "--log-level",
        "--file-mode",
        "--static-peer",
        "--self-url",
        "--max-peers",
        "--actuator-url",
        "--status-url",
        "--user-info",
        "--server-user",
        "--cluster-domain",
        "--max-shrink",
    ] {
        let outcome = cluster.once("run", &[flag, &pair]).expect(78);
        assert!(outcome.stderr.contains(&flag[2..]), "{flag}: {outcome:#?}");
    }
}

/// The slip of `secretKeyRef` for a mount: a variable holds what the file should.
#[test]
fn a_secret_in_the_place_of_a_path_is_refused_unseen() {
    let cluster = Cluster::of(&[0, 1]);
    let pair = format!("{USER}:{PASSWORD}");
    for (variable, flag, secret) in [
        ("EUREKA_PEERS_USER_INFO_FILE", "--user-info-file", pair.as_str()),
        ("EUREKA_PEERS_SERVER_PASSWORD_FILE", "--server-password-file", PASSWORD),
        ("EUREKA_PEERS_CA_FILE", "--ca-file", &pair),
        ("EUREKA_PEERS_OUTPUT_DIR", "--output-dir", &pair),
        ("EUREKA_PEERS_CONFIG", "--config", &pair),
    ] {
        for subcommand in ["run", "init", "check"] {
            let mut command = cluster.command_without(subcommand, &[flag], &[]);
            command.env(variable, secret);
            let outcome = Outcome::of(command);
            assert!(matches!(outcome.code, Some(1 | 78)), "{outcome:#?}");
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains("is not a valid path: expected an absolute one"), "{outcome:#?}");
        }
    }
    // As a key of a file that changes while the program runs, too; the harness reads every page.
    let config = cluster.write_config("freeze: false\n");
    let sidecar = cluster.run(&["--config", config.to_str().expect("text")]);
    sidecar.until_listing(&[format!("http://eureka-1.{SERVICE}:8761/eureka/")]);
    for line in [
        format!("ca-file: {pair}"),
        format!("actuator-url: http://127.0.0.1:1/?password={PASSWORD}"),
        format!("{pair}: true"),
    ] {
        cluster.write_config("freeze: false\n");
        sidecar.until_no_condition();
        cluster.write_config(&format!("{line}\n"));
        sidecar.until_condition("settings_rejected");
    }
}

#[test]
fn a_secret_that_is_not_there_keeps_the_list() {
    let cluster = Cluster::of(&[0, 1]);
    let secret = cluster.directory().join("late-user-info");
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

/// As Notepad saves it, on a page of its own line ends.
#[test]
fn a_byte_order_mark_and_a_line_end_are_no_part_of_a_secret() {
    let cluster = Cluster::of(&[0, 1]);
    let secret = cluster.directory().join("saved-by-notepad");
    fs::write(&secret, "\u{feff}u:p\r\n").expect("written");
    let sidecar = cluster.run(&["--user-info-file", secret.to_str().expect("text")]);
    sidecar.until_listing(&[format!("http://u:p@eureka-1.{SERVICE}:8761/eureka/")]);
}

#[test]
fn placeholders_are_the_servers_to_resolve() {
    let cluster = Cluster::of(&[0, 1]);
    let sidecar = cluster.run(&["--user-info", "${EUREKA_USER}:${EUREKA_PASSWORD}"]);
    sidecar.until_listing(&[format!(
        "http://${{EUREKA_USER}}:${{EUREKA_PASSWORD}}@eureka-1.{SERVICE}:8761/eureka/"
    )]);
}
