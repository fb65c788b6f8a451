//! The cache on disk: what comes back from it, what is refused, and who may share it.

#![cfg(unix)]

mod common;

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use colorshine_core::attractor::{Channels, parse};
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::color::oklab::Primaries;
use colorshine_core::lut::{
    Baked, Disk, Interpolation, Lattice, Problem, Radii, Refusal, Request, bake_request, prepare,
};
use colorshine_core::model::{Falloff, GamutMapping, Look, Model};
use colorshine_core::workers::{Team, finish_files, simd_level, simd_levels, with_files};
use common::{buffer, bytes, element, harness, info, stat, texts, wait_until};
use gst::prelude::*;
use gst_video::VideoFormat;
use tempfile::TempDir;
use xxhash_rust::xxh64::xxh64;

fn request(attractors: &str, size: usize) -> Request {
    Request {
        look: Look {
            attractors: parse(attractors).unwrap(),
            channels: Channels::ALL,
            model: Model::Smooth,
            falloff: Falloff::Cosine,
            gamut_mapping: GamutMapping::Chroma,
            primaries: Primaries::BT709,
            input_lut: None,
            output_lut: None,
        },
        radii: Radii::OfGamut,
        codes: CodeSpace::full_rgb(8),
        size: Some(size),
        interpolation: Interpolation::Tetrahedral,
        memory_limit: u64::MAX,
    }
}

fn baked(request: &Request) -> Baked {
    bake_request(request, simd_level(), Team::alone())
}

fn is_same(one: &Baked, other: &Baked) -> bool {
    one.lattice == other.lattice && one.radii == other.radii && one.report == other.report
}

/// A folder, and what it has reported.
struct Watched {
    disk: Disk,
    problems: Arc<Mutex<Vec<Problem>>>,
}

impl Watched {
    fn new(folder: &Path) -> Self {
        let problems = Arc::new(Mutex::new(Vec::new()));
        let kept = problems.clone();
        let disk = Disk::new(folder.into(), move |problem| {
            kept.lock().unwrap().push(match problem {
                Problem::File(path, refusal) => Problem::File(path.clone(), *refusal),
                Problem::Folder(path, error) => {
                    Problem::Folder(path.clone(), std::io::Error::other(error.to_string()))
                }
            });
        });
        Self { disk, problems }
    }

    fn load(&self, request: &Request) -> Option<Baked> {
        self.disk.load(request, simd_level())
    }

    fn save(&self, request: &Request, baked: &Baked) {
        self.disk.save(request, simd_level(), baked);
    }

    fn path(&self, request: &Request) -> PathBuf {
        self.disk.path(request, simd_level())
    }

    /// What has been reported since this was last asked.
    fn problems(&self) -> Vec<Problem> {
        std::mem::take(&mut self.problems.lock().unwrap())
    }

    fn refusals(&self) -> Vec<Refusal> {
        let refusal = |problem| match problem {
            Problem::File(_, refusal) => refusal,
            Problem::Folder(..) => panic!("{problem}"),
        };
        self.problems().into_iter().map(refusal).collect()
    }
}

/// Names in a folder that end so.
fn names(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_str().unwrap().ends_with(ending)).collect()
}

/// Makes the process forget what no one uses, by a look that leaves room for nothing else.
fn forget() {
    let small = request("red;1;1", 2);
    let small = Request { memory_limit: Lattice::bytes_for(2), ..small };
    prepare(&small, simd_level(), Team::alone());
}

// What comes back.

#[test]
fn a_look_comes_back_bit_for_bit() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(&folder.path().join("some/cache"));
    let plain = request("red;50;75|teal;30;40;h", 9);
    let requests = [
        Request { size: None, ..plain.clone() },
        Request { size: Some(2), ..plain.clone() },
        Request { radii: Radii::Known(vec![0.25, 0.5]), ..plain.clone() },
        Request { codes: CodeSpace::full_rgb(16), ..plain.clone() },
        request("red;50;5", 33),
        plain,
    ];
    for request in &requests {
        assert!(watched.load(request).is_none(), "{request:?}");
        watched.save(request, &baked(request));
    }
    for request in &requests {
        assert!(is_same(&watched.load(request).unwrap(), &baked(request)), "{request:?}");
    }
    let others = simd_levels()
        .into_iter()
        .filter(|(_, level)| watched.disk.load(&requests[0], *level).is_none());
    assert_eq!(others.count(), simd_levels().len() - 1, "each level has bits of its own");
    assert!(watched.problems().is_empty());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("some/cache")), 0o700);
    assert_eq!(mode(&watched.path(&requests[0])), 0o600);
    assert_eq!(names(&folder.path().join("some/cache"), "").len(), requests.len());
}

