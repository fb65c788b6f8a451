//! Two builds of the plugin against each other: is the second slower than the first?
//!
//! `make bench-compare BASE=revision` builds both and starts this; by hand it is
//! `cargo bench --bench compare -- "$PWD/base/libgstcolorshine.so" "$PWD/head/libgstcolorshine.so"`.
//!
//! Each build has a process of its own, and the two are asked in turn for the same few frames, now the
//! one first and now the other, so that a machine that drifts does so for both. A pair of turns gives a
//! ratio of times, a round of pairs their median. Then both processes are started afresh, because two
//! processes of the same build differ by a few per cent for as long as they live, presumably by where
//! their memory lies: rounds are independent of each other, pairs within one are not. Nothing is assumed of how rounds
//! scatter; the interval comes from their order alone.

mod common;

use std::error::Error;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use common::{ATTRACTORS, info, photograph};
use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;
use indicatif::ProgressBar;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What was measured, or why a build cannot do that.
type Measured<T> = std::result::Result<T, String>;

/// Compares the speed of two builds of the plugin, each given by its file.
#[derive(Debug, Parser)]
struct Arguments {
    /// The build to compare with.
    base: PathBuf,

    /// The build that must not be slower.
    head: PathBuf,

    /// Times that both are started afresh.
    #[arg(long, default_value_t = 20, value_parser = RangedU64ValueParser::<usize>::new().range(8..=1000))]
    rounds: usize,

    /// Pairs of turns that each case has in a round.
    #[arg(long, default_value_t = 4, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pairs: usize,

    /// Slowdown that is let pass: 0.02 is 2 %.
    #[arg(long, default_value_t = 0.02)]
    allowance: f64,

