//! What several tools need.

#![allow(dead_code, reason = "each tool uses its own part")]

pub(crate) mod arguments;
pub(crate) mod filter;
pub(crate) mod frame;
pub(crate) mod look;
pub(crate) mod messages;

use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The result of anything that a tool does; an error is a text for its user.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Runs a tool: initialises GStreamer with the plugin, which is linked into the tool, so that no path has
/// to be set; an error goes to standard error, and its exit status is not 0.
pub(crate) fn main(run: impl FnOnce() -> Result<()>) -> ExitCode {
    let start = || -> Result<()> {
        gst::init()?;
        gstcolorshine::plugin_register_static()?;
        Ok(())
    };
    match start().and_then(|()| run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a file under another name that is given its own when all went well: whatever goes wrong, a file
/// that was there before stays as it was.
pub(crate) fn write_whole<T>(path: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let in_its_place = |error: &dyn Error| format!("cannot write {}: {error}", path.display());
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let written = write(&unfinished);
    match written {
        Ok(value) => {
            fs::rename(&unfinished, path).map_err(|error| in_its_place(&error))?;
            Ok(value)
        }
        Err(error) => {
            // It may not have come to exist.
            let _ = fs::remove_file(&unfinished);
            Err(error)
        }
    }
}

/// The same for what is written piece by piece.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    write_whole(path, |unfinished| {
        let file = fs::File::create(unfinished)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush().map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(())
    })
}

/// A file's ending in small letters; empty where it has none.
pub(crate) fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}
