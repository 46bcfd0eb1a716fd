//! What is mounted where, as `/proc/self/mountinfo` says it (`proc_pid_mountinfo(5)`).

use std::path::{Path, PathBuf};

/// One line of the table, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Which directory of the file system is mounted; `/` for the whole.
    pub(super) root: PathBuf,
    /// Where it is mounted.
    pub(super) point: PathBuf,
    /// The kind of file system.
    pub(super) kind: String,
}

/// Reads the table; lines of any other shape are left out.
pub(super) fn parse(table: &str) -> Vec<Mount> {
    table.lines().filter_map(parse_line).collect()
}

/// The mount on which `path` lies: the deepest above it, and of several the last.
pub(super) fn mount_of<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    above.max_by_key(|mount| mount.point.components().count())
}

/// `36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/vda rw,errors=continue`, with any number
/// of optional fields before the dash.
fn parse_line(line: &str) -> Option<Mount> {
    let (head, tail) = line.split_once(" - ")?;
    let mut head = head.split(' ').skip(3);
    let (root, point, _options) = (head.next()?, head.next()?, head.next()?);
    let mut tail = tail.split(' ');
    let (kind, _source, _options) = (tail.next()?, tail.next()?, tail.next()?);
    Some(Mount { root: unescape(root).into(), point: unescape(point).into(), kind: kind.to_owned() })
}

/// Blanks, tabs, line ends and backslashes stand as three octal digits after a backslash.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_deepest_and_last_mount() {
        let mounts = parse(
            "1 0 0:1 / / rw - overlay overlay ro,lowerdir=x\n\
             2 1 0:2 /a /peers rw,noatime master:1 shared:2 - ext4 /dev/vda rw\n\
             3 1 0:3 / /peers ro - tmpfs tmpfs rw\n\
             4 1 0:4 / /with\\040blank rw - tmpfs tmpfs rw\n\
             a line of another shape\n",
        );
        let at = |path: &str| mount_of(&mounts, Path::new(path)).expect("the root at least");
        assert_eq!(mounts.len(), 4);
        assert_eq!(at("/peers/x").kind, "tmpfs");
        assert_eq!(at("/peers2").kind, "overlay");
        assert_eq!(at("/with blank/x").root, Path::new("/"));
    }
}
