//! What the tools `shine`, `transcode`, `bake` and `contact-sheet` share.

pub mod arguments;
pub mod filter;
pub mod frame;
pub mod interruption;
pub mod look;
pub mod messages;
pub mod picture;
pub mod temporary;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// The result of anything that a tool does; an error is a text for its user.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Runs a tool: initialises GStreamer with the plugin, which is linked into the tool, so that no path has
/// to be set; an error goes to standard error, and its exit status is not 0. Ctrl-C removes what is unfinished.
pub fn main(run: impl FnOnce() -> Result<()>) -> ExitCode {
    let start = || -> Result<()> {
        interruption::handle()?;
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

/// A file's ending in small letters; empty where it has none.
pub fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}
