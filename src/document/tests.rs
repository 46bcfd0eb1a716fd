//! Each format against a reader of its kind, over random listings and secrets.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{PeerSet, ServiceUrl};

fn url(text: &str) -> ServiceUrl {
    text.parse().expect("a service URL")
}

fn zone(text: &str) -> Zone {
    text.parse().expect("a zone")
}

fn render(document: &Document<'_>, format: Format) -> Vec<(String, String)> {
    let name = "peers".parse().expect("a file name");
    let files = document.render(format, &name).expect("a short list");
    let text = |file: &File| String::from_utf8(file.bytes().to_vec()).expect("text");
    files.iter().map(|file| (file.name().to_string(), text(file))).collect()
}

/// The single file of a format that yields one.
fn text(document: &Document<'_>, format: Format) -> String {
    let [(name, text)] = <[_; 1]>::try_from(render(document, format)).expect("one file");
    assert_eq!(name, "peers");
    text
}

fn read_properties(text: &str) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    java_properties::PropertiesIter::new(text.as_bytes())
        .read_into(|key, value| assert_eq!(map.insert(key, value), None, "a key stands twice"))
        .expect("a properties file");
    map
}

/// The kubelet's rules for one line (`pkg/kubelet/util/env`, `ParseEnv`).
fn read_env(text: &str) -> (String, String) {
    let line = text.strip_suffix('\n').expect("ends with a newline");
    let (name, quoted) = line.split_once('=').expect("an assignment");
    let value = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).expect("quoted");
    assert!(!value.contains(['\'', '\n']), "{value:?}");
    (name.to_owned(), value.to_owned())
}

fn three_peers() -> PeerSet {
    [
        "http://eureka-1.eureka:8761/eureka/",
        "http://eureka-0.eureka:8761/eureka/",
        "https://[fd00::2]:8761/e/",
    ]
    .map(url)
    .into()
}

/// Whether these texts, under the names that they were rendered with, are a whole document.
fn is_whole_text(format: Format, zone: &Zone, texts: &[(String, String)]) -> bool {
    let file =
        |(name, text): &(String, String)| File::new(name.parse().expect("a name"), text.clone().into());
    is_whole(format, zone, &texts.iter().map(file).collect::<Vec<_>>(), |_| true)
}

#[test]
fn what_we_write_is_whole_and_what_is_left_of_it_is_not() {
    let listing = Listing::of_peers(&three_peers(), 7).expect("not empty");
    let user_info = UserInfo::from_placeholders("${EUREKA_USER}:${EUREKA_PASSWORD}").expect("valid");
    let (default, other) = (Zone::default(), zone("us-east_1c"));
    for (format, zone, other) in
        Format::all().flat_map(|format| [(format, &default, &other), (format, &other, &default)])
    {
        let document = Document { listing: &listing, zone, user_info: None };
        let texts = render(&document, format);
        assert!(is_whole_text(format, zone, &texts), "{format:?}: {texts:?}");
        let names: Vec<_> = texts.iter().map(|(name, _)| name.parse().expect("a name")).collect();
        assert_eq!(file_names(format, &"peers".parse().expect("a name"), zone), names, "{format:?}");
        // Of a configtree the file's name says it, and lines have none.
        let names_its_zone = !matches!(format, Format::Configtree | Format::Lines);
        assert_eq!(
            !is_whole_text(format, other, &texts),
            names_its_zone,
            "{format:?}: the key of another zone"
        );
        if format != Format::Configtree {
            let with_placeholders = render(&Document { user_info: Some(&user_info), ..document }, format);
            assert!(is_whole_text(format, zone, &with_placeholders), "{format:?}: {with_placeholders:?}");
        }
        let (name, text) = &texts[0];
        // A list of lines that is cut between two of them is a shorter list.
        let is_shorter_list = |cut: &str| match format {
            Format::Lines => cut.ends_with('\n'),
            Format::SpringProperties | Format::SpringYaml | Format::Archaius => cut.contains("/e/\n"),
            Format::Configtree => cut.ends_with('/'),
            Format::Env | Format::Json => false,
        };
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let cut = &text[..at];
            let is_whole = is_whole_text(format, zone, &[(name.clone(), cut.to_owned())]);
            assert!(!is_whole || is_shorter_list(cut), "{format:?}: {cut:?}");
        }
        for empty in
            ["", "\n", " \n", "eureka.client.service-url.defaultZone=\n", "{}\n", "null\n", "\u{0}\n"]
        {
            assert!(
                !is_whole_text(format, zone, &[(name.clone(), empty.to_owned())]),
                "{format:?}: {empty:?}"
            );
        }
    }
    assert!(!is_whole(Format::Lines, &default, &[], |_| true));
    for format in Format::all() {
        let document = Document { listing: &listing, zone: &default, user_info: None };
        let files = document.render(format, &"peers".parse().expect("a name")).expect("a short list");
        let permits = |url: &ServiceUrl| url.host().to_string() != "eureka-1.eureka";
        assert!(!is_whole(format, &default, &files, permits), "{format:?}: one that is not permitted");
    }
}

