//! Asks Maven which releases of Spring Cloud there are, and which Boot each was built with.
//!
//! Maven is asked as a project would ask it, and answers with poms: `spring-cloud-dependencies` names the
//! `spring-cloud-netflix` of a release, that one its parent `spring-cloud-build`, and this the Boot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use roxmltree::Document;

use crate::image::{DEPENDENCY_PLUGIN, cache};
use crate::patches::{FILE, NO_SERVER};
use crate::world::tool::write_file;

const GROUP: &str = "org.springframework.cloud";
/// What a server of ten lines is made of; not every release that is listed has it.
const SERVER: &str = "spring-cloud-starter-netflix-eureka-server";
const NETFLIX: [&str; 1] = ["spring-cloud-netflix.version"];
const PARENT: [&str; 2] = ["parent", "version"];
const HELP_PLUGIN: &str = "org.apache.maven.plugins:maven-help-plugin:3.4.0";
const HEAD: &str = "\
# Every release of Spring Cloud since Hoxton that Maven Central lists, and the Boot it was built with; a dash
# where Maven Central has its list of versions only, and not its server. Written by
# STOCK_EUREKA=patches cargo test --test stock_eureka
";

/// Writes [`FILE`] anew.
pub(crate) fn write_patches() {
    let directory = cache().join("maven");
    drop(fs::remove_dir_all(&directory));
    fs::create_dir_all(&directory).expect("the target directory can be written");
    let releases: Vec<String> = versions(&directory, "spring-cloud-dependencies");
    let releases: Vec<String> = releases.into_iter().filter(|name| is_release(name)).collect();
    let dependencies = poms(&directory, "spring-cloud-dependencies", releases.iter().cloned().collect());
    let netflix = dependencies.values().filter_map(|pom| element(pom, &NETFLIX));
    let netflix = poms(&directory, "spring-cloud-netflix", netflix.collect());
    let servers = poms(&directory, SERVER, netflix.keys().cloned().collect());
    let build = netflix.values().filter_map(|pom| element(pom, &PARENT));
    let build = poms(&directory, "spring-cloud-build", build.collect());
    let boot_of = |release: &String| {
        let version = element(dependencies.get(release)?, &NETFLIX)?;
        let netflix = netflix.get(&version).filter(|_| servers.contains_key(&version))?;
        element(build.get(&element(netflix, &PARENT)?)?, &["spring-boot.version"])
    };
    let lines = releases.iter().map(|release| {
        let boot = boot_of(release);
        format!("{release} {}\n", boot.as_deref().unwrap_or(NO_SERVER))
    });
    let text: String = [HEAD.to_owned()].into_iter().chain(lines).collect();
    assert!(text.contains("\nHoxton.SR12 2."), "Maven was asked in vain; see {}", directory.display());
    fs::write(FILE, text).expect("the sources are writable");
}

/// `Hoxton.RELEASE`, `Hoxton.SR12`, `2021.0.9`: no milestone, no candidate, nothing older.
fn is_release(name: &str) -> bool {
    if let Some(patch) = name.strip_prefix("Hoxton.") {
        return patch == "RELEASE" || patch.starts_with("SR");
    }
    let parts: Vec<&str> = name.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

/// What Maven's own list of an artifact's versions says, after it was fetched anew.
fn versions(directory: &Path, artifact: &str) -> Vec<String> {
    let get = format!("{DEPENDENCY_PLUGIN}:get");
    let latest = format!("-Dartifact={GROUP}:{artifact}:LATEST:pom");
    mvn(directory, &["-U", &get, &latest, "-Dtransitive=false"]);
    let evaluate = format!("{HELP_PLUGIN}:evaluate");
    let store = mvn(directory, &[&evaluate, "-Dexpression=settings.localRepository", "-DforceStdout"]);
    let kept = store_of(&store).join(GROUP.replace('.', "/")).join(artifact);
    let entries = fs::read_dir(&kept).unwrap_or_else(|error| panic!("{}: {error}", kept.display()));
    let lists = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("maven-metadata-") && name.ends_with(".xml") && !name.ends_with("local.xml")
    });
    // One for each repository that was asked; the longest is that of Maven Central.
    let lists = lists.map(|path| {
        let text = fs::read_to_string(&path).expect("Maven has just written it");
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let versions = document.descendants().filter(|node| node.has_tag_name("version"));
        versions.filter_map(|node| Some(node.text()?.to_owned())).collect::<Vec<_>>()
    });
    lists.max_by_key(Vec::len).unwrap_or_default()
}

