//! The plain data-notification, octet for octet.
//!
//! ```text
//! 0F 8006870E 0C 07E5091B01092F0F00FF8880        invoke id, date-time (its length, no tag)
//! 02 23                                          flat: 35 elements
//!    09 0C 07E5091B01092F0F00FF8880              clock
//!    09 06 0100010800FF 06 00003289 02 02 0F 00 16 1E      OBIS, value, scaler and unit; 11 times
//!    …
//!    09 0C 313831323230303030303039              meter number
//! ```
//!
//! The nested list also gives OBIS codes to the clock, the meter number and the logical device
//! name, and wraps each object in a structure. The lists without OBIS codes are in `positional`,
//! the text is in `text`.

use super::{
    house::Values,
    meter::{Identity, ListLayout, MeterKind},
    positional::{self, STRUCTURE, octet_string},
    text,
};

/// The content of a telegram before it is ciphered.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedTelegram<'a> {
    /// The kind of meter, which determines the list.
    pub meter: MeterKind,
    /// Its numbers.
    pub identity: &'a Identity,
    /// The long-invoke-id-and-priority.
    pub invoke_id: u32,
    /// The date-time: [`super::clock::date_time`].
    pub clock: [u8; 12],
    /// The measured values.
    pub values: &'a Values,
}

impl SimulatedTelegram<'_> {
    /// Appends the octets.
    pub fn emit(&self, plain: &mut Vec<u8>) {
        let Self { identity, clock, values, .. } = self;
        if let ListLayout::Text = self.meter.layout() {
            return text::emit(&identity.number, clock, values, plain);
        }
        plain.push(0x0f);
        plain.extend_from_slice(&self.invoke_id.to_be_bytes());
        plain.push(0x0c);
        plain.extend_from_slice(clock);
        match self.meter.layout() {
            ListLayout::Flat => self.flat(plain),
            ListLayout::Nested => self.nested(plain),
            ListLayout::Vienna => positional::vienna(clock, values, plain),
            ListLayout::Carinthia => positional::carinthia(&identity.number, clock, values, plain),
            ListLayout::Burgenland => positional::burgenland(&identity.number, values, plain),
            ListLayout::Coded => self.coded(plain),
            ListLayout::Text => {}
        }
    }

    /// 33 elements: the clock, then codes and values in turn.
    fn coded(&self, plain: &mut Vec<u8>) {
        let registers = text::registers(self.values);
        plain.extend_from_slice(&[STRUCTURE, 33]);
        octet_string(plain, &self.clock);
        for ([c, d, e], value, _) in registers {
            octet_string(plain, &[1, 0, c, d, e, 0xff]);
            plain.push(0x06);
            plain.extend_from_slice(&value.to_be_bytes());
        }
    }

    fn flat(&self, plain: &mut Vec<u8>) {
        plain.extend_from_slice(&[STRUCTURE, 35]);
        octet_string(plain, &self.clock);
        for (quantity, value) in self.energies().into_iter().take(2).chain(self.powers()) {
            object(plain, &quantity, 0x06, &value.to_be_bytes());
        }
        for (quantity, value) in self.voltages().chain(self.currents()) {
            object(plain, &quantity, 0x12, &value.to_be_bytes());
        }
        let factor = self.values.power_factor.to_be_bytes();
        object(plain, &POWER_FACTOR, self.meter.power_factor_tag(), &factor);
        octet_string(plain, self.identity.number.as_bytes());
    }

    fn nested(&self, plain: &mut Vec<u8>) {
        let elements = if self.meter.phases() == 1 { 12 } else { 16 };
        plain.extend_from_slice(&[STRUCTURE, elements]);
        octet_string(plain, &CLOCK);
        octet_string(plain, &self.clock);
        let device = self.identity.device.as_deref().unwrap_or_default();
        for (code, text) in [(&METER_NUMBER, self.identity.number.as_str()), (&DEVICE, device)] {
            plain.extend_from_slice(&[STRUCTURE, 2]);
            octet_string(plain, code);
            octet_string(plain, text.as_bytes());
        }
        for (quantity, value) in self.voltages().chain(self.currents()) {
            plain.extend_from_slice(&[STRUCTURE, 3]);
            object(plain, &quantity, 0x12, &value.to_be_bytes());
        }
        for (quantity, value) in self.powers().into_iter().chain(self.energies()) {
            plain.extend_from_slice(&[STRUCTURE, 3]);
            object(plain, &quantity, 0x06, &value.to_be_bytes());
        }
    }

    const fn energies(&self) -> [(RegisterCode, u32); 4] {
        let values = self.values;
        [
            (RegisterCode { c: 0x01, d: 8, scaler: 0, unit: 0x1e }, values.energy_import),
            (RegisterCode { c: 0x02, d: 8, scaler: 0, unit: 0x1e }, values.energy_export),
            (RegisterCode { c: 0x03, d: 8, scaler: 0, unit: 0x20 }, values.reactive_energy_import),
            (RegisterCode { c: 0x04, d: 8, scaler: 0, unit: 0x20 }, values.reactive_energy_export),
        ]
    }

    const fn powers(&self) -> [(RegisterCode, u32); 2] {
        [
            (RegisterCode { c: 0x01, d: 7, scaler: 0, unit: 0x1b }, self.values.power_import),
            (RegisterCode { c: 0x02, d: 7, scaler: 0, unit: 0x1b }, self.values.power_export),
        ]
    }

    fn voltages(&self) -> impl Iterator<Item = (RegisterCode, u16)> + use<> {
        let volt = |c| RegisterCode { c, d: 7, scaler: -1, unit: 0x23 };
        self.by_phase([0x20, 0x34, 0x48].map(volt), self.values.voltage)
    }

    fn currents(&self) -> impl Iterator<Item = (RegisterCode, u16)> + use<> {
        let ampere = |c| RegisterCode { c, d: 7, scaler: -2, unit: 0x21 };
        self.by_phase([0x1f, 0x33, 0x47].map(ampere), self.values.current)
    }

    fn by_phase(
        &self,
        quantities: [RegisterCode; 3],
        values: [u16; 3],
    ) -> impl Iterator<Item = (RegisterCode, u16)> + use<> {
        quantities.into_iter().zip(values).take(self.meter.phases())
    }
}

/// Octets C and D of an OBIS code 1-0:C.D.0*255, with scaler and unit.
#[derive(Clone, Copy)]
struct RegisterCode {
    c: u8,
    d: u8,
    scaler: i8,
    unit: u8,
}

const CLOCK: [u8; 6] = [0, 0, 1, 0, 0, 0xff];
const METER_NUMBER: [u8; 6] = [0, 0, 96, 1, 0, 0xff];
const DEVICE: [u8; 6] = [0, 0, 42, 0, 0, 0xff];
/// Unit FF: a number without a unit.
const POWER_FACTOR: RegisterCode = RegisterCode { c: 0x0d, d: 7, scaler: -3, unit: 0xff };

fn object(plain: &mut Vec<u8>, quantity: &RegisterCode, tag: u8, value: &[u8]) {
    let RegisterCode { c, d, scaler, unit } = *quantity;
    plain.extend_from_slice(&[0x09, 6, 1, 0, c, d, 0, 0xff, tag]);
    plain.extend_from_slice(value);
    plain.extend_from_slice(&[STRUCTURE, 2, 0x0f, scaler.cast_unsigned(), 0x16, unit]);
}