#[test]
fn golden_files() {
    let listing = Listing::of_peers(&three_peers(), 7).expect("not empty");
    let user_info = UserInfo::from_placeholders("${EUREKA_USER}:${EUREKA_PASSWORD}").expect("valid");
    let zone = Zone::default();
    let plain = Document { listing: &listing, zone: &zone, user_info: None };
    let with_placeholders = Document { user_info: Some(&user_info), ..plain };
    assert_eq!(
        text(&with_placeholders, Format::SpringProperties),
        include_str!("golden/placeholders.properties")
    );
    let configtree = [
        ("eureka.client.service-url.defaultZone", plain.value()),
        ("eureka.client.service-url.eureka-peers-generation", "7".to_owned()),
    ];
    for format in Format::all() {
        let (document, golden) = match format {
            Format::SpringProperties => (&plain, include_str!("golden/spring.properties")),
            Format::SpringYaml => (&with_placeholders, include_str!("golden/placeholders.yaml")),
            Format::Archaius => (&plain, include_str!("golden/archaius.properties")),
            Format::Configtree => {
                let files = configtree.clone().map(|(name, value)| (name.to_owned(), value));
                assert_eq!(render(&plain, format), files);
                continue;
            }
            Format::Env => (&plain, include_str!("golden/peers.env")),
            Format::Json => (&plain, include_str!("golden/peers.json")),
            Format::Lines => (&plain, include_str!("golden/peers.lines")),
        };
        assert_eq!(text(document, format), golden, "{format:?}");
    }
}

#[test]
fn the_sink_comes_last_and_without_user_info() {
    let sink = url("http://127.0.0.1:9762/sink/eureka/");
    let listing = Listing::alone(url("http://z:1/eureka/"), Some(sink), 0);
    let user_info = UserInfo::from_secret(b"u:p").expect("valid");
    let document = Document { listing: &listing, zone: &Zone::default(), user_info: Some(&user_info) };
    assert_eq!(document.value(), "http://u:p@z:1/eureka/,http://127.0.0.1:9762/sink/eureka/");
}

#[test]
fn another_zone_is_named_and_archaius_keeps_its_default() {
    let listing = Listing::of_peers(&[url("http://a:1/e/")].into(), 0).expect("not empty");
    let zone_name = zone("us-east-1c");
    let document = Document { listing: &listing, zone: &zone_name, user_info: None };
    assert_eq!(
        text(&document, Format::Archaius),
        "eureka.serviceUrl.default=http://a:1/e/\neureka.serviceUrl.us-east-1c=http://a:1/e/\n"
    );
    let properties = text(&document, Format::SpringProperties);
    assert!(properties.starts_with("eureka.client.service-url.us-east-1c=http://a:1/e/\n"), "{properties}");
    let default = zone("default");
    let document = Document { zone: &default, ..document };
    assert_eq!(text(&document, Format::Archaius), "eureka.serviceUrl.default=http://a:1/e/\n");
}

