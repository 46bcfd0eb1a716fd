//! Against documents of running servers, and against servers on loopback, well and badly behaved.

mod endpoints;
mod inspect;
mod origin;
mod status;

use std::path::PathBuf;

use tempfile::TempDir;

use crate::http_client::Credentials;
use crate::http_client::fake_server::FakeServer;
use crate::model::Zone;

use super::{EurekaServer, Reading, ServerAccess};

const FILE_2021: &str = include_str!("../testdata/env-file-2021.0.9.json");
const FILE_2025: &str = include_str!("../testdata/env-file-2025.0.1.json");
const STATUS_2025: &str = include_str!("../testdata/status-spring-2025.0.1.xml");

fn settings(fake: &FakeServer) -> ServerAccess {
    ServerAccess {
        actuator_url: Some(fake.url("/actuator")),
        status_url: Some(fake.url("/eureka/status")),
        status_url_is_default: false,
        credentials: None,
        ca_file: None,
        user_info_file: None,
    }
}

fn server(fake: &FakeServer) -> EurekaServer {
    EurekaServer::new(&settings(fake), Zone::default(), Reading::default())
}

/// The same with credentials, whose password is `hunter2`.
fn server_with_credentials(fake: &FakeServer) -> (EurekaServer, TempDir) {
    let (directory, path) = password_file();
    let settings = ServerAccess { credentials: Some(Credentials::new("ops".into(), path)), ..settings(fake) };
    (EurekaServer::new(&settings, Zone::default(), Reading::default()), directory)
}

fn password_file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("password");
    std::fs::write(&path, "hunter2\n").expect("written");
    (directory, path)
}