/// Where no lattice fits, there is nothing to keep.
#[test]
fn no_lattice_makes_no_file() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let request = Request { memory_limit: 1, ..request("red;50;75", 9) };
    watched.save(&request, &baked(&request));
    assert!(watched.load(&request).is_none());
    assert!(names(folder.path(), "").is_empty());
}

// What is refused.

/// Places in a file of [`request`], by its length: where its key, its numbers and its entries begin.
fn places(bytes: &[u8], request: &Request) -> [usize; 3] {
    let key = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let numbers = 24 + key + 4;
    [24, numbers, numbers + 8 * (request.look.attractors.len() + 2)]
}

/// Puts a right checksum under whatever the bytes are now.
fn sign(bytes: &mut [u8]) {
    let (body, checksum) = bytes.split_last_chunk_mut::<8>().unwrap();
    *checksum = xxh64(body, 0).to_le_bytes();
}

#[test]
fn hostile_files_are_refused_and_replaced() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let request = request("red;50;75|teal;30;40;h", 5);
    let good = baked(&request);
    watched.save(&request, &good);
    let path = watched.path(&request);
    let bytes = fs::read(&path).unwrap();
    let [key, numbers, entries] = places(&bytes, &request);
    let refused = |what: String, hostile: &[u8], why: Refusal| {
        fs::write(&path, hostile).unwrap();
        assert!(watched.load(&request).is_none(), "{what}");
        assert_eq!(watched.refusals(), [why], "{what}");
        assert!(!path.exists(), "{what} is left");
    };
    let end = bytes.len();
    for length in [
        0,
        1,
        7,
        8,
        23,
        key,
        key + 50,
        numbers,
        numbers + 9,
        entries,
        entries + 1,
        end - 9,
        end - 8,
        end - 1,
    ] {
        refused(format!("{length} bytes"), &bytes[..length], Refusal::Length);
    }
    refused("one byte more".into(), &[&bytes[..], &[0]].concat(), Refusal::Length);
    for place in (0..entries).chain((entries..end).step_by(5)).chain(end - 8..end) {
        for bit in [0, 7] {
            let mut hostile = bytes.clone();
            hostile[place] ^= 1 << bit;
            let why = if place < numbers { Refusal::Header } else { Refusal::Checksum };
            refused(format!("byte {place}, bit {bit}"), &hostile, why);
        }
    }
    // From here on with a checksum that is right.
    let forge = |place: usize, with: &[u8]| {
        let mut hostile = bytes.clone();
        hostile[place..place + with.len()].copy_from_slice(with);
        sign(&mut hostile);
        hostile
    };
    let number = |i: usize| numbers + 8 * i;
    for (what, place, with, why) in [
        ("another format", 0, &b"\x89PNG\r\n\x1a\n"[..], Refusal::Header),
        ("an older version", 8, &0u32.to_le_bytes(), Refusal::Header),
        ("a newer version", 8, &2u32.to_le_bytes(), Refusal::Header),
        ("a long key", 12, &u32::MAX.to_le_bytes(), Refusal::Header),
        ("a huge length", 16, &u64::MAX.to_le_bytes(), Refusal::Header),
        ("another key", key, b"0 ", Refusal::Header),
        ("a huge size", numbers - 4, &u32::MAX.to_le_bytes(), Refusal::Header),
        ("a radius that is no number", number(0), &f64::NAN.to_le_bytes(), Refusal::Value),
        ("an endless radius", number(1), &f64::INFINITY.to_le_bytes(), Refusal::Value),
        ("a radius below 0", number(1), &(-0.1f64).to_le_bytes(), Refusal::Value),
        ("an error that is no number", number(2), &f64::NAN.to_le_bytes(), Refusal::Value),
        ("an error below 0", number(3), &(-1f64).to_le_bytes(), Refusal::Value),
        ("an entry without a negative", entries, &i16::MIN.to_le_bytes(), Refusal::Value),
        ("the last such", end - 10, &i16::MIN.to_le_bytes(), Refusal::Value),
    ] {
        refused(what.into(), &forge(place, with), why);
    }
    let known = Request { radii: Radii::Known(vec![0.25, 0.5]), ..request.clone() };
    watched.save(&known, &good);
    assert!(watched.load(&known).is_none(), "radii that were not asked for");
    assert_eq!(watched.refusals(), [Refusal::Value]);
    let other = self::request("red;50;76|teal;30;40;h", 5);
    watched.save(&other, &baked(&other));
    fs::rename(watched.path(&other), &path).unwrap();
    assert!(watched.load(&request).is_none(), "the file of another look");
    assert_eq!(watched.refusals(), [Refusal::Header]);
    // The table proves something only if what has not been touched is taken.
    fs::write(&path, forge(0, &[])).unwrap();
    assert!(is_same(&watched.load(&request).unwrap(), &good));
    assert!(watched.problems().is_empty());
}

