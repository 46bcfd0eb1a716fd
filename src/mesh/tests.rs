//! Meshes as they are found, and what is said of them.

use proptest::prelude::*;

use crate::model::{PeerSet, ServiceUrl};

use super::{Cell, Colour, Listed, Mesh, Names, Note, Row, Told};

fn url(index: usize) -> ServiceUrl {
    format!("http://eureka-{index}.eureka.ns.svc:8761/eureka/").parse().expect("valid")
}

fn lists(peers: &[usize]) -> Row {
    Row::Lists(Listed::from(peers.iter().map(|peer| url(*peer)).collect::<PeerSet>()))
}

fn mesh(rows: Vec<Row>) -> Mesh {
    Mesh::new(
        rows.into_iter().enumerate().map(|(index, row)| (url(index), row)),
        &PeerSet::new(),
        &Names::default(),
    )
}

fn reasons(mesh: &Mesh) -> Vec<(ServiceUrl, ServiceUrl, &'static str)> {
    mesh.missing_edges().map(|edge| (edge.from.clone(), edge.to.clone(), edge.absence.label())).collect()
}

#[test]
fn three_that_know_each_other_are_complete() {
    let mesh = mesh(vec![lists(&[1, 2]), lists(&[0, 2]), lists(&[0, 1])]);
    assert!(mesh.is_complete());
    assert_eq!(mesh.notes().count(), 0);
    assert!(
        mesh.render_table(Colour::Plain).ends_with("complete: each of 3 servers lists every other one\n")
    );
}

#[test]
fn one_alone_and_none_at_all_are_complete() {
    assert!(mesh(vec![lists(&[])]).is_complete());
    assert!(mesh(vec![]).is_complete());
    assert!(mesh(vec![]).render_table(Colour::Plain).ends_with("lists every other one\n"));
}

#[test]
fn one_that_could_not_be_asked_is_not_complete() {
    let mesh = mesh(vec![Row::Silent("connection refused".into())]);
    assert!(!mesh.is_complete());
    assert!(!mesh.report().complete);
    let table = mesh.render_table(Colour::Plain);
    assert!(
        table.ends_with("incomplete: the one server could not be asked: connection refused\n"),
        "{table}"
    );
}

#[test]
fn each_reason_is_told() {
    let silent = || Row::Silent("connection refused".into());
    let one_way = mesh(vec![lists(&[1, 2]), lists(&[0, 2]), lists(&[0])]);
    assert_eq!(reasons(&one_way), [(url(2), url(1), "one_directional")]);
    let empty = mesh(vec![lists(&[1]), lists(&[])]);
    assert_eq!(reasons(&empty), [(url(1), url(0), "lists_none")]);
    let itself = mesh(vec![lists(&[1]), lists(&[1])]);
    assert_eq!(reasons(&itself), [(url(1), url(0), "lists_only_itself")]);
    let old = mesh(vec![lists(&[1]), lists(&[7])]);
    assert_eq!(reasons(&old), [(url(1), url(0), "lists_others_instead")]);
    let unreachable = mesh(vec![lists(&[1]), silent()]);
    assert_eq!(reasons(&unreachable), [(url(1), url(0), "not_asked")]);
    let gone = mesh(vec![lists(&[1]), lists(&[0]), silent()]);
    let first_two: Vec<_> = reasons(&gone).into_iter().take(2).collect();
    assert_eq!(first_two, [(url(0), url(2), "other_silent"), (url(1), url(2), "other_silent")]);
    let islands = mesh(vec![lists(&[1]), lists(&[0]), lists(&[3]), lists(&[2])]);
    assert_eq!(islands.missing_edges().count(), 8);
    assert!(islands.missing_edges().all(|edge| edge.absence.label() == "mutual"));
}

#[test]
fn notes_keep_a_mesh_complete() {
    let mesh = mesh(vec![lists(&[0, 1, 9]), lists(&[0])]);
    assert!(mesh.is_complete());
    let own = url(0);
    assert_eq!(mesh.notes().next(), Some(Note::ListsItself { server: &own }));
    assert_eq!(unexpected(&mesh), [(own, url(9).to_string(), "stranger")]);
}

fn unexpected(mesh: &Mesh) -> Vec<(ServiceUrl, String, &'static str)> {
    let told = |it: super::Unexpected<'_>| (it.server.clone(), it.entry.to_owned(), it.provenance.label());
    mesh.unexpected().map(told).collect()
}

