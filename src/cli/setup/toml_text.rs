//! Tables of the configuration as text.

/// Appends a table with its header, `[[NAME]]`.
pub fn table<'a>(name: &str, rows: impl Iterator<Item = (&'a str, &'a str)>, text: &mut String) {
    text.push_str(&format!("\n[[{name}]]\n"));
    for (key, value) in rows {
        row(key, value, text);
    }
}

/// Appends a table of the last one of these tables: `[sink.names]`.
pub fn subtable<'a>(
    parent: &str,
    name: &str,
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    text: &mut String,
) {
    text.push_str(&format!("\n[{parent}.{}]\n", bare(name)));
    for (key, value) in rows {
        text.push_str(&format!("{} = {}\n", bare(key), quoted(value)));
    }
}

/// Appends an entry.
pub fn row(key: &str, value: &str, text: &mut String) {
    text.push_str(&format!("{} = {}\n", dotted(key), quoted(value)));
}

/// Appends an entry with a list, over several lines if it is long.
pub fn list(key: &str, values: &[&str], text: &mut String) {
    let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
    let line = format!("{} = [{}]\n", dotted(key), values.join(", "));
    if line.len() <= WIDTH {
        return text.push_str(&line);
    }
    text.push_str(&format!("{} = [", dotted(key)));
    let mut width = WIDTH;
    for value in values {
        if width + value.len() + 2 > WIDTH {
            text.push_str("\n   ");
            width = 3;
        }
        text.push_str(&format!(" {value},"));
        width += value.len() + 2;
    }
    text.push_str("\n]\n");
}

/// The width of lines that people may edit.
const WIDTH: usize = 88;

/// The key of an entry of a table, in quotes where it needs them: `names."1-0:99.1.0"`.
fn dotted(key: &str) -> String {
    match key.split_once('.') {
        Some((table, key)) => format!("{}.{}", bare(table), bare(key)),
        None => bare(key),
    }
}

fn bare(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match !key.is_empty() && key.chars().all(is_bare) {
        true => key.to_owned(),
        false => quoted(key),
    }
}

/// TOML's basic strings have the escapes of JSON, and one more.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\x7f', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_toml() {
        let mut text = String::new();
        let rows = [
            ("to", "file:a\"\\\n\x7f\x1b.csv"),
            ("names.1-0:99.1.0", "Zähler"),
            ("topics.voltage_l1_v,voltage_l2_v", "a b"),
            ("tags.", "1"),
            ("a b", "x"),
        ];
        table("sink", rows.into_iter(), &mut text);
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(lines[1], "names.\"1-0:99.1.0\" = \"Zähler\"");
        assert_eq!(lines[2], "topics.\"voltage_l1_v,voltage_l2_v\" = \"a b\"");
        assert_eq!(lines[3..], ["tags.\"\" = \"1\"", "\"a b\" = \"x\""]);
        let read = toml::de::DeTable::parse(&text).unwrap();
        let sink = read.get_ref()["sink"].get_ref()[0].get_ref().as_table().unwrap();
        assert_eq!(sink["to"].get_ref().as_str(), Some(rows[0].1));
        assert_eq!(sink["names"].get_ref()["1-0:99.1.0"].get_ref().as_str(), Some("Zähler"));
        assert_eq!(sink.len(), 5);
    }

    #[test]
    fn a_table_of_a_table_has_a_section_of_its_own() {
        let mut text = "[[sink]]\nto = 'x'\n".to_owned();
        let rows = [("power_net_w", "a.b"), ("1-0:99.1.0", "c"), ("a,b", "d")];
        subtable("sink", "names", rows.into_iter(), &mut text);
        let read = toml::de::DeTable::parse(&text).unwrap();
        let names = read.get_ref()["sink"].get_ref()[0].get_ref()["names"].get_ref();
        for (key, value) in rows {
            assert_eq!(names[key].get_ref().as_str(), Some(value));
        }
    }

    #[test]
    fn a_long_list_has_several_lines() {
        let mut text = String::new();
        list("short", &["a\"b", "c"], &mut text);
        assert_eq!(text, "short = [\"a\\\"b\", \"c\"]\n");
        let names: Vec<_> = (0..12).map(|at| format!("a_long_name_{at}")).collect();
        list("long", &names.iter().map(String::as_str).collect::<Vec<_>>(), &mut text);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        let read = toml::de::DeTable::parse(&text).unwrap();
        assert_eq!(read.get_ref()["long"].get_ref().as_array().map(|all| all.len()), Some(12));
    }
}
