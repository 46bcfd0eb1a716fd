//! The mesh as text for people.

use std::fmt::Write;

use super::{Cell, Mesh};

/// Servers up to which the matrix is drawn: wider, it fits no terminal, and the lines below say it all.
const MATRIX_MAX: usize = 32;

/// Lines of one kind that are printed; a mesh of strangers has a line for each pair.
const LINES_MAX: usize = 200;

impl Mesh {
    /// Matrix, missing pairs and notes; ends with a newline.
    pub fn render_table(&self) -> String {
        let mut text = String::new();
        self.push_servers(&mut text);
        if self.servers().len() <= MATRIX_MAX {
            self.push_matrix(&mut text);
        }
        let missing =
            self.missing_edges().map(|m| format!("{} does not list {}: {}", m.from, m.to, m.absence));
        push_lines(&mut text, "missing", missing);
        push_lines(&mut text, "notes", self.notes().map(|note| note.to_string()));
        push_line(&mut text, format_args!("\n{}", self.verdict()));
        text
    }

    fn push_servers(&self, text: &mut String) {
        for (index, server) in self.servers().enumerate() {
            push_line(text, format_args!("{:>3}  {server}", index + 1));
        }
    }

    fn push_matrix(&self, text: &mut String) {
        text.push_str("\n    ");
        for column in 1..=self.servers().len() {
            push(text, format_args!(" {column:>3}"));
        }
        text.push('\n');
        for (index, (server, row)) in self.rows().enumerate() {
            push(text, format_args!("{:>3} ", index + 1));
            for cell in self.cells(server, row) {
                push(text, format_args!(" {:>3}", symbol(cell)));
            }
            text.push('\n');
        }
        text.push_str("\nrow lists column: x yes, - no, ? not known, . itself, ! itself as a peer\n");
    }

    fn verdict(&self) -> String {
        let servers = self.servers().len();
        match (self.missing_edges().count(), self.silence()) {
            // With a second server there would be pairs.
            (0, Some(why)) => format!("incomplete: the one server could not be asked: {why}"),
            (0, None) if servers == 1 => "complete: one server, and no other to list".to_owned(),
            (0, None) => format!("complete: each of {servers} servers lists every other one"),
            (missing, _) => format!("incomplete: {missing} of {} pairs are missing", servers * (servers - 1)),
        }
    }
}

fn symbol(cell: Cell) -> char {
    match cell {
        Cell::Own => '.',
        Cell::OwnListed => '!',
        Cell::Listed => 'x',
        Cell::Missing => '-',
        Cell::Unknown => '?',
    }
}

fn push_lines(text: &mut String, heading: &str, mut lines: impl Iterator<Item = String>) {
    let shown: Vec<_> = lines.by_ref().take(LINES_MAX).collect();
    if shown.is_empty() {
        return;
    }
    push_line(text, format_args!("\n{heading}:"));
    for line in shown {
        push_line(text, format_args!("  {line}"));
    }
    let more = lines.count();
    if more > 0 {
        push_line(text, format_args!("  … and {more} more"));
    }
}

fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    push(text, line);
    text.push('\n');
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a String takes every write");
}
