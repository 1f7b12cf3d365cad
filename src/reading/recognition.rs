//! The family whose list a telegram is.

use crate::{
    cosem::{axdr::Data, data_type::DataType},
    reading::{
        family::{FamilyElement, FamilyMark, FamilyTable, MeterFamilies, MeterFamily},
        objects::{Object, Objects},
    },
};

/// The first family that fits.
pub(super) fn family_of(body: &Data<'_>, families: MeterFamilies) -> Option<&'static MeterFamily> {
    // Nearly all meters send scalers and units.
    let lacks_scales = Objects::of(*body, None).any(|object| object.lacks_scale());
    let mut families_of_list = families.for_list(lacks_scales);
    let found = families_of_list.find(|family| match &family.table {
        FamilyTable::Places(elements) => are_elements(body, elements),
        FamilyTable::Codes { marks, .. } => lacks_scales && has_marks(body, marks),
    });
    found.inspect(|family| families.note(family))
}

fn are_elements(body: &Data<'_>, elements: &[FamilyElement]) -> bool {
    body.kind == DataType::STRUCTURE
        && body.count == elements.len()
        && body.elements().zip(elements).all(|(data, element)| element.fits(&data))
}

fn has_marks(body: &Data<'_>, marks: &[FamilyMark]) -> bool {
    marks.iter().all(|mark| Objects::of(*body, None).any(|object| is_marked(&object, mark)))
}

fn is_marked(object: &Object<'_>, mark: &FamilyMark) -> bool {
    mark.item.is_none_or(|item| object.index == item)
        && mark.obis.is_none_or(|obis| object.obis == Some(obis))
        && object.value.octets.starts_with(&mark.begins)
}