#[test]
fn whatever_else_a_server_lists_is_told_with_its_reason() {
    let asked = url(1);
    let peers = [
        asked.as_str(),
        "http://eureka-1.eureka.ns.svc:9999/eureka/",
        "http://localhost:8761/eureka/",
        "http://[::1]:8761/eureka/",
        "http://vm.example:8761/eureka/",
    ];
    let foreign = ["/", "http://a:8761/eureka/ /", "${EUREKA_LIST}/", "eureka-9:8761"];
    let listed = Listed {
        peers: peers.into_iter().map(|peer| peer.parse().expect("valid")).collect(),
        foreign: foreign.map(str::to_owned).into(),
        ..Listed::default()
    };
    let mesh =
        Mesh::new([(url(0), Row::Lists(listed)), (url(1), lists(&[0]))], &PeerSet::new(), &Names::default());
    assert!(mesh.is_complete(), "nothing is kept from anyone");
    let told: Vec<_> = mesh.unexpected().map(|it| (it.provenance.label(), it.to_string())).collect();
    let told: Vec<_> = told.iter().map(|(label, words)| (*label, words.as_str())).collect();
    assert_eq!(
        told,
        [
            ("no_url", "no service URL: a comma at the end of a list becomes this"),
            ("no_url", "no service URL: a blank beside a comma of a list becomes this"),
            ("no_url", "no service URL: a placeholder that the server cannot resolve"),
            ("no_url", "no service URL: a list of another origin than eureka-peers"),
            ("own_machine", "its own machine: the default of an image, or of Eureka"),
            (
                "same_host",
                "on the host of http://eureka-1.eureka.ns.svc:8761/eureka/, by another scheme, port or path"
            ),
            ("own_machine", "its own machine: the default of an image, or of Eureka"),
            (
                "stranger",
                "none of the servers asked: an older list, a peer that has gone, or one outside DNS"
            ),
        ]
    );
    let (table, report) = (mesh.render_table(Colour::Plain), mesh.report());
    assert_eq!(report.unexpected.len(), told.len());
    for entry in report.unexpected {
        let line = format!("{} lists {:?}, {}", entry.server, entry.entry, entry.message);
        assert!(table.contains(&line), "{line} is not in {table}");
    }
}

#[test]
fn a_list_without_a_single_url_is_not_taken_for_an_empty_one() {
    let foreign = Row::Lists(Listed { foreign: vec!["/".to_owned()], ..Listed::default() });
    let mesh = Mesh::new([(url(0), lists(&[1])), (url(1), foreign)], &PeerSet::new(), &Names::default());
    assert_eq!(reasons(&mesh), [(url(1), url(0), "lists_others_instead")]);
}

/// Servers `eureka-0` and on of a StatefulSet, each with the list that is written in this form.
fn all_by(form: &str, addresses: &[(&str, &[&str])]) -> Mesh {
    let full = |pod: usize| format!("http://eureka-{pod}.eureka.shop.svc.cluster.local:8761/eureka/");
    let entry = |pod: usize| form.replace('#', &pod.to_string()).parse::<ServiceUrl>().expect("valid");
    let rows = (0..3).map(|pod| {
        let peers: PeerSet = (0..3).filter(|peer| *peer != pod).map(entry).collect();
        (full(pod).parse().expect("valid"), Row::Lists(peers.into()))
    });
    Mesh::new(rows.collect::<Vec<_>>(), &PeerSet::new(), &names(addresses))
}

fn names(addresses: &[(&str, &[&str])]) -> Names {
    let known = addresses.iter().map(|(name, addresses)| {
        let addresses = addresses.iter().map(|address| address.parse().expect("valid")).collect();
        (name.parse().expect("valid"), addresses)
    });
    Names { addresses: known.collect(), search: vec![] }
}

/// What DNS says of these servers' full names.
const PODS: [(&str, &[&str]); 3] = [
    ("eureka-0.eureka.shop.svc.cluster.local", &["10.244.1.2", "fd00::2"]),
    ("eureka-1.eureka.shop.svc.cluster.local", &["10.244.1.3", "fd00::3"]),
    ("eureka-2.eureka.shop.svc.cluster.local", &["10.244.1.4", "fd00::4"]),
];