#[test]
fn what_is_no_file_is_refused_and_replaced() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let request = request("red;50;75", 5);
    let good = baked(&request);
    watched.save(&request, &good);
    let path = &watched.path(&request);
    let elsewhere = TempDir::new().unwrap();
    let copy = elsewhere.path().join("copy");
    fs::copy(path, &copy).unwrap();
    let length = fs::metadata(&copy).unwrap().len();
    let sparse = |length| File::create(path).unwrap().set_len(length).unwrap();
    let hostile: [(&str, Refusal, &dyn Fn()); 10] = [
        ("64 GiB of nothing", Refusal::Length, &|| sparse(1 << 36)),
        ("nothing, of the right length", Refusal::Header, &|| sparse(length)),
        ("a pipe", Refusal::NotAFile, &|| {
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
        ("a socket", Refusal::Unreadable, &|| drop(UnixListener::bind(path).unwrap())),
        ("a folder", Refusal::NotAFile, &|| fs::create_dir(path).unwrap()),
        ("a link to endless zeros", Refusal::Unreadable, &|| symlink("/dev/zero", path).unwrap()),
        ("a link to a good file", Refusal::Unreadable, &|| symlink(&copy, path).unwrap()),
        ("a link to nothing", Refusal::Unreadable, &|| symlink("nothing", path).unwrap()),
        ("a link to itself", Refusal::Unreadable, &|| symlink(path, path).unwrap()),
        ("a link to a folder", Refusal::Unreadable, &|| symlink(&elsewhere, path).unwrap()),
    ];
    for (what, why, make) in hostile {
        for is_loaded in [true, false] {
            fs::remove_file(path).unwrap();
            make();
            if is_loaded {
                assert!(watched.load(&request).is_none(), "{what}");
                assert_eq!(watched.refusals(), [why], "{what}");
                assert!(path.symlink_metadata().is_err(), "{what} is left");
            } else if what == "a folder" {
                fs::remove_dir(path).unwrap();
            }
            watched.save(&request, &good);
            assert!(is_same(&watched.load(&request).unwrap(), &good), "{what}");
            assert!(watched.problems().is_empty(), "{what}");
        }
    }
    assert!(copy.exists(), "what a link leads to is not touched");
    // A folder with something in it is the one thing that stays.
    fs::remove_file(path).unwrap();
    fs::create_dir_all(path.join("somebody's")).unwrap();
    assert!(watched.load(&request).is_none());
    assert_eq!(watched.refusals(), [Refusal::NotAFile]);
    watched.save(&request, &good);
    assert!(matches!(&*watched.problems(), [Problem::Folder(..)]));
    assert!(path.join("somebody's").exists());
    assert!(names(folder.path(), ".unfinished").is_empty());
}

#[test]
fn a_folder_in_which_others_may_write_is_not_used() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let request = request("red;50;75", 5);
    watched.save(&request, &baked(&request));
    let refused = |why: &str| {
        assert!(watched.load(&request).is_none());
        let before = fs::metadata(watched.path(&request)).unwrap().modified().unwrap();
        watched.save(&request, &baked(&request));
        assert_eq!(fs::metadata(watched.path(&request)).unwrap().modified().unwrap(), before);
        let texts: Vec<String> = watched.problems().iter().map(Problem::to_string).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts.iter().all(|text| text.ends_with(why)), "{texts:?}");
    };
    for mode in [0o770, 0o702, 0o777] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        refused("others may write in it");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(watched.load(&request).is_some());
    // Only root can give a folder away.
    if std::os::unix::fs::chown(folder.path(), Some(12_345), None).is_ok() {
        refused("it is another user's");
    }
}

