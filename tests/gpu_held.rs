//! Frames that are held back for a deep pipeline: they leave when nothing comes for a frame's time, in order, and never
//! after downstream has had enough. The GPU may be a software renderer.
#![cfg(feature = "gpu")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Random, TIMEOUT, buffer, bytes, element, harness, init, stat, wait_until};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};

const LOOK: [(&str, &str); 4] = [
    ("attractors", "#ff8a3d;45;60|oklch(50% 0.12 200);40;80"),
    ("method", "lut"),
    ("lut-size", "9"),
    ("cache-dir", ""),
];

/// Frames a second of a stream whose frames are held for little time.
const FAST: i32 = 200;

/// Frames a second of a stream that holds frames for as long as a test may take.
const SLOW: (i32, i32) = (1, 60);

type Flow = Result<gst::FlowSuccess, gst::FlowError>;

/// What a frame is known by, and its bytes.
type Seen = (Option<gst::ClockTime>, Vec<u8>);

fn info(rate: impl Into<gst::Fraction>) -> VideoInfo {
    init();
    VideoInfo::builder(VideoFormat::Nv12, 34, 18).fps(rate).build().unwrap()
}

/// An element between a pad that pushes and one that keeps a copy of all that comes, and no buffer.
struct Line {
    element: gst::Element,
    source: gst::Pad,
    sink: gst::Pad,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Line {
    /// `answer` is what the end says to its first frame, its second, and so on.
    fn new(
        info: &VideoInfo,
        depth: u32,
        answer: impl Fn(usize) -> Flow + Send + Sync + 'static,
    ) -> Self {
        let element = element(&LOOK);
        element.set_property_from_str("backend", "gpu");
        element.set_property("pipeline-depth", depth);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        let sink = gst::Pad::builder(gst::PadDirection::Sink).chain_function(move |_, _, frame| {
            let mut kept = kept.lock().unwrap();
            kept.push((frame.pts(), bytes(&frame)));
            answer(kept.len() - 1)
        });
        // Upstream of the element nothing takes time.
        let source =
            gst::Pad::builder(gst::PadDirection::Src).query_function(|pad, parent, query| {
                if let gst::QueryViewMut::Latency(latency) = query.view_mut() {
                    latency.set(true, gst::ClockTime::ZERO, None);
                    return true;
                }
                gst::Pad::query_default(pad, parent, query)
            });
        let (source, sink) = (source.build(), sink.build());
        source.link(&element.static_pad("sink").unwrap()).unwrap();
        element.static_pad("src").unwrap().link(&sink).unwrap();
        sink.set_active(true).unwrap();
        element.set_state(gst::State::Playing).unwrap();
        source.set_active(true).unwrap();
        let line = Self { element, source, sink, seen };
        line.begin(info);
        line
    }

    /// Begins a stream.
    fn begin(&self, info: &VideoInfo) {
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        let caps = info.to_caps().unwrap();
        assert!(self.source.push_event(gst::event::StreamStart::new("frames")));
        assert!(self.source.push_event(gst::event::Caps::new(&caps)));
        assert!(self.source.push_event(gst::event::Segment::new(&segment)));
    }

    fn push(&self, frame: &gst::Buffer) -> Flow {
        self.source.push(frame.copy_deep().unwrap())
    }

    fn push_all(&self, frames: &[gst::Buffer]) {
        for frame in frames {
            assert_eq!(self.push(frame), Ok(gst::FlowSuccess::Ok));
        }
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.element.set_state(gst::State::Null).unwrap();
        self.source.set_active(false).unwrap();
        self.sink.set_active(false).unwrap();
    }
}

fn frames(info: &VideoInfo, count: u64) -> Vec<gst::Buffer> {
    let mut random = Random::new(67);
    let frame = |number| {
        let mut frame = buffer(info, 0, 0, || random.next() as u8);
        let fields = frame.get_mut().unwrap();
        fields.set_pts(gst::ClockTime::from_mseconds(40) * number);
        frame
    };
    (0..count).map(frame).collect()
}

/// What the CPU makes of frames.
fn by_cpu(info: &VideoInfo, frames: &[gst::Buffer]) -> Vec<Seen> {
    let element = element(&LOOK);
    element.set_property_from_str("backend", "cpu");
    let mut harness = harness(&element, info);
    let each = frames.iter().map(|frame| frame.copy_deep().unwrap());
    each.map(|frame| (frame.pts(), bytes(&harness.push_and_pull(frame).unwrap()))).collect()
}

/// Does something that may hang, on a thread of its own.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = channel();
    std::thread::spawn(move || send.send(work()).unwrap_or_default());
    let limit = Duration::from_secs(TIMEOUT.seconds());
    receive.recv_timeout(limit).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// Upstream's pool has fewer buffers than the pipeline is deep, and nobody tells it of more.
#[test]
fn frames_leave_where_upstream_has_no_buffer_left() {
    let info = info((FAST, 1));
    let input = frames(&info, 24);
    let want = by_cpu(&info, &input);
    for (buffers, depth) in [(1, 2), (1, 8), (2, 3), (4, 8), (7, 8)] {
        let line = Line::new(&info, depth, |_| Ok(gst::FlowSuccess::Ok));
        let latency = || {
            let mut query = gst::query::Latency::new();
            assert!(line.element.static_pad("src").unwrap().query(&mut query));
            query.result().1
        };
        let told = gst::ClockTime::from_mseconds(1000 / FAST as u64) * u64::from(depth - 1);
        assert_eq!(latency(), told);
        let pool = gst::BufferPool::new();
        let mut config = pool.config();
        let caps = info.to_caps().unwrap();
        config.set_params(Some(&caps), info.size() as u32, buffers, buffers);
        pool.set_config(config).unwrap();
        pool.set_active(true).unwrap();
        let (source, input) = (line.source.clone(), input.clone());
        in_time(&format!("{buffers} buffers, depth {depth}"), move || {
            for frame in &input {
                let mut buffer = pool.acquire_buffer(None).unwrap();
                let fields = buffer.get_mut().unwrap();
                fields.set_pts(frame.pts());
                fields.map_writable().unwrap().copy_from_slice(&bytes(frame));
                source.push(buffer).unwrap();
            }
            assert!(source.push_event(gst::event::Eos::new()));
            pool.set_active(false).unwrap();
        });
        assert!(line.seen() == want, "{buffers} buffers, depth {depth}");
        assert_eq!(stat::<String>(&line.element, "backend"), "gpu");
        assert_eq!(stat::<u64>(&line.element, "device-lost"), 0);
        assert_eq!(latency(), told);
    }
}

/// A source that pauses leaves nothing behind, and goes on as before.
#[test]
fn frames_leave_when_nothing_comes() {
    let info = info((FAST, 1));
    let input = frames(&info, 9);
    let want = by_cpu(&info, &input);
    let line = Line::new(&info, 4, |_| Ok(gst::FlowSuccess::Ok));
    for (number, some) in input.chunks(3).enumerate() {
        line.push_all(some);
        let all = 3 * (number + 1);
        wait_until("all that came has left", || line.count() == all);
    }
    assert!(line.seen() == want);
    assert_eq!(stat::<String>(&line.element, "backend"), "gpu");
}

/// Threads that hold and push at once, with events between, keep the order.
#[test]
fn frames_and_events_keep_their_order() {
    let info = info((FAST, 1));
    let input = frames(&info, 60);
    let line = Line::new(&info, 3, |_| Ok(gst::FlowSuccess::Ok));
    let events = Arc::new(Mutex::new(Vec::new()));
    let (places, seen) = (events.clone(), line.seen.clone());
    let pad = line.element.static_pad("src").unwrap();
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &info.data
            && event.type_() == gst::EventType::CustomDownstream
        {
            places.lock().unwrap().push(seen.lock().unwrap().len());
        }
        gst::PadProbeReturn::Ok
    });
    let mut want = Vec::new();
    for (number, frame) in input.iter().enumerate() {
        line.push(frame).unwrap();
        // About as long as frames are held.
        if number % 3 == 0 {
            std::thread::sleep(Duration::from_millis(1000 / FAST as u64));
        }
        if number % 7 == 0 {
            let place = gst::Structure::new_empty("place");
            assert!(line.source.push_event(gst::event::CustomDownstream::new(place)));
            want.push(number + 1);
        }
    }
    assert!(line.source.push_event(gst::event::Eos::new()));
    let times: Vec<_> = line.seen().iter().map(|(pts, _)| *pts).collect();
    assert_eq!(times, input.iter().map(|frame| frame.pts()).collect::<Vec<_>>());
    assert_eq!(*events.lock().unwrap(), want);
}

