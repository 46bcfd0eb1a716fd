//! Recipes of the pages on migration, as an operator would copy them: built over manifests of the kind that
//! they are for, and audited.
//!
//! A block of a page is a file: its first line is a comment with the file's name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_yaml::Value;

use crate::audit::{self, Finding};
use crate::audited::values;
use crate::machine;
use crate::overlay::{base, fresh, relative, run};
use crate::rendered::{Object, items, parse};
use crate::tool::{Tool, project, text_of, write_file};
use crate::workload::matches;
use crate::{none, trial};

const OWN: &str = "docs/migration/from-a-static-list.md";
const OF_OTHERS: &str = "docs/migration/charts-of-others.md";
/// The release in the recipes for charts.
const RELEASE: &str = "shop";
/// What such an overlay changes besides: the label by which components find a workload.
const RELABELLED: &str = "metadata.labels.app.kubernetes.io/name was";

pub(crate) fn trials() -> Vec<Trial> {
    let helm = [Tool::KUSTOMIZE, Tool::HELM];
    vec![
        trial("recipes::import", &[Tool::KUSTOMIZE], import),
        trial("recipes::other_names", &[Tool::KUSTOMIZE], other_names),
        trial("recipes::another_port", &[Tool::KUSTOMIZE], another_port),
        trial("recipes::helm", &helm, helm_post_renderer),
        trial("recipes::argo_cd", &helm, argo_cd),
        trial("recipes::flux", &helm, flux),
    ]
}

/// Both imports in one variable, ours last.
fn import() -> Result<(), String> {
    let server = stateful("eureka", 8761).replace(
        "ports:",
        "env: [{name: SPRING_CONFIG_IMPORT, value: 'optional:configserver:http://config-server:8888'}]\n          ports:",
    );
    let after = over(&server, "An import of your own", "import")?;
    let text = serde_json::to_string(&values(&after)).map_err(|error| error.to_string())?;
    let both = "optional:configserver:http://config-server:8888,optional:file:/eureka-peers/peers.properties";
    let mut wrong = faults(&values(&parse(&server)?), &after, &[]);
    wrong.extend((!text.contains(both)).then(|| "the two imports are not in one variable".to_owned()));
    none(&wrong)
}

/// The second of two containers, which has its name back at the end.
fn other_names() -> Result<(), String> {
    let server = stateful("discovery", 8761)
        .replace("app.kubernetes.io/name: eureka", "app: discovery-server")
        .replace("- name: eureka\n", "- {name: proxy, image: 'nginx:1'}\n        - name: discovery-server\n");
    let plain = server.replace(
        "metadata: {name: discovery, labels: {app: discovery-server}}",
        "metadata: {name: discovery}",
    );
    if plain == server {
        return Err("the labels are still there".to_owned());
    }
    let mut wrong = Vec::new();
    for (title, server) in [("other-names", &server), ("no-labels", &plain)] {
        let after = over(server, "Under other names", title)?;
        wrong.extend(faults(&values(&parse(server)?), &after, &[]));
        let workload = after.iter().find_map(Object::pod).ok_or("no workload")?;
        let names: Vec<&str> = workload.containers().iter().map(|container| container.name()).collect();
        wrong.extend(
            (names != ["discovery-server", "proxy"]).then(|| format!("its containers are {names:?}")),
        );
    }
    none(&wrong)
}

fn another_port() -> Result<(), String> {
    let server = stateful("eureka", 8070);
    let after = over(&server, "On another port or path", "another-port")?;
    let text = serde_json::to_string(&values(&after)).map_err(|error| error.to_string())?;
    let mut wrong = faults(&values(&parse(&server)?), &after, &[]);
    wrong.extend(text.contains("8761").then(|| "something still says 8761".to_owned()));
    none(&wrong)
}

