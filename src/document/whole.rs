//! Whether files are whole documents of ours, no matter who wrote them and which peers they name.
//!
//! No list is read out of them: the only question is whether they can stay where they are. Each format says
//! it of its own; here is what they have in common.

use super::Format;
use super::format::{Files, IsUrl};
use crate::model::{ServiceUrl, Zone};

/// Whether this text, found where an output of `format` belongs, gives the zone a list that is not blank
/// and ends as ours do; `permits` says which URLs may stand in it. Of a configtree it is the file that
/// [`super::file_names`] names first.
pub(super) fn is_whole(
    format: Format,
    zone: &Zone,
    text: &str,
    permits: &dyn Fn(&ServiceUrl) -> bool,
) -> bool {
    let rules = format.rules();
    let ends_as_ours = match rules.files {
        Files::One(_) => text.ends_with('\n'),
        Files::OneAProperty { .. } => true,
    };
    ends_as_ours && (rules.is_whole)(zone, text, &|text| is_url(text, permits))
}

/// Whether a value is a list of such URLs.
pub(super) fn lists_urls(value: &str, is_url: IsUrl<'_>) -> bool {
    value.split(',').all(is_url)
}

/// Whether what stands after `beginning` on its own line is as it should be; of several lines readers take
/// the last.
pub(super) fn after(text: &str, beginning: &str, is_good: impl Fn(&str) -> bool) -> bool {
    text.lines().filter_map(|line| line.strip_prefix(beginning)).next_back().is_some_and(is_good)
}

/// One of ours ends with a slash, which one that was cut off hardly does; it may have user-info.
fn is_url(text: &str, permits: &dyn Fn(&ServiceUrl) -> bool) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let rest = rest.rsplit_once('@').map_or(rest, |(_user_info, rest)| rest);
    text.ends_with('/') && format!("{scheme}://{rest}").parse().is_ok_and(|url| permits(&url))
}