/// Maven colours its output even where it is quiet.
fn store_of(told: &str) -> PathBuf {
    let begin = told.find('/').unwrap_or_else(|| panic!("Maven names no store: {told:?}"));
    PathBuf::from(told[begin..].split(|c: char| c.is_control()).next().unwrap_or_default())
}

/// The poms of these versions that there are, in one run of Maven: a module each, since one that is
/// missing would fail the others.
fn poms(directory: &Path, artifact: &str, versions: BTreeSet<String>) -> BTreeMap<String, String> {
    let project = directory.join(artifact);
    let fetched = project.join("poms");
    for version in &versions {
        let pom = module_pom(artifact, version, &fetched);
        write_file(&project.join(version).join("pom.xml"), &pom)
            .expect("the target directory can be written");
    }
    let modules: Vec<&str> = versions.iter().map(String::as_str).collect();
    let modules = modules.join("</module><module>");
    let pom = project_pom("all", &format!("<modules><module>{modules}</module></modules>"));
    write_file(&project.join("pom.xml"), &pom).expect("the target directory can be written");
    mvn(&project, &["--fail-at-end", "validate"]);
    let read = |version: String| {
        let pom = fs::read_to_string(fetched.join(format!("{artifact}-{version}.pom"))).ok()?;
        Some((version, pom))
    };
    versions.into_iter().filter_map(read).collect()
}

fn module_pom(artifact: &str, version: &str, fetched: &Path) -> String {
    let (plugin, plugin_version) = DEPENDENCY_PLUGIN.rsplit_once(':').expect("it has a version");
    let (plugin_group, plugin) = plugin.rsplit_once(':').expect("it has a group");
    let item = format!(
        "<artifactItem><groupId>{GROUP}</groupId><artifactId>{artifact}</artifactId>\
         <version>{version}</version><type>pom</type></artifactItem>"
    );
    let execution = format!(
        "<phase>validate</phase><goals><goal>copy</goal></goals><configuration>\
         <outputDirectory>{}</outputDirectory><artifactItems>{item}</artifactItems></configuration>",
        fetched.display()
    );
    project_pom(
        &format!("of-{version}"),
        &format!(
            "<build><plugins><plugin><groupId>{plugin_group}</groupId><artifactId>{plugin}</artifactId>\
             <version>{plugin_version}</version><executions><execution>{execution}</execution></executions>\
             </plugin></plugins></build>"
        ),
    )
}

fn project_pom(name: &str, content: &str) -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>stock</groupId><artifactId>{name}</artifactId><version>1</version>\
         <packaging>pom</packaging>{content}</project>"
    )
}

/// What Maven wrote. It fails where one module of many does, which is an answer.
fn mvn(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("mvn");
    let output = command.current_dir(directory).args(["-B", "-q"]).args(arguments).output();
    String::from_utf8_lossy(&output.expect("Maven was found in PATH").stdout).into_owned()
}

/// The text of the element that these names lead to, each below the one before.
fn element(pom: &str, path: &[&str]) -> Option<String> {
    let document = Document::parse(pom).ok()?;
    let mut place = document.root();
    for name in path {
        place = place.descendants().find(|node| node.tag_name().name() == *name)?;
    }
    Some(place.text()?.trim().to_owned())
}
