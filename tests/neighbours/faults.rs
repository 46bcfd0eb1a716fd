//! The ways in which a neighbour misbehaves, and what must be said of each.

use crate::server::{Manner, Resource, Server, reply};

/// A gibibyte, of which the program must read no more than its bound.
const ENDLESS: u64 = 1 << 30;

/// One way to misbehave.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// What is done with requests for a resource.
    pub(crate) manners: Vec<(Resource, Manner)>,
    /// The condition that must stand in `/status`, and a part of its message.
    pub(crate) condition: (&'static str, &'static str),
    /// The counter that must move: its name, its outcome.
    pub(crate) counted: (&'static str, &'static str),
    /// A part of a finding of `check`; none where `check` cannot see it without changing something.
    pub(crate) found: Option<&'static str>,
}

/// What is asked for, and the counter of it.
const REFRESH: (Resource, &str) = (Resource::Refresh, "refreshes");
const STATUS: (Resource, &str) = (Resource::Status, "confirms");
const REFUSED: &str = "refresh_refused";
const FAILING: &str = "refresh_failing";
const UNREADABLE: &str = "status_unreadable";
const UNREACHABLE: &str = "server_unreachable";

fn line(line: &'static str) -> Manner {
    Manner::Reply(line, String::new())
}

fn said(body: &str) -> Manner {
    Manner::Reply("200 OK", body.to_owned())
}

fn bytes(bytes: &str) -> Manner {
    Manner::Bytes(bytes.to_owned())
}

impl Fault {
    /// Requests for a resource that are answered so; `check` finds what the condition says.
    fn of(
        (resource, series): (Resource, &'static str),
        name: &'static str,
        manner: Manner,
        kind: &'static str,
        message: &'static str,
        outcome: &'static str,
    ) -> Self {
        let (condition, counted) = ((kind, message), (series, outcome));
        Self { name, manners: vec![(resource, manner)], condition, counted, found: Some(message) }
    }

    fn but_check_finds(self, found: Option<&'static str>) -> Self {
        Self { found, ..self }
    }
}

pub(crate) fn all() -> Vec<Fault> {
    // Those that take longest first: the rest fits beside them.
    lies().into_iter().chain(refresh_faults()).chain(status_faults()).collect()
}

fn refresh_faults() -> Vec<Fault> {
    let login = line("302 Found\r\nLocation: http://127.0.0.1:1/login");
    let no_post = line("405 Method Not Allowed\r\nAllow: GET");
    let reason = r#"{"status":500,"message":"Could not bind"}"#;
    let broken = Manner::Reply("500 Internal Server Error", reason.to_owned());
    let dripped = Manner::Drip(reply("200 OK", &" ".repeat(400)));
    let credentials = "401: the server does not take these credentials";
    let late = "did not answer in time";
    let ssh = bytes("SSH-2.0-OpenSSH_9.6\r\n\r\n");
    let too_large = "the body is larger than";
    let csrf = "Spring Security's CSRF check";
    let to_posts = vec![(Resource::Refresh, Manner::NoPosts), (Resource::Other, Manner::NoPosts)];
    let refresh =
        |name, manner, kind, message, outcome| Fault::of(REFRESH, name, manner, kind, message, outcome);
    vec![
        refresh("refresh-hangs", Manner::Hang, FAILING, late, "abandoned"),
        refresh("refresh-drips", dripped, FAILING, late, "abandoned"),
        refresh("refresh-401", line("401 Unauthorized"), REFUSED, credentials, "refused")
            .but_check_finds(Some("--server-user")),
        refresh("refresh-403", line("403 Forbidden"), REFUSED, "403: the server forbids", "refused"),
        Fault {
            manners: to_posts,
            ..refresh("refresh-403-to-posts-alone", Manner::NoPosts, REFUSED, csrf, "refused")
        },
        refresh("refresh-302", login, REFUSED, "redirected, as to a login page", "refused"),
        refresh("refresh-404", line("404 Not Found"), REFUSED, "404: no such endpoint", "refused"),
        refresh("refresh-405", no_post, REFUSED, "405: the endpoint takes no POST", "refused"),
        refresh("refresh-500", broken, FAILING, "500: Could not bind", "failing"),
        refresh("refresh-is-a-page", said("<html>login</html>"), REFUSED, "is not an actuator", "unreadable")
            .but_check_finds(None),
        refresh("refresh-of-a-gigabyte", Manner::Endless(ENDLESS), REFUSED, too_large, "unreadable")
            .but_check_finds(None),
        refresh("refresh-hangs-up", bytes(""), FAILING, "closed before the reply was whole", "unreachable"),
        refresh("refresh-is-no-http", ssh, REFUSED, "not valid HTTP/1.1", "unreadable"),
    ]
}

fn status_faults() -> Vec<Fault> {
    let whole = Server::status_of("http://a:1/eureka/", "00:07");
    let half = &whole[..whole.len() / 2];
    let cut = bytes(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{half}", whole.len()));
    let (half, dripped) = (said(half), Manner::Drip(reply("200 OK", &whole)));
    let broken = Manner::Reply("500 Oops", "no reason".to_owned());
    let login = line("302 Found\r\nLocation: /login");
    let credentials = "401: the server does not take these credentials";
    let too_soon = "closed before the body was whole";
    let late = "did not answer in time";
    let too_large = "the body is larger than";
    let status =
        |name, manner, kind, message, outcome| Fault::of(STATUS, name, manner, kind, message, outcome);
    vec![
        status("status-hangs", Manner::Hang, UNREACHABLE, late, "timeout"),
        status("status-drips", dripped, UNREACHABLE, late, "timeout"),
        status("status-401", line("401 Unauthorized"), UNREADABLE, credentials, "refused")
            .but_check_finds(Some("--server-user")),
        status("status-403", line("403 Forbidden"), UNREADABLE, "403: the server forbids", "refused"),
        status("status-302", login, UNREADABLE, "redirected", "refused"),
        status("status-404", line("404 Not Found"), UNREADABLE, "check --status-url", "unreadable"),
        status("status-500", broken, UNREADABLE, "500: no reason", "failing"),
        status("status-is-half", half, UNREADABLE, "not a whole XML document", "unreadable"),
        status("status-is-cut", cut, UNREADABLE, too_soon, "unreadable"),
        status("status-of-a-gigabyte", Manner::Endless(ENDLESS), UNREADABLE, too_large, "unreadable"),
        status("status-is-json", said("{}"), UNREADABLE, "the status is JSON", "unreadable"),
        status("status-is-a-page", said("<html><body/></html>"), UNREADABLE, "is not a status", "unreadable"),
    ]
}

/// Replies that are well made and untrue.
fn lies() -> [Fault; 2] {
    let foreign = said(&Server::status_of("http://vm.example:8761/eureka/", "00:07"));
    let variable = said(include_str!("../../src/eureka/testdata/env-variable.json"));
    let masks = "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE";
    let masked =
        Fault::of(STATUS, "another-servers-list", foreign.clone(), "not_adopted", masks, "different");
    let manners = vec![(Resource::Status, foreign), (Resource::Env, variable)];
    let own = said(&Server::status_of("http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/", "00:07"));
    let host = "EUREKA_INSTANCE_HOSTNAME";
    let itself = Fault::of(STATUS, "lists-itself", own, "self_not_recognised", host, "different");
    [Fault { manners, ..masked }, itself.but_check_finds(Some("the server takes itself for a peer"))]
}
