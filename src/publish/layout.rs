//! How files are put in place: the operator chooses between two ways.

/// How files are put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The kubelet's `..data` swap: all files of a generation change together.
    Volume,
    /// Each file by a rename of its own.
    Plain,
}