#[test]
fn folders_that_cannot_be_are_reported() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let request = request("red;50;75", 5);
    for folder in [file.path(), &file.path().join("below"), Path::new("/proc/colorshine")] {
        let watched = Watched::new(folder);
        assert!(watched.load(&request).is_none());
        watched.problems();
        watched.save(&request, &baked(&request));
        let problems = watched.problems();
        assert!(matches!(&*problems, [Problem::Folder(path, _)] if path == folder), "{problems:?}");
    }
}

// How much is kept.

fn set_age(path: &Path, age: Duration) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    const HOUR: Duration = Duration::from_secs(3600);
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let make = |name: &str, megabytes: u64, age: u32| {
        let path = folder.path().join(name);
        File::create(&path).unwrap().set_len(megabytes << 20).unwrap();
        set_age(&path, age * HOUR);
        path
    };
    let used = request("red;50;75", 5);
    watched.save(&used, &baked(&used));
    set_age(&watched.path(&used), 9 * HOUR);
    assert!(watched.load(&used).is_some(), "which makes it young again");
    let stay = [
        make(&format!("{:032x}.lattice", 1), 30, 1),
        make(&format!("{:032x}.lattice", 2), 30, 2),
        make("somebody's.lattice", 1000, 100),
        make("somebody's file", 1000, 100),
        make(&format!("{:032x}-7-8.unfinished", 5), 1, 9),
        watched.path(&used),
    ];
    // Somebody is writing it.
    let writing = File::open(&stay[4]).unwrap();
    writing.lock().unwrap();
    let go = [
        make(&format!("{:032x}.lattice", 3), 30, 3),
        make(&format!("{:032x}.lattice", 4), 1, 4),
        make(&format!("{:032x}-7-8.unfinished", 6), 100, 0),
    ];
    let fresh = request("red;50;76", 5);
    watched.save(&fresh, &baked(&fresh));
    assert!(watched.load(&fresh).is_some());
    assert!(stay.iter().all(|path| path.exists()), "{:?}", names(folder.path(), ""));
    assert!(go.iter().all(|path| !path.exists()), "{:?}", names(folder.path(), ""));
    for name in 100..1200 {
        make(&format!("{name:032x}.lattice"), 0, 0);
    }
    watched.save(&fresh, &baked(&fresh));
    assert_eq!(
        names(folder.path(), ".lattice").len(),
        1023 + 1,
        "with what is being written, and somebody's"
    );
}

/// What others are writing has its share of the room.
#[test]
fn unfinished_files_count() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let make = |name: String, megabytes: u64| {
        let path = folder.path().join(name);
        File::create(&path).unwrap().set_len(megabytes << 20).unwrap();
        path
    };
    let old = make(format!("{:032x}.lattice", 1), 40);
    let writing = make(format!("{:032x}-7-8.unfinished", 2), 30);
    let writing = File::options().write(true).open(writing).unwrap();
    writing.lock().unwrap();
    let fresh = request("red;50;76", 5);
    watched.save(&fresh, &baked(&fresh));
    assert!(!old.exists() && watched.path(&fresh).exists());
    assert_eq!(names(folder.path(), ".unfinished").len(), 1);
    // There is no room beside what others write, and none can be made.
    writing.set_len(64 << 20).unwrap();
    watched.save(&fresh, &baked(&fresh));
    assert_eq!(names(folder.path(), "").len(), 1);
    drop(writing);
    watched.save(&fresh, &baked(&fresh));
    assert!(names(folder.path(), ".unfinished").is_empty() && watched.path(&fresh).exists());
    assert!(watched.problems().is_empty());
}