/// As a plugin of Helm 4; Helm 3 runs the same script by itself.
fn helm_post_renderer() -> Result<(), String> {
    let (place, chart) = chart("helm")?;
    let plugin = place.join("plugins/eureka-peers");
    write_blocks(&plugin, &blocks(OF_OTHERS, "Helm")?)?;
    let script = plugin.join("post-render");
    let kustomize = Tool::KUSTOMIZE.path()?;
    let text = fs::read_to_string(&script).map_err(|error| error.to_string())?;
    let build = format!("{} build", kustomize.display());
    write_file(&script, &text.replace("kubectl kustomize", &build))?;
    make_executable(&script)?;
    let before = helm(&chart, &[], &place)?;
    let after = helm(&chart, &["--post-renderer", "eureka-peers"], &place)?;
    none(&faults(&values(&before), &after, &[RELABELLED]))
}

/// Kustomize renders the chart itself, from a directory instead of a repository.
fn argo_cd() -> Result<(), String> {
    let (place, chart) = chart("argo-cd")?;
    let overlay = place.join("overlay");
    write_blocks(&overlay, &blocks(OF_OTHERS, "Helm")?)?;
    let mut files = blocks(OF_OTHERS, "Argo CD")?;
    for text in files.values_mut() {
        *text = text
            .replace("repo: https://charts.example.com, version: 0.1.0, ", "")
            .replace(", valuesFile: values.yaml", "");
    }
    write_blocks(&overlay, &files)?;
    write_chart(&overlay.join("named/charts/eureka-server"))?;
    let helm_path = Tool::HELM.path()?.display().to_string();
    let arguments = ["build", "--enable-helm", "--helm-command", &helm_path, &overlay.display().to_string()]
        .map(str::to_owned);
    let after = parse(&Tool::KUSTOMIZE.run(&arguments.each_ref().map(String::as_str))?)?;
    none(&faults(&values(&helm(&chart, &[], &place)?), &after, &[RELABELLED]))
}

/// What Flux applies of the folder, and what its post-renderer then makes of the chart.
fn flux() -> Result<(), String> {
    let (place, chart) = chart("flux")?;
    let folder = place.join("folder");
    write_blocks(&folder, &blocks(OF_OTHERS, "Flux")?)?;
    for file in ["patch.yaml", "service.yaml"] {
        let from = project().join("manifests/components/add-sidecar").join(file);
        fs::copy(from, folder.join(file)).map_err(|error| error.to_string())?;
    }
    let applied = run(Tool::KUSTOMIZE, &folder)?;
    let release = applied.iter().find(|object| object.kind() == "HelmRelease").ok_or("no HelmRelease")?;
    let [renderer] = items(&release.0, &["spec", "postRenderers"]) else {
        return Err("one post-renderer".to_owned());
    };
    let before = helm(&chart, &[], &place)?;
    let below = place.join("rendered");
    write_file(&below.join("rendered.yaml"), &crate::rendered::write(&before))?;
    let mut kustomization = renderer["kustomize"].clone();
    kustomization["resources"] = Value::Sequence(vec![Value::from("rendered.yaml")]);
    let text = serde_json::to_string(&kustomization).map_err(|error| error.to_string())?;
    write_file(&below.join("kustomization.yaml"), &text)?;
    let mut after = run(Tool::KUSTOMIZE, &below)?;
    after.extend(applied.iter().filter(|object| object.kind() == "Service").cloned());
    none(&faults(&values(&before), &after, &[]))
}

/// A server with our labels, or those that a recipe changes.
fn stateful(name: &str, port: u16) -> String {
    format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}, labels: {{app.kubernetes.io/name: eureka}}}}
spec:
  serviceName: {name}
  selector: {{matchLabels: {{app.kubernetes.io/name: eureka}}}}
  template:
    metadata: {{labels: {{app.kubernetes.io/name: eureka}}}}
    spec:
      containers:
        - name: eureka
          image: registry.example/eureka:1
          ports: [{{containerPort: {port}}}]
          readinessProbe: {{tcpSocket: {{port: {port}}}}}
"
    )
}

/// What the blocks of a section make of manifests in the folder `your-eureka`.
fn over(manifests: &str, heading: &str, title: &str) -> Result<Vec<Object>, String> {
    let place = fresh(&format!("recipe-{title}"))?;
    write_blocks(&place, &blocks(OWN, heading)?)?;
    base(&format!("recipe-{title}/your-eureka"), manifests)?;
    run(Tool::KUSTOMIZE, &place.join("overlay"))
}

