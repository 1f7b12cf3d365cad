//! Tables of the configuration as text.

/// Appends a table with its header, `[[NAME]]`.
pub fn table<'a>(name: &str, rows: impl Iterator<Item = (&'a str, &'a str)>, text: &mut String) {
    text.push_str(&format!("\n[[{name}]]\n"));
    for (key, value) in rows {
        text.push_str(&format!("{} = {}\n", dotted(key), quoted(value)));
    }
}

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
}