    /// Given by cargo bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Something whose time is taken.
struct Case {
    name: &'static str,
    format: VideoFormat,
    properties: &'static [(&'static str, &'static str)],
    /// What is timed: a frame of a stream that runs, or negotiation, bake and first frame of a new
    /// stream with a new look.
    is_start: bool,
    /// Frames of a turn: as many as take a few hundredths of a second.
    frames: usize,
}

const RGBA: Case = Case {
    name: "RGBA, 33 nodes",
    format: VideoFormat::Rgba,
    properties: &[("n-threads", "1"), ("method", "lut"), ("lut-size", "33")],
    is_start: false,
    frames: 5,
};

const CASES: &[Case] = &[
    RGBA,
    Case { name: "NV12, 33 nodes", format: VideoFormat::Nv12, ..RGBA },
    Case { name: "I420, 33 nodes", format: VideoFormat::I420, ..RGBA },
    Case { name: "I420_10LE, 33 nodes", format: VideoFormat::I42010le, ..RGBA },
    Case {
        name: "RGBA, exact model",
        properties: &[("n-threads", "1"), ("method", "exact")],
        frames: 1,
        ..RGBA
    },
    Case { name: "RGBA, 33 nodes, bake and first frame", is_start: true, frames: 3, ..RGBA },
];

/// Argument with which the program starts itself, before the plugin's file.
const SERVE: &str = "--serve";

/// First words of a process's answers.
const NANOSECONDS: &str = "nanoseconds";
const CANNOT: &str = "cannot";

/// How sure an interval is to have the true median ratio in it.
const CONFIDENCE: f64 = 0.99;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let done = match &arguments[..] {
        [flag, plugin] if flag == SERVE => serve(Path::new(plugin)).map(|()| true),
        [_, .., flag] if flag == "--bench" => compare(&Arguments::parse()),
        // `cargo bench` for all benches; `cargo test --all-targets`, which starts benches too.
        _ => {
            verdicts_are_right();
            println!("verdicts are right; nothing is compared without --bench and two files");
            Ok(true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

// The process of one build.

/// Answers each line, the number of a case, with the time of a frame, or why there is none.
fn serve(plugin: &Path) -> Result<()> {
    gst::init()?;
    gst::Plugin::load_file(plugin)?;
    let mut subjects: Vec<Option<Subject>> = CASES.iter().map(|_| None).collect();
    for line in std::io::stdin().lines() {
        let index: usize = line?.parse()?;
        let turn = match &mut subjects[index] {
            Some(subject) => subject.turn(),
            none => Subject::new(&CASES[index]).and_then(|subject| none.insert(subject).turn()),
        };
        match turn {
            Ok(time) => println!("{NANOSECONDS} {}", time.as_nanos()),
            // An answer is one line.
            Err(error) => println!("{CANNOT} {}", error.to_string().replace('\n', " ")),
        }
    }
    Ok(())
}

/// A case and what it needs.
struct Subject {
    case: &'static Case,
    caps: gst::Caps,
    source: gst::Buffer,
    stream: gst_check::Harness,
    /// Streams so far.
    streams: u32,
}

impl Subject {
    fn new(case: &'static Case) -> Result<Self> {
        let caps = info(case.format).to_caps()?;
        let mut stream = stream(case, 0)?;
        let pad = stream.element().and_then(|element| element.static_pad("sink"));
        if !pad.ok_or("no sink pad")?.query_caps(None).can_intersect(&caps) {
            return Err(format!("no {}", case.format).into());
        }
        stream.set_src_caps(caps.clone());
        Ok(Self { case, caps, source: photograph(case.format), stream, streams: 1 })
    }

    /// The median time of a few frames, after one that does not count.
    fn turn(&mut self) -> Result<Duration> {
        self.frame()?;
        let mut times = (0..self.case.frames).map(|_| self.frame()).collect::<Result<Vec<_>>>()?;
        times.sort_unstable();
        Ok(times[times.len() / 2])
    }

    fn frame(&mut self) -> Result<Duration> {
        // A fresh copy each time, so that no place in memory, lucky or not, serves all of them.
        let frame = self.source.copy_deep()?;
        let caps = self.case.is_start.then(|| self.caps.clone());
        if self.case.is_start {
            self.stream = stream(self.case, self.streams)?;
            self.streams += 1;
        }
        let start = Instant::now();
        if let Some(caps) = caps {
            self.stream.set_src_caps(caps);
        }
        self.stream.push(frame)?;
        let output = self.stream.pull()?;
        let time = start.elapsed();
        drop(output);
        Ok(time)
    }
}

/// A stream without caps. Where starts are timed, its number gives it a look of its own, so that nothing
/// that the process remembers of earlier looks will do for it.
fn stream(case: &Case, number: u32) -> Result<gst_check::Harness> {
    let element = gst::ElementFactory::make("colorshine").build()?;
    let mut attractors = ATTRACTORS.to_string();
    if case.is_start {
        let unlike = |tolerance: u32| format!(";{tolerance}.{number:06};");
        attractors = attractors.replace(";40;", &unlike(40)).replace(";35;", &unlike(35));
    }
    let common = [("attractors", attractors.as_str()), ("cache-dir", "")];
    for (name, value) in common.iter().chain(case.properties) {
        let property = element.find_property(name).ok_or_else(|| format!("no property {name}"))?;
        let value = glib::Value::deserialize_with_pspec(value, &property)
            .map_err(|_| format!("no {name}={value}"))?;
        element.set_property_from_value(name, &value);
    }
    Ok(gst_check::Harness::with_element(&element, Some("sink"), Some("src")))
}

// The process that compares.

const BASE: usize = 0;
const HEAD: usize = 1;

/// One build in a process of its own.
struct Build {
    name: &'static str,
    process: Child,
    /// Taken before the process is waited for, which ends where its input does.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Build {
    /// Starts a process that knows of no plugin but this one.
    fn start(name: &'static str, plugin: &Path, folder: &Path) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .arg(plugin)
            .env("GST_PLUGIN_PATH_1_0", "")
            .env("GST_PLUGIN_SYSTEM_PATH_1_0", "")
            .env("GST_REGISTRY_1_0", folder.join(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().ok_or("no output")?);
        Ok(Self { name, process, requests, answers })
    }

    /// The time of a frame in milliseconds, or why there is none.
    fn time(&mut self, case: usize) -> Result<Measured<f64>> {
        let gone = || format!("the process of {} has gone", self.name);
        let requests = self.requests.as_mut().ok_or_else(gone)?;
        writeln!(requests, "{case}").map_err(|_| gone())?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim_end().split_once(' ') {
            Some((NANOSECONDS, time)) => Ok(Ok(time.parse::<f64>()? / 1e6)),
            Some((CANNOT, why)) => Ok(Err(why.to_string())),
            _ => Err(gone().into()),
        }
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        drop(self.requests.take());
        // Whatever it ended with, nothing more is wanted of it.
        let _ = self.process.wait();
    }
}

/// Medians of one case in one round: milliseconds of base and head, and their ratio.
struct Round {
    times: [f64; 2],
    ratio: f64,
}

/// One case's pairs of turns.
fn round(
    builds: &mut [Build; 2],
    case: usize,
    orders: impl Iterator<Item = [usize; 2]>,
) -> Result<Measured<Round>> {
    let [mut base, mut head, mut ratios] = [const { Vec::new() }; 3];
    for order in orders {
        let mut times = [0.0; 2];
        for which in order {
            times[which] = match builds[which].time(case)? {
                Ok(time) => time,
                // An old base may lack something, but the head must not.
                Err(why) if which == BASE => return Ok(Err(why)),
                Err(why) => return Err(format!("{}: head: {why}", CASES[case].name).into()),
            };
        }
        base.push(times[BASE]);
        head.push(times[HEAD]);
        ratios.push(times[HEAD] / times[BASE]);
    }
    Ok(Ok(Round { times: [median(base), median(head)], ratio: median(ratios) }))
}

/// All rounds of each case.
fn measure(arguments: &Arguments) -> Result<Vec<Measured<Vec<Round>>>> {
    let folder = tempfile::tempdir()?;
    let bar = ProgressBar::new((arguments.rounds * CASES.len()) as u64);
    let mut measured: Vec<_> = CASES.iter().map(|_| Ok(Vec::new())).collect();
    for number in 0..arguments.rounds {
        let mut builds = [
            Build::start("base", &arguments.base, folder.path())?,
            Build::start("head", &arguments.head, folder.path())?,
        ];
        for (case, measured) in measured.iter_mut().enumerate() {
            let orders = (0..arguments.pairs).map(|pair| match (number + pair) % 2 {
                0 => [BASE, HEAD],
                _ => [HEAD, BASE],
            });
            if let Ok(rounds) = measured {
                match round(&mut builds, case, orders)? {
                    Ok(round) => rounds.push(round),
                    Err(why) => *measured = Err(why),
                }
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(measured)
}

/// Prints the table. Whether no case is slower.
fn compare(arguments: &Arguments) -> Result<bool> {
    let measured = measure(arguments)?;
    if measured.iter().all(std::result::Result::is_err) {
        return Err("there is nothing that both builds can do".into());
    }
    let Arguments { rounds, pairs, allowance, .. } = arguments;
    println!(
        "1920x1080, one thread for frames, {rounds} rounds of {pairs} pairs. A case fails if its whole \
         interval lies above {:.3}.\n",
        1.0 + allowance
    );
    let confidence = CONFIDENCE * 100.0;
    println!("| case | base | head | head / base | {confidence:.0} % interval | verdict |");
    println!("|---|---|---|---|---|---|");
    let mut is_fine = true;
    for (case, measured) in CASES.iter().zip(measured) {
        let name = case.name;
        let rounds = match measured {
            Ok(rounds) => rounds,
            Err(why) => {
                println!("| {name} | - | - | - | - | skipped, base: {why} |");
                continue;
            }
        };
        let all = |value: fn(&Round) -> f64| rounds.iter().map(value).collect::<Vec<_>>();
        let [base, head] = [median(all(|r| r.times[BASE])), median(all(|r| r.times[HEAD]))];
        let ratios = all(|r| r.ratio);
        let [low, high] = interval(ratios.clone());
        let verdict = Verdict::of([low, high], *allowance);
        let ratio = median(ratios);
        println!(
            "| {name} | {base:.2} ms | {head:.2} ms | {ratio:.3} | {low:.3} to {high:.3} | {verdict} |"
        );
        is_fine &= verdict != Verdict::Slower;
    }
    Ok(is_fine)
}

// Statistics.

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// The interval that has the median of what the values are drawn from in it, as surely as
/// [`CONFIDENCE`] says, however they are distributed. Of fewer than 8 values none is so sure.
///
/// That median has n of N values below it as often as n of N coins show heads: the interval is from the
/// n-th value to the n-th last, where fewer than n heads, or tails, are rare enough.
fn interval(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_unstable_by(f64::total_cmp);
    let number = values.len();
    // Probabilities of 0, 1, 2... heads.
    let heads = std::iter::successors(Some((0, 0.5f64.powi(number as i32))), |(n, probability)| {
        Some((n + 1, probability * (number - n) as f64 / (n + 1) as f64))
    });
    let fewer_than = heads.scan(0.0, |sum, (_, probability)| {
        *sum += probability;
        Some(*sum)
    });
    let rank = fewer_than.take_while(|sum| 2.0 * sum <= 1.0 - CONFIDENCE).count();
    [values[rank - 1], values[number - rank]]
}

/// What an interval says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    /// The whole of it lies above what is let pass.
    Slower,
    /// The whole of it lies below 1.
    Faster,
    /// Nothing of it lies above what is let pass.
    AsFast,
    /// It is too wide, or the ratio too close to what is let pass.
    Unclear,
}

impl Verdict {
    fn of([low, high]: [f64; 2], allowance: f64) -> Self {
        let most = 1.0 + allowance;
        if low > most {
            Self::Slower
        } else if high < 1.0 {
            Self::Faster
        } else if high <= most {
            Self::AsFast
        } else {
            Self::Unclear
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Slower => "SLOWER",
            Self::Faster => "faster",
            Self::AsFast => "no slower",
            Self::Unclear => "unclear",
        })
    }
}

/// Holds the statistics to what is known: the comparison must be able to fail, and not to by chance.
fn verdicts_are_right() {
    let spread = |middle: f64, number: u32| -> Vec<f64> {
        let half = f64::from(number - 1) / 2.0;
        (0..number).map(|i| middle + 0.001 * (f64::from(i) - half)).collect()
    };
    // Ranks from tables of the sign test, for 99 %.
    for (number, rank) in [(8, 1), (12, 2), (20, 4), (50, 16)] {
        let values: Vec<f64> = (1..=number).rev().map(f64::from).collect();
        assert_eq!(interval(values), [f64::from(rank), f64::from(number + 1 - rank)]);
    }
    assert_eq!(median(vec![4.0, 1.0, 3.0]), 3.0);
    assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);

    let verdict = |ratios| Verdict::of(interval(ratios), 0.02);
    assert_eq!(verdict(spread(1.0, 20)), Verdict::AsFast);
    assert_eq!(verdict(spread(1.05, 20)), Verdict::Slower);
    assert_eq!(verdict(spread(0.95, 20)), Verdict::Faster);
    assert_eq!(verdict(spread(1.02, 20)), Verdict::Unclear);
    // Three wild rounds of twenty do not decide.
    let wild = [vec![2.0; 3], spread(1.0, 17)].concat();
    assert_eq!(verdict(wild), Verdict::AsFast);
}
