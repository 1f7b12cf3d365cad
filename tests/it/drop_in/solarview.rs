//! The files of Phil1pp/kaifareader, commits de182b2 and deb079c.
//!
//! Both read the telegrams from a pseudo-terminal. The newer one ran with its sample configuration, less
//! the three texts in `file_export_values`, at which it stops with status 50.

use super::KSM_WEST;
use crate::common::published::Folder;

const NETZ_NOE: &str = include_str!("../../data/drop-in/netz-noe-kaifa.hex");

const OLDER: &str = "/?!\n/KAIFA\n1.8.0(005693.123*kWh)\n2.8.0(014388.343*kWh)\n!\n";

const NEWER: &str = "/?!
/KAIFA
32.7.0(000234.300*V)
52.7.0(000233.100*V)
72.7.0(000234.900*V)
31.7.0(000004.110*A)
51.7.0(000004.650*A)
71.7.0(000004.490*A)
1.7.0(000000.000*W)
2.7.0(003104.000*W)
1.8.0(5693123.000*Wh)
2.8.0(14388343.000*Wh)
3.8.0(019942.000*W)
4.8.0(2386842.000*W)
!
";

const NEWER_NETZ_NOE: &str = "/?!
/KAIFA
32.7.0(000234.300*V)
52.7.0(000233.100*V)
72.7.0(000234.900*V)
31.7.0(000004.110*A)
51.7.0(000004.650*A)
71.7.0(000004.490*A)
1.7.0(000000.000*W)
2.7.0(003104.000*W)
1.8.0(5693123.000*Wh)
2.8.0(14388343.000*Wh)
13.7.0(000000.999*)
!
";

/// The file that a sink writes.
fn file(more: &str, telegram: &str) -> String {
    let folder = Folder::new();
    let decoded = folder.decode(&[], telegram).out;
    let path = folder.path("export.txt");
    let sink = format!("solarview:{path}?guard=false{more}");
    let ran = crate::common::binary::run(&["publish", "--to", &sink], decoded.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_file_is_the_same_for_both_images() {
    assert_eq!(file("", KSM_WEST), OLDER);
    assert_eq!(file("&style=kaifareader", KSM_WEST), NEWER);
    assert_eq!(file("&style=kaifareader", NETZ_NOE), NEWER_NETZ_NOE);
}

#[test]
fn registers_are_chosen_as_there_and_units_can_be_right() {
    let fields = "fields=power_factor,reactive_energy_import_varh,energy_import_wh";
    let head = "/?!\n/KAIFA\n";
    assert_eq!(
        file(&format!("&style=kaifareader&{fields}"), KSM_WEST),
        format!("{head}3.8.0(019942.000*W)\n1.8.0(5693123.000*Wh)\n!\n")
    );
    assert_eq!(
        file(&format!("&style=kaifareader&{fields}&units.reactive-energy=varh"), KSM_WEST),
        format!("{head}3.8.0(019942.000*varh)\n1.8.0(5693123.000*Wh)\n!\n")
    );
    assert_eq!(
        file(&format!("&{fields}"), NETZ_NOE),
        format!("{head}13.7.0(000000.999)\n1.8.0(005693.123*kWh)\n!\n")
    );
}
