//! The schema of the chart's values says of each setting what the table does, so that `helm` refuses at once
//! what the program would refuse in a pod.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --lib chart_schema` writes that part of the schema anew.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::settings::table::{Change, Key, Shape};

/// What the chart's own volume, ports and probes are made for.
const OF_THE_CHART: [Key; 9] = [
    Key::Role,
    Key::OutputDir,
    Key::Output,
    Key::Layout,
    Key::Port,
    Key::ContextPath,
    Key::ActuatorUrl,
    Key::Listen,
    Key::LocalListen,
];

const BEGIN: &str = "        \"settings\": {\n";
const END: &str = "\n        },\n";
/// The variables of the sidecar's own `env`.
const BEGIN_NAMES: &str = "                \"enum\": [\n";
const END_NAMES: &str = "\n                ]\n";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("charts/eureka-peers/values.schema.json")
}

/// What a value of this setting may be; in the chart's values lists are written with commas.
fn schema_of(key: Key) -> Value {
    match key.setting().shape {
        Shape::Text(_) | Shape::File(_) | Shape::Directory(_) | Shape::TextAndWord(..) => {
            json!({ "type": ["string", "integer"] })
        }
        Shape::Words(_, words) => json!({ "enum": words() }),
        Shape::Switch => json!({ "enum": [true, false, "true", "false"] }),
        Shape::Duration { .. } | Shape::DurationOrNever { .. } => json!({ "type": "string" }),
        Shape::Count { min, max } => {
            json!({ "type": ["string", "integer"], "minimum": min, "maximum": max, "pattern": "^[0-9]+$" })
        }
    }
}

fn taken() -> impl Iterator<Item = Key> {
    Key::all().filter(|key| !OF_THE_CHART.contains(key) && key.setting().change != Change::NotInFile)
}

/// One setting a line.
fn wanted() -> String {
    let lines: Vec<String> =
        taken().map(|key| format!("            \"{key}\": {}", schema_of(key))).collect();
    format!(
        "          \"type\": \"object\",\n          \"additionalProperties\": false,\n          \
         \"properties\": {{\n{}\n          }}",
        lines.join(",\n")
    )
}

/// One variable a line: those of the settings, and the one that names their file.
fn wanted_names() -> String {
    let names = taken().chain([Key::Config]).map(|key| format!("                  \"{}\"", key.variable()));
    names.collect::<Vec<_>>().join(",\n")
}

/// The schema with one of its parts written anew.
fn replaced(schema: &str, (begin, end): (&str, &str), wanted: &str) -> String {
    let (before, rest) = schema.split_once(begin).expect("the schema has this part");
    let (_, after) = rest.split_once(end).expect("the part ends");
    format!("{before}{begin}{wanted}{end}{after}")
}

#[test]
fn the_charts_schema_is_the_tables() {
    let schema = fs::read_to_string(path()).expect("the chart has a schema");
    let text = replaced(&schema, (BEGIN, END), &wanted());
    let text = replaced(&text, (BEGIN_NAMES, END_NAMES), &wanted_names());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let _valid: Value = serde_json::from_str(&text).expect("the schema is JSON");
        fs::write(path(), text).expect("the sources are writable");
        return;
    }
    assert!(schema == text, "the schema is not the table's; run with UPDATE_SNAPSHOTS=1");
}