/// What is wrong with servers that have been given a sidecar, and with what they had before.
fn faults(before: &[Value], after: &[Object], changed: &[&str]) -> Vec<String> {
    let after = values(after);
    let text = serde_json::to_string(&after).expect("manifests have texts for keys");
    let has_ours = text.contains("eureka-peers:0.1.0\"") && text.contains("eureka-mesh");
    let lost = audit::lost(before, &after).into_iter().map(|finding| finding.to_string());
    let lost = lost.filter(|finding| !changed.iter().any(|known| finding.contains(known)));
    let others = audit::refused(&after).into_iter().chain(audit::unread(&after));
    let mut found: Vec<String> =
        lost.chain(others.map(|finding: Finding| finding.to_string())).chain(unselected(&after)).collect();
    found.extend((!has_ours).then(|| "nothing of ours is in it".to_owned()));
    found
}

/// Workloads with a sidecar whose pods the Service of peers does not select.
fn unselected(objects: &[Value]) -> impl Iterator<Item = String> {
    let mesh = objects.iter().find(|object| object["metadata"]["name"] == "eureka-mesh");
    let selector = mesh.and_then(|mesh| mesh["spec"]["selector"].as_mapping());
    let workloads =
        objects.iter().filter(|object| object["spec"]["template"]["spec"]["initContainers"].is_sequence());
    let wrong = workloads.filter(move |object| !matches(selector, &object["spec"]["template"]));
    wrong.map(|object| format!("{:?} is not selected by eureka-mesh", object["metadata"]["name"]))
}

/// Files by their names: the blocks below a heading of the second level.
fn blocks(page: &str, heading: &str) -> Result<BTreeMap<String, String>, String> {
    let text = text_of(page);
    let (_, section) = text
        .split_once(&format!("\n## {heading}\n"))
        .ok_or_else(|| format!("{page} has no section {heading}"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let fenced = section.split("\n```").skip(1).step_by(2);
    let files: BTreeMap<String, String> = fenced
        .filter_map(|block| {
            let (_, body) = block.split_once('\n')?;
            let (title, rest) = body.split_once('\n')?;
            let name = title.strip_prefix("# ")?.split(" (").next()?;
            Some((name.to_owned(), format!("{rest}\n")))
        })
        .collect();
    if files.is_empty() { Err(format!("{page}, {heading}: no blocks")) } else { Ok(files) }
}

/// Writes them below a directory, with paths to this project's manifests that are right from there.
fn write_blocks(directory: &Path, files: &BTreeMap<String, String>) -> Result<(), String> {
    for (name, text) in files {
        let file = directory.join(name);
        let parent = file.parent().ok_or("a file is in a directory")?;
        write_file(&file, text)?;
        let manifests = relative(parent, &project().join("manifests"))?;
        let text = text.replace("../../manifests", "../manifests").replace("../manifests", &manifests);
        write_file(&file, &text)?;
    }
    Ok(())
}

/// A chart as `helm create` makes it, and a place beside it.
fn chart(title: &str) -> Result<(PathBuf, PathBuf), String> {
    let place = fresh(&format!("recipe-{title}"))?;
    let chart = place.join("eureka-server");
    write_chart(&chart)?;
    Ok((place, chart))
}

fn write_chart(chart: &Path) -> Result<(), String> {
    let shape = text_of("tests/manifests/corpus/chart-of-others.yaml");
    let (_, manifests) = shape.split_once("\n---\n").ok_or("manifests")?;
    let templates = manifests.replace(RELEASE, "{{ .Release.Name }}");
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: eureka-server\nversion: 0.1.0\n"),
        ("values.yaml", ""),
        ("templates/all.yaml", &templates),
    ];
    files.into_iter().try_for_each(|(name, text)| write_file(&chart.join(name), text))
}

fn helm(chart: &Path, arguments: &[&str], place: &Path) -> Result<Vec<Object>, String> {
    let mut command = Command::new(Tool::HELM.path()?);
    command.args(["template", RELEASE]).arg(chart).args(arguments).env("HELM_PLUGINS", place.join("plugins"));
    parse(&machine::said(&mut command)?)
}

fn make_executable(file: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}
