//! Our files, read by what reads them in a Eureka server: `java.util.Properties`, two releases of
//! Spring Boot, Archaius.
//!
//! Needs Java 17 and Maven; without them the test is ignored, on CI it fails. What Maven builds is
//! kept below the target directory until the sources change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use eureka_peers::document::{Document, Format, UserInfo};
use eureka_peers::model::{Listing, PeerSet, ServiceUrl, Zone};
use eureka_peers::publish::{Layout, Publisher};

use crate::machine::{self, Missing};

/// What Maven and the JVM are given to read, below this directory.
const SOURCES: [&str; 7] = [
    "Main.java",
    "pom.xml",
    "archaius/pom.xml",
    "archaius/src/ArchaiusReader.java",
    "spring-boot-2.7/pom.xml",
    "spring-boot-3.5/pom.xml",
    "spring/src/SpringReader.java",
];

const SPRINGS: [&str; 2] = ["spring-boot-2.7", "spring-boot-3.5"];

/// A property as one reader read it: reader, path, key.
type Place = (String, String, String);

pub(crate) fn trial() -> Trial {
    machine::trial("real_readers_read_what_was_published", || {
        if let Some(program) = ["java", "mvn"].into_iter().find(|it| machine::find_program(it).is_none()) {
            return Err(Missing(format!("{program} is not here")));
        }
        read_everything().unwrap_or_else(|fault| panic!("{}", fault.message().unwrap_or_default()));
        Ok(())
    })
}

/// One situation to be published and read.
struct Case {
    name: &'static str,
    listing: Listing,
    zone: Zone,
    user_info: Option<UserInfo>,
}

fn url(text: &str) -> ServiceUrl {
    text.parse().expect("a service URL")
}

fn cases() -> Vec<Case> {
    let peers = |count: u16| -> PeerSet {
        (0..count)
            .map(|n| url(&format!("http://eureka-{n}.eureka.ns.svc.cluster.local:8761/eureka/")))
            .collect()
    };
    let of = |name, count, zone: &str, user_info| Case {
        name,
        listing: Listing::of_peers(&peers(count), 7).expect("not empty"),
        zone: zone.parse().expect("a zone"),
        user_info,
    };
    let secret = |text: &str| Some(UserInfo::from_secret(text.as_bytes()).expect("a secret"));
    let placeholders =
        UserInfo::from_placeholders("${EUREKA_USER}:${EUREKA_PASSWORD}").expect("placeholders");
    let own = url("https://[fd00::1]:8761/eureka/v2/");
    let alone = Listing::alone(own, Some(url("http://127.0.0.1:9762/sink/eureka/")), u64::MAX);
    vec![
        of("three", 3, "defaultZone", None),
        of("many", 512, "defaultZone", None),
        of("zone", 3, "us-east-1c", None),
        of("boolean", 2, "on", None),
        of("default", 2, "default", None),
        of("placeholders", 2, "defaultZone", Some(placeholders)),
        of("secret", 2, "defaultZone", secret(r#"h${EUREKA_USER}: "p\a#s{s},wö'r$d=!😀%20\u0041"#)),
        Case { name: "alone", listing: alone, zone: Zone::default(), user_info: secret("u:p") },
    ]
}

fn read_everything() -> Result<(), Failed> {
    let out = build()?;
    let directory = tempfile::tempdir()?;
    let mut paths = Vec::new();
    let mut expected = BTreeMap::new();
    for case in cases() {
        paths.extend(publish(&case, directory.path(), &mut expected)?);
    }
    let found = read(&out, &paths)?;
    let wrong: Vec<_> = expected.iter().filter(|(place, value)| found.get(*place) != Some(*value)).collect();
    if let Some((place, value)) = wrong.first() {
        let found = found.get(*place);
        return Err(format!("{} wrong, as {place:?}: {value:?}, found {found:?}", wrong.len()).into());
    }
    let raw = |map: &BTreeMap<Place, String>| -> BTreeSet<Place> {
        map.keys().filter(|(_, _, key)| key.starts_with("raw:")).cloned().collect()
    };
    let beside: Vec<_> = raw(&found).difference(&raw(&expected)).cloned().collect();
    eprintln!("{} properties of {} files read as written", expected.len(), paths.len());
    if beside.is_empty() { Ok(()) } else { Err(format!("read beside ours: {beside:?}").into()) }
}

/// What Maven built from the sources as they are.
fn build() -> Result<PathBuf, Failed> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stock_eureka/readers/java");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real_readers");
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        fs::read(sources.join(source))?.hash(&mut hasher);
    }
    let (stamp, state) = (out.join("stamp"), hasher.finish().to_string());
    if fs::read_to_string(&stamp).is_ok_and(|built| built == state) {
        return Ok(out);
    }
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode", "--file"]).arg(sources.join("pom.xml"));
    machine::said(maven.arg(format!("-Dout={}", out.display())).args(["clean", "compile"]))?;
    fs::write(stamp, state)?;
    Ok(out)
}

