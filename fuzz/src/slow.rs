//! Replies that a careless reader takes long over: seconds, minutes or hours for what one mebibyte holds.
//!
//! Each is as large as a reply may be, and asks one thing of the reader as often as that lets it.

/// Nearly as much as is read of a reply (`http_client::BODY_MAX`): what is put around it fits as well.
const LENGTH: usize = (1 << 20) - 1024;

/// As often as it fits.
fn filled(piece: &str) -> String {
    piece.repeat(LENGTH / piece.len())
}

/// As many of a row as fit, each with its number.
fn numbered(piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        let next = piece(number);
        if text.len() + next.len() > LENGTH {
            break;
        }
        text.push_str(&next);
    }
    text
}

fn status(list: &str) -> String {
    format!("<s><applicationStats><registered-replicas>{list}</registered-replicas></applicationStats></s>")
}

fn instance(host_name: &str) -> String {
    format!("<s><instanceInfo><hostName>{host_name}</hostName></instanceInfo>{}</s>", &status("")[3..])
}

fn nested(open: impl Fn(usize) -> String, close: &str, depth: usize) -> String {
    let opened: String = (0..depth).map(open).collect();
    format!("{opened}{}", close.repeat(depth))
}

/// Status documents.
pub fn statuses() -> Vec<(&'static str, String)> {
    let mut all = shapes_of_xml();
    all.extend(the_most_that_is_read());
    all.extend(texts());
    all
}

/// What the XML reader would take long over.
fn shapes_of_xml() -> Vec<(&'static str, String)> {
    let space = |number: usize| format!("<a xmlns:n{number}=''>");
    let half = "u".repeat(LENGTH / 2);
    vec![
        ("52-KB-of-nested-namespaces", nested(|n| format!("<a xmlns:n{n}=\"\">"), "</a>", 2100)),
        ("106-KB-of-nested-namespaces", nested(space, "</a>", 4500)),
        ("nested-namespaces", nested(space, "</a>", 40_000)),
        ("namespaces-of-one-element", format!("<s{}/>", numbered(|n| format!(" xmlns:n{n}=''")))),
        ("namespaces-after-one-another", format!("<s>{}</s>", numbered(|n| format!("<a xmlns:n{n}=''/>")))),
        ("attributes-of-one-element", format!("<s{}/>", numbered(|n| format!(" a{n}=''")))),
        (
            "attributes-of-a-long-namespace",
            format!("<s xmlns:n='{half}'{}/>", numbered(|n| format!(" n:a{n}=''")).split_at(40_000).0),
        ),
        ("deep", filled("<a>")),
        ("deep-and-whole", nested(|_| "<a>".to_owned(), "</a>", LENGTH / 7)),
        ("wide", format!("<s>{}</s>", filled("<a/>"))),
        ("ends-alone", filled("</a>")),
        ("brackets", filled("<")),
        ("one-long-tag", format!("<{}>", filled("a"))),
        ("one-long-value", format!("<a b='{}", filled("a"))),
        ("one-long-comment", format!("<!--{}", filled("-"))),
        ("one-long-instruction", format!("<?a {}", filled("?"))),
        ("one-long-section", format!("<s><![CDATA[{}", filled("]"))),
        ("comments", format!("<s>{}</s>", filled("<!---->"))),
        ("sections", format!("<s>{}</s>", filled("<![CDATA[]]>"))),
        ("entities", format!("<!DOCTYPE s [{}]><s/>", numbered(|n| format!("<!ENTITY e{n} ''>")))),
    ]
}

/// All of everything that passes.
fn the_most_that_is_read() -> Vec<(&'static str, String)> {
    let spaces: String = (0..15).map(|n| format!(" xmlns:n{n}='{n}'")).collect::<Vec<_>>().concat();
    let long = "u".repeat(700);
    let attributes: String = (0..15).map(|n| format!(" n:a{n}=''")).collect::<Vec<_>>().concat();
    let of_one_space = format!("<a{attributes}/>").repeat(250);
    vec![
        ("spaces-around-everything", format!("<s{spaces}>{}</s>", "<a b=''/>".repeat(4000))),
        ("attributes-of-a-space", format!("<s xmlns:n='{long}'>{of_one_space}</s>")),
        ("elements", format!("<s>{}</s>", "<a></a>".repeat(8000))),
        ("deep-everywhere", format!("<s>{}</s>", nested(|_| "<a>".to_owned(), "</a>", 31).repeat(250))),
        ("sections-that-pass", status(&"<![CDATA[a]]>".repeat(16_000))),
    ]
}

/// What would have been long work after the XML.
fn texts() -> Vec<(&'static str, String)> {
    let long = "h".repeat(60_000);
    vec![
        ("schemes", status(&filled("://"))),
        ("schemes-in-a-host-name", instance(&filled("://"))),
        ("schemes-of-a-root", format!("<s>{}</s>", filled("a://"))),
        ("placeholders", status(&filled("${"))),
        ("placeholders-with-names", status(&filled(&format!("${{{}", "n".repeat(300))))),
        ("placeholders-with-short-names", status(&filled("${n"))),
        ("commas", status(&filled(","))),
        ("at-signs", status(&filled("@"))),
        ("colons", status(&filled(":"))),
        ("long-urls", status(&numbered(|n| format!("http://{n}{}:1/,", "h".repeat(230))))),
        ("urls-with-long-users", status(&numbered(|n| format!("http://{long}@{n}:1/,")))),
        ("urls-with-long-paths", status(&numbered(|n| format!("http://{n}:1/{long}/,")))),
        ("entities-in-text", status(&filled("&lt;"))),
        ("line-ends", status(&filled("\r"))),
        ("blanks", status(&filled(" "))),
        ("marks", status(&filled("\u{202e}"))),
    ]
}

/// Bodies of a reply that says that something failed; and of one that should be JSON.
pub fn bodies() -> Vec<(&'static str, String)> {
    vec![
        ("schemes", filled("://")),
        ("a-message-of-schemes", format!("{{\"message\":\"{}\"}}", filled("://"))),
        ("blanks", format!("a{}a", filled(" "))),
        ("lists", format!("[{}0]", filled("0,"))),
        ("digits", filled("1")),
        ("escapes", format!("{{\"message\":\"{}\"}}", filled("\\u0000"))),
        ("keys", format!("{{{}\"a\":0}}", numbered(|n| format!("\"k{n}\":0,")))),
        (
            "sources",
            format!(
                "{{\"propertySources\":[{{\"name\":\"a\",\"properties\":{{{}\"a\":{{}}}}}}]}}",
                numbered(|n| format!("\"{}{n}\":{{}},", "e".repeat(100)))
            ),
        ),
    ]
}