#[test]
fn a_server_is_itself_by_whatever_name() {
    for form in [
        "http://eureka-#.eureka:8761/eureka/",
        "http://eureka-#.eureka.shop:8761/eureka/",
        "http://eureka-#.eureka.shop.svc:8761/eureka/",
        "http://EUREKA-#.eureka.shop.svc.cluster.local.:8761/eureka",
    ] {
        let mesh = all_by(form, &[]);
        assert!(mesh.is_complete(), "{form}: {}", mesh.render_table(Colour::Plain));
        assert_eq!(mesh.unexpected().count(), 0, "{form}");
    }
    for form in
        ["http://10.244.1.#:8761/eureka/", "http://[fd00::#]:8761/eureka/", "http://r#.example:8761/eureka/"]
    {
        let addresses = [("10.244.1.0", "fd00::0"), ("10.244.1.1", "fd00::1"), ("10.244.1.2", "fd00::2")];
        let mut known = vec![];
        for (pod, (ipv4, ipv6)) in addresses.into_iter().enumerate() {
            known.push((format!("eureka-{pod}.eureka.shop.svc.cluster.local"), vec![ipv4, ipv6]));
            known.push((format!("r{pod}.example"), vec![ipv4]));
        }
        let known: Vec<_> = known.iter().map(|(name, its)| (name.as_str(), &its[..])).collect();
        let mesh = all_by(form, &known);
        assert!(mesh.is_complete(), "{form}: {}", mesh.render_table(Colour::Plain));
        let notes: Vec<_> = mesh.notes().map(|note| note.to_string()).collect();
        assert!(
            notes.len() == 1 && notes[0].starts_with("6 entries of the lists name servers by other"),
            "{notes:?}"
        );
    }
}

#[test]
fn what_stands_for_several_or_for_none_keeps_a_mesh_incomplete() {
    let all = ["10.244.1.2", "10.244.1.3", "10.244.1.4"];
    for (form, more, reason) in [
        ("http://eureka.shop:8761/eureka/", ("eureka.shop", &all[..]), "of_several"),
        ("http://eureka-vip:8761/eureka/", ("eureka-vip", &["10.96.0.50"]), "stranger"),
        // The pods' search list does not lead below the Service.
        ("http://eureka-#:8761/eureka/", ("x", &[]), "stranger"),
        ("http://eureka-#.eureka.other:8761/eureka/", ("x", &[]), "stranger"),
        ("http://eureka-#.eureka:8762/eureka/", ("x", &[]), "same_host"),
        ("https://eureka-#.eureka:8761/eureka/", ("x", &[]), "same_host"),
        ("http://eureka-#.eureka:8761/", ("x", &[]), "same_host"),
        ("http://localhost:8761/eureka/", ("localhost", &["10.244.1.2"]), "own_machine"),
        ("http://127.0.0.#:8761/eureka/", ("x", &[]), "own_machine"),
    ] {
        let mesh = all_by(form, &[&PODS[..], &[more]].concat());
        assert_eq!(mesh.missing_edges().count(), 6, "{form}");
        assert!(
            mesh.unexpected().all(|it| it.provenance.label() == reason),
            "{form}: {:?}",
            unexpected(&mesh)
        );
        assert!(mesh.unexpected().next().is_some(), "{form}");
    }
}

/// What a server says of itself.
fn told(id: &str, host_name: &str, address: &str) -> Told {
    let port = crate::model::Port::EUREKA;
    Told { id: id.to_owned(), host_name: host_name.to_owned(), address: address.to_owned(), port: Some(port) }
}

fn row_of(told: Told, peers: &[&str]) -> Row {
    let peers = peers.iter().map(|peer| peer.parse().expect("valid")).collect();
    Row::Lists(Listed { peers, told, ..Listed::default() })
}

fn mesh_of(rows: &[(&str, Row)], names: &Names) -> Mesh {
    let rows = rows.iter().map(|(url, row)| (url.parse().expect("valid"), row.clone()));
    Mesh::new(rows.collect::<Vec<_>>(), &PeerSet::new(), names)
}

