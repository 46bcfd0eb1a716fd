//! A list in each output format, read back by a reader of that format.
//!
//! Fields of the input are parted by zero bytes: the zone, the user-info, the generation, then URLs.
//! What its own type refuses is left out.

use std::collections::BTreeMap;
use std::str;

use eureka_peers::document::{Document, DocumentError, File, Format, UserInfo};
use eureka_peers::model::{Listing, PeerSet, ServiceUrl, Zone};

/// Says that the list is that of a server that is alone, and its last URL the sink.
const ALONE: &str = "alone";

/// Renders what the input says, and insists that each reader reads just that.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let mut fields = text.split('\0');
    let mut next = || fields.next().unwrap_or_default();
    let (zone, secret, generation) = (next(), next(), next());
    let zone: Zone = zone.parse().unwrap_or_default();
    let urls: Vec<ServiceUrl> = fields.filter_map(|text| text.parse().ok()).collect();
    let (word, number) = generation.split_once(' ').unwrap_or(("", generation));
    let generation = number.parse().unwrap_or_default();
    let listing = match (word, &urls[..]) {
        (ALONE, [own, rest @ ..]) => Some(Listing::alone(own.clone(), rest.last().cloned(), generation)),
        _ => Listing::of_peers(&urls.iter().cloned().collect::<PeerSet>(), generation),
    };
    let Some(listing) = listing else { return };
    check_listing(&listing, &zone, None);
    if let Ok(placeholders) = UserInfo::from_placeholders(secret) {
        check_listing(&listing, &zone, Some((&placeholders, secret)));
    }
    if let Ok(user_info) = UserInfo::from_secret(secret.as_bytes()) {
        let secret = secret.strip_suffix('\n').unwrap_or(secret);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        check_listing(&listing, &zone, Some((&user_info, secret)));
    }
}

/// Renders the list in every format and reads each back; `user_info` comes with its own text.
pub fn check_listing(listing: &Listing, zone: &Zone, user_info: Option<(&UserInfo, &str)>) {
    let document = Document { listing, zone, user_info: user_info.map(|(user_info, _)| user_info) };
    let value = document.value();
    check_value(&value, listing, user_info.map(|(_, text)| text));
    let spring = BTreeMap::from([
        (format!("eureka.client.service-url.{zone}"), value.clone()),
        ("eureka.client.service-url.eureka-peers-generation".to_owned(), listing.generation().to_string()),
    ]);
    assert_eq!(read_properties(&text(&document, Format::SpringProperties)), spring);
    let yaml: BTreeMap<String, String> =
        serde_yaml::from_str(&text(&document, Format::SpringYaml)).expect("the YAML can be read");
    assert_eq!(yaml, spring);
    check_configtree(&document, &spring);
    let archaius = read_properties(&text(&document, Format::Archaius));
    assert_eq!(archaius.get("eureka.serviceUrl.default"), Some(&value));
    assert_eq!(archaius.get(&format!("eureka.serviceUrl.{zone}")), Some(&value));
    check_env(&document, &value);
    let json: serde_json::Value = serde_json::from_str(&text(&document, Format::Json)).expect("JSON");
    let urls: Vec<&str> = value.split(',').collect();
    assert_eq!(json["serviceUrls"], serde_json::json!(urls));
    assert_eq!(json["generation"], listing.generation());
    assert_eq!(text(&document, Format::Lines).lines().collect::<Vec<_>>(), urls);
}

/// The list as Eureka splits it: at each comma, a URL with its final slash and the user-info given.
fn check_value(value: &str, listing: &Listing, user_info: Option<&str>) {
    assert!(!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()), "{value:?}");
    let expected: Vec<&ServiceUrl> = listing.urls().chain(listing.sink()).collect();
    let read: Vec<&str> = value.split(',').collect();
    assert_eq!(read.len(), expected.len(), "{value}");
    for (at, (text, url)) in read.iter().zip(expected).enumerate() {
        assert!(text.ends_with('/'), "{text}");
        assert_eq!(ServiceUrl::from_reported(text).as_ref(), Ok(url));
        let is_sink = listing.sink().is_some() && at + 1 == read.len();
        let written = text.split_once("://").and_then(|(_, rest)| Some(rest.split_once('@')?.0));
        let decoded = written.map(decode);
        assert_eq!(decoded.as_deref(), user_info.filter(|_| !is_sink).map(str::as_bytes), "{text}");
    }
    if user_info.is_none() {
        assert!(!value.contains(['$', '{', '}', '@', '%']), "{value}");
    }
}

/// Undoes percent-encoding (RFC 3986, section 2.1).
fn decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        decoded.extend_from_slice(&rest.as_bytes()[..at]);
        let hex = rest.get(at + 1..at + 3).expect("two digits follow");
        decoded.push(u8::from_str_radix(hex, 16).expect("they are hexadecimal"));
        rest = &rest[at + 3..];
    }
    decoded.extend_from_slice(rest.as_bytes());
    decoded
}

fn check_configtree(document: &Document<'_>, spring: &BTreeMap<String, String>) {
    let name = "unused".parse().expect("a file name");
    match document.render(Format::Configtree, &name) {
        Ok(files) => assert_eq!(files.iter().map(named_text).collect::<BTreeMap<_, _>>(), *spring),
        Err(error) => {
            assert_eq!(error, DocumentError::PlaceholdersInConfigtree);
            assert!(document.user_info.is_some_and(UserInfo::has_placeholders));
        }
    }
}

/// The kubelet's rules for one line of an env file (`pkg/kubelet/util/env`).
fn check_env(document: &Document<'_>, value: &str) {
    /// Go's `bufio.Scanner` reads no longer line, its end included.
    const LINE_MAX: usize = 64 * 1024;
    let name = "peers.env".parse().expect("a file name");
    let files = match document.render(Format::Env, &name) {
        Ok(files) => files,
        Err(error) => {
            assert!(value.len() + 64 > LINE_MAX / 2, "{error}");
            return;
        }
    };
    let text = named_text(&files[0]).1;
    assert!(text.len() <= LINE_MAX, "{} bytes", text.len());
    let line = text.strip_suffix('\n').expect("a line has an end");
    let (variable, quoted) = line.split_once('=').expect("an assignment");
    assert!(variable.starts_with(|c: char| c.is_ascii_uppercase()), "{variable}");
    assert!(
        variable.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'),
        "{variable}"
    );
    let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).expect("in quotes");
    assert!(!inner.contains(['\'', '\n', '\r']), "{inner:?}");
    assert_eq!(inner, value);
}

fn text(document: &Document<'_>, format: Format) -> String {
    let name = "peers".parse().expect("a file name");
    let files = document.render(format, &name).expect("this format takes every list");
    let [file] = &files[..] else { panic!("{} files", files.len()) };
    let (name, text) = named_text(file);
    assert_eq!(name, "peers");
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
    text
}

fn named_text(file: &File) -> (String, String) {
    let text = String::from_utf8(file.bytes().to_vec()).expect("a document is text");
    (file.name().to_string(), text)
}

fn read_properties(text: &str) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    java_properties::PropertiesIter::new(text.as_bytes())
        .read_into(|key, value| assert_eq!(map.insert(key, value), None, "a key stands twice"))
        .expect("a properties file");
    map
}