/// Not even for a moment, and whoever dies then.
#[test]
fn there_is_room_before_a_look_is_written() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let old = folder.path().join(format!("{:032x}.lattice", 1));
    // It is too much only with the one that is to come, which cannot be put in place.
    File::create(&old).unwrap().set_len((64 << 20) - 100).unwrap();
    let fresh = request("red;50;76", 5);
    fs::create_dir_all(watched.path(&fresh).join("in the way")).unwrap();
    watched.save(&fresh, &baked(&fresh));
    assert!(matches!(&*watched.problems(), [Problem::Folder(..)]));
    assert!(!old.exists() && names(folder.path(), ".unfinished").is_empty());
}

// Several processes.

/// What [`child`] is to do, and in which folder.
const TASK: &str = "COLORSHINE_TEST_TASK";
const FOLDER: &str = "COLORSHINE_TEST_FOLDER";

/// This program, to do a task in a process of its own.
fn task(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(TASK, name).env(FOLDER, folder);
    command.stdout(Stdio::null());
    command
}

fn finish(child: Child) -> bool {
    let child = RefCell::new(child);
    wait_until("a process ends", || child.borrow_mut().try_wait().unwrap().is_some());
    child.into_inner().wait().unwrap().success()
}

/// Nothing by itself: the other tests run it in processes of their own.
#[test]
fn child() {
    let (Ok(task), Ok(folder)) = (std::env::var(TASK), std::env::var(FOLDER)) else {
        return;
    };
    let folder = Path::new(&folder);
    match &*task {
        "share" => share(folder),
        "write" => write_forever(folder),
        "full" => stream_without_room(folder),
        "stream" => {
            stream(Some(folder));
        }
        "default" => {
            stream(None);
        }
        "short" => short_stream(folder),
        other => panic!("no task {other}"),
    }
}

/// Looks that processes share.
fn shared_looks() -> Vec<(Request, Baked)> {
    let look = |strength| request(&format!("red;50;{strength}"), 9);
    (1..10).map(look).map(|look| (look.clone(), baked(&look))).collect()
}

/// Loads and saves looks again and again: whatever is found is right.
fn share(folder: &Path) {
    let watched = Watched::new(folder);
    let looks = shared_looks();
    for round in 0..30 {
        for (i, (look, good)) in looks.iter().enumerate() {
            if let Some(found) = watched.load(look) {
                assert!(is_same(&found, good));
            }
            if (i + round) % 4 == 0 {
                watched.save(look, good);
            } else if (i + round) % 7 == 0 {
                let _ = fs::remove_file(watched.path(look));
            }
        }
    }
    assert!(watched.problems().is_empty(), "{:?}", watched.problems());
}

#[test]
fn eight_processes_share_a_folder() {
    let folder = TempDir::new().unwrap();
    let folder = &folder.path().join("cache");
    let children: Vec<Child> = (0..8).map(|_| task("share", folder).spawn().unwrap()).collect();
    assert!(children.into_iter().all(finish));
    assert!(names(folder, ".unfinished").is_empty());
    assert!(!names(folder, ".lattice").is_empty());
    let watched = Watched::new(folder);
    for (look, good) in shared_looks() {
        assert!(watched.load(&look).is_none_or(|found| is_same(&found, &good)));
    }
    assert!(watched.problems().is_empty());
}

fn write_forever(folder: &Path) {
    let watched = Watched::new(folder);
    let large = large();
    let baked = baked(&large);
    loop {
        watched.save(&large, &baked);
    }
}

fn large() -> Request {
    request("red;50;75", 65)
}

