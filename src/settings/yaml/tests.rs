//! Honest files, wrong ones, hostile ones.

use proptest::prelude::*;

use super::*;

fn text(key: &str, line: usize, value: &str) -> Entry {
    Entry { key: key.to_owned(), line: Some(line), value: Node::Text(value.to_owned()) }
}

fn refused(text: &str) -> YamlError {
    read(text).expect_err("refused").0
}

#[test]
fn scalars_are_kept_as_they_are_written() {
    let file = "# settings\ninterval: 1s\nfile-mode: 0644\nport: 0x10\n\nfreeze: True\nzone: \"a b\"\nmax-peers: 1e2\nmode: 0o644\n";
    let expected = vec![
        text("interval", 2, "1s"),
        text("file-mode", 3, "0644"),
        text("port", 4, "0x10"),
        text("freeze", 6, "True"),
        text("zone", 7, "a b"),
        text("max-peers", 8, "1e2"),
        text("mode", 9, "0o644"),
    ];
    assert_eq!(read(file), Ok(expected));
}

#[test]
fn lists_and_lines() {
    let file = "service:\n  - a\n  - 1\n\"output\": [x, 'y z',\n  z]\n# c\nport: 1\n";
    let list = |items: &[&str]| Node::List(items.iter().map(ToString::to_string).collect());
    let expected = vec![
        Entry { key: "service".to_owned(), line: Some(1), value: list(&["a", "1"]) },
        Entry { key: "output".to_owned(), line: Some(4), value: list(&["x", "y z", "z"]) },
        text("port", 7, "1"),
    ];
    assert_eq!(read(file), Ok(expected));
    assert_eq!(read("{a: 1,\n b: 2}"), Ok(vec![text("a", 1, "1"), text("b", 2, "2")]));
    assert_eq!(read("a: []"), Ok(vec![Entry { key: "a".to_owned(), line: Some(1), value: list(&[]) }]));
}

#[test]
fn lines_are_those_of_the_keys_however_they_are_written() {
    let lines = |text: &str| {
        let entries = read(text).unwrap_or_else(|refusal| panic!("{text:?}: {refusal:?}"));
        entries.into_iter().map(|entry| (entry.key, entry.line)).collect::<Vec<_>>()
    };
    let of = |expected: &[(&str, usize)]| {
        expected.iter().map(|(key, line)| ((*key).to_owned(), Some(*line))).collect::<Vec<_>>()
    };
    assert_eq!(lines("a: 1"), of(&[("a", 1)]), "at the very beginning");
    assert_eq!(lines("---\n? a\n: 1\n'b at line 9': 2\n"), of(&[("a", 2), ("b at line 9", 4)]));
    assert_eq!(
        lines("a: |\n  x\n  y\n\nb: >\n  z\nc: &c 1\nd: *c\n"),
        of(&[("a", 1), ("b", 5), ("c", 7), ("d", 8)])
    );
    assert_eq!(lines("{a: 1, b: {c: 1},\n\n\"d\": 1}"), of(&[("a", 1), ("b", 1), ("d", 3)]));
    assert_eq!(lines("a: 1\r\nb: 2\r\na: 3\r\n"), of(&[("a", 1), ("b", 2), ("a", 3)]));
}

#[test]
fn an_empty_file_says_nothing() {
    for empty in ["", "\n", "# only a comment\n", "---\n", "{}", "~"] {
        assert_eq!(read(empty), Ok(Vec::new()), "{empty:?}");
    }
}

#[test]
fn unsuitable_values_are_named() {
    let values: Vec<Node> = read("a:\nb: ~\nc: {x: 1}\nd: [[1]]\ne: [~]\nf: !t 1\ng: - \n")
        .map_or_else(|_| Vec::new(), |entries| entries.into_iter().map(|entry| entry.value).collect());
    assert!(values.is_empty(), "`g: -` is not YAML");
    let values: Vec<Node> = read("a:\nb: ~\nc: {x: 1}\nd: [[1]]\ne: [~]\nf: !t 1\n")
        .expect("valid")
        .into_iter()
        .map(|entry| entry.value)
        .collect();
    let list = Node::Unsuitable("a list with an item that is not a plain text");
    assert_eq!(
        values,
        [
            Node::Nothing,
            Node::Nothing,
            Node::Unsuitable("a mapping"),
            list.clone(),
            list,
            Node::Unsuitable("a tagged value")
        ]
    );
}

