//! The steps that build a telegram, one object after the other.

use crate::{
    cosem::axdr::Data,
    reading::{
        family::MeterFamily,
        objects::{Object, Objects},
    },
};

/// The next step.
#[derive(Clone, Copy, Debug)]
pub(super) enum ObjectStep<'a> {
    /// Any object.
    Any(Object<'a>),
    /// The object that closes the flat list; it also came before as [`Any`](Self::Any).
    Closing(Object<'a>),
}

/// The steps to a telegram of unknown layout.
pub(super) struct Steps<'a> {
    objects: Objects<'a>,
    flat: FlatList<'a>,
}

impl<'a> Steps<'a> {
    /// Of the body of a notification, and the family whose list it is.
    pub(super) fn of(body: Data<'a>, family: Option<&'static MeterFamily>) -> Self {
        Self { objects: Objects::of(body, family), flat: FlatList::default() }
    }
}

impl<'a> Iterator for Steps<'a> {
    type Item = ObjectStep<'a>;

    fn next(&mut self) -> Option<ObjectStep<'a>> {
        let Some(object) = self.objects.next() else {
            return self.flat.closing().map(ObjectStep::Closing);
        };
        if !self.objects.is_of_family() {
            self.flat.see(&object);
        }
        Some(ObjectStep::Any(object))
    }
}

/// Looks for the list that Netz NÖ sends: a clock without code, registers with code, scaler and
/// unit, all in one structure, and one last element without code.
#[derive(Debug, Default)]
struct FlatList<'a> {
    clock: bool,
    registers: usize,
    other: bool,
    last: Option<Object<'a>>,
}

impl<'a> FlatList<'a> {
    fn see(&mut self, object: &Object<'a>) {
        // An element behind the registers was not the last one.
        self.other |= self.last.is_some();
        let bare = object.flat && object.obis.is_none();
        match object.index {
            1 => self.clock = bare && object.value.octets.len() == 12,
            _ if object.flat && object.obis.is_some() && object.scale.is_some() => {
                self.registers += 1;
            }
            _ if bare => self.last = Some(*object),
            _ => self.other = true,
        }
    }

    /// The closing element, once.
    fn closing(&mut self) -> Option<Object<'a>> {
        self.last.take().filter(|_| self.clock && self.registers > 0 && !self.other)
    }
}
