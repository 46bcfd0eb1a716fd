//! The table of settings as Markdown, which a test compares with the README.

use std::fmt::Write;

use super::table::Setting;

/// The table, one row a setting, in the order of the help.
pub fn markdown_table() -> String {
    let mut table = "| setting | default | meaning |\n|---|---|---|\n".to_owned();
    for setting in Setting::all() {
        let Setting { name, default, help, .. } = setting;
        let value = escaped(setting.value_name());
        let repeatable = if setting.is_repeatable() { " (repeatable)" } else { "" };
        let bounds = setting.bounds().map(|bounds| format!(" {bounds}.")).unwrap_or_default();
        let default = escaped(default);
        writeln!(table, "| `--{name} {value}`{repeatable} | {default} | {help}{} |", capitalised(&bounds))
            .expect("a String takes all text");
    }
    table
}

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn capitalised(bounds: &str) -> String {
    bounds.replacen("from", "From", 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Key;

    #[test]
    fn every_setting_has_a_row_of_three_cells() {
        let table = markdown_table();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), Key::all().count());
        for (row, key) in rows.iter().zip(Key::all()) {
            assert!(row.starts_with(&format!("| `--{key} ")), "{row}");
            assert_eq!(row.replace("\\|", "").matches('|').count(), 4, "{row}");
        }
        assert!(table.contains("| `--interval DURATION` | 1s (server), 10s (client) | Between two questions for one Service. From 100ms to 1h. |\n"), "{table}");
    }
}
