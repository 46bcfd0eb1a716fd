//! Whether files are whole documents of ours, no matter who wrote them and which peers they name.
//!
//! No list is read out of them: the only question is whether they can stay where they are.

use super::{Format, archaius, env, spring_entries};
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
    let is_url = |text: &str| is_url(text, permits);
    let lists_urls = |value: &str| value.split(',').all(is_url);
    match format {
        Format::Configtree => lists_urls(text),
        _ if !text.ends_with('\n') => false,
        Format::SpringProperties => after(text, &format!("{}=", spring_entries::zone_key(zone)), lists_urls),
        Format::SpringYaml => after(text, &format!("{}: ", spring_entries::zone_key(zone)), |value| {
            lists_urls(value.trim_matches(['\'', '"']))
        }),
        Format::Archaius => after(text, &format!("{}=", archaius::zone_key(zone.as_str())), lists_urls),
        Format::Env => after(text, &format!("{}='", env::variable(zone.as_str())), |value| {
            value.strip_suffix('\'').is_some_and(lists_urls)
        }),
        Format::Json => is_whole_json(zone, text, is_url),
        Format::Lines => !text.is_empty() && text.lines().all(is_url),
    }
}

/// Whether what stands after `beginning` on its own line is as it should be; of several lines readers take
/// the last.
fn after(text: &str, beginning: &str, is_good: impl Fn(&str) -> bool) -> bool {
    text.lines().filter_map(|line| line.strip_prefix(beginning)).next_back().is_some_and(is_good)
}

fn is_whole_json(zone: &Zone, text: &str, is_url: impl Fn(&str) -> bool) -> bool {
    let Ok(found) = serde_json::from_str::<serde_json::Value>(text) else { return false };
    let urls = found["serviceUrls"].as_array().map(Vec::as_slice).unwrap_or_default();
    found["zone"] == zone.as_str()
        && !urls.is_empty()
        && urls.iter().all(|url| url.as_str().is_some_and(&is_url))
}

/// One of ours ends with a slash, which one that was cut off hardly does; it may have user-info.
fn is_url(text: &str, permits: &dyn Fn(&ServiceUrl) -> bool) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let rest = rest.rsplit_once('@').map_or(rest, |(_user_info, rest)| rest);
    text.ends_with('/') && format!("{scheme}://{rest}").parse().is_ok_and(|url| permits(&url))
}
