//! The folder: one's own, of limited size, with files that are there whole or not at all.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Refusal;

/// Most bytes that the files may have.
const MOST_BYTES: u64 = 64 << 20;

/// Most files.
const MOST_FILES: usize = 1024;

/// Age at which an unfinished file has been left behind by a process that was killed.
const STALE: Duration = Duration::from_secs(60 * 60);

/// Digits that the name of each file begins with.
pub(super) const DIGITS: usize = 32;

/// Endings of the files: of looks, and of such as are being written. Whatever else lies in the folder is
/// somebody else's and left alone.
const LOOK: &str = "lattice";
/// See [`LOOK`].
const UNFINISHED: &str = "unfinished";

/// The folder's path; it need not be there.
#[derive(Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    /// Path of the file of a look whose name is so many digits.
    pub(super) fn path(&self, digits: &str) -> PathBuf {
        self.0.join(format!("{digits}.{LOOK}"))
    }

    /// Checks that nobody else can put files there.
    ///
    /// # Errors
    ///
    /// That there is no such folder, or what is wrong with it.
    pub(super) fn check(&self) -> io::Result<()> {
        let metadata = fs::metadata(&self.0)?;
        if !metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"));
        }
        is_private(&metadata)
    }

    /// The bytes of a look's file, if it has as many as `is_length` allows; `None` where there is no file.
    ///
    /// # Errors
    ///
    /// Why it is not read.
    pub(super) fn read(
        &self,
        digits: &str,
        is_length: impl Fn(u64) -> bool,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let mut file = match open(&self.path(digits)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(Refusal::Unreadable),
        };
        let metadata = file.metadata().map_err(|_| Refusal::Unreadable)?;
        let length = metadata.len();
        if !metadata.is_file() {
            return Err(Refusal::NotAFile);
        }
        if !is_length(length) {
            return Err(Refusal::Length);
        }
        let mut bytes = Vec::with_capacity(length as usize);
        // Not one byte more, should it be growing.
        (&mut file).take(length).read_to_end(&mut bytes).map_err(|_| Refusal::Unreadable)?;
        // Its age is that of its last use. A file system that cannot tell removes files by their true age.
        let _ = file.set_modified(SystemTime::now());
        Ok(Some(bytes))
    }

    /// Puts a look's file in place, in one step, and removes what has become too much.
    ///
    /// # Errors
    ///
    /// What the system says; the file is then the one before, or none.
    pub(super) fn write(&self, digits: &str, bytes: &[u8]) -> io::Result<()> {
        create(&self.0)?;
        self.check()?;
        // Of one process only one thread writes, and no two processes have both number and time in common
        // unless they are in containers of their own; then one of them fails to create the file.
        let (process, time) = (std::process::id(), SystemTime::now());
        let time = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = format!("{}-{}", time.as_secs(), time.subsec_nanos());
        let unfinished = self.0.join(format!("{digits}-{process}-{time}.{UNFINISHED}"));
        let mut file = create_file(&unfinished)?;
        // Nothing is flushed to the disk itself: what a power failure makes of the file is refused later.
        let written = file.write_all(bytes);
        drop(file);
        let written = written.and_then(|()| fs::rename(&unfinished, self.path(digits)));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written.and_then(|()| self.sweep())
    }

    /// Removes the file of a look, whatever it is, but no folder that has something in it.
    pub(super) fn remove(&self, digits: &str) {
        let path = self.path(digits);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }

    /// Removes what was left unfinished, and the files that have not been used for longest where there
    /// are too many.
    fn sweep(&self) -> io::Result<()> {
        let mut looks = Vec::new();
        for entry in fs::read_dir(&self.0)?.flatten() {
            let path = entry.path();
            // Other processes sweep, too: files may go at any moment.
            let Some((kind, metadata)) = kind(&path).zip(entry.metadata().ok()) else {
                continue;
            };
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if kind == LOOK {
                looks.push((modified, metadata.len(), path));
            } else if modified.elapsed().is_ok_and(|age| age > STALE) {
                let _ = fs::remove_file(path);
            }
        }
        let mut bytes: u64 = looks.iter().map(|(_, length, _)| length).sum();
        while bytes > MOST_BYTES || looks.len() > MOST_FILES {
            let ages = looks.iter().enumerate().map(|(i, (modified, ..))| (*modified, i));
            let Some((_, oldest)) = ages.min() else {
                break;
            };
            let (_, length, path) = looks.swap_remove(oldest);
            let _ = fs::remove_file(path);
            bytes -= length;
        }
        Ok(())
    }
}

/// Which of the endings a file has, if its name is one that is given here.
fn kind(path: &Path) -> Option<&'static str> {
    let digits = path.file_stem()?.to_str()?.get(..DIGITS)?;
    let extension = path.extension()?;
    let kind = [LOOK, UNFINISHED].into_iter().find(|kind| extension == *kind);
    kind.filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Opens a file for reading. Links are not followed, and pipes not waited for.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

/// Creates a file that must not be there, for its owner alone.
fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path)
}

/// Creates a folder, and those above it, for their owner alone, where they are missing.
fn create(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path)
}

/// Whether a folder is this user's, and nobody else may write in it.
#[cfg(unix)]
fn is_private(metadata: &Metadata) -> io::Result<()> {
    let refuse = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refuse("it is another user's");
    }
    if metadata.mode() & 0o022 != 0 {
        return refuse("others may write in it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn is_private(_: &Metadata) -> io::Result<()> {
    Ok(())
}
