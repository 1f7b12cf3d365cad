//! The subject of a doubt: other telegrams confirm a telegram if they are in doubt about the same.

use serde_json::{Value, json};

use crate::{
    format::key::FieldKey,
    sink::guard::{fingerprint::ConstantPart, memory, verdict::RefusalReason},
};

/// The subject of a doubt, without the values of one telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DoubtSubject {
    /// The counter came before, with other content.
    Reused,
    /// The counter went back.
    Counter,
    /// A part that is the same in all telegrams of this meter differs.
    Differs(ConstantPart),
    ClockBack,
    ClockLeap,
    ClockOff,
    /// A register went down.
    Fell(FieldKey),
    /// A register went down to where it was before the last telegram.
    Returned(FieldKey),
    /// A register is at zero.
    Zero(FieldKey),
    /// A register went up too far.
    Rose(FieldKey),
    /// Registers went up by more than the powers explain: after a gap one register does, and with the next
    /// telegram another one too.
    Step,
    /// A value that no house has.
    Wild(FieldKey),
    /// Power in both directions at once.
    BothWays,
    /// A power that voltages and currents do not carry.
    BeyondCurrents(FieldKey),
}

impl DoubtSubject {
    pub(super) const fn reason(self) -> RefusalReason {
        match self {
            Self::Counter => RefusalReason::Order,
            Self::Reused => RefusalReason::NonceReuse,
            Self::Differs(ConstantPart::Layout | ConstantPart::Digits) => RefusalReason::Layout,
            Self::Differs(ConstantPart::Meter | ConstantPart::Device) => RefusalReason::Number,
            Self::Differs(ConstantPart::Texts) => RefusalReason::Text,
            Self::Differs(ConstantPart::Clocks)
            | Self::ClockBack
            | Self::ClockLeap
            | Self::ClockOff => RefusalReason::Clock,
            Self::Fell(_) | Self::Returned(_) | Self::Zero(_) => RefusalReason::Fall,
            Self::Rose(_) | Self::Step => RefusalReason::Rise,
            Self::Wild(_) | Self::BothWays | Self::BeyondCurrents(_) => RefusalReason::Value,
        }
    }

    /// The explanation if other telegrams confirm it.
    pub(super) const fn explanation(self) -> &'static str {
        match self {
            Self::Counter => "the meter counts anew",
            Self::Reused => "the counter of this meter is of no use",
            Self::Differs(ConstantPart::Meter | ConstantPart::Device) => {
                "another meter, or a new name"
            }
            Self::Differs(ConstantPart::Clocks) => "one of them is wrong for good",
            Self::Differs(_) => "the meter was configured anew, or sends several lists",
            Self::ClockBack | Self::ClockOff => "the meter's clock was set",
            Self::ClockLeap => "the meter's clock was set, or telegrams were missing",
            Self::Rose(_) => "telegrams were missing, or it is no house",
            Self::Step => "the power changed between telegrams, or telegrams were missing",
            Self::Wild(_) => "it is no house",
            Self::BothWays | Self::BeyondCurrents(_) => "the meter measures it so",
            Self::Returned(_) => "the telegram before was wrong",
            Self::Fell(_) | Self::Zero(_) => "a new meter, or it was reset",
        }
    }

    /// Its name in the guard's memory, and the field in doubt.
    const fn named(self) -> (&'static str, Option<FieldKey>) {
        match self {
            Self::Reused => ("reused", None),
            Self::Counter => ("counter", None),
            Self::Differs(ConstantPart::Meter) => ("meter", None),
            Self::Differs(ConstantPart::Device) => ("device", None),
            Self::Differs(ConstantPart::Layout) => ("layout", None),
            Self::Differs(ConstantPart::Clocks) => ("clocks", None),
            Self::Differs(ConstantPart::Texts) => ("texts", None),
            Self::Differs(ConstantPart::Digits) => ("digits", None),
            Self::ClockBack => ("clock_back", None),
            Self::ClockLeap => ("clock_leap", None),
            Self::ClockOff => ("clock_off", None),
            Self::Fell(key) => ("fell", Some(key)),
            Self::Returned(key) => ("returned", Some(key)),
            Self::Zero(key) => ("zero", Some(key)),
            Self::Rose(key) => ("rose", Some(key)),
            Self::Step => ("step", None),
            Self::Wild(key) => ("wild", Some(key)),
            Self::BothWays => ("both_ways", None),
            Self::BeyondCurrents(key) => ("beyond_currents", Some(key)),
        }
    }

    pub(super) fn state(self) -> Value {
        let (name, key) = self.named();
        json!([name, key.map(memory::key)])
    }

    pub(super) fn restore(state: &Value) -> Option<Self> {
        let key = || memory::read_key(state.get(1)?.as_str()?);
        Some(match state.get(0)?.as_str()? {
            "reused" => Self::Reused,
            "counter" => Self::Counter,
            "meter" => Self::Differs(ConstantPart::Meter),
            "device" => Self::Differs(ConstantPart::Device),
            "layout" => Self::Differs(ConstantPart::Layout),
            "clocks" => Self::Differs(ConstantPart::Clocks),
            "texts" => Self::Differs(ConstantPart::Texts),
            "digits" => Self::Differs(ConstantPart::Digits),
            "clock_back" => Self::ClockBack,
            "clock_leap" => Self::ClockLeap,
            "clock_off" => Self::ClockOff,
            "fell" => Self::Fell(key()?),
            "returned" => Self::Returned(key()?),
            "zero" => Self::Zero(key()?),
            "rose" => Self::Rose(key()?),
            "step" => Self::Step,
            "wild" => Self::Wild(key()?),
            "both_ways" => Self::BothWays,
            "beyond_currents" => Self::BeyondCurrents(key()?),
            _ => return None,
        })
    }
}
