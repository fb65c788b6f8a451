//! Baked looks as files, for the next process that begins with the same.
//!
//! A file is never trusted: what is not whole, in range, and for the very same request is refused, removed
//! and replaced. No file can do more harm than wrong colours; against those that would be forged with a
//! right checksum, the folder is one in which nobody else may write. Any number of processes may share it.

mod file;
mod folder;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use xxhash_rust::xxh64::xxh64;

pub use file::Refusal;
use folder::Folder;

use super::request::{Baked, Request, bake_unless};
use super::shared::{Origin, prepare_by};
use crate::workers::{Level, Team, finish_files_within, with_files};

/// What loading takes, at most, apart from the bytes, and for each thousand bytes; see
/// `docs/performance.md`. A look that is baked faster is not worth a file.
const LOADING: Duration = Duration::from_micros(100);
/// See [`LOADING`].
const LOADING_1000_BYTES: Duration = Duration::from_nanos(1000);

/// What a folder's user may want to know.
#[derive(Debug)]
pub enum Problem {
    /// A file is not used.
    File(PathBuf, Refusal),
    /// The folder cannot be used, or not be written to.
    Folder(PathBuf, io::Error),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, refusal) => {
                write!(f, "the file {} is not used: {refusal}", path.display())
            }
            Self::Folder(path, error) => {
                write!(f, "cannot keep lookup tables in {}: {error}", path.display())
            }
        }
    }
}

/// A folder of baked looks.
pub struct Disk {
    folder: Folder,
    /// Files that are yet to be written.
    unwritten: AtomicUsize,
    report: Box<dyn Fn(&Problem) + Send + Sync>,
}

/// A look that may be found in a folder.
#[derive(Default)]
struct Search(OnceLock<Option<Arc<Baked>>>);

impl Search {
    /// What has been found so far.
    fn found(&self) -> Option<Arc<Baked>> {
        self.0.get().cloned().flatten()
    }
}

impl Disk {
    /// Looks in a folder, which is created, for its owner alone, when the first is written. Problems are
    /// reported on the thread that has them.
    pub fn new(folder: PathBuf, report: impl Fn(&Problem) + Send + Sync + 'static) -> Self {
        let (folder, unwritten) = (Folder(folder), AtomicUsize::new(0));
        Self { folder, unwritten, report: Box::new(report) }
    }

    /// Path of the file for a request.
    pub fn path(&self, request: &Request, level: Level) -> PathBuf {
        self.folder.path(&digits(&request.key(level)))
    }

    /// The look in a request's file, if there is one that can be used; one that cannot is removed.
    pub fn load(&self, request: &Request, level: Level) -> Option<Baked> {
        let key = request.key(level);
        let digits = digits(&key);
        match self.folder.check() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.report_folder(error);
                return None;
            }
        }
        let is_length = |length| {
            let mut sizes = request.sizes().into_iter();
            sizes.any(|size| file::length(request, &key, size) as u64 == length)
        };
        let bytes = self.folder.read(&digits, is_length).transpose()?;
        let decoded = bytes.and_then(|bytes| file::decode(request, &key, &bytes));
        if let Err(refusal) = &decoded {
            (self.report)(&Problem::File(self.folder.path(&digits), *refusal));
            self.folder.remove(&digits);
        }
        decoded.ok()
    }

    /// Writes a request's file, whatever is there. Where there is no lattice there is nothing to write.
    pub fn save(&self, request: &Request, level: Level, baked: &Baked) {
        let key = request.key(level);
        if let Some(bytes) = file::encode(request, &key, baked)
            && let Err(error) = self.folder.write(&digits(&key), &bytes)
        {
            self.report_folder(error);
        }
    }

    fn report_folder(&self, error: io::Error) {
        (self.report)(&Problem::Folder(self.folder.0.clone(), error));
    }

    /// The baked form of a request, as [`prepare`](super::prepare) gives it. What is not in memory is looked for
    /// in its file while it is baked, and whichever is there first is taken: no one ever waits for a file.
    pub fn prepare(
        self: &Arc<Self>,
        request: &Request,
        level: Level,
        team: Team,
    ) -> (Arc<Baked>, Origin) {
        prepare_by(request, level, || {
            let search = self.search(request, level);
            match bake_unless(request, level, team, &|| search.found()) {
                Ok(baked) => {
                    let baked = Arc::new(baked);
                    self.keep(request, level, &baked, search);
                    (baked, Origin::Bake)
                }
                Err(found) => (found, Origin::Disk),
            }
        })
    }

    /// Looks for a request's file beside the caller, who never waits for it.
    fn search(self: &Arc<Self>, request: &Request, level: Level) -> Arc<Search> {
        let search = Arc::new(Search::default());
        let (disk, request, found) = (self.clone(), request.clone(), search.clone());
        with_files(move || {
            found.0.get_or_init(|| disk.load(&request, level).map(Arc::new));
        });
        search
    }

    /// Writes the file of a look that was baked while a search went on, beside the caller, if loading it
    /// is faster than that was and the search has found none. A look that is in no one's memory by then is
    /// not written.
    fn keep(
        self: &Arc<Self>,
        request: &Request,
        level: Level,
        baked: &Arc<Baked>,
        search: Arc<Search>,
    ) {
        if baked.bake_time > loading(baked.bytes()) {
            let unwritten = Unwritten::of(self);
            let (request, baked) = (request.clone(), Arc::downgrade(baked));
            with_files(move || {
                if let (Some(baked), None) = (baked.upgrade(), search.found()) {
                    unwritten.0.save(&request, level, &baked);
                }
            });
        }
    }

    /// Waits for files that are being written, at most so long: a process that ends early would never keep a look.
    pub fn finish(&self, patience: Duration) {
        if self.unwritten.load(Ordering::Acquire) > 0 {
            finish_files_within(patience);
        }
    }
}

/// Counts a file until it is written, or is not to be.
struct Unwritten(Arc<Disk>);

impl Unwritten {
    fn of(disk: &Arc<Disk>) -> Self {
        disk.unwritten.fetch_add(1, Ordering::AcqRel);
        Self(disk.clone())
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        self.0.unwritten.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The digits of a file's name: a hash of the key, which the file has in full.
fn digits(key: &str) -> String {
    let hash = |seed| xxh64(key.as_bytes(), seed);
    format!("{:016x}{:016x}", hash(0), hash(1))
}

/// What loading a lattice of so many bytes takes.
fn loading(bytes: u64) -> Duration {
    LOADING + LOADING_1000_BYTES * u32::try_from(bytes / 1000).unwrap_or(u32::MAX)
}
