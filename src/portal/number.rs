//! The numbers of an export.

use crate::reading::decimal::Decimal;

/// A number with a comma or a point, and perhaps signs between thousands.
pub(super) fn number(text: &str) -> Option<Decimal> {
    let text = without_blanks(text.trim())?;
    Decimal::parse(&match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(point)) if comma > point => text.replace('.', "").replace(',', "."),
        (Some(_), Some(_)) => text.replace(',', ""),
        (Some(_), None) => text.replace(',', "."),
        (None, _) => text,
    })
}

/// The digits behind the last comma or point of a text, which a cut may have shortened; `None` for one of other signs.
pub(super) fn written_decimals(text: &str) -> Option<usize> {
    let text = text.trim();
    let is_number = text.bytes().all(|sign| sign.is_ascii_digit() || b"-,.".contains(&sign));
    let decimals = text.rsplit_once([',', '.']).map_or(0, |(_, behind)| behind.len());
    (is_number && !text.is_empty()).then_some(decimals)
}

/// `1 234,5` without its blanks; `None` where they stand elsewhere than between thousands.
fn without_blanks(text: &str) -> Option<String> {
    let Some((first, more)) = text.split_once(' ') else {
        return Some(text.to_owned());
    };
    let is_whole = |text: &str| text.bytes().all(|sign| sign.is_ascii_digit());
    let last = more.rsplit(' ').next()?;
    let last_whole = last.split_once([',', '.']).map_or(last, |(whole, _)| whole);
    let groups = more.split(' ').rev().skip(1).chain([last_whole]);
    let is_number = is_whole(first.strip_prefix('-').unwrap_or(first))
        && groups.into_iter().all(|group| group.len() == 3 && is_whole(group));
    is_number.then(|| text.replace(' ', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_a_comma_or_a_point_and_signs_between_thousands() {
        for (text, number_of) in [
            ("0,210", "0.210"),
            (" 0.210 ", "0.210"),
            ("1.234,5", "1234.5"),
            ("1,234.5", "1234.5"),
            ("1 234,5", "1234.5"),
            ("-12 345 678", "-12345678"),
        ] {
            assert_eq!(number(text).map(|it| it.to_string()).as_deref(), Some(number_of), "{text}");
        }
        for text in ["", "n/a", "1 2", "0, 21", "1,5 000", "12 34,5", "1  234", "0,210 kWh"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_cut_number_has_fewer_decimals() {
        let of = |text| written_decimals(text);
        assert_eq!(
            [of("0,210"), of("0,2"), of("0,"), of("0")],
            [Some(3), Some(1), Some(0), Some(0)]
        );
        assert_eq!([of(""), of("n/a"), of("0,210 kWh")], [None; 3]);
    }
}
