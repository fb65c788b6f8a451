//! Makes a list in JSON of the looks in the workspace's folder `looks`: each with its name, and all that its file has.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../looks");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let looks: Vec<toml::Table> = files
        .iter()
        .map(|path| {
            let mut look: toml::Table = fs::read_to_string(path)
                .unwrap()
                .parse()
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_stem().unwrap().to_str().unwrap();
            look.insert("name".into(), name.into());
            look
        })
        .collect();
    let output = PathBuf::from(env::var_os("OUT_DIR").unwrap()).join("looks.json");
    fs::write(output, serde_json::to_string(&looks).unwrap()).unwrap();
}
