//! The mesh as a picture in SVG, for browsers and tickets.
//!
//! Servers stand on a circle, with a number each that the lines below explain. A grey line: each of the two lists the
//! other. A red arrow: its server does not list the one it points at.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use crate::model::ServiceUrl;

use super::{Cell, Mesh, Row};

/// Of the circle of a server.
const NODE_RADIUS: f64 = 14.0;
/// Along the large circle, from server to server at least.
const NODE_SPACING: f64 = 44.0;
const RADIUS_MIN: f64 = 90.0;
const MARGIN: f64 = 30.0;
const LINE_HEIGHT: f64 = 18.0;
/// Wide enough for a URL of a pod, and the beginning of a reason.
const WIDTH_MIN: f64 = 720.0;

const HEAD: &str = "<defs><marker id=\"to\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
    orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#c00\"/></marker></defs>\n\
    <style>text{font:13px monospace}line{stroke:#999}line.missing{stroke:#c00;stroke-dasharray:5 3}\
    circle{fill:#fff;stroke:#333}circle.silent{stroke:#c00;stroke-dasharray:4 2}circle.itself{stroke:#c80;stroke-width:3}\
    </style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";

/// Where the servers stand.
struct Circle {
    servers: f64,
    radius: f64,
    centre: (f64, f64),
}

impl Circle {
    fn of(servers: f64) -> Self {
        let radius = (servers * NODE_SPACING / TAU).max(RADIUS_MIN);
        let side = radius + MARGIN;
        Self { servers, radius, centre: (side.max(WIDTH_MIN / 2.0), side) }
    }

    /// The middle of a server's own circle; the first is at the top.
    fn place(&self, number: f64) -> (f64, f64) {
        let (sine, cosine) = (number / self.servers * TAU).sin_cos();
        (self.centre.0 + self.radius * sine, self.centre.1 - self.radius * cosine)
    }
}

impl Mesh {
    /// A whole document; ends with a newline.
    pub fn render_picture(&self) -> String {
        let places = numbered(self.servers()).map(|(number, _)| number).last().map_or(1.0, |last| last + 1.0);
        let circle = Circle::of(places);
        let (width, graph) = (2.0 * circle.centre.0, 2.0 * circle.centre.1);
        let height = graph + (places + 2.0) * LINE_HEIGHT;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\">\n{HEAD}"
        );
        self.push_lines_of(&circle, &mut text);
        self.push_servers_of(&circle, &mut text);
        for (number, (server, row)) in numbered(self.rows()) {
            push_text(&mut text, graph + number * LINE_HEIGHT, &legend(number, server, row));
        }
        let verdict = if self.is_complete() { "complete" } else { "incomplete" };
        push_text(&mut text, graph + (places + 0.5) * LINE_HEIGHT, verdict);
        text + "</svg>\n"
    }

    fn push_lines_of(&self, circle: &Circle, text: &mut String) {
        for (from, (server, row)) in numbered(self.rows()) {
            for (to, (other, _)) in numbered(self.rows()) {
                let (start, end) = (circle.place(from), circle.place(to));
                let _infallible = match self.cell(server, row, other) {
                    Cell::Listed if from < to && self.lists(other, server) => push_line(text, "", start, end),
                    Cell::Missing => push_line(
                        text,
                        " class=\"missing\" marker-end=\"url(#to)\"",
                        start,
                        edge_of(start, end),
                    ),
                    Cell::Listed | Cell::Own | Cell::OwnListed | Cell::Unknown => continue,
                };
            }
        }
    }

    fn push_servers_of(&self, circle: &Circle, text: &mut String) {
        for (number, (server, row)) in numbered(self.rows()) {
            let class = match self.cell(server, row, server) {
                Cell::Unknown => " class=\"silent\"",
                Cell::OwnListed => " class=\"itself\"",
                Cell::Own | Cell::Listed | Cell::Missing => "",
            };
            let (x, y) = circle.place(number);
            let _infallible = writeln!(
                text,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{NODE_RADIUS}\"{class}><title>{}</title></circle>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0}</text>",
                escaped(server.as_str()),
                y + 4.5,
                number + 1.0
            );
        }
    }
}

/// With numbers that can be measured with.
fn numbered<T>(items: impl Iterator<Item = T>) -> impl Iterator<Item = (f64, T)> {
    (0_u32..).map(f64::from).zip(items)
}

fn legend(number: f64, server: &ServiceUrl, row: &Row) -> String {
    match row {
        Row::Lists(_) => format!("{:.0}  {server}", number + 1.0),
        Row::Silent(why) => format!("{:.0}  {server} could not be asked: {why}", number + 1.0),
    }
}

/// Where a line to the middle of a server's circle meets that circle.
fn edge_of(start: (f64, f64), end: (f64, f64)) -> (f64, f64) {
    let (x, y) = (end.0 - start.0, end.1 - start.1);
    let part = 1.0 - NODE_RADIUS / x.hypot(y).max(NODE_RADIUS);
    (start.0 + x * part, start.1 + y * part)
}

fn push_line(text: &mut String, look: &str, start: (f64, f64), end: (f64, f64)) -> std::fmt::Result {
    writeln!(
        text,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"{look}/>",
        start.0, start.1, end.0, end.1
    )
}

fn push_text(text: &mut String, y: f64, line: &str) {
    let _infallible =
        writeln!(text, "<text x=\"{MARGIN}\" y=\"{y:.1}\" xml:space=\"preserve\">{}</text>", escaped(line));
}

/// What may stand in an element or a quoted attribute of XML 1.0, which has no place for control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            other => escaped.push(other),
        }
    }
    escaped
}