#[test]
fn killed_while_writing() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(folder.path());
    let large = large();
    let good = baked(&large);
    let unfinished = || names(folder.path(), ".unfinished");
    let mut kills = 0;
    while unfinished().is_empty() {
        let _ = fs::remove_file(watched.path(&large));
        let mut child = task("write", folder.path()).spawn().unwrap();
        wait_until("it writes", || watched.path(&large).exists());
        std::thread::sleep(Duration::from_millis(3 * (kills % 7)));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = watched.load(&large);
        assert!(found.is_none_or(|found| is_same(&found, &good)));
        assert!(watched.problems().is_empty(), "half a file");
        kills += 1;
        assert!(kills < 200, "never in the middle");
    }
    // What is left of it goes with the next that is written, or with the one after.
    for delay in 0..10 {
        let _ = fs::remove_file(watched.path(&large));
        let mut child = task("write", folder.path()).spawn().unwrap();
        wait_until("it writes", || watched.path(&large).exists());
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(unfinished().len() <= 1, "{:?}", unfinished());
    }
    watched.save(&large, &good);
    assert!(unfinished().is_empty(), "{:?}", unfinished());
    assert!(is_same(&watched.load(&large).unwrap(), &good));
}

/// No file may be longer than 8 kB in the process, which would end by a signal; what is written beyond fails.
#[test]
fn a_full_disk_costs_one_warning() {
    // What GStreamer writes for itself is there by then.
    common::init();
    let folder = TempDir::new().unwrap();
    let inner = task("full", folder.path());
    let mut command = Command::new("sh");
    command.arg("-c").arg("ulimit -f 8; exec \"$0\" \"$@\"");
    command.arg(inner.get_program()).args(inner.get_args());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdout(Stdio::null());
    assert!(finish(command.spawn().unwrap()));
    assert!(names(folder.path(), "").is_empty(), "{:?}", names(folder.path(), ""));
}

/// In the process of [`a_full_disk_costs_one_warning`].
fn stream_without_room(folder: &Path) {
    let warnings = stream(Some(folder));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("cannot keep lookup tables in"), "{warnings:?}");
    assert!(warnings[0].contains("File too large"), "{warnings:?}");
}

/// A process that ends as soon as its stream does keeps its look for the next.
#[test]
fn a_process_that_ends_early_keeps_its_look() {
    let folder = TempDir::new().unwrap();
    let kept = (0..20).any(|_| {
        assert!(finish(task("short", folder.path()).spawn().unwrap()));
        !names(folder.path(), ".lattice").is_empty()
    });
    // A machine with other work may be too slow for the time that it has, but not always.
    assert!(kept, "{:?}", names(folder.path(), ""));
    assert!(names(folder.path(), ".unfinished").len() <= 1);
}

/// In a process of [`a_process_that_ends_early_keeps_its_look`].
fn short_stream(folder: &Path) {
    let element = element(&[
        ("attractors", "red;100;75"),
        ("lut-size", "129"),
        ("cache-dir", folder.to_str().unwrap()),
    ]);
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    harness.push_and_pull(buffer(&info, 0, 0, || 0x60)).unwrap();
    drop(harness);
    element.set_state(gst::State::Null).unwrap();
    // Without the clean-up that would wait for threads.
    std::process::exit(0);
}

// The element.

/// Streams of two looks through an element with a folder; its warnings.
fn stream(folder: Option<&Path>) -> Vec<String> {
    let element = element(&[("attractors", "red;100;75"), ("lut-size", "65")]);
    element.set_property("cache-dir", folder.map(|folder| folder.to_str().unwrap()));
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    for format in [VideoFormat::Rgba, VideoFormat::I420, VideoFormat::Rgba] {
        let info = info(format, 16, 16);
        harness.set_src_caps(info.to_caps().unwrap());
        let before = buffer(&info, 0, 0, || 0x60);
        let after = harness.push_and_pull(before.clone()).unwrap();
        assert!(bytes(&before) != bytes(&after));
    }
    finish_files();
    texts(&bus, gst::MessageType::Warning)
}

#[test]
fn a_folder_that_cannot_be_costs_one_warning() {
    for folder in ["/proc/version", "/proc/version/x", "/proc/colorshine"] {
        forget();
        let warnings = stream(Some(Path::new(folder)));
        assert_eq!(warnings.len(), 1, "{folder}: {warnings:?}");
        assert!(warnings[0].contains("it goes on without"), "{warnings:?}");
    }
}

