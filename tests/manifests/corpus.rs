//! Manifests in the shapes in which people have them, each with the overlay that fits it: built, and audited
//! for what an API server refuses, for what was lost on the way, and for servers without the list.
//!
//! A file of `corpus/` begins with a document that says what it is and what must come out; see [`About`].
//! Everything that is named there must be found, and nothing else may be.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde::Deserialize;
use serde_yaml::Value;

use crate::audit::{self, Finding};
use crate::audited::values;
use crate::overlay::{base, over, run};
use crate::rendered::{Object, parse};
use crate::tool::{Tool, project, text_of};
use crate::{schema, trial};

/// "At least forty": fewer are a folder that was not read.
const AT_LEAST: usize = 40;
/// The spelling of a component that takes a variable away.
const DELETED: &str = "$patch: delete";

/// One file of `corpus/`.
struct Case {
    name: String,
    /// What the manifests are before anything is done.
    before: String,
    about: About,
}

/// Its first document.
#[derive(Deserialize)]
struct First {
    corpus: About,
}

/// What is said of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    #[expect(dead_code, reason = "for people")]
    shape: String,
    /// A layer between the manifests and the overlay, where names must change first.
    named: Option<String>,
    /// The overlay over them.
    #[serde(default = "overlay")]
    overlay: String,
    /// Why kustomize must refuse to build it.
    refused: Option<String>,
    /// What an API server refused of it all along.
    #[serde(default)]
    broken: Vec<String>,
    /// What stands in the way of `components/add-sidecar`, before the overlay.
    obstacles: Vec<String>,
    /// What the overlay takes away besides the list.
    #[serde(default)]
    lost: Vec<String>,
    /// Why the servers would still not follow the list.
    #[serde(default)]
    unread: Vec<String>,
    /// A prefix that the overlay gives every name.
    #[serde(default)]
    prefix: String,
}

/// What to do unless a case says otherwise.
fn overlay() -> String {
    "components: [$components/add-sidecar]\n".to_owned()
}

/// A trial for each case, and one for what all of them are.
pub(crate) fn trials() -> Vec<Trial> {
    let cases = cases();
    let mut trials: Vec<Trial> = cases
        .into_iter()
        .map(|case| {
            let name = format!("corpus::{}", case.name);
            trial(&name, &[Tool::KUSTOMIZE], move || check(&case))
        })
        .collect();
    let tools = [Tool::KUSTOMIZE, Tool::KUBERNETES_VALIDATE];
    trials.push(trial("corpus_schemas", &tools, schemas));
    trials.push(trial("corpus_is_known", &[], known));
    trials
}

/// The built objects of one case by its name.
pub(crate) fn built(name: &str) -> Result<Vec<Object>, String> {
    let case = cases().into_iter().find(|case| case.name == name).ok_or("there is no such case")?;
    build(&case)
}

fn check(case: &Case) -> Result<(), String> {
    let before = values(&parse(&case.before)?);
    let mut wrong = differences("obstacles", &case.about.obstacles, &audit::obstacles(&before));
    wrong.extend(differences("broken", &case.about.broken, &audit::refused(&before)));
    let is_expected = case.about.refused.is_some() || !audit::servers(&before).is_empty();
    wrong.extend((!is_expected).then(|| "no server is found in it".to_owned()));
    let after = match (build(case), &case.about.refused) {
        (Err(why), Some(expected)) if why.contains(expected) => return crate::none(&wrong),
        (Err(why), _) => return Err(why),
        (Ok(_), Some(_)) => return Err("it is built, and should be refused".to_owned()),
        (Ok(after), None) => values(&after),
    };
    let refused = audit::refused(&after).into_iter().map(|finding| finding.to_string());
    wrong.extend(refused.filter(|finding| !case.about.broken.iter().any(|known| finding.contains(known))));
    wrong.extend(differences(
        "lost",
        &case.about.lost,
        &audit::lost(&before, &without_prefix(after.clone(), &case.about.prefix)),
    ));
    wrong.extend(differences("unread", &case.about.unread, &audit::unread(&after)));
    wrong.extend(beside(&before, &after));
    crate::none(&wrong)
}