#[test]
fn an_env_line_that_the_kubelet_would_refuse_is_an_error() {
    let peers = |count: usize| -> PeerSet {
        (0..count).map(|n| url(&format!("http://{}{n:05}:8761/e/", "a".repeat(50)))).collect()
    };
    let listing = |count| Listing::of_peers(&peers(count), 0).expect("not empty");
    let zone = Zone::default();
    let name = "peers.env".parse().expect("a file name");
    let fits = listing(922);
    let document = Document { listing: &fits, zone: &zone, user_info: None };
    let length = text(&document, Format::Env).len();
    // The first URL's path fills the line up.
    let filled = |bytes: usize| {
        let path = "e".repeat(bytes - length + 1);
        let first = [url(&format!("http://{}00000:8761/{path}/", "a".repeat(50)))];
        Listing::of_peers(&peers(922).into_iter().skip(1).chain(first).collect(), 0).expect("not empty")
    };
    let fullest = filled(ENV_LINE_MAX);
    let document = Document { listing: &fullest, ..document };
    assert_eq!(text(&document, Format::Env).len(), ENV_LINE_MAX);
    let longer = filled(ENV_LINE_MAX + 1);
    let document = Document { listing: &longer, ..document };
    let refused = Err(DocumentError::EnvLineTooLong { bytes: ENV_LINE_MAX + 1 });
    assert_eq!(document.render(Format::Env, &name), refused);
}

#[test]
fn placeholders_that_spring_would_not_resolve_are_refused() {
    let listing = Listing::of_peers(&three_peers(), 0).expect("not empty");
    let user_info = UserInfo::from_placeholders("${A}:${B}").expect("valid");
    let document = Document { listing: &listing, zone: &Zone::default(), user_info: Some(&user_info) };
    let name = "unused".parse().expect("a file name");
    assert_eq!(document.render(Format::Configtree, &name), Err(DocumentError::PlaceholdersInConfigtree));
}

#[test]
fn a_file_is_printed_without_its_content() {
    let file = File::new("x".parse().expect("a file name"), b"secret".to_vec());
    assert_eq!(format!("{file:?}"), "File(x, 6 bytes)");
}

#[test]
fn file_names_are_those_of_a_config_map() {
    let longest = "a".repeat(200);
    for good in ["peers.properties", "a", "A-b_c.1", longest.as_str()] {
        let name: FileName = good.parse().expect("a file name");
        assert_eq!(name.as_str(), good);
    }
    let long = "a".repeat(201);
    for bad in ["", ".", "..", ".hidden", "..data", "a/b", "a b", "a\n", "ä", long.as_str()] {
        assert!(bad.parse::<FileName>().is_err(), "{bad:?}");
    }
}

fn any_listing() -> impl Strategy<Value = Listing> {
    let host = prop_oneof![
        "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,5}[a-z0-9])?){0,3}",
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| format!("[{address}]")),
    ];
    let url_parts = (prop_oneof!["http", "https"], host, 1..=u16::MAX, "(/[a-zA-Z0-9_~-]{1,6}){0,3}");
    let urls = url_parts.prop_filter_map("a service URL", |(scheme, host, port, path)| {
        format!("{scheme}://{host}:{port}{path}").parse::<ServiceUrl>().ok()
    });
    let peers = proptest::collection::btree_set(urls.clone(), 1..12).prop_flat_map(|peers| {
        let peers: PeerSet = peers.into_iter().collect();
        any::<u64>().prop_map(move |n| Listing::of_peers(&peers, n).expect("not empty"))
    });
    let alone = (urls.clone(), proptest::option::of(urls), any::<u64>())
        .prop_map(|(own, sink, n)| Listing::alone(own, sink, n));
    prop_oneof![3 => peers, 1 => alone]
}

fn any_zone() -> impl Strategy<Value = Zone> {
    prop_oneof![
        Just(Zone::default()),
        "[a-zA-Z0-9][a-zA-Z0-9_-]{0,20}".prop_filter_map("a zone", |text| text.parse().ok()),
        prop_oneof!["on", "null", "1", "true", "default", "y"].prop_map(|text| zone(&text)),
    ]
}