/// Nothing is written but where it ought to be.
#[test]
fn files_are_where_they_were_asked_for() {
    let is_used = |folder: &Path| !names(folder, ".lattice").is_empty();
    let run = |name: &str, folder: &Path, home: &Path| {
        let child = task(name, folder).env("XDG_CACHE_HOME", home).env("HOME", home).spawn();
        assert!(finish(child.unwrap()));
    };
    let (named, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    run("stream", named.path(), home.path());
    assert!(is_used(named.path()));
    assert!(!home.path().join("colorshine").exists());
    let named = TempDir::new().unwrap();
    run("default", named.path(), home.path());
    assert!(is_used(&home.path().join("colorshine")));
    assert!(names(named.path(), "").is_empty());
}

/// A frame is made from what was found as it is from what was baked.
#[test]
fn a_stream_begins_with_what_is_on_disk() {
    let folder = TempDir::new().unwrap();
    let info = info(VideoFormat::Rgba, 16, 16);
    let first_frame = |lut_size: &str, attractors: &str| {
        forget();
        let folder = folder.path().to_str().unwrap();
        let element = element(&[
            ("attractors", attractors),
            ("method", "lut"),
            ("lut-size", lut_size),
            ("cache-dir", folder),
        ]);
        let mut harness = harness(&element, &info);
        let frame = harness.push_and_pull(buffer(&info, 0, 0, || 0x60)).unwrap();
        finish_files();
        let count = |name| stat::<u64>(&element, name);
        assert_eq!(count("lut-cache-misses") + count("lut-cache-disk-hits"), 1);
        assert_eq!(count("bakes"), count("lut-cache-misses"));
        (
            bytes(&frame),
            stat::<gst::Array>(&element, "radii").as_slice().len(),
            count("lut-cache-disk-hits"),
        )
    };
    let attractors = "oklch(60% 0.1 250);30;70";
    let (baked, radii, hits) = first_frame("129", attractors);
    assert_eq!((radii, hits), (1, 0));
    assert_eq!(names(folder.path(), ".lattice").len(), 1);
    // The bake may be faster where other programs hold the disk up: whichever comes first is right.
    let mut hits = 0;
    for _ in 0..50 {
        let (frame, radii, hit) = first_frame("129", attractors);
        assert!(frame == baked && radii == 1);
        hits += hit;
        if hits > 0 {
            break;
        }
    }
    assert!(hits > 0, "what is on disk is not used");
    assert_eq!(names(folder.path(), ".lattice").len(), 1);
}

#[test]
fn no_frame_waits_for_a_file() {
    let folder = TempDir::new().unwrap();
    let (release, wait) = mpsc::channel::<()>();
    // As if the disk did not answer.
    assert!(with_files(move || wait.recv().unwrap_or_default()));
    let element =
        element(&[("attractors", "red;50;74"), ("cache-dir", folder.path().to_str().unwrap())]);
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    let before = buffer(&info, 0, 0, || 0x60);
    let after = harness.push_and_pull(before.clone()).unwrap();
    assert!(bytes(&before) != bytes(&after));
    assert_eq!(stat::<u64>(&element, "lut-cache-misses"), 1);
    drop(harness);
    element.set_state(gst::State::Null).unwrap();
    drop(release);
    finish_files();
}

/// A look that changes while it plays does not fill the folder.
#[test]
fn looks_on_the_move_are_not_written() {
    let folder = TempDir::new().unwrap();
    let element = element(&[
        ("attractors", "red;50;73"),
        ("lut-size", "65"),
        ("cache-dir", folder.path().to_str().unwrap()),
    ]);
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    harness.push_and_pull(buffer(&info, 0, 0, || 0x60)).unwrap();
    element.set_property("attractors", "red;50;72");
    wait_until("the new look is there", || stat::<u64>(&element, "bakes") == 2);
    finish_files();
    assert_eq!(names(folder.path(), "").len(), 1);
}