#[test]
fn one_server_by_two_urls_is_one_server() {
    let me = || row_of(told("a:8761", "eureka-0.eureka.shop.svc.cluster.local", "10.244.1.2"), &[]);
    for [one, other] in [
        ["http://eureka-0.eureka:8761/eureka/", "http://eureka-0.eureka.shop.svc.cluster.local:8761/eureka/"],
        ["http://eureka-0.eureka.shop.svc.cluster.local:8761/eureka/", "http://10.244.1.2:8761/eureka/"],
        [
            "http://registry.example:8761/eureka/",
            "http://eureka-0.eureka.shop.svc.cluster.local:8761/eureka/",
        ],
    ] {
        let known = names(&[PODS[0], ("registry.example", &["10.244.1.2"])]);
        let mesh = mesh_of(&[(one, me()), (other, me())], &known);
        assert_eq!((mesh.servers().len(), mesh.is_complete()), (1, true), "{one}");
        let note = mesh.notes().next().expect("it is said").to_string();
        assert!(
            note.contains(one) && note.contains(other) && note.ends_with("one server, and count as one"),
            "{note}"
        );
        // A third one that lists it by either URL lists it.
        for listed in [one, other] {
            let third = row_of(told("b:8761", "b", "10.244.1.9"), &[listed]);
            let mesh = mesh_of(&[(one, me()), (other, me()), ("http://b:8761/eureka/", third)], &known);
            assert_eq!(mesh.missing_edges().count(), 1, "{listed}: only the way back");
        }
        // By a third name, which leads to either URL, too.
        let third =
            row_of(told("b:8761", "b.shop.svc", ""), &["http://eureka-0.eureka.shop.svc:8761/eureka/"]);
        let known = Names { search: vec!["cluster.local".to_owned()], ..known };
        let mesh = mesh_of(&[(one, me()), (other, me()), ("http://b:8761/eureka/", third)], &known);
        assert_eq!(mesh.missing_edges().count(), 1, "{one}: only the way back");
    }
}

#[test]
fn urls_that_lead_to_a_balancer_are_not_made_one_server() {
    let known = names(&[("a.lb", &["10.96.0.50"]), ("b.lb", &["10.96.0.50"])]);
    for second in ["one", "another"] {
        let behind = |id: &str| row_of(told(id, "pod", "10.244.1.2"), &[]);
        let urls =
            [("http://a.lb:8761/eureka/", behind("one")), ("http://b.lb:8761/eureka/", behind(second))];
        assert!(!mesh_of(&urls, &known).is_complete(), "{second}");
    }
    // By two ports of one address two servers answer.
    let two = [8761, 8762].map(|port| format!("http://10.0.0.1:{port}/eureka/"));
    let row = || row_of(told("same", "host", "10.0.0.1"), &[]);
    assert_eq!(mesh_of(&[(&two[0], row()), (&two[1], row())], &Names::default()).servers().len(), 2);
}

#[test]
fn servers_asked_through_forwarded_ports_are_known_by_their_own_word() {
    let full = |pod: usize| format!("eureka-{pod}.eureka.shop.svc.cluster.local");
    let urls = [0, 1].map(|pod| format!("http://localhost:1876{pod}/eureka/"));
    for form in ["http://#:8761/eureka/", "http://10.244.1.#:8761/eureka/"] {
        let row = |pod: usize, other: usize| {
            let by = if form.contains("10.") { other.to_string() } else { full(other) };
            row_of(told(&full(pod), &full(pod), &format!("10.244.1.{pod}")), &[&form.replace('#', &by)])
        };
        let mesh = mesh_of(&[(&urls[0], row(0, 1)), (&urls[1], row(1, 0))], &Names::default());
        assert!(mesh.is_complete(), "{}", mesh.render_table(Colour::Plain));
    }
    // One address that all say, as that of a bridge, is nobody's.
    let row = |id| row_of(told(id, "same", "172.17.0.2"), &["http://172.17.0.2:8761/eureka/"]);
    assert!(!mesh_of(&[(&urls[0], row("a")), (&urls[1], row("b"))], &Names::default()).is_complete());
}

#[test]
fn a_server_that_its_own_registry_lacks_is_noted() {
    let listed = Listed { registered: Some(false), ..Listed::default() };
    let mesh = Mesh::new([(url(0), Row::Lists(listed))], &PeerSet::new(), &Names::default());
    assert!(mesh.is_complete(), "nobody lacks anything of it");
    assert_eq!(mesh.notes().next(), Some(Note::NotRegistered { server: &url(0) }));
    assert_eq!(mesh.report().servers[0].registered, Some(false));
    let text = mesh.render_table(Colour::Plain);
    assert!(text.ends_with("\n✓ complete: one server, and no other to list; see the notes\n"), "{text}");
}

