//! What each patch made of the documented block: a table in `docs/eureka.md`.
//!
//! Must never say more than the trials have seen.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::image::cache;
use crate::patches::{Listed, listed};
use crate::release::Release;

/// What a trial says once its server has started.
pub(crate) const STARTED: &str = "  the server has started";
/// What a trial says once an addition is among its server's peers.
pub(crate) const ADOPTED: &str = "  the addition is adopted";

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/eureka.md");
const BEGIN: &str =
    "<!-- patches: begin (written by STOCK_EUREKA=patches cargo test --test stock_eureka) -->\n";
const END: &str = "<!-- patches: end -->\n";
const HEAD: &str = "\
| release | Boot | Eureka client | starts | adopts an addition |
|---|---|---|---|---|
";

static SEEN: Mutex<BTreeMap<&'static str, Verdict>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy)]
struct Verdict {
    starts: bool,
    adopts: bool,
}

/// Keeps what the trial of `release` has said.
pub(crate) fn keep(release: &Release, told: &str) {
    let said = |step: &str| told.lines().any(|line| line == step);
    let verdict = Verdict { starts: said(STARTED), adopts: said(ADOPTED) };
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(release.name, verdict);
}

/// Writes the table anew.
pub(crate) fn write() {
    let page = fs::read_to_string(PAGE).expect("there is a page");
    let (before, rest) = page.split_once(BEGIN).expect("the table's begin");
    let (_, after) = rest.split_once(END).expect("the table's end");
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let rows: String = listed().iter().map(|listed| row(listed, seen.get(listed.name).copied())).collect();
    fs::write(PAGE, format!("{before}{BEGIN}\n{HEAD}{rows}\n{END}{after}"))
        .expect("the sources are writable");
}

fn row(listed: &Listed, verdict: Option<Verdict>) -> String {
    let name = listed.name;
    let Some(boot) = listed.boot else {
        return format!("| {name} | | Maven Central does not have its server | | |\n");
    };
    let Some(Verdict { starts, adopts }) = verdict else {
        return format!("| {name} | {boot} | could not be built | | |\n");
    };
    let client = client_of(name).unwrap_or_default();
    let word = |is_so| if is_so { "yes" } else { "**no**" };
    format!("| {name} | {boot} | {client} | {} | {} |\n", word(starts), word(adopts))
}

/// The version of Netflix's client in the build of a release.
fn client_of(release: &str) -> Option<String> {
    let entries = fs::read_dir(cache().join(release).join("lib")).ok()?;
    entries.filter_map(Result::ok).find_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let version = Path::new(&name).file_stem()?.to_str()?.strip_prefix("eureka-client-")?;
        version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
    })
}
