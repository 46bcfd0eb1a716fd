//! What a `resolv.conf(5)` says, as far as this program needs it.
//!
//! Of the options only `use-vc` is read: names are asked absolute, so the others mean nothing here. A fault in
//! one line must not cost the others.

/// The text of such a file.
#[derive(Clone, Copy, Debug)]
pub struct ResolvConf<'a>(pub &'a str);

impl<'a> ResolvConf<'a> {
    /// Where the kubelet writes a pod's.
    pub const PATH: &'static str = "/etc/resolv.conf";
    /// Bytes that are read of one; the kubelet's own limits allow 2 KB of search list.
    pub const LENGTH_MAX: usize = 64 * 1024;

    /// The addresses of the servers as they are written, in the order of the file.
    pub fn name_servers(self) -> impl Iterator<Item = &'a str> {
        self.lines(&["nameserver"]).filter_map(|mut words| words.next())
    }

    /// The entries of the search list: the last `search` or `domain` line counts.
    pub fn search_list(self) -> Vec<String> {
        self.lines(&["search", "domain"]).last().into_iter().flatten().map(str::to_owned).collect()
    }

    /// Whether `options use-vc` stands in it: the servers are to be asked over TCP.
    pub fn asks_over_tcp(self) -> bool {
        self.lines(&["options"]).flatten().any(|option| option == "use-vc")
    }

    /// The words behind the keyword of each line that begins with one of `keywords`.
    fn lines(self, keywords: &'static [&'static str]) -> impl Iterator<Item = std::str::SplitWhitespace<'a>> {
        self.0.lines().filter_map(move |line| {
            let mut words = line.split_whitespace();
            words.next().filter(|keyword| keywords.contains(keyword)).map(|_| words)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_by_their_keyword_alone() {
        let text = "search old.example\n\
                    # search comment\n\
                    nameserver 10.96.0.10\n\
                    #nameserver 10.0.0.1\n\
                    nameserver\n\
                    nameservers 10.0.0.3\n\
                    \tnameserver\t fd00::a  # a remark\n\
                    search ns.svc.cluster.local svc.cluster.local\r\n\
                    options ndots:5\n";
        let file = ResolvConf(text);
        assert_eq!(file.name_servers().collect::<Vec<_>>(), ["10.96.0.10", "fd00::a"]);
        assert_eq!(file.search_list(), ["ns.svc.cluster.local", "svc.cluster.local"]);
        assert_eq!(ResolvConf("domain cluster.local").search_list(), ["cluster.local"]);
        assert!(ResolvConf("").search_list().is_empty());
    }

    #[test]
    fn tcp_is_an_option_among_others() {
        for text in ["options use-vc", "options ndots:5 use-vc timeout:1", "options ndots:5\noptions use-vc"]
        {
            assert!(ResolvConf(text).asks_over_tcp(), "{text}");
        }
        for text in ["", "options ndots:5", "#options use-vc", "options use-vcr", "search use-vc"] {
            assert!(!ResolvConf(text).asks_over_tcp(), "{text}");
        }
    }
}
