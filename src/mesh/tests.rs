//! Meshes as they are found, and what is said of them.

use proptest::prelude::*;

use crate::model::{PeerSet, ServiceUrl};

use super::{Cell, Colour, Listed, Mesh, Note, Row};

fn url(index: usize) -> ServiceUrl {
    format!("http://eureka-{index}.eureka.ns.svc:8761/eureka/").parse().expect("valid")
}

fn lists(peers: &[usize]) -> Row {
    Row::Lists(Listed::from(peers.iter().map(|peer| url(*peer)).collect::<PeerSet>()))
}

fn mesh(rows: Vec<Row>) -> Mesh {
    Mesh::new(rows.into_iter().enumerate().map(|(index, row)| (url(index), row)), &PeerSet::new())
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
    };
    let mesh = Mesh::new([(url(0), Row::Lists(listed)), (url(1), lists(&[0]))], &PeerSet::new());
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
    let foreign = Row::Lists(Listed { peers: PeerSet::new(), foreign: vec!["/".to_owned()] });
    let mesh = Mesh::new([(url(0), lists(&[1])), (url(1), foreign)], &PeerSet::new());
    assert_eq!(reasons(&mesh), [(url(1), url(0), "lists_others_instead")]);
}

#[test]
fn the_sink_is_no_peer() {
    let sink: ServiceUrl = "http://127.0.0.1:9762/sink/eureka/".parse().expect("valid");
    let only_sink = Row::Lists(PeerSet::from([sink.clone()]).into());
    let mesh = Mesh::new([(url(0), lists(&[1])), (url(1), only_sink)], &PeerSet::from([sink]));
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

missing:
  ? http://eureka-2.eureka.ns.svc:8761/eureka/ could not be asked: the server did not answer

notes:
  ! http://eureka-1.eureka.ns.svc:8761/eureka/ lists itself and replicates to itself: its host name is not the host in this URL

✗ incomplete: 2 of 6 pairs are missing
"
    );
}

/// The lines about what is missing.
fn missing_lines(mesh: &Mesh) -> Vec<String> {
    let table = mesh.render_table(Colour::Plain);
    let lines = table.split("missing:\n").nth(1).unwrap_or_default().lines();
    lines.take_while(|line| !line.is_empty()).map(|line| line.trim_start().to_owned()).collect()
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