#[test]
fn what_is_no_mapping_is_refused() {
    for other in ["- a\n- b\n", "just words", "42", "!t {a: 1}", "[a]"] {
        assert_eq!(refused(other), YamlError::NoMapping, "{other:?}");
    }
    assert!(matches!(refused("a: 1\n---\nb: 2\n"), YamlError::Syntax(_)));
    assert!(matches!(refused("? [a]\n: 1\n"), YamlError::Syntax(_)));
    let (error, line) = read("a: 1\nb: [\n").expect_err("unfinished");
    assert!(matches!(error, YamlError::Syntax(_)));
    assert!(line.is_some());
}

#[test]
fn an_error_quotes_nothing_of_the_file() {
    for file in
        ["a: !!int s3cret", "a: !!bool s3cret", "s3cret", "? [s3cret]\n: 1", "a: *s3cret", "a: 's3cret"]
    {
        match read(file) {
            Ok(entries) => panic!("{file:?} gave {entries:?}"),
            Err((error, _)) => assert!(!error.to_string().contains("s3cret"), "{error}"),
        }
    }
}

#[test]
fn bombs_are_refused_or_read_as_nothing_of_use() {
    let layer = |name: char, of: char| format!("{name}: &{name} [{}]\n", vec![format!("*{of}"); 9].join(","));
    let laughs = format!(
        "a: &a [x,x,x,x,x,x,x,x,x]\n{}{}{}{}{}{}",
        layer('b', 'a'),
        layer('c', 'b'),
        layer('d', 'c'),
        layer('e', 'd'),
        layer('f', 'e'),
        layer('g', 'f')
    );
    let long = format!("a: &a {}\nservice: [{}]\n", "x".repeat(30_000), vec!["*a"; 8_000].join(","));
    let own_child = "a: &a [*a]\n".to_owned();
    let brackets = format!("a: {}", "[".repeat(60_000));
    let few_brackets = format!("a: {}{}", "[".repeat(BRACKETS_MAX), "x,".repeat(30_000));
    let braces = format!("a: {}", "{a: ".repeat(15_000));
    let dashes = format!("a:\n  {}", "- ".repeat(30_000));
    let question_marks = "? ".repeat(30_000);
    let keys = (0..10_000).map(|n| format!("k{n}: 1\n")).take(5_000).collect::<String>();
    let indents = (0..300).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<Vec<_>>().concat();
    for bomb in
        [laughs, long, own_child, brackets, few_brackets, braces, dashes, question_marks, keys, indents]
    {
        let outcome = read(&bomb);
        let head: String = bomb.chars().take(20).collect();
        if let Ok(entries) = outcome {
            assert!(entries.iter().any(|entry| matches!(entry.value, Node::Unsuitable(_))), "{head:?}");
        }
    }
}

#[test]
fn size_is_bounded() {
    let comment = format!("# {}\n", "x".repeat(FILE_SIZE_MAX));
    assert_eq!(refused(&comment), YamlError::TooLarge(comment.len()));
    let peers: Vec<String> = (0..512)
        .map(|n| format!("- http://peer-{n}.a-rather-long-name.example.org:8761/eureka/\n"))
        .collect();
    let entries = read(&format!("static-peer:\n{}", peers.concat())).expect("512 peers fit");
    assert!(matches!(&entries[0].value, Node::List(items) if items.len() == 512));
}

proptest! {
    /// Each key on the line where it was put, whatever stands between.
    #[test]
    fn keys_stand_where_they_were_put(
        values in proptest::collection::vec(
            proptest::sample::select(vec![" 1", "", " [x,\n y]", "\n- x\n- y", " 'a\n\n b'", " |\n x\n y", " {x: 1}"]),
            0..KEYS_MAX,
        ),
        blanks in proptest::collection::vec(0_usize..3, KEYS_MAX),
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (index, value) in values.iter().enumerate() {
            text.push_str(&"# at line 7\n".repeat(blanks[index]));
            expected.push((format!("k{index}"), Some(text.lines().count() + 1)));
            text.extend([&expected[index].0, ":", value, "\n"]);
        }
        let entries = read(&text).expect("valid");
        let found: Vec<_> = entries.into_iter().map(|entry| (entry.key, entry.line)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _either = read(&text);
    }

    #[test]
    fn what_looks_like_yaml_is_read_or_refused(text in "([a-z]{1,3}: ?|- |\\[|\\]|\\{|\\}|, |&a |\\*a |!!?[a-z]{0,3} |'|\"|\\||>|\n {0,4}|# |~|0x|\\? |---\n|%|@|[a-z0-9]){0,40}") {
        let _either = read(&text);
    }
}