#[test]
fn nothing_leaves_once_a_flush_has_begun() {
    let info = info((FAST, 1));
    let input = frames(&info, 3);
    let want = by_cpu(&info, &input);
    let line = Line::new(&info, 4, |_| Ok(gst::FlowSuccess::Ok));
    for round in 0..4 {
        // The stream lock is this thread's, so that no frame leaves before the flush.
        let sink = line.element.static_pad("sink").unwrap();
        let lock = sink.stream_lock();
        line.push_all(&input);
        assert!(line.source.push_event(gst::event::FlushStart::new()));
        drop(lock);
        std::thread::sleep(Duration::from_millis(4 * 1000 / FAST as u64));
        assert_eq!(line.count(), 0, "round {round}");
        assert!(line.source.push_event(gst::event::FlushStop::new(true)));
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        assert!(line.source.push_event(gst::event::Segment::new(&segment)));
    }
    line.push_all(&input);
    wait_until("the frames after the flush have left", || line.count() == 3);
    assert!(line.seen() == want);
}

/// Whoever has said that it takes no more gets no more: neither with the next frame, nor before what follows.
#[test]
fn nothing_leaves_after_downstream_has_had_enough() {
    for error in [gst::FlowError::Eos, gst::FlowError::Flushing, gst::FlowError::Error] {
        for rate in [gst::Fraction::new(FAST, 1), SLOW.into()] {
            let info = info(rate);
            let input = frames(&info, 8);
            let answer =
                move |number| if number < 2 { Ok(gst::FlowSuccess::Ok) } else { Err(error) };
            let line = Line::new(&info, 3, answer);
            let told = input.iter().map(|frame| line.push(frame));
            // With a fast stream the answer may have been given to a frame that left late.
            let told: Vec<Flow> = told.skip_while(|flow| flow.is_ok()).collect();
            assert!(told.len() > 3 && told.iter().all(|flow| *flow == Err(error)), "{told:?}");
            assert_eq!(line.count(), 3, "{error:?}");
            let gap = gst::event::Gap::new(gst::ClockTime::from_mseconds(400), None);
            line.source.push_event(gap);
            line.source.push_event(gst::event::Eos::new());
            assert_eq!(line.count(), 3, "{error:?}: frames before the end of the stream");
        }
    }
}