#[test]
fn the_sink_is_no_peer() {
    let sink: ServiceUrl = "http://127.0.0.1:9762/sink/eureka/".parse().expect("valid");
    let only_sink = Row::Lists(PeerSet::from([sink.clone()]).into());
    let mesh =
        Mesh::new([(url(0), lists(&[1])), (url(1), only_sink)], &PeerSet::from([sink]), &Names::default());
    assert_eq!(reasons(&mesh), [(url(1), url(0), "lists_none")]);
    assert_eq!(mesh.notes().count(), 0);
}

#[test]
fn the_table_reads_as_it_should() {
    let mesh = mesh(vec![lists(&[1, 2]), lists(&[0, 1, 2]), Row::Silent("the server did not answer".into())]);
    assert_eq!(
        mesh.render_table(Colour::Plain),
        "  1  http://eureka-0.eureka.ns.svc:8761/eureka/
  2  http://eureka-1.eureka.ns.svc:8761/eureka/
  3  http://eureka-2.eureka.ns.svc:8761/eureka/

       1   2   3
  1    .   ✓   ✓
  2    ✓   !   ✓
  3    ?   ?   ?

row lists column: ✓ yes, ✗ no, ? not known, . itself, ! itself as a peer

not asked:
  ? http://eureka-2.eureka.ns.svc:8761/eureka/ could not be asked: the server did not answer

notes:
  ! http://eureka-1.eureka.ns.svc:8761/eureka/ lists itself and replicates to itself: its host name is not the host in this URL

✗ incomplete: 2 of 6 pairs are not known
"
    );
}

/// The lines about who could not be asked, and about what is missing.
fn missing_lines(mesh: &Mesh) -> Vec<String> {
    let table = mesh.render_table(Colour::Plain);
    let below = |heading: &str| {
        let lines = table.split(heading).nth(1).unwrap_or_default().lines();
        lines.take_while(|line| !line.is_empty()).map(|line| line.trim_start().to_owned()).collect::<Vec<_>>()
    };
    [below("\nnot asked:\n"), below("\nmissing:\n")].concat()
}

#[test]
fn one_dead_server_of_forty_is_one_line() {
    let others = |own: usize| lists(&(0..39).filter(|other| *other != own).collect::<Vec<_>>());
    let mut rows: Vec<_> = (0..39).map(others).collect();
    rows.push(Row::Silent("connection refused".into()));
    let removed = missing_lines(&mesh(rows.clone()));
    assert_eq!(
        removed,
        [format!(
            "? {} could not be asked: connection refused; 39 of 39 others do not list it: it is probably gone",
            url(39)
        )]
    );
    // One of the living that lacks another one is not lost among them.
    rows[3] = lists(&(0..39).filter(|other| ![3, 7].contains(other)).collect::<Vec<_>>());
    let lines = missing_lines(&mesh(rows));
    assert_eq!(lines.len(), 2);
    assert!(
        lines.iter().any(|line| line.starts_with(&format!("✗ {} does not list {}: ", url(3), url(7)))),
        "{lines:?}"
    );
}

#[test]
fn what_a_server_does_not_list_for_one_reason_is_one_line() {
    let mesh = mesh(vec![lists(&[1]), lists(&[0]), lists(&[3]), lists(&[2])]);
    let reason = "neither lists the other: their lists come from different sources";
    let line = |from, numbers| format!("✗ {} does not list 2 of 3 others ({numbers}): {reason}", url(from));
    assert_eq!(missing_lines(&mesh), [line(0, "3, 4"), line(1, "3, 4"), line(2, "1, 2"), line(3, "1, 2")]);
}

#[test]
fn colour_is_on_the_marks_alone() {
    let mesh = mesh(vec![lists(&[1, 2]), lists(&[1]), Row::Silent("no".into())]);
    let (plain, coloured) = (mesh.render_table(Colour::Plain), mesh.render_table(Colour::Ansi));
    assert!(!plain.contains('\x1b'));
    for (mark, code) in [('✓', 32), ('✗', 31), ('?', 33), ('!', 33)] {
        assert!(coloured.contains(&format!("\x1b[{code}m{mark}\x1b[0m")), "{mark}");
    }
    let stripped = ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"]
        .iter()
        .fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(stripped, plain);
}

