//! The kernel of the benchmarks as a process, for those who count instructions or CPU time.
//!
//! `kernel METER FORMAT COUNT` goes COUNT times over the least that has to be done with a telegram
//! of METER if it is to become FORMAT, and prints a checksum, so that nothing of it can be left
//! out. To get rid of the start, take the difference between two COUNTs.

#![allow(missing_docs)]

mod common;

use std::{env, hint::black_box};

use common::{
    format,
    kernel::{Kernel, Load},
    samples,
};

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [meter, kind, count] = arguments.as_slice() else {
        panic!("usage: kernel METER FORMAT COUNT");
    };
    let meter = common::METERS.into_iter().find(|known| known.name() == meter);
    let meter = meter.expect("METER: netz-noe-kaifa or ksm-west");
    let mut format = format(kind.parse().expect("FORMAT: json, csv, xml, table or lines"));
    let count: usize = count.parse().expect("COUNT: a number");
    let loads: Vec<_> =
        samples(meter).iter().map(|sample| Load::new(sample, format.as_mut())).collect();
    let mut kernel = Kernel::default();
    let each = loads.iter().cycle().take(count);
    let sum = each.fold(0u64, |sum, load| sum.wrapping_add(kernel.run(black_box(load))));
    println!("{sum}");
}