/// The answer to a frame that left late is told with the next one.
#[test]
fn upstream_hears_what_downstream_has_said_meanwhile() {
    let info = info((FAST, 1));
    let input = frames(&info, 4);
    let line = Line::new(&info, 4, |_| Err(gst::FlowError::Eos));
    line.push(&input[0]).unwrap();
    wait_until("the frame has left", || line.count() == 1);
    assert_eq!(line.push(&input[1]), Err(gst::FlowError::Eos));
    line.source.push_event(gst::event::Eos::new());
    assert_eq!(line.count(), 1);
}

/// With another segment, or another peer, downstream may take frames again.
#[test]
fn frames_leave_again_after_a_new_beginning() {
    let info = info(SLOW);
    let input = frames(&info, 4);
    type Beginning<'a> = &'a dyn Fn(&Line);
    let segment: Beginning<'_> = &|line| {
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        assert!(line.source.push_event(gst::event::Segment::new(&segment)));
    };
    let peer: Beginning<'_> = &|line| {
        let pad = line.element.static_pad("src").unwrap();
        pad.unlink(&line.sink).unwrap();
        pad.link(&line.sink).unwrap();
    };
    for (case, beginning) in [segment, peer].into_iter().enumerate() {
        let had_enough = gst::FlowError::Eos;
        let answer =
            move |number| if number != 0 { Ok(gst::FlowSuccess::Ok) } else { Err(had_enough) };
        let line = Line::new(&info, 2, answer);
        line.push(&input[0]).unwrap();
        assert_eq!(line.push(&input[1]), Err(had_enough), "case {case}");
        assert_eq!(line.push(&input[1]), Err(had_enough), "case {case}");
        beginning(&line);
        line.push(&input[2]).unwrap();
        line.push(&input[3]).unwrap();
        assert_eq!(line.count(), 2, "case {case}");
        line.source.push_event(gst::event::Eos::new());
        assert_eq!(line.count(), 3, "case {case}");
    }
}

