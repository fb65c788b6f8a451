//! Files that are written whole or not at all.
//!
//! What is written goes into a file of its own beside the one that is meant, made new under a name that
//! nobody has, and takes the other's place once it is complete. Whatever goes wrong, Ctrl-C included, that
//! file is removed, and one that was there before stays as it was. Links are followed, a file that is replaced
//! keeps its permissions and its owner, and one that is read-only is not replaced: the same rules as those of the
//! element's own `export-lut`, which knows nothing of Ctrl-C.

use std::error::Error;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{self, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Result;

/// Files that are being written. Who makes or removes one, or gives it its place, holds the lock meanwhile.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Most links that a name may lead through, as Linux has it.
const MOST_LINKS: usize = 40;

/// Has `write` make a file under the path that it is given, which exists and is empty, and puts it in the
/// place of `path`. A link is followed; permissions of a file that is replaced stay.
///
/// # Errors
///
/// What `write` says; or `path` is no regular file, is read-only, or its folder takes no new files.
pub fn write_whole<T>(path: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let cannot = |error: &dyn Error| format!("cannot write {}: {error}", path.display());
    let place = Destination::of(path)?;
    let unfinished = Unfinished::beside(&place).map_err(|error| cannot(&error))?;
    let value = write(&unfinished.0)?;
    take(&unfinished.0, &place).map_err(|error| cannot(&error))?;
    Ok(value)
}

/// The same for what is written piece by piece.
///
/// # Errors
///
/// As [`write_whole`] has them.
pub fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    write_whole(path, |unfinished| {
        let cannot = |error: io::Error| format!("cannot write {}: {error}", path.display());
        let mut file = BufWriter::new(File::create(unfinished).map_err(cannot)?);
        write(&mut file)?;
        file.flush().map_err(cannot)?;
        Ok(())
    })
}

/// The same for who has files of its own beside the one that it makes: the path is in a folder of its own, and
/// nothing is there yet.
///
/// # Errors
///
/// As [`write_whole`] has them.
pub fn write_in_folder(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let cannot = |error: io::Error| format!("cannot write {}: {error}", path.display());
    let place = Destination::of(path)?;
    let folder = Unfinished::folder_beside(&place).map_err(cannot)?;
    let file = folder.0.join("unfinished");
    write(&file)?;
    take(&file, &place).map_err(cannot)?;
    Ok(())
}

/// Removes what is being written, and ends the program.
pub fn leave(status: i32) -> ! {
    // Held to the end: no other file is begun.
    let unfinished = unfinished();
    for path in unfinished.iter() {
        remove(path);
    }
    end(status)
}

/// Removes a file, or a folder with all that is in it.
fn remove(path: &Path) {
    // It may be gone already; of anything else there is no one left to be told.
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
}

/// Ends the program at once. What libraries do at exit, those of a GPU's driver among them, may wait for threads that
/// will not end, or crash below those that go on.
#[cfg(unix)]
fn end(status: i32) -> ! {
    signal_hook::low_level::exit(status)
}

#[cfg(not(unix))]
fn end(status: i32) -> ! {
    std::process::exit(status)
}

/// Whether a path is of a file whose bytes can be read from start to end, and more than once.
///
/// # Errors
///
/// There is nothing of this name, or something else.
pub fn check_regular(path: &Path) -> Result<()> {
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "no such file".to_string(),
        _ => error.to_string(),
    })?;
    match kind(metadata.file_type()) {
        None => Ok(()),
        Some(kind) => Err(format!("it is {kind}, and a file is needed").into()),
    }
}

/// Whether a file can be made at a path, or the one that is there be replaced.
///
/// # Errors
///
/// There is something else, it is read-only, or there is no folder for it.
pub fn check_writable(path: &Path) -> Result<()> {
    Destination::of(path).map(drop)
}