/// All properties of all files, each by all its readers, in one JVM.
fn read(out: &Path, paths: &[String]) -> Result<BTreeMap<Place, String>, Failed> {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stock_eureka/readers/java/Main.java");
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"]);
    let lines = machine::said(java.arg(main).arg(out).args(paths))?;
    let line = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
        [reader, path, key, value] => Ok(((reader.into(), path.into(), key.into()), value.into())),
        _ => Err(format!("not understood: {line:?}").into()),
    };
    lines.lines().map(line).collect()
}

/// Publishes a case through the volume layout, as in a pod, and adds what its readers must find.
fn publish(
    case: &Case,
    directory: &Path,
    expected: &mut BTreeMap<Place, String>,
) -> Result<Vec<String>, Failed> {
    let document = Document { listing: &case.listing, zone: &case.zone, user_info: case.user_info.as_ref() };
    let path = |name: &str| directory.join(case.name).join(name).to_str().expect("text").to_owned();
    let mut files = Vec::new();
    let mut paths = Vec::new();
    for (name, format) in [
        ("peers.properties", Format::SpringProperties),
        ("peers.yaml", Format::SpringYaml),
        ("peers.env", Format::Env),
        ("archaius.properties", Format::Archaius),
    ] {
        files.extend(document.render(format, &name.parse()?)?);
        paths.push(path(name));
    }
    put(directory.join(case.name), &files)?;
    for reader in SPRINGS {
        expect_spring(case, reader, &path("peers.properties"), expected);
        expect_spring(case, reader, &path("peers.yaml"), expected);
        expect_env(case, reader, &path("peers.env"), expected);
    }
    expect_raw(case, "java", &path("peers.properties"), expected);
    expect_archaius(case, &path("archaius.properties"), expected);
    if !document.user_info.is_some_and(UserInfo::has_placeholders) {
        let tree = directory.join(format!("{}-tree", case.name));
        put(tree.clone(), &document.render(Format::Configtree, &"unused".parse()?)?)?;
        let tree = tree.to_str().expect("text");
        for reader in SPRINGS {
            expect_spring(case, reader, tree, expected);
        }
        paths.push(tree.to_owned());
    }
    Ok(paths)
}

fn put(directory: PathBuf, files: &[eureka_peers::document::File]) -> Result<(), Failed> {
    fs::create_dir(&directory)?;
    Publisher::new(directory, Layout::Volume, 0o644).publish(files, b"{}")?;
    Ok(())
}

impl Case {
    /// The value as it is written.
    fn value(&self) -> String {
        Document { listing: &self.listing, zone: &self.zone, user_info: self.user_info.as_ref() }.value()
    }

    /// The value as a server has it, with what `SpringReader` and `ArchaiusReader` put in.
    fn resolved(&self) -> String {
        self.value().replace("${EUREKA_USER}", "hans").replace("${EUREKA_PASSWORD}", "geheim")
    }
}

fn place(reader: &str, path: &str, key: String) -> Place {
    (reader.to_owned(), path.to_owned(), key)
}

fn expect_raw(case: &Case, reader: &str, path: &str, expected: &mut BTreeMap<Place, String>) {
    let key = |name: &str| place(reader, path, format!("raw:eureka.client.service-url.{name}"));
    expected.insert(key(case.zone.as_str()), case.value());
    expected.insert(key("eureka-peers-generation"), case.listing.generation().to_string());
}

fn expect_spring(case: &Case, reader: &str, path: &str, expected: &mut BTreeMap<Place, String>) {
    expect_raw(case, reader, path, expected);
    expected.insert(place(reader, path, format!("bound:{}", case.zone)), case.resolved());
}

fn expect_env(case: &Case, reader: &str, path: &str, expected: &mut BTreeMap<Place, String>) {
    let zone: String = case.zone.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    let variable = format!("raw:EUREKA_CLIENT_SERVICEURL_{}", zone.to_uppercase());
    expected.insert(place(reader, path, variable), case.value());
    // Only what another source spells out keeps its capitals; the image has `defaultZone`.
    let bound = if case.zone == Zone::default() { zone } else { zone.to_lowercase() };
    expected.insert(place(reader, path, format!("bound:{bound}")), case.resolved());
}

fn expect_archaius(case: &Case, path: &str, expected: &mut BTreeMap<Place, String>) {
    for zone in ["default", case.zone.as_str()] {
        expected.insert(place("java", path, format!("raw:eureka.serviceUrl.{zone}")), case.value());
        expected
            .insert(place("archaius", path, format!("resolved:eureka.serviceUrl.{zone}")), case.resolved());
    }
}