/// A player that is paused gets its picture, though the pipeline is deeper than what there is of the stream; and stops
/// at once, though the thread by which that came waits in the sink.
#[test]
fn a_paused_pipeline_shows_a_frame_and_stops() {
    let info = info((FAST, 1));
    let input = frames(&info, 2);
    for round in 0..5 {
        let pipeline = common::launch(&format!(
            "appsrc name=source format=time ! colorshine name=filter attractors={} backend=gpu \
             pipeline-depth=4 ! fakesink sync=true",
            "red;50;50",
        ));
        let pipeline = pipeline.unwrap();
        let source = pipeline.by_name("source").unwrap().downcast::<gst_app::AppSrc>().unwrap();
        source.set_caps(Some(&info.to_caps().unwrap()));
        let _ = pipeline.set_state(gst::State::Paused).unwrap();
        for frame in &input {
            source.push_buffer(frame.copy_deep().unwrap()).unwrap();
        }
        let (result, state, _) = pipeline.state(TIMEOUT);
        assert_eq!((result.is_ok(), state), (true, gst::State::Paused), "round {round}");
        if round % 2 == 1 {
            let flags = gst::SeekFlags::FLUSH;
            // Nobody seeks here; the flush itself is what is tried.
            pipeline.seek_simple(flags, gst::ClockTime::ZERO).unwrap_or_default();
        }
        let filter = pipeline.by_name("filter").unwrap();
        in_time("a stop", move || pipeline.set_state(gst::State::Null).map(drop)).unwrap();
        let weak = filter.downgrade();
        drop((filter, source));
        wait_until("the element is gone", || weak.upgrade().is_none());
    }
}

/// Whoever takes an element out of a pipeline does it in a probe, on whatever thread comes by.
#[test]
fn a_probe_may_stop_the_element() {
    let info = info((FAST, 1));
    let input = frames(&info, 4);
    // The first frame leaves with the fourth, or by itself.
    for pushed in [4, 1] {
        let line = Line::new(&info, 4, |_| Ok(gst::FlowSuccess::Ok));
        let stops = Arc::new(AtomicUsize::new(0));
        let (counted, element) = (stops.clone(), line.element.downgrade());
        let pad = line.element.static_pad("src").unwrap();
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            let element = element.upgrade().unwrap();
            element.set_state(gst::State::Null).unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Remove
        });
        let (source, input) = (line.source.clone(), input.clone());
        in_time("frames", move || {
            // What is pushed once the element is stopped is refused.
            for frame in &input[..pushed] {
                source.push(frame.copy_deep().unwrap()).unwrap_or(gst::FlowSuccess::Ok);
            }
        });
        wait_until("the element is stopped", || stops.load(Ordering::Relaxed) == 1);
    }
}

