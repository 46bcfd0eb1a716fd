//! The mesh as a graph in the language of Graphviz.

use std::fmt::Write as _;

use super::{Cell, Mesh, Row};

impl Mesh {
    /// One node a server, an arrow to each that it lists, and a red one to each that it does not. A server that
    /// could not be asked is dashed, and says why.
    pub fn render_graph(&self) -> String {
        let mut text = "digraph mesh {\n  node [shape=box];\n".to_owned();
        for (index, (server, row)) in self.rows().enumerate() {
            let server = quoted(server.as_str());
            let _infallible = match row {
                Row::Lists(_) => writeln!(text, "  {index} [label=\"{server}\"];"),
                Row::Silent(why) => {
                    writeln!(
                        text,
                        "  {index} [label=\"{server}\\n{}\", style=dashed, color=red];",
                        quoted(why)
                    )
                }
            };
        }
        for (from, (server, row)) in self.rows().enumerate() {
            for (to, cell) in self.cells(server, row).enumerate() {
                let look = match cell {
                    Cell::Listed | Cell::OwnListed => "",
                    Cell::Missing => " [style=dashed, color=red]",
                    Cell::Own | Cell::Unknown => continue,
                };
                let _infallible = writeln!(text, "  {from} -> {to}{look};");
            }
        }
        text + "}\n"
    }
}

/// What may stand between quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