fn any_user_info() -> impl Strategy<Value = Option<UserInfo>> {
    let secret = ("[^\\pC:]{1,20}", "[^\\pC:]{1,20}").prop_map(|(user, password)| {
        UserInfo::from_secret(format!("{user}:{password}").as_bytes()).expect("valid")
    });
    let placeholders = "\\$\\{[A-Za-z_][A-Za-z0-9_.-]{0,8}\\}:\\$\\{[A-Za-z_][A-Za-z0-9_.-]{0,8}\\}"
        .prop_map(|text| UserInfo::from_placeholders(&text).expect("valid"));
    prop_oneof![Just(None), secret.prop_map(Some), placeholders.prop_map(Some)]
}

proptest! {
    #[test]
    fn every_reader_reads_the_same_list(listing in any_listing(), zone in any_zone(), user_info in any_user_info()) {
        let document = Document { listing: &listing, zone: &zone, user_info: user_info.as_ref() };
        let value = document.value();
        let spring = BTreeMap::from([
            (format!("eureka.client.service-url.{zone}"), value.clone()),
            ("eureka.client.service-url.eureka-peers-generation".to_owned(), listing.generation().to_string()),
        ]);
        let urls: Vec<_> = value.split(',').collect();
        for format in Format::all() {
            match format {
                Format::SpringProperties => prop_assert_eq!(&read_properties(&text(&document, format)), &spring),
                Format::SpringYaml => {
                    let yaml: BTreeMap<String, String> = serde_yaml::from_str(&text(&document, format)).expect("YAML");
                    prop_assert_eq!(&yaml, &spring);
                }
                Format::Archaius => {
                    let archaius = read_properties(&text(&document, format));
                    prop_assert_eq!(archaius.get("eureka.serviceUrl.default"), Some(&value));
                    prop_assert_eq!(archaius.get(&format!("eureka.serviceUrl.{zone}")), Some(&value));
                }
                Format::Configtree if user_info.as_ref().is_some_and(UserInfo::has_placeholders) => {}
                Format::Configtree => {
                    let tree: BTreeMap<_, _> = render(&document, format).into_iter().collect();
                    prop_assert_eq!(&tree, &spring);
                }
                Format::Env => {
                    let (variable, env_value) = read_env(&text(&document, format));
                    prop_assert!(variable.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'));
                    prop_assert_eq!(&env_value, &value);
                }
                Format::Json => {
                    let json: serde_json::Value = serde_json::from_str(&text(&document, format)).expect("JSON");
                    prop_assert_eq!(&json, &serde_json::json!({"zone": zone.as_str(), "serviceUrls": urls, "generation": listing.generation()}));
                }
                Format::Lines => {
                    let lines = text(&document, format);
                    prop_assert_eq!(&lines.lines().collect::<Vec<_>>(), &urls);
                }
            }
        }
    }

    #[test]
    fn the_list_is_what_eureka_wants(listing in any_listing(), user_info in any_user_info()) {
        let document = Document { listing: &listing, zone: &Zone::default(), user_info: user_info.as_ref() };
        let value = document.value();
        prop_assert!(value.bytes().all(|b| b.is_ascii_graphic()), "{}", value);
        let read: Vec<_> = value.split(',').map(|text| {
            assert!(text.ends_with('/'), "{text}");
            ServiceUrl::from_reported(text).expect("a service URL")
        }).collect();
        let expected: Vec<_> = listing.urls().chain(listing.sink()).cloned().collect();
        prop_assert_eq!(read, expected);
        // Only an operator's own placeholders may be resolved by the server.
        let placeholders = value.matches("${").count();
        let written = format!("{user_info:?}").matches("${").count() * listing.urls().count();
        prop_assert_eq!(placeholders, written);
    }

    #[test]
    fn text_ends_with_one_newline_and_values_with_none(listing in any_listing(), zone in any_zone()) {
        let document = Document { listing: &listing, zone: &zone, user_info: None };
        for format in Format::all() {
            for (name, text) in render(&document, format) {
                let ends = text.len() - text.trim_end_matches('\n').len();
                prop_assert_eq!(ends, usize::from(format != Format::Configtree), "{:?} {}", format, name);
                prop_assert!(!text.trim().is_empty());
            }
        }
    }
}