/// Every server has one of ours beside it, and nothing else has.
fn beside(before: &[Value], after: &[Value]) -> Option<String> {
    let servers = audit::servers(before).len();
    let after = serde_json::to_string(after).expect("manifests have texts for keys");
    let ours = after.matches("\"image\":\"eureka-peers:").count();
    (servers != ours).then(|| format!("{servers} servers and {ours} of ours"))
}

/// Each expected text in one finding of its own.
fn differences(what: &str, expected: &[String], found: &[Finding]) -> Vec<String> {
    let mut found: Vec<String> = found.iter().map(Finding::to_string).collect();
    let mut wrong = Vec::new();
    for text in expected {
        match found.iter().position(|finding| finding.contains(text)) {
            Some(at) => drop(found.swap_remove(at)),
            None => wrong.push(format!("{what}: nothing says {text:?}")),
        }
    }
    wrong.extend(found.into_iter().map(|finding| format!("{what}: {finding}")));
    wrong
}

/// Names as they were, for a comparison by names.
fn without_prefix(mut objects: Vec<Value>, prefix: &str) -> Vec<Value> {
    let names = objects.iter_mut().filter_map(|object| object.get_mut("metadata")?.get_mut("name"));
    for name in names {
        let plain = name.as_str().and_then(|name| name.strip_prefix(prefix)).map(Value::from);
        *name = plain.unwrap_or_else(|| name.clone());
    }
    objects
}

fn build(case: &Case) -> Result<Vec<Object>, String> {
    let place = |layer: &str| format!("corpus-{}-{layer}", case.name);
    let mut below = base(&place("base"), &case.before)?;
    if let Some(named) = &case.about.named {
        below = over(&place("named"), &[below], named)?;
    }
    run(Tool::KUSTOMIZE, &over(&place("overlay"), &[below], &case.about.overlay)?)
}

/// What is built of every case that an API server should take.
pub(crate) fn sound() -> Result<Vec<(String, Vec<Object>)>, String> {
    let cases =
        cases().into_iter().filter(|case| case.about.refused.is_none() && case.about.broken.is_empty());
    cases.map(|case| Ok((case.name.clone(), build(&case)?))).collect()
}

/// All built-in objects of all cases at once, since the tool takes a second to begin.
fn schemas() -> Result<(), String> {
    let objects: Vec<Object> = sound()?.into_iter().flat_map(|(_, objects)| objects).collect();
    ["1.30", "1.37"].into_iter().try_for_each(|version| schema::check("corpus", &objects, version))
}

/// There are enough cases, and the audit knows which spellings the component takes away.
fn known() -> Result<(), String> {
    let cases = cases();
    if cases.len() < AT_LEAST {
        return Err(format!("{} cases are too few", cases.len()));
    }
    let patch = text_of("manifests/components/add-sidecar/patch.yaml");
    let lines: Vec<&str> = patch.lines().map(str::trim).collect();
    let deleted = lines.windows(2).filter(|pair| pair[1] == DELETED);
    let deleted: Vec<&str> = deleted.filter_map(|pair| pair[0].strip_prefix("- name: ")).collect();
    if deleted == audit::TAKEN_AWAY { Ok(()) } else { Err(format!("the component takes {deleted:?} away")) }
}

fn cases() -> Vec<Case> {
    let entries = fs::read_dir(project().join("tests/manifests/corpus")).expect("the corpus can be listed");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn read(file: &Path) -> Case {
    let text = fs::read_to_string(file).expect("a case can be read");
    let (about, before) = text.split_once("\n---\n").expect("a case is a document about it, and manifests");
    let First { corpus: about } =
        serde_yaml::from_str(about).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    Case { name, before: before.to_owned(), about }
}
