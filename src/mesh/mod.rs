//! Who lists whom: what every server says of its peers, laid side by side.
//!
//! Eureka replicates one hop, so every server must list every other one. This room finds the pairs
//! where that is not so, and says why it probably is. Pure: servers are asked elsewhere.

mod finding;
mod graph;
mod matrix;
mod meaning;
mod names;
mod picture;
mod report;
mod table;

pub use finding::{Absence, MissingEdge, Note, Provenance, Unexpected};
pub use matrix::{Cell, Listed, Mesh, Row};
pub use names::{Names, Told};
pub use report::Report;
pub use table::Colour;

#[cfg(test)]
mod tests;
