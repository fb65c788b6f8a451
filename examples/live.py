#!/usr/bin/env python3
"""Changes the look of a running stream, and reads the element's statistics.

    live.py [FILE] [--sink ELEMENT] [--seconds N]

Plays FILE, or a test picture, through colorshine. Every second the attractors change to the next look; a
wrong one in between shows that the stream goes on with the last good look. After the third look the
effect is faded out and in again: mix follows a control source.

Needs PyGObject (Debian: python3-gi, gir1.2-gstreamer-1.0) and the plugin, installed or by way of
GST_PLUGIN_PATH.
"""

import argparse
import pathlib
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstController", "1.0")
from gi.repository import GLib, Gst, GstController  # noqa: E402

LOOKS = [
    "teal;40;60",
    "oklch(45% 0.13 300);60;80;sh | oklch(75% 0.15 60);45;80",
    "not-a-colour;40;60",
    "gray;50;150;s",
]


def make_pipeline(file, sink):
    """The pipeline, and the colorshine in it."""
    if file is None:
        source = "videotestsrc is-live=true pattern=colors"
    else:
        source = "uridecodebin name=source"
    pipeline = Gst.parse_launch(
        f"{source} ! videoconvert ! colorshine name=shine ! videoconvert ! {sink}"
    )
    if file is not None:
        pipeline.get_by_name("source").set_property("uri", pathlib.Path(file).resolve().as_uri())
    return pipeline, pipeline.get_by_name("shine")


def fade_out_and_in(shine, start):
    """Lets mix go from 1 to 0 and back to 1 in the two seconds from `start`."""
    curve = GstController.InterpolationControlSource()
    curve.set_property("mode", GstController.InterpolationMode.LINEAR)
    for seconds, mix in ((0, 1.0), (1, 0.0), (2, 1.0)):
        curve.set(start + seconds * Gst.SECOND, mix)
    shine.add_control_binding(GstController.DirectControlBinding.new(shine, "mix", curve))


def report(shine):
    """Prints the fields of the statistics that change while a stream runs."""
    stats = shine.get_property("stats")
    names = ("frames", "frames-passthrough", "method", "lut-size", "bakes", "apply-time-ns")
    print("   ", ", ".join(f"{name} {stats.get_value(name)}" for name in names), flush=True)


def main():
    """Runs the show; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", help="a clip; a test picture if left out")
    parser.add_argument("--sink", default="autovideosink", help="fakesink sync=true: no window")
    parser.add_argument("--seconds", type=int, default=7, help="how long to play")
    args = parser.parse_args()

    Gst.init(None)
    try:
        pipeline, shine = make_pipeline(args.file, args.sink)
    except GLib.Error as error:
        print(f"live.py: {error.message}; is GST_PLUGIN_PATH set?", file=sys.stderr)
        return 1
    loop = GLib.MainLoop()
    failed = False
    ticks = 0

    def on_message(_bus, message):
        nonlocal failed
        if message.type == Gst.MessageType.ERROR:
            error, details = message.parse_error()
            print(f"error: {error.message}\n{details}", file=sys.stderr)
            failed = True
            loop.quit()
        elif message.type == Gst.MessageType.WARNING:
            error, details = message.parse_warning()
            # The details begin with a place in the element's source.
            print(f"    warning: {error.message} {details.splitlines()[-1]}")
        elif message.type == Gst.MessageType.EOS:
            loop.quit()

    def on_tick():
        nonlocal ticks
        if ticks:
            report(shine)
        if ticks >= args.seconds:
            loop.quit()
            return GLib.SOURCE_REMOVE
        if ticks < len(LOOKS):
            print(f"attractors={LOOKS[ticks]}")
            shine.set_property("attractors", LOOKS[ticks])
        elif ticks == len(LOOKS):
            found, position = pipeline.query_position(Gst.Format.TIME)
            print("mix: out and in again")
            fade_out_and_in(shine, position if found else 0)
        else:
            print(f"mix={shine.get_property('mix'):.2f}")
        ticks += 1
        return GLib.SOURCE_CONTINUE

    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", on_message)
    on_tick()
    GLib.timeout_add_seconds(1, on_tick)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        loop.run()
    except KeyboardInterrupt:
        pass
    pipeline.set_state(Gst.State.NULL)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
