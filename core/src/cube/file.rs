//! .cube files on disk.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use super::{Cube, ParseError, parse};

/// Largest file that is read.
pub const MAX_BYTES: u64 = 64 << 20;

/// Most links that a name may lead through, as Linux has it.
const MOST_LINKS: usize = 40;

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadError {
    /// It cannot be opened or read: what the system says.
    Io(String),
    /// It is a folder, a pipe or a device.
    NotAFile,
    /// It is larger than [`MAX_BYTES`]: its bytes.
    TooLarge(u64),
    /// It is no .cube file.
    Text(ParseError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(why) => write!(f, "cannot be read ({why}), expected a .cube file"),
            Self::NotAFile => f.write_str("is not a file, expected a .cube file"),
            Self::TooLarge(bytes) => {
                write!(f, "has {bytes} bytes, allowed are {MAX_BYTES}")
            }
            Self::Text(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

/// Reads a file.
///
/// # Errors
///
/// See [`ReadError`].
pub fn read(path: &Path) -> Result<Cube, ReadError> {
    let check = |metadata: &Metadata| match metadata.len() {
        _ if !metadata.is_file() => Err(ReadError::NotAFile),
        bytes if bytes > MAX_BYTES => Err(ReadError::TooLarge(bytes)),
        _ => Ok(()),
    };
    // Before it is opened, as opening a device may do something, and again of what has been opened.
    check(&fs::metadata(path)?)?;
    let file = open_at_once(File::options().read(true), path)?;
    check(&file.metadata()?)?;
    let mut text = Vec::new();
    // It may grow while it is read.
    file.take(MAX_BYTES).read_to_end(&mut text)?;
    parse(&text).map_err(ReadError::Text)
}

/// Makes or replaces a file: it is there whole, with all parts of its text, or as it was before. Links are
/// followed; a file that is replaced keeps its permissions and, where the system lets it, its owner. What is no
/// file is left alone, but for a device of characters such as `/dev/null`, which is written to.
///
/// # Errors
///
/// What the system says, or that there is a pipe, a socket or the like, or a file that is read-only.
pub fn save(path: &Path, parts: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    let existing = match fs::metadata(path) {
        Ok(metadata) => {
            check_writable(&metadata)?;
            let file = open_at_once(File::options().write(true), path)?;
            let metadata = file.metadata()?;
            check_writable(&metadata)?;
            if !metadata.is_file() {
                return write_all(&file, parts);
            }
            Some(metadata)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let path = target(path);
    let (temporary, file) = create_beside(&path, existing.is_some())?;
    let written = write_all(&file, parts)
        .and_then(|()| existing.map_or(Ok(()), |old| keep_access(&file, &old)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        // The error that led here says more than one of cleaning up would.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// What a path names, by links that lead to it; it may not be there yet.
fn target(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    // The system has followed them before, and takes no more.
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => break,
        }
    }
    path
}

/// Gives a file the permissions and the owner of the one that it replaces.
fn keep_access(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let is_same = |new: &Metadata| (new.uid(), new.gid()) == (old.uid(), old.gid());
        if !file.metadata().as_ref().is_ok_and(is_same) {
            // Others than root may give no file away: it becomes that of who writes it.
            let _ = fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }
    file.set_permissions(old.permissions())
}

/// Whether it is a file, or at least nothing at whose other end somebody may be waited for.
fn check_writable(metadata: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    let is_device = std::os::unix::fs::FileTypeExt::is_char_device(&metadata.file_type());
    #[cfg(not(unix))]
    let is_device = false;
    if metadata.is_file() && metadata.permissions().readonly() {
        // Root may write what is not meant to be written.
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    if metadata.is_file() || is_device {
        return Ok(());
    }
    let what = if metadata.is_dir() { "a folder" } else { "a pipe, a socket or a block device" };
    let why = format!("it is {what}, expected a file");
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

/// Opens a file without waiting for anybody, should it have become a pipe.
fn open_at_once(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
    options.open(path)
}

fn write_all(mut file: &File, mut parts: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    parts.try_for_each(|part| file.write_all(&part))
}

/// A new file in the folder of another. One that replaces a file, which may be private, is private until it has the
/// permissions of that; the umask cuts down those of a new one.
fn create_beside(path: &Path, replaces: bool) -> io::Result<(PathBuf, File)> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if replaces { 0o600 } else { 0o666 });
    #[cfg(not(unix))]
    let _ = replaces;
    let mut number = 0u32;
    loop {
        let name = format!(".colorshine-{}-{number}.tmp", process::id());
        let temporary = path.with_file_name(name);
        match options.open(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            created => return created.map(|file| (temporary, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Problem;

    const TEXT: &str = "LUT_1D_SIZE 2\n0 0 0\n1 1 1\n";

    #[test]
    fn files_are_read_and_what_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cube");
        assert!(matches!(read(&path), Err(ReadError::Io(_))));
        assert_eq!(read(folder.path()), Err(ReadError::NotAFile));
        fs::write(&path, TEXT).unwrap();
        assert_eq!(read(&path), Ok(super::super::parse(TEXT.as_bytes()).unwrap()));
        fs::write(&path, "LUT_1D_SIZE 2\n0 0 0\n").unwrap();
        let too_few = ParseError { line: 3, column: 1, problem: Problem::TooFewRows(1, 2) };
        assert_eq!(read(&path), Err(ReadError::Text(too_few)));
        // No byte of it is there, and none is read.
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        let error = read(&path).unwrap_err();
        assert_eq!(error, ReadError::TooLarge(MAX_BYTES + 1));
        assert_eq!(error.to_string(), "has 67108865 bytes, allowed are 67108864");
    }

    /// A text in two parts.
    fn parts(text: &str) -> impl Iterator<Item = Vec<u8>> {
        let (head, tail) = text.split_at(1);
        [head, tail].map(|part| part.as_bytes().to_vec()).into_iter()
    }

    #[test]
    fn saving_replaces_a_file_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cube");
        let holds = |want: &str| assert_eq!(fs::read_to_string(&path).unwrap(), want);
        save(&path, parts("one")).unwrap();
        holds("one");
        let mut seen = 0;
        let watched = parts("second").inspect(|_| {
            holds("one");
            seen += 1;
        });
        save(&path, watched).unwrap();
        holds("second");
        assert_eq!(seen, 2);
        assert!(save(&folder.path().join("no/a.cube"), parts("three")).is_err());
        assert!(save(folder.path(), parts("three")).is_err());
        // What is in the way of the new name is found last.
        let late = save(
            &folder.path().join("b.cube"),
            parts("three").inspect(|_| {
                let _ = fs::create_dir(folder.path().join("b.cube"));
            }),
        );
        assert!(late.is_err());
        let entries = || fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(entries(), 2, "nothing temporary is left");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.cube"), folder.path().join("link.cube"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        save(&link, parts("new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        // What a link leads to need not be there, and a link that leads nowhere is not replaced.
        symlink("new.cube", folder.path().join("dangling.cube")).unwrap();
        save(&folder.path().join("dangling.cube"), parts("new")).unwrap();
        assert!(fs::symlink_metadata(folder.path().join("dangling.cube")).unwrap().is_symlink());
        assert_eq!(fs::read(folder.path().join("new.cube")).unwrap(), b"new");
        symlink("loop.cube", folder.path().join("loop.cube")).unwrap();
        assert!(save(&folder.path().join("loop.cube"), parts("new")).is_err());
        assert!(fs::symlink_metadata(folder.path().join("loop.cube")).unwrap().is_symlink());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        let error = save(&link, parts("newer")).unwrap_err();
        assert_eq!(error.to_string(), "it is read-only");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // A device is written to, not replaced.
        save(Path::new("/dev/null"), parts("gone")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(read(Path::new("/dev/zero")), Err(ReadError::NotAFile));
    }

    #[cfg(unix)]
    #[test]
    fn what_replaces_a_private_file_is_private_from_the_start() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cube");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let mut seen = 0;
        let watched = parts("new").inspect(|_| {
            for entry in fs::read_dir(folder.path()).unwrap() {
                let mode = entry.unwrap().metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
                seen += 1;
            }
        });
        save(&path, watched).unwrap();
        assert_eq!(seen, 4, "both files, before each part");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
