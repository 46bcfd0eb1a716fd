//! The mesh as text for people: what is wrong with one server is one line.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::ServiceUrl;

use super::{Absence, Cell, Mesh};

/// Servers up to which the matrix is drawn: wider, it fits no terminal, and the lines below say it all.
const MATRIX_MAX: usize = 32;

/// Lines of one kind that are printed; a mesh of strangers has a line for each server.
const LINES_MAX: usize = 200;

/// Servers that are named by number in one line.
const NUMBERS_MAX: usize = 10;

/// Whether marks have colours. They can be told apart without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// They have none.
    Plain,
    /// They have those of a terminal.
    Ansi,
}

impl Colour {
    fn paint(self, mark: char) -> String {
        let code = match (self, mark) {
            (Self::Ansi, '✓') => 32,
            (Self::Ansi, '✗') => 31,
            (Self::Ansi, '?' | '!') => 33,
            (Self::Ansi | Self::Plain, _) => return mark.to_string(),
        };
        format!("\x1b[{code}m{mark}\x1b[0m")
    }
}

/// What one server does not list, for one reason.
struct Gap<'a> {
    from: &'a ServiceUrl,
    to: Vec<&'a ServiceUrl>,
    absence: Absence<'a>,
}

impl Mesh {
    /// Matrix, what is missing by server, and notes; ends with a newline.
    pub fn render_table(&self, colour: Colour) -> String {
        let mut text = String::new();
        self.push_servers(&mut text);
        if self.servers().len() <= MATRIX_MAX {
            self.push_matrix(&mut text, colour);
        }
        let gone = self.unlisted_and_silent();
        let (silent, missing): (Vec<_>, Vec<_>) =
            self.gaps().into_iter().partition(|gap| matches!(gap.absence, Absence::NotAsked(_)));
        let in_words = |gap: Gap<'_>| self.gap_in_words(&gap, &gone, colour);
        push_lines(&mut text, "not asked", silent.into_iter().map(in_words));
        push_lines(&mut text, "missing", missing.into_iter().map(in_words));
        push_lines(&mut text, "notes", self.notes().map(|note| format!("{} {note}", colour.paint('!'))));
        let mark = colour.paint(if self.is_complete() { '✓' } else { '✗' });
        let is_noted = self.is_complete() && self.notes().next().is_some();
        let noted = if is_noted { "; see the notes" } else { "" };
        push_line(&mut text, format_args!("\n{mark} {}{noted}", self.verdict()));
        text
    }

    fn push_servers(&self, text: &mut String) {
        for (index, server) in self.servers().enumerate() {
            push_line(text, format_args!("{:>3}  {server}", index + 1));
        }
    }

    fn push_matrix(&self, text: &mut String, colour: Colour) {
        text.push_str("\n    ");
        for column in 1..=self.servers().len() {
            push(text, format_args!(" {column:>3}"));
        }
        text.push('\n');
        for (index, (server, row)) in self.rows().enumerate() {
            push(text, format_args!("{:>3} ", index + 1));
            for cell in self.cells(server, row) {
                push(text, format_args!("   {}", colour.paint(symbol(cell))));
            }
            text.push('\n');
        }
        text.push_str("\nrow lists column: ✓ yes, ✗ no, ? not known, . itself, ! itself as a peer\n");
    }

    /// Missing pairs by server and reason. Those who rightly do not list a server that is gone are not told one by
    /// one: it has a line of its own.
    fn gaps(&self) -> Vec<Gap<'_>> {
        let mut gaps: Vec<Gap<'_>> = Vec::new();
        for edge in self.missing_edges().filter(|edge| edge.absence != Absence::OtherSilent) {
            let mut of_server = gaps.iter_mut().rev().take_while(|gap| gap.from == edge.from);
            match of_server.find(|gap| gap.absence == edge.absence) {
                Some(gap) => gap.to.push(edge.to),
                None => gaps.push(Gap { from: edge.from, to: vec![edge.to], absence: edge.absence }),
            }
        }
        gaps
    }

    /// How many do not list a server that could not be asked.
    fn unlisted_and_silent(&self) -> BTreeMap<&ServiceUrl, usize> {
        let mut counts = BTreeMap::new();
        for edge in self.missing_edges().filter(|edge| edge.absence == Absence::OtherSilent) {
            *counts.entry(edge.to).or_insert(0) += 1;
        }
        counts
    }

    fn gap_in_words(&self, gap: &Gap<'_>, gone: &BTreeMap<&ServiceUrl, usize>, colour: Colour) -> String {
        let Gap { from, to, absence } = gap;
        let others = self.servers().len() - 1;
        if let Absence::NotAsked(why) = absence {
            let unlisted = gone
                .get(from)
                .map(|count| format!("; {count} of {others} others do not list it: it is probably gone"));
            return format!(
                "{} {from} could not be asked: {why}{}",
                colour.paint('?'),
                unlisted.unwrap_or_default()
            );
        }
        let mark = colour.paint('✗');
        match &to[..] {
            [to] => format!("{mark} {from} does not list {to}: {absence}"),
            _ if to.len() == others => format!("{mark} {from} lists none of the {others} others: {absence}"),
            _ => {
                let (count, numbers) = (to.len(), self.numbers(to));
                format!("{mark} {from} does not list {count} of {others} others ({numbers}): {absence}")
            }
        }
    }

    /// The numbers that stand before these servers in the table.
    fn numbers(&self, of: &[&ServiceUrl]) -> String {
        let numbered = self.servers().enumerate().filter(|(_, server)| of.contains(server));
        let mut numbers: Vec<_> =
            numbered.map(|(index, _)| (index + 1).to_string()).take(NUMBERS_MAX).collect();
        if of.len() > NUMBERS_MAX {
            numbers.push("…".to_owned());
        }
        numbers.join(", ")
    }

    fn verdict(&self) -> String {
        let servers = self.servers().len();
        let pairs = servers * servers.saturating_sub(1);
        let edges = self.missing_edges();
        let (unknown, missing): (Vec<_>, Vec<_>) =
            edges.partition(|edge| matches!(edge.absence, Absence::NotAsked(_)));
        match (missing.len(), unknown.len(), self.silence()) {
            // With a second server there would be pairs.
            (0, 0, Some(why)) => format!("incomplete: the one server could not be asked: {why}"),
            (0, 0, None) if servers == 1 => "complete: one server, and no other to list".to_owned(),
            (0, 0, None) => format!("complete: each of {servers} servers lists every other one"),
            (0, unknown, _) => format!("incomplete: {unknown} of {pairs} pairs are not known"),
            (missing, 0, _) => format!("incomplete: {missing} of {pairs} pairs are missing"),
            (missing, unknown, _) => {
                format!("incomplete: {missing} of {pairs} pairs are missing, and {unknown} are not known")
            }
        }
    }
}

fn symbol(cell: Cell) -> char {
    match cell {
        Cell::Own => '.',
        Cell::OwnListed => '!',
        Cell::Listed => '✓',
        Cell::Missing => '✗',
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
