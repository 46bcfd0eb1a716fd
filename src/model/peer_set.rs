//! Sets of service URLs, shared by their copies.

use std::collections::{BTreeSet, btree_set};
use std::fmt;
use std::ops::{Deref, Sub};
use std::sync::Arc;

use super::ServiceUrl;

/// A set of service URLs: sorted by text, without duplicates.
///
/// One list stands in the books of a Service, in the wanted list, in the document, in the status and in its
/// history at once, so a copy shares the set until one of the two is changed. Two that share it are equal at
/// a glance.
#[derive(Clone, Default)]
pub struct PeerSet(Arc<BTreeSet<ServiceUrl>>);

impl PeerSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a URL; says whether it is new.
    pub fn insert(&mut self, url: ServiceUrl) -> bool {
        Arc::make_mut(&mut self.0).insert(url)
    }

    /// Takes a URL out; says whether it was there.
    pub fn remove(&mut self, url: &ServiceUrl) -> bool {
        Arc::make_mut(&mut self.0).remove(url)
    }

    /// Keeps those for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&ServiceUrl) -> bool) {
        Arc::make_mut(&mut self.0).retain(keep);
    }

    /// Empties the set.
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

impl Deref for PeerSet {
    type Target = BTreeSet<ServiceUrl>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl PartialEq for PeerSet {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for PeerSet {}

impl fmt::Debug for PeerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromIterator<ServiceUrl> for PeerSet {
    fn from_iter<I: IntoIterator<Item = ServiceUrl>>(urls: I) -> Self {
        Self(Arc::new(urls.into_iter().collect()))
    }
}

impl<const N: usize> From<[ServiceUrl; N]> for PeerSet {
    fn from(urls: [ServiceUrl; N]) -> Self {
        urls.into_iter().collect()
    }
}

impl Extend<ServiceUrl> for PeerSet {
    fn extend<I: IntoIterator<Item = ServiceUrl>>(&mut self, urls: I) {
        Arc::make_mut(&mut self.0).extend(urls);
    }
}

impl<'a> IntoIterator for &'a PeerSet {
    type Item = &'a ServiceUrl;
    type IntoIter = btree_set::Iter<'a, ServiceUrl>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for PeerSet {
    type Item = ServiceUrl;
    type IntoIter = btree_set::IntoIter<ServiceUrl>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

impl Sub for &PeerSet {
    type Output = PeerSet;

    /// Those that `other` lacks.
    fn sub(self, other: Self) -> PeerSet {
        if Arc::ptr_eq(&self.0, &other.0) {
            return PeerSet::new();
        }
        self.0.difference(&other.0).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(urls: &[&str]) -> PeerSet {
        urls.iter().map(|url| url.parse::<ServiceUrl>().expect("a URL")).collect()
    }

    #[test]
    fn a_copy_shares_the_set_until_one_of_the_two_is_changed() {
        let first = set(&["http://a/", "http://b/"]);
        let mut copy = first.clone();
        assert!(Arc::ptr_eq(&first.0, &copy.0) && first == copy && (&first - &copy).is_empty());
        assert!(copy.insert("http://c/".parse().expect("a URL")));
        assert_eq!(
            (first, copy),
            (set(&["http://a/", "http://b/"]), set(&["http://a/", "http://b/", "http://c/"]))
        );
    }

    #[test]
    fn the_same_urls_are_the_same_set_wherever_they_come_from() {
        let (one, other) = (set(&["http://b/", "http://a/"]), set(&["http://a/", "http://b/", "http://a/"]));
        assert!(one == other && one.len() == 2);
        assert_eq!(&one - &set(&["http://b/", "http://x/"]), set(&["http://a/"]));
    }
}
