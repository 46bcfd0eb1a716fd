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

const REFRESHES: &str = "refreshes";
const CONFIRMS: &str = "confirms";

fn status_line(line: &'static str, body: &str) -> Manner {
    Manner::Reply(line, body.to_owned())
}

fn on_refresh(
    name: &'static str,
    manner: Manner,
    condition: (&'static str, &'static str),
    outcome: &'static str,
    found: Option<&'static str>,
) -> Fault {
    let counted = (REFRESHES, outcome);
    Fault { name, manners: vec![(Resource::Refresh, manner)], condition, counted, found }
}

fn on_status(
    name: &'static str,
    manner: Manner,
    condition: (&'static str, &'static str),
    outcome: &'static str,
    found: Option<&'static str>,
) -> Fault {
    let counted = (CONFIRMS, outcome);
    Fault { name, manners: vec![(Resource::Status, manner)], condition, counted, found }
}

pub(crate) fn all() -> Vec<Fault> {
    // Those that take longest first: the rest fits beside them.
    let mut all = lies();
    all.extend(refresh_faults());
    all.extend(status_faults());
    all
}

fn refresh_faults() -> Vec<Fault> {
    let refused = |message| ("refresh_refused", message);
    let failing = |message| ("refresh_failing", message);
    let too_large = "the body is larger than";
    vec![
        on_refresh(
            "refresh-hangs",
            Manner::Hang,
            failing("did not answer in time"),
            "abandoned",
            Some("did not answer in time"),
        ),
        on_refresh(
            "refresh-drips",
            Manner::Drip(reply("200 OK", &" ".repeat(400))),
            failing("did not answer in time"),
            "abandoned",
            Some("did not answer in time"),
        ),
        on_refresh(
            "refresh-401",
            status_line("401 Unauthorized", ""),
            refused("401: the server does not take these credentials"),
            "refused",
            Some("--server-user"),
        ),
        on_refresh(
            "refresh-403",
            status_line("403 Forbidden", ""),
            refused("403: the server forbids"),
            "refused",
            Some("403: the server forbids"),
        ),
        Fault {
            name: "refresh-403-to-posts-alone",
            manners: vec![(Resource::Refresh, Manner::NoPosts), (Resource::Other, Manner::NoPosts)],
            condition: refused("Spring Security's CSRF check"),
            counted: (REFRESHES, "refused"),
            found: Some("Spring Security's CSRF check"),
        },
        on_refresh(
            "refresh-302",
            status_line("302 Found\r\nLocation: http://127.0.0.1:1/login", ""),
            refused("redirected, as to a login page"),
            "refused",
            Some("redirected, as to a login page"),
        ),
        on_refresh(
            "refresh-404",
            status_line("404 Not Found", ""),
            refused("404: no such endpoint"),
            "refused",
            Some("404: no such endpoint"),
        ),
        on_refresh(
            "refresh-405",
            status_line("405 Method Not Allowed\r\nAllow: GET", ""),
            refused("405: the endpoint takes no POST"),
            "refused",
            Some("405: the endpoint takes no POST"),
        ),
        on_refresh(
            "refresh-500",
            status_line("500 Internal Server Error", r#"{"status":500,"message":"Could not bind"}"#),
            failing("500: Could not bind"),
            "failing",
            Some("500: Could not bind"),
        ),
        on_refresh(
            "refresh-is-a-page",
            status_line("200 OK", "<html>login</html>"),
            refused("is not an actuator"),
            "unreadable",
            None,
        ),
        on_refresh("refresh-of-a-gigabyte", Manner::Endless(ENDLESS), refused(too_large), "unreadable", None),
        on_refresh(
            "refresh-hangs-up",
            Manner::Bytes(String::new()),
            failing("closed before the reply was whole"),
            "unreachable",
            Some("closed before the reply was whole"),
        ),
        on_refresh(
            "refresh-is-no-http",
            Manner::Bytes("SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned()),
            refused("not valid HTTP/1.1"),
            "unreadable",
            Some("not valid HTTP/1.1"),
        ),
    ]
}

fn status_faults() -> Vec<Fault> {
    let unreadable = |message| ("status_unreadable", message);
    let unreachable = |message| ("server_unreachable", message);
    let whole = Server::status_of("http://a:1/eureka/", "00:07");
    let half = whole[..whole.len() / 2].to_owned();
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{half}", whole.len());
    vec![
        on_status(
            "status-hangs",
            Manner::Hang,
            unreachable("did not answer in time"),
            "timeout",
            Some("did not answer in time"),
        ),
        on_status(
            "status-drips",
            Manner::Drip(reply("200 OK", &whole)),
            unreachable("did not answer in time"),
            "timeout",
            Some("did not answer in time"),
        ),
        on_status(
            "status-401",
            status_line("401 Unauthorized", ""),
            unreadable("401: the server does not take these credentials"),
            "refused",
            Some("--server-user"),
        ),
        on_status(
            "status-403",
            status_line("403 Forbidden", ""),
            unreadable("403: the server forbids"),
            "refused",
            Some("403: the server forbids"),
        ),
        on_status(
            "status-302",
            status_line("302 Found\r\nLocation: /login", ""),
            unreadable("redirected"),
            "refused",
            Some("redirected"),
        ),
        on_status(
            "status-404",
            status_line("404 Not Found", ""),
            unreadable("check --status-url"),
            "unreadable",
            Some("check --status-url"),
        ),
        on_status(
            "status-500",
            status_line("500 Oops", "no reason"),
            unreadable("500: no reason"),
            "failing",
            Some("500: no reason"),
        ),
        on_status(
            "status-is-half",
            status_line("200 OK", &half),
            unreadable("not a whole XML document"),
            "unreadable",
            Some("not a whole XML document"),
        ),
        on_status(
            "status-is-cut",
            Manner::Bytes(cut),
            unreadable("closed before the body was whole"),
            "unreadable",
            Some("closed before the body was whole"),
        ),
        on_status(
            "status-of-a-gigabyte",
            Manner::Endless(ENDLESS),
            unreadable("the body is larger than"),
            "unreadable",
            Some("the body is larger than"),
        ),
        on_status(
            "status-is-json",
            status_line("200 OK", "{}"),
            unreadable("the status is JSON"),
            "unreadable",
            Some("the status is JSON"),
        ),
        on_status(
            "status-is-a-page",
            status_line("200 OK", "<html><body/></html>"),
            unreadable("is not a status"),
            "unreadable",
            Some("is not a status"),
        ),
    ]
}

/// Replies that are well made and untrue.
fn lies() -> Vec<Fault> {
    let foreign = Server::status_of("http://vm.example:8761/eureka/", "00:07");
    let own = "http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/";
    let variable = include_str!("../../src/eureka/testdata/env-variable.json");
    let masked = Fault {
        name: "another-servers-list",
        manners: vec![
            (Resource::Status, Manner::Reply("200 OK", foreign)),
            (Resource::Env, Manner::Reply("200 OK", variable.to_owned())),
        ],
        condition: ("not_adopted", "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE"),
        counted: (CONFIRMS, "different"),
        found: Some("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE"),
    };
    let itself = on_status(
        "lists-itself",
        status_line("200 OK", &Server::status_of(own, "00:07")),
        ("self_not_recognised", "EUREKA_INSTANCE_HOSTNAME"),
        "different",
        Some("the server takes itself for a peer"),
    );
    vec![masked, itself]
}
