//! The tools, run as programs.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use image::{ImageReader, Rgb, RgbImage};
use tempfile::TempDir;

use super::Random;

/// Longest that a tool may take.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A tool of this build.
pub fn tool(name: &str) -> Command {
    let path = match name {
        "bake" => env!("CARGO_BIN_EXE_bake"),
        "contact-sheet" => env!("CARGO_BIN_EXE_contact-sheet"),
        "shine" => env!("CARGO_BIN_EXE_shine"),
        "transcode" => env!("CARGO_BIN_EXE_transcode"),
        other => panic!("no tool {other}"),
    };
    let mut command = Command::new(path);
    command.env_remove("GST_PRESET_PATH");
    command
}

/// What a tool prints, when it has done its work.
pub fn run(name: &str, folder: &TempDir, arguments: &[&str]) -> String {
    let output = outcome(name, folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a tool says that cannot do its work.
pub fn fails(name: &str, folder: &TempDir, arguments: &[&str]) -> String {
    let output = outcome(name, folder, arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{name} {arguments:?} did not fail: {errors}");
    assert!(errors.starts_with("error: ") || errors.contains("\nerror: "), "{errors}");
    assert_eq!(unfinished(folder.path()), None, "{errors}");
    errors
}

/// A file in a folder that a tool has not finished.
pub fn unfinished(folder: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let begun = files.find(|file| file.file_name().as_encoded_bytes().starts_with(b".colorshine-"));
    begun.map(|file| file.path())
}

/// What becomes of a tool, run in a folder that is its user's home, too.
pub fn outcome(name: &str, folder: &TempDir, arguments: &[impl AsRef<OsStr> + Debug]) -> Output {
    let mut command = tool(name);
    // The user's own presets and cache play no part.
    command.current_dir(folder.path()).env("XDG_DATA_HOME", folder.path()).args(arguments);
    command.env("XDG_CACHE_HOME", folder.path());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let (done, wait) = std::sync::mpsc::channel();
    let child = child.unwrap();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let output = wait.recv_timeout(TIMEOUT);
    output.unwrap_or_else(|_| panic!("{name} {arguments:?} has not ended")).unwrap()
}

/// A folder for a test's files.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Colours of all kinds: a smooth field with noise.
pub fn photograph(width: u32, height: u32) -> RgbImage {
    let mut random = Random::new(u64::from(width));
    RgbImage::from_fn(width, height, |x, y| {
        let at = |a: u32, b: u32| (a * 255 / b) as u8;
        let field = [at(x, width), at(y, height), at((x + 2 * y) % width, width)];
        Rgb(field.map(|code| code.saturating_add(random.below(9) as u8)))
    })
}

/// A picture as the image crate decodes it.
pub fn open(folder: &TempDir, name: &str) -> image::DynamicImage {
    let bytes = fs::read(folder.path().join(name)).unwrap();
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().decode().unwrap()
}

/// The pictures' bytes are the same.
pub fn assert_same(folder: &TempDir, one: &str, other: &str) {
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read(one) == read(other), "{one} and {other} differ");
}