/// Whether two paths lead to the same file, by links of any kind.
pub fn is_same(one: &Path, other: &Path) -> bool {
    // Neither is opened, as a pipe would wait for its other end.
    #[cfg(unix)]
    let identity = |path: &Path| {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).map(|file| (file.dev(), file.ino()))
    };
    #[cfg(not(unix))]
    let identity = |path: &Path| fs::canonicalize(path);
    // What does not exist is no other's file.
    identity(one).is_ok_and(|one| identity(other).is_ok_and(|other| one == other))
}

/// Whether what is written as `to` would replace a file that is read.
///
/// # Errors
///
/// It would.
pub fn check_not_read<'a>(to: &Path, read: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    match read.into_iter().find(|from| is_same(from, to)) {
        None => Ok(()),
        Some(from) => Err(format!("{} would be overwritten by itself", from.display()).into()),
    }
}

/// What something is that is not a regular file.
fn kind(of: FileType) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if of.is_fifo() {
            return Some("a pipe");
        }
        if of.is_socket() {
            return Some("a socket");
        }
    }
    match (of.is_file(), of.is_dir()) {
        (true, _) => None,
        (_, true) => Some("a folder"),
        _ => Some("a device"),
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    // A list of paths is never half changed.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a file is to be in the end.
struct Destination {
    path: PathBuf,
    /// Of the file that is there.
    old: Option<Metadata>,
}

impl Destination {
    fn of(path: &Path) -> Result<Self> {
        let cannot =
            |why: &dyn std::fmt::Display| format!("cannot write {}: {why}", path.display());
        let old = match fs::metadata(path) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(cannot(&error).into()),
        };
        if let Some(old) = &old {
            if let Some(kind) = kind(old.file_type()) {
                return Err(cannot(&format!("it is {kind}, and a file is needed")).into());
            }
            // Root may write what is not meant to be written.
            if old.permissions().readonly() {
                return Err(cannot(&"it is read-only").into());
            }
            File::options().append(true).open(path).map_err(|error| cannot(&error))?;
        }
        let path = target(path).map_err(|error| cannot(&error))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        if !folder.is_dir() {
            return Err(cannot(&format!("there is no folder {}", folder.display())).into());
        }
        Ok(Self { path, old })
    }
}

/// The absolute path of what a path names, which may not be there yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path::absolute(path)?;
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("/")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links, one leading to the next"))
}

/// A file that is being written, or a folder of such files; it goes, but for the file that takes its place.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(place: &Destination) -> io::Result<Self> {
        let folder = place.path.parent().unwrap_or(Path::new("/"));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".colorshine-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // A file that replaces a private one is private from the start; the umask cuts down a new one's.
            let mode = if place.old.is_some() { 0o600 } else { 0o666 };
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        let mut unfinished = unfinished();
        let (_, path) = builder.tempfile_in(folder)?.keep()?;
        unfinished.push(path.clone());
        Ok(Self(path))
    }

    fn folder_beside(place: &Destination) -> io::Result<Self> {
        let folder = place.path.parent().unwrap_or(Path::new("/"));
        let mut unfinished = unfinished();
        let path = tempfile::Builder::new().prefix(".colorshine-").tempdir_in(folder)?.keep();
        unfinished.push(path.clone());
        Ok(Self(path))
    }
}

/// Puts a file that has been written in its place.
fn take(path: &Path, place: &Destination) -> io::Result<()> {
    let file = File::open(path)?;
    if let Some(old) = &place.old {
        keep_owner(&file, old);
        file.set_permissions(old.permissions())?;
    }
    // Else a name could be on disk before what it names.
    file.sync_all()?;
    let mut unfinished = unfinished();
    fs::rename(path, &place.path)?;
    unfinished.retain(|other| other != path);
    Ok(())
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut unfinished = unfinished();
        let is_other = |path: &PathBuf| *path != self.0;
        if !unfinished.iter().all(is_other) {
            unfinished.retain(is_other);
            remove(&self.0);
        }
    }
}

/// Gives a file the owner of the one that it replaces, where it may.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let is_same = |new: &Metadata| (new.uid(), new.gid()) == (old.uid(), old.gid());
    if !file.metadata().as_ref().is_ok_and(is_same) {
        // Others than root may give no file away: it becomes that of who writes it.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}
