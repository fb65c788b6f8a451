//! Runs a pipeline to its end, or to Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gst::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};

use crate::ends::Ends;
use crate::pipeline::Clip;
use colorshine_tools::messages::describe;
use colorshine_tools::{Result, interruption, temporary};

/// How often the progress bar moves.
const TICK: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// After Ctrl-C, the longest time in which nothing moves and nothing is computed; then the run is given up.
const STALLED: Duration = Duration::from_millis(1200);

/// The longest time in which nothing moves and nothing is computed before anything comes out of a file. decodebin 1.22
/// drops the error of a demuxer that fails at once, if it happens to be still starting it, and then waits for ever.
const NOTHING_COMES: Duration = Duration::from_secs(10);

/// Processor time that is taken for work. A large frame may take longer than [`STALLED`], but not without it; who waits
/// needs it for the progress bar alone, a hundredth of this.
const WORK: Duration = Duration::from_millis(100);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Set by Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// Set when the pipeline has been stopped.
static DONE: AtomicBool = AtomicBool::new(false);

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Played {
    /// How much of the stream was processed.
    pub(crate) length: Duration,
    pub(crate) frames: u64,
    pub(crate) took: Duration,
    /// Whether it ran to the stream's own end.
    pub(crate) is_whole: bool,
}

impl Played {
    fn so_far(colorshine: &gst::Element, start: Instant) -> Self {
        let stats = colorshine.property::<gst::Structure>("stats");
        Self {
            length: position(colorshine).into(),
            frames: stats.get("frames").unwrap_or_default(),
            took: start.elapsed(),
            is_whole: true,
        }
    }

    /// Frames per second, and how much faster than the stream plays.
    pub(crate) fn speed(&self) -> String {
        let seconds = self.took.as_secs_f64();
        let [fps, times] = [self.frames as f64, self.length.as_secs_f64()].map(|v| v / seconds);
        format!("{fps:.1} fps, {times:.2}x")
    }
}

/// Runs the pipeline to its end, with a progress bar. After Ctrl-C the stream is ended where it is; as long as the
/// pipeline has not [`stopped`], the program ends where nothing moves any more.
///
/// # Errors
///
/// The pipeline's first.
pub(crate) fn play(clip: &Clip, colorshine: &gst::Element) -> Result<Played> {
    let ends = clip.ends.clone();
    interruption::end_gently(move || {
        STOP.store(true, Ordering::Relaxed);
        thread::spawn(move || leave_when_stalled(&ends));
    });
    let played = run(clip, colorshine);
    // There is no stream any more that could be ended.
    interruption::end_at_once();
    played
}

/// Says that the pipeline does nothing any more, and that this is as it should be.
pub(crate) fn stopped() {
    DONE.store(true, Ordering::Relaxed);
}

/// Ends the program once nothing moves any more. The pipeline is of no help then: whoever waits in it, such as
/// for a file that does not open, may wait for ever.
fn leave_when_stalled(ends: &Ends) {
    let mut stall = Stall::new(ends);
    while !DONE.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
        if stall.so_far() > STALLED {
            eprintln!("error: stopped while nothing came: no clip is written");
            temporary::leave(interruption::INTERRUPTED);
        }
    }
}

/// For how long nothing has moved and nothing has been computed.
struct Stall<'a> {
    ends: &'a Ends,
    moved: u64,
    used: Duration,
    last_look: Instant,
    so_far: Duration,
}

impl<'a> Stall<'a> {
    fn new(ends: &'a Ends) -> Self {
        let (moved, used, last_look) = (ends.moved(), processor_time(), Instant::now());
        Self { ends, moved, used, last_look, so_far: Duration::ZERO }
    }

    /// The time until now; to be called every tenth of a second or so.
    fn so_far(&mut self) -> Duration {
        let has_worked = processor_time().saturating_sub(self.used) > WORK;
        if self.ends.moved() != self.moved || has_worked || is_waiting_for_a_disk() {
            *self = Self::new(self.ends);
        } else {
            // A program that was suspended has not waited all that time.
            self.so_far += self.last_look.elapsed().min(Duration::from_secs(1));
            self.last_look = Instant::now();
        }
        self.so_far
    }
}

/// Whether a thread of the program is in the system's own hands, as it is while a busy disk takes what it writes.
/// Where that cannot be told, none is.
fn is_waiting_for_a_disk() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let states =
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    // The name before it, in brackets, may have anything in it.
    states.filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next()).any(|state| state == 'D')
}

/// What all threads of the program have used.
#[cfg(unix)]
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}

/// Not known here: what moves has to do.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

fn run(clip: &Clip, colorshine: &gst::Element) -> Result<Played> {
    let pipeline = &clip.pipeline;
    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
    let bar = ProgressBar::new_spinner();
    let start = Instant::now();
    let started = pipeline.set_state(gst::State::Playing);
    let mut is_whole = true;
    let mut stall = Stall::new(&clip.ends);
    loop {
        // After a failed start its message is there already.
        let wait = if started.is_ok() { TICK } else { gst::ClockTime::ZERO };
        let message = bus.timed_pop(wait);
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => {
                bar.finish_and_clear();
                return Ok(Played { is_whole, ..Played::so_far(colorshine, start) });
            }
            Some(gst::MessageView::Error(error)) => {
                bar.finish_and_clear();
                return Err(describe(error.src(), &error.error(), error.debug()).into());
            }
            Some(gst::MessageView::Warning(warning)) => {
                let text = describe(warning.src(), &warning.error(), warning.debug());
                bar.suspend(|| eprintln!("warning: {text}"));
            }
            Some(_) => {}
            None => {
                started.as_ref().map_err(|_| "the pipeline does not start")?;
                if is_whole && STOP.load(Ordering::Relaxed) {
                    is_whole = false;
                    clip.end_at(position(colorshine));
                }
                // From a pipe the first byte may come at any time.
                let may_be_stuck = clip.is_file && clip.ends.moved() == 0;
                if may_be_stuck && stall.so_far() > NOTHING_COMES {
                    bar.finish_and_clear();
                    return Err("nothing comes out of the clip; GST_DEBUG=2 may show why".into());
                }
                show_progress(&bar, colorshine, start);
            }
        }
    }
}

/// The time that the stream has come to.
fn position(colorshine: &gst::Element) -> gst::ClockTime {
    let pad = colorshine.static_pad("src");
    pad.and_then(|pad| pad.query_position::<gst::ClockTime>()).unwrap_or_default()
}

/// Moves the bar to where the stream is; one that does not say how long it is keeps a spinner.
fn show_progress(bar: &ProgressBar, colorshine: &gst::Element, start: Instant) {
    let Some(pad) = colorshine.static_pad("src") else {
        return;
    };
    let played = Played::so_far(colorshine, start);
    let length = pad.query_duration::<gst::ClockTime>().filter(|length| !length.is_zero());
    if bar.length().is_none()
        && let Some(length) = length
    {
        bar.set_length(length.mseconds());
        let template = "{wide_bar} {percent:>3} %  {msg}  {eta} left";
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }
    bar.set_position(played.length.as_millis() as u64);
    bar.set_message(played.speed());
    bar.tick();
}
