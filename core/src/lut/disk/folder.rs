//! The folder: one's own, of limited size, with files that are there whole or not at all.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
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

/// Age at which an unfinished file has been left behind, where the file system cannot lock files.
const STALE: Duration = Duration::from_secs(60 * 60);

/// Times that a file is begun anew if somebody has taken it for left behind.
const MOST_TRIES: usize = 8;

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

    /// Puts a look's file in place, in one step, where there is room or room can be made.
    ///
    /// Whoever dies in the middle leaves an unfinished file, which counts like the others and goes with the next
    /// that is written: the folder is within its limits whoever dies when, and however many write at once.
    ///
    /// # Errors
    ///
    /// What the system says; the file is then the one before, or none.
    pub(super) fn write(&self, digits: &str, bytes: &[u8]) -> io::Result<()> {
        create(&self.0)?;
        self.check()?;
        let (unfinished, mut file) = self.create_unfinished(digits)?;
        // It counts with its whole length before it has a byte, for others that make room now, too. Nothing is
        // flushed to the disk itself: what a power failure makes of the file is refused later.
        let written =
            file.set_len(bytes.len() as u64).and_then(|()| self.sweep()).and_then(|fits| {
                if fits {
                    file.write_all(bytes)?;
                    fs::rename(&unfinished, self.path(digits))
                } else {
                    fs::remove_file(&unfinished)
                }
            });
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        // Until here it was locked.
        drop(file);
        written
    }

    /// A new file to write a look to, and its path. It is locked as long as it is open, which tells others that
    /// it has not been left behind; a lock ends with its process, however that ends.
    fn create_unfinished(&self, digits: &str) -> io::Result<(PathBuf, File)> {
        let mut tries = 0;
        loop {
            // Of one process only one thread writes, and no two processes have both number and time in common
            // unless they are in containers of their own; then one of them fails to create the file.
            let (process, time) = (std::process::id(), SystemTime::now());
            let time = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let time = format!("{}-{}", time.as_secs(), time.subsec_nanos());
            let path = self.0.join(format!("{digits}-{process}-{time}.{UNFINISHED}"));
            let file = create_file(&path)?;
            tries += 1;
            let is_locked = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            // Between the two steps others may have locked it, to remove it.
            if tries == MOST_TRIES || is_locked && fs::symlink_metadata(&path).is_ok() {
                return Ok((path, file));
            }
        }
    }

    /// Removes the file of a look, whatever it is, but no folder that has something in it.
    pub(super) fn remove(&self, digits: &str) {
        let path = self.path(digits);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }

    /// Removes what was left unfinished, and the files that have not been used for longest where there are
    /// too many. Returns whether the others are few enough: what is being written stays.
    fn sweep(&self) -> io::Result<bool> {
        let mut looks = Vec::new();
        let (mut bytes, mut files) = (0, 0);
        for entry in fs::read_dir(&self.0)?.flatten() {
            let path = entry.path();
            // Other processes sweep, too: files may go at any moment.
            let Some((kind, metadata)) = kind(&path).zip(entry.metadata().ok()) else {
                continue;
            };
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if kind == UNFINISHED && remove_left_behind(&path, modified) {
                continue;
            }
            bytes += metadata.len();
            files += 1;
            if kind == LOOK {
                looks.push((modified, metadata.len(), path));
            }
        }
        // One by one, since few go at a time.
        while (bytes > MOST_BYTES || files > MOST_FILES)
            && let Some(oldest) = (0..looks.len()).min_by_key(|look| looks[*look].0)
        {
            let (_, length, path) = looks.swap_remove(oldest);
            let _ = fs::remove_file(path);
            bytes -= length;
            files -= 1;
        }
        Ok(bytes <= MOST_BYTES && files <= MOST_FILES)
    }
}

/// Removes an unfinished file that no process writes any more; returns whether it is gone.
fn remove_left_behind(path: &Path, modified: SystemTime) -> bool {
    let is_stale = || modified.elapsed().is_ok_and(|age| age > STALE);
    let Ok(file) = open(path) else {
        return is_stale() && fs::remove_file(path).is_ok();
    };
    let is_left = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => is_stale(),
    };
    // The lock ends with this function: whoever has just created it finds it locked, or gone.
    is_left && fs::remove_file(path).is_ok()
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
