//! Rows of the table: what is written, who is told, and the program itself.

use crate::publish::Layout;
use crate::settings::words::{Adopt, words_of};
use crate::telemetry::{LogFormat, LogLevel};

use super::{Group, Key, Setting, Shape};

/// Files of one generation; there are seven formats.
const OUTPUTS_MAX: usize = 16;

use Group::{Files, Process, Server};
use Shape::{Directory, File, Text, Words};

pub(super) const ROWS: &[Setting] = &[
    Setting::new(Key::OutputDir, "output-dir", Files, Directory("DIR"))
        .default("required for run and init")
        .help("Directory of the files: a volume mounted as a whole, without subPath.")
        .hint("name the mounted directory, such as /eureka-peers"),
    Setting::new(Key::Output, "output", Files, Text("NAME[=FORMAT]"))
        .up_to(OUTPUTS_MAX)
        .default("peers.properties")
        .help(
            "File to write. Formats: spring-properties, spring-yaml, archaius, configtree, env, json, lines; \
             by default that of the extension.",
        )
        .hint(
            "write NAME=FORMAT, such as peers.properties=archaius, or a name that ends in .properties, \
             .yaml, .env, .json or .lines",
        ),
    Setting::new(Key::Layout, "layout", Files, Words("volume|plain", words_of::<Layout>))
        .default("volume")
        .help("The kubelet's way, where all files change together, or each file by a rename.")
        .hint("write `volume` or `plain`"),
    Setting::new(Key::FileMode, "file-mode", Files, Text("MODE"))
        .default("0644; 0640 with --user-info-file")
        .help("Permissions of the files, octal.")
        .hint("write an octal mode such as 0644, quoted in YAML"),
    Setting::new(Key::Adopt, "adopt", Server, Words("none|refresh|env", words_of::<Adopt>))
        .default("refresh with --actuator-url, else none")
        .help("How the server is told: POST to actuator/refresh, POST to actuator/env, or not at all.")
        .hint("write `refresh` for Spring, `none` for servers that read the file by themselves"),
    Setting::new(Key::ActuatorUrl, "actuator-url", Server, Text("URL"))
        .help("The server's actuator, such as http://127.0.0.1:8762/actuator.")
        .hint("write a whole URL without credentials, such as http://127.0.0.1:8762/actuator"),
    Setting::new(Key::StatusUrl, "status-url", Server, Text("URL"))
        .default("<scheme>://127.0.0.1:<port><context-path>status where --adopt is not none")
        .help("The server's status, which proves what it has adopted; with --adopt none: confirm only.")
        .hint("write a whole URL without credentials, such as http://127.0.0.1:8761/eureka/status"),
    Setting::new(Key::ServerUser, "server-user", Server, Text("USER"))
        .help("User for actuator, status and mesh.")
        .hint("write the user alone; its password goes into --server-password-file"),
    Setting::new(Key::ServerPasswordFile, "server-password-file", Server, File("FILE"))
        .help("File with that user's password; read at each use.")
        .hint("write the path of a mounted Secret's file"),
    Setting::new(Key::CaFile, "ca-file", Server, File("FILE"))
        .help("Certificates (PEM) that vouch for https servers; read at each use.")
        .hint("write the path of a PEM file"),
    Setting::new(Key::Listen, "listen", Process, Text("ADDRESS:PORT"))
        .default("[::]:9761, or 0.0.0.0:9761 without IPv6")
        .help("Probes, metrics and status.")
        .hint("write an address and a port, such as 0.0.0.0:9761, [::]:9761, or :9761 for every address"),
    Setting::new(Key::LocalListen, "local-listen", Process, Text("ADDRESS:PORT"))
        .default("127.0.0.1:9762")
        .help("The sink and the operator's overrides; a loopback address.")
        .hint("write a loopback address and a port, such as 127.0.0.1:9762 or [::1]:9762"),
    Setting::new(Key::LogLevel, "log-level", Process, Words("LEVEL", words_of::<LogLevel>))
        .default("info")
        .help("How much is logged: off, error, warn, info, debug or trace.")
        .hint("write one of off, error, warn, info, debug, trace"),
    Setting::new(Key::LogFormat, "log-format", Process, Words("text|json", words_of::<LogFormat>))
        .default("text on a terminal, else json")
        .help("Shape of the log's lines.")
        .hint("write `text` or `json`"),
    Setting::new(Key::Config, "config", Process, File("FILE"))
        .help("Settings in YAML, read again whenever the file changes.")
        .hint("write the path of a YAML file"),
];
