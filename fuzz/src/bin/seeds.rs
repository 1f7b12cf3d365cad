//! Writes all seeds to fuzz/corpus.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (at, seed) in meterpipe_fuzz::seeds::all().into_iter().enumerate() {
        let folder = corpus.join(seed.reader);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{at}-{}", seed.name)), seed.octets)?;
    }
    Ok(())
}
