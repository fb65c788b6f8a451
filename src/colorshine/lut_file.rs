//! A .cube file that a property names.

use std::path::Path;
use std::sync::Arc;

use colorshine_core::cube::{Cube, ReadError, read};

/// A path, and what was found there when it was last read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LutFile {
    path: Option<Arc<Path>>,
    /// `None` before it is read, and for no file.
    content: Option<Result<Arc<Cube>, ReadError>>,
}

impl LutFile {
    /// A file that is yet to be read. An empty path is no file.
    pub(super) fn new(path: Option<Arc<Path>>) -> Self {
        Self { path, content: None }
    }

    /// The path as it was given.
    pub(super) fn path(&self) -> Option<&Arc<Path>> {
        self.path.as_ref()
    }

    /// Reads it, also where it has been read before.
    pub(super) fn read(&mut self) {
        let path = self.path.as_deref().filter(|path| !path.as_os_str().is_empty());
        self.content = path.map(|path| read(path).map(Arc::new));
    }

    /// Forgets what was read.
    pub(super) fn forget(&mut self) {
        self.content = None;
    }

    /// What was read, if it is of use.
    pub(super) fn cube(&self) -> Option<&Arc<Cube>> {
        self.content.as_ref()?.as_ref().ok()
    }

    /// What kept it from being read.
    pub(super) fn error(&self) -> Option<&ReadError> {
        self.content.as_ref()?.as_ref().err()
    }
}