#[test]
fn the_graph_is_for_graphviz() {
    let mesh = mesh(vec![lists(&[1]), lists(&[0, 1, 2]), Row::Silent("\"no\\".into())]);
    let label = |server| url(server).to_string();
    assert_eq!(
        mesh.render_graph(),
        format!(
            "digraph mesh {{\n  node [shape=box];\n  0 [label=\"{}\"];\n  1 [label=\"{}\"];\n  \
             2 [label=\"{}\\n\\\"no\\\\\", style=dashed, color=red];\n  \
             0 -> 1;\n  0 -> 2 [style=dashed, color=red];\n  1 -> 0;\n  1 -> 1;\n  1 -> 2;\n}}\n",
            label(0),
            label(1),
            label(2)
        )
    );
}

#[test]
fn the_picture_is_whole_xml_whatever_is_said() {
    let hostile = "</text><script>alert(\"1\")</script> & '\u{1}\u{ffff}";
    let mesh = mesh(vec![lists(&[1]), lists(&[0, 1, 2]), Row::Silent(hostile.into())]);
    let picture = mesh.render_picture();
    let document = roxmltree::Document::parse(&picture).expect("well-formed");
    let count = |name: &str, class: Option<&str>| {
        let found =
            document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", name)));
        found.filter(|node| node.attribute("class") == class).count()
    };
    assert_eq!((count("script", None), count("line", None), count("line", Some("missing"))), (0, 1, 1));
    assert_eq!(
        (count("circle", None), count("circle", Some("itself")), count("circle", Some("silent"))),
        (1, 1, 1)
    );
    let texts: Vec<_> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(texts.iter().any(|text| text.contains("<script>alert(\"1\")</script> & '")), "{texts:?}");
    assert!(texts.contains(&"incomplete"));
    for servers in [0, 1, 512] {
        let none = (0..servers).map(|_| lists(&[])).collect();
        let picture = self::mesh(none).render_picture();
        assert!(!picture.contains("NaN"), "{servers}");
        let _whole = roxmltree::Document::parse_with_options(
            &picture,
            roxmltree::ParsingOptions { nodes_limit: u32::MAX, ..Default::default() },
        )
        .expect("well-formed");
    }
}

#[test]
fn a_large_mesh_is_told_in_lines() {
    let table = mesh((0..40).map(|_| lists(&[])).collect()).render_table(Colour::Plain);
    assert!(!table.contains("row lists column"));
    assert_eq!(table.matches(" lists none of the 39 others: ").count(), 40, "{table}");
    assert!(table.ends_with("\n✗ incomplete: 1560 of 1560 pairs are missing\n"));
}

#[test]
fn the_report_is_for_programs() {
    let mesh = mesh(vec![lists(&[1]), Row::Silent("no".into())]);
    assert_eq!(
        serde_json::to_value(mesh.report()).expect("serialises"),
        serde_json::json!({
            "version": 1,
            "complete": false,
            "servers": [
                {"url": url(0).as_str(), "lists": [url(1).as_str()]},
                {"url": url(1).as_str(), "fault": "no"},
            ],
            "missing": [{
                "from": url(1).as_str(),
                "to": url(0).as_str(),
                "reason": "not_asked",
                "message": "it could not be asked: no",
            }],
            "unexpected": [],
            "notes": [],
        })
    );
}

proptest! {
    /// The cells, the missing edges and the verdict are three views of one thing.
    #[test]
    fn views_agree(rows in proptest::collection::vec(
        proptest::option::of(proptest::collection::btree_set(0_usize..8, 0..8)), 0..7)
    ) {
        let mesh = mesh(rows.iter().map(|row| match row {
            Some(peers) => lists(&peers.iter().copied().collect::<Vec<_>>()),
            None => Row::Silent("no".into()),
        }).collect());
        let own_unknown = rows.iter().filter(|row| row.is_none()).count();
        let open = mesh
            .rows()
            .flat_map(|(server, row)| mesh.cells(server, row))
            .filter(|cell| matches!(cell, Cell::Missing | Cell::Unknown))
            .count();
        prop_assert_eq!(mesh.missing_edges().count(), open - own_unknown);
        prop_assert_eq!(mesh.is_complete(), own_unknown == 0 && mesh.missing_edges().next().is_none());
        prop_assert_eq!(mesh.report().missing.len(), open - own_unknown);
        let verdict = if mesh.is_complete() { "\n✓ complete" } else { "\n✗ incomplete" };
        prop_assert!(mesh.render_table(Colour::Plain).contains(verdict));
    }
}