/// A stop in mid-hold leaves no thread, and the next start begins afresh.
#[test]
fn an_element_that_stops_holds_nothing() {
    let info = info((FAST, 1));
    let input = frames(&info, 3);
    let want = by_cpu(&info, &input);
    let line = Line::new(&info, 8, |_| Ok(gst::FlowSuccess::Ok));
    for _ in 0..10 {
        let sink = line.element.static_pad("sink").unwrap();
        let lock = sink.stream_lock();
        line.push_all(&input);
        line.element.set_state(gst::State::Ready).unwrap();
        drop(lock);
        line.element.set_state(gst::State::Playing).unwrap();
        line.source.set_active(false).unwrap();
        line.source.set_active(true).unwrap();
        line.begin(&info);
    }
    assert_eq!(line.count(), 0);
    line.push_all(&input);
    wait_until("the frames have left", || line.count() == 3);
    assert!(line.seen() == want);
}

/// A paused editor sets a property and seeks to where it is: the frame that it gets is one that was held.
#[test]
fn the_first_frame_after_a_flush_has_the_newest_look() {
    for depth in [1, 3] {
        let info = info(FAST);
        let frame = &frames(&info, 1)[0];
        let line = Line::new(&info, depth, |_| Ok(gst::FlowSuccess::Ok));
        let shown = |look: &str| {
            line.element.set_property("attractors", look);
            let before = line.count();
            assert!(line.source.push_event(gst::event::FlushStart::new()));
            assert!(line.source.push_event(gst::event::FlushStop::new(true)));
            let segment = gst::FormattedSegment::<gst::ClockTime>::new();
            assert!(line.source.push_event(gst::event::Segment::new(&segment)));
            line.push(frame).unwrap();
            wait_until("the frame", || line.count() > before);
            line.seen().pop().unwrap().1
        };
        for look in ["red;100;100", "teal;40;60", "#ff8a3d;100;60"] {
            let want = {
                let element = element(&[LOOK[1], LOOK[2], LOOK[3], ("attractors", look)]);
                element.set_property_from_str("backend", "cpu");
                bytes(&harness(&element, &info).push_and_pull(frame.copy_deep().unwrap()).unwrap())
            };
            assert!(shown(look) == want, "depth {depth}: {look}");
        }
    }
}

/// What neighbours say may be anything.
#[test]
fn pools_and_latencies_at_the_end_of_their_range_do_not_wrap() {
    let info = info(FAST);
    let line = Line::new(&info, 8, |_| Ok(gst::FlowSuccess::Ok));
    // With nothing to do, what downstream offers goes through.
    line.element.set_property("attractors", "");
    let endless = gst::ClockTime::from_nseconds(u64::MAX - 1);
    let element_sink = line.source.peer().unwrap();
    element_sink.add_probe(gst::PadProbeType::QUERY_UPSTREAM, move |_, probe| {
        match probe.query_mut().map(|query| query.view_mut()) {
            Some(gst::QueryViewMut::Latency(latency)) => latency.set(true, endless, endless),
            _ => return gst::PadProbeReturn::Ok,
        }
        gst::PadProbeReturn::Handled
    });
    line.sink.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, probe| {
        match probe.query_mut().map(|query| query.view_mut()) {
            Some(gst::QueryViewMut::Allocation(allocation)) => {
                allocation.add_allocation_pool(None::<&gst::BufferPool>, 918, u32::MAX, u32::MAX);
                allocation.add_allocation_pool(None::<&gst::BufferPool>, 918, 2, 0);
            }
            _ => return gst::PadProbeReturn::Ok,
        }
        gst::PadProbeReturn::Handled
    });
    wait_until("passthrough", || {
        line.push(&frames(&info, 1)[0]).unwrap();
        stat::<u64>(&line.element, "frames-passthrough") > 0
    });
    let mut allocation = gst::query::Allocation::new(Some(&info.to_caps().unwrap()), true);
    assert!(line.source.peer_query(&mut allocation));
    let pools: Vec<_> =
        allocation.allocation_pools().map(|(_, _, least, most)| (least, most)).collect();
    assert_eq!(pools, [(u32::MAX, u32::MAX), (2 + 7, 0)]);
    let mut latency = gst::query::Latency::new();
    assert!(line.sink.peer_query(&mut latency));
    let (is_live, least, most) = latency.result();
    assert!(
        is_live && least >= endless && most.is_none_or(|most| most >= endless),
        "{least} {most:?}"
    );
}
