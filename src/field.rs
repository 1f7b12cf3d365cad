//! Fields of the wire, each with its meaning, for people.
//!
//! A protocol file lists the fields of its own unit beside its reader. The list is lenient: of a
//! unit that is damaged or cut off it has the fields as far as they go, and no octet twice.

use std::borrow::Cow;

use crate::counted::verb;

/// Some octets with one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireField<'a> {
    /// The octets.
    pub octets: &'a [u8],
    /// The name of the field.
    pub name: &'static str,
    /// The meaning of its value.
    pub text: Cow<'static, str>,
    /// True for octets that another layer reads.
    pub is_content: bool,
}

/// Takes fields off some octets, one after the other.
#[derive(Clone, Debug)]
pub struct WireFields<'a> {
    rest: &'a [u8],
    fields: Vec<WireField<'a>>,
}

impl<'a> WireFields<'a> {
    /// Of the octets of a unit.
    #[must_use]
    pub const fn of(octets: &'a [u8]) -> Self {
        Self { rest: octets, fields: Vec::new() }
    }

    /// The octets that no field has yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes a field of `count` octets. `None` if there are fewer: the field then has what is left.
    pub fn take<T: Into<Cow<'static, str>>>(
        &mut self,
        count: usize,
        name: &'static str,
        text: impl FnOnce(&'a [u8]) -> T,
    ) -> Option<&'a [u8]> {
        let (text, octets) = match self.rest.split_at_checked(count) {
            Some((octets, rest)) => {
                self.rest = rest;
                (text(octets).into(), octets)
            }
            None => {
                let left = std::mem::take(&mut self.rest);
                let (there, are) = (left.len(), verb(left.len(), "is", "are"));
                (format!("breaks off: {there} of {count} octets {are} there").into(), left)
            }
        };
        if !octets.is_empty() {
            self.fields.push(WireField { octets, name, text, is_content: false });
        }
        (octets.len() == count).then_some(octets)
    }

    /// Takes a field of one octet.
    pub fn octet<T: Into<Cow<'static, str>>>(
        &mut self,
        name: &'static str,
        text: impl FnOnce(u8) -> T,
    ) -> Option<u8> {
        let octet = *self.rest.first()?;
        self.take(1, name, |_| text(octet)).and(Some(octet))
    }

    /// Takes `count` octets that another layer reads.
    pub fn content<T: Into<Cow<'static, str>>>(
        &mut self,
        count: usize,
        name: &'static str,
        text: impl FnOnce(&'a [u8]) -> T,
    ) -> Option<&'a [u8]> {
        let before = self.fields.len();
        let octets = self.take(count, name, text);
        self.fields.iter_mut().skip(before).for_each(|field| field.is_content = true);
        octets
    }

    /// The fields.
    #[must_use]
    pub fn list(self) -> Vec<WireField<'a>> {
        self.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_each_other_and_the_last_one_has_what_is_left() {
        let octets = [0x0f, 0x04, 1, 2, 3];
        let mut fields = WireFields::of(&octets);
        assert_eq!(fields.octet("tag", |octet| format!("{octet}")), Some(0x0f));
        assert_eq!(fields.take(1, "length", |_| "4 octets"), Some(&[4][..]));
        assert_eq!(fields.take(0, "nothing", |_| ""), Some(&[][..]));
        assert_eq!(fields.content(4, "block", |_| "whole"), None);
        assert_eq!(fields.octet("end", |_| ""), None);
        let fields = fields.list();
        let texts: Vec<_> = fields.iter().map(|it| (it.octets.len(), &*it.text)).collect();
        let broken = "breaks off: 3 of 4 octets are there";
        assert_eq!(texts, [(1, "15"), (1, "4 octets"), (3, broken)]);
        assert!(fields[2].is_content && !fields[1].is_content);
    }
}
