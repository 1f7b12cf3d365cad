#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| meterpipe_fuzz::layout(octets));
