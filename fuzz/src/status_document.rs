//! The status document of a server, as whatever answers at its port may send it.

use eureka_peers::eureka::ServerStatus;

use super::shown::assert_line;

/// Peers of one server above which its list is not believed.
const PEERS_MAX: usize = 4096;

/// Reads the document, and insists on what its reader promises.
pub fn check(input: &[u8]) {
    let status = match ServerStatus::parse(input) {
        Ok(status) => status,
        Err(fault) => return assert_line(&fault.to_string()),
    };
    check_status(&status);
}

/// What every status promises, wherever it came from.
pub fn check_status(status: &ServerStatus) {
    let replicas = &status.replicas;
    assert!(replicas.peers.len() + replicas.foreign.len() <= PEERS_MAX);
    for url in replicas.peers.iter().chain(&status.unavailable) {
        assert!(!url.as_str().contains(['@', '$', ',', '{']), "{url}");
        assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
    }
    for foreign in &replicas.foreign {
        assert_line(foreign);
    }
    let instance = &status.instance;
    for text in [&instance.id, &instance.host_name, &instance.ip_address, &instance.app, &instance.status] {
        assert_line(text);
    }
}
