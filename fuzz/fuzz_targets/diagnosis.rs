#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| meterpipe_fuzz::readers::diagnosis(octets));
