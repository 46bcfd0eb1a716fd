//! What is mounted where, as `/proc/self/mountinfo` says it (`proc_pid_mountinfo(5)`).

use std::path::{Path, PathBuf, absolute};

/// Bytes read of the mount table, 4 MiB; a busy node's is a hundredth of it.
const TABLE_BYTES_MAX: usize = 4_194_304;

/// The mount table of our own mount namespace.
const TABLE: &str = "/proc/self/mountinfo";

/// One line of the table, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Which directory of the file system is mounted; `/` for the whole.
    pub root: PathBuf,
    /// Where it is mounted.
    pub point: PathBuf,
    /// The kind of file system.
    pub kind: String,
}

/// All mounts, as far as the table can be read; without it, nothing is known of any.
pub fn all() -> Vec<Mount> {
    let table = super::read_beginning(Path::new(TABLE), TABLE_BYTES_MAX);
    let table = table.ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    parse(&table)
}

/// Whether what is put in the place of the file at `path` never arrives there: the file is mounted by itself,
/// or lies in what was mounted out of one generation of a ConfigMap's or Secret's volume (`subPath`).
///
/// The path is taken as it is written: to follow its links would wait for a disk that may hang.
pub fn is_pinned(mounts: &[Mount], path: &Path) -> bool {
    let Ok(path) = absolute(path) else { return false };
    let is_of_generation =
        |mount: &Mount| mount.root.iter().any(|part| is_generation(&part.to_string_lossy()));
    mount_of(mounts, &path).is_some_and(|mount| mount.point == path || is_of_generation(mount))
}

/// `..2025_01_31_10_00_00.123456789`, as the kubelet's `AtomicWriter` names them.
fn is_generation(name: &str) -> bool {
    name.strip_prefix("..").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// Reads the table; lines of any other shape are left out.
pub fn parse(table: &str) -> Vec<Mount> {
    table.lines().filter_map(parse_line).collect()
}

/// The mount on which `path` lies: the deepest above it, and of several the last.
pub fn mount_of<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
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
    fn a_file_that_never_changes_is_told_by_its_mount() {
        let pod = "/var/lib/kubelet/pods/1-2/volumes";
        let table = format!(
            "1 0 0:1 / / rw - overlay o rw\n\
             2 1 0:2 {pod}/kubernetes.io~configmap/c/..2025_01_31_10_00_00.1/s.yaml /sub/s.yaml rw - ext4 d rw\n\
             3 1 0:2 {pod}/kubernetes.io~configmap/c/..2025_01_31_10_00_00.1/conf /conf rw - ext4 d rw\n\
             4 1 0:3 /..2025_01_31_10_00_00.1/s /secret rw - tmpfs t rw\n\
             5 1 0:2 {pod}/kubernetes.io~configmap/c /whole rw - ext4 d rw\n\
             6 1 0:2 {pod}/kubernetes.io~empty-dir/e/part /part rw - ext4 d rw\n\
             7 1 0:4 /srv/shop/s.yaml /compose/s.yaml rw - ext4 d rw\n"
        );
        let mounts = parse(&table);
        for path in
            ["/sub/s.yaml", "/sub/../sub/s.yaml", "/conf/s.yaml", "/secret/password", "/compose/s.yaml"]
        {
            assert_eq!(is_pinned(&mounts, Path::new(path)), !path.contains("/../"), "{path}");
        }
        for path in ["/whole/s.yaml", "/part/s.yaml", "/sub/other.yaml", "/etc/s.yaml", "s.yaml"] {
            assert!(!is_pinned(&mounts, Path::new(path)), "{path}");
        }
    }

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
