//! The status document of a server, as whatever answers at its port may send it.

use std::time::Duration;

use eureka_peers::eureka::ServerStatus;
use eureka_peers::wording::server_fault;
use rustix::time::{ClockId, clock_gettime};

use super::shown::assert_line;

/// Peers of one server above which its list is not believed.
const PEERS_MAX: usize = 4096;

/// What a document may cost at most, whatever is in it: time of this thread alone, so that a busy machine
/// makes no difference. What grows with the length alone is far below, and what grows with more takes minutes.
const COST_MAX: Duration = Duration::from_secs(1);

/// Time that this thread has computed.
fn computed() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("this clock counts up from nothing")
}

/// Reads the document, and insists on what its reader promises.
pub fn check(input: &[u8]) {
    let before = computed();
    let read = ServerStatus::parse(input);
    let cost = computed().saturating_sub(before);
    assert!(cost < COST_MAX, "{} bytes cost {cost:?}", input.len());
    let status = match read {
        Ok(status) => status,
        Err(fault) => return assert_line(&server_fault(&fault).to_string()),
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
