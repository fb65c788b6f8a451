#!/usr/bin/env python3
"""A window with sliders for a running stream.

    sliders.py [FILE]

Plays FILE over and over, or a test picture, and lets you try looks: one of colorshine's, one that you saved, or
an attractor of your own by colour, tolerance and strength. "Mix" and "split" go through controllers: each glides
to where its slider is set, frame by frame. "Save as" keeps the look as a preset, to be had by its name.

Needs PyGObject with GTK 3 and its video sink (Debian: python3-gi, gir1.2-gtk-3.0, gir1.2-gstreamer-1.0,
gstreamer1.0-gtk3), and the plugin, installed or by way of GST_PLUGIN_PATH.
"""

import argparse
import pathlib
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstController", "1.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gst, GstController, Gtk  # noqa: E402

# How long "mix" and "split" take to follow their sliders.
GLIDE = 300 * Gst.MSECOND

# Where the looks are that the plugin has in it, under the names by which it knows them.
LOOKS = pathlib.Path(__file__).resolve().parent.parent / "looks"


class Glide:
    """A property from 0 to 1 that follows a slider by way of a controller."""

    def __init__(self, element, name):
        self.element, self.name = element, name
        self.curve = GstController.InterpolationControlSource()
        self.curve.set_property("mode", GstController.InterpolationMode.LINEAR)
        binding = GstController.DirectControlBinding.new(element, name, self.curve)
        element.add_control_binding(binding)
        self.curve.set(0, element.get_property(name))

    def to(self, value, now):
        """Goes to `value` from where the property is at stream time `now`."""
        start = self.element.get_property(self.name)
        self.curve.unset_all()
        # A stream that begins anew begins with the new value.
        self.curve.set(0, value)
        self.curve.set(now, start)
        self.curve.set(now + GLIDE, value)


class Window(Gtk.Window):
    """The picture, and the sliders under it."""

    def __init__(self, pipeline, shine, picture):
        super().__init__(title="colorshine")
        self.pipeline, self.shine = pipeline, shine
        self.glides = {name: Glide(shine, name) for name in ("mix", "split")}
        self.grid = Gtk.Grid(column_spacing=12, row_spacing=4, margin=8)
        self.rows = 0

        self.looks = Gtk.ComboBoxText()
        self.looks.append_text("attractor")
        names = {path.stem for path in LOOKS.glob("*.toml")}
        for name in sorted(names.union(shine.get_preset_names())):
            self.looks.append_text(name)
        self.looks.set_active(0)
        self.looks.connect("changed", lambda _: self.on_look())
        self.color = Gtk.Entry(text="teal")
        self.color.connect("activate", lambda _: self.on_look())
        self.add_row("look", self.looks)
        self.add_row("colour", self.color)
        self.tolerance = self.add_slider("tolerance", 100, 40, self.on_attractor)
        self.strength = self.add_slider("strength", 200, 80, self.on_attractor)
        for name in self.glides:
            self.add_slider(name, 1, 1, lambda slider, name=name: self.on_glide(name, slider))
        self.name = Gtk.Entry(placeholder_text="name, then Enter")
        self.name.connect("activate", lambda _: self.on_save())
        self.add_row("save as", self.name)
        self.message = Gtk.Label(xalign=0)
        self.add_row("", self.message)

        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        picture.set_size_request(640, 360)
        box.pack_start(picture, True, True, 0)
        box.pack_start(self.grid, False, False, 0)
        self.add(box)
        self.on_look()

    def add_row(self, name, widget):
        widget.set_hexpand(True)
        self.grid.attach(Gtk.Label(label=name, xalign=0), 0, self.rows, 1, 1)
        self.grid.attach(widget, 1, self.rows, 1, 1)
        self.rows += 1

    def add_slider(self, name, end, value, changed):
        slider = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, end, end / 100)
        slider.set_value(value)
        slider.set_value_pos(Gtk.PositionType.RIGHT)
        slider.connect("value-changed", changed)
        self.add_row(name, slider)
        return slider

    def on_look(self):
        """Shows the look that is chosen."""
        name = self.looks.get_active_text()
        self.message.set_text("")
        if name == "attractor":
            self.on_attractor(None)
        else:
            self.shine.set_property("look", name)

    def on_attractor(self, _slider):
        """Shows the attractor; it is baked beside the stream."""
        self.looks.set_active(0)
        values = (self.tolerance.get_value(), self.strength.get_value())
        text = f"{self.color.get_text()};{values[0]:.0f};{values[1]:.0f}"
        self.shine.set_property("attractors", text)

    def on_glide(self, name, slider):
        found, now = self.shine.get_static_pad("src").query_position(Gst.Format.TIME)
        self.glides[name].to(slider.get_value(), now if found else 0)

    def on_save(self):
        name = self.name.get_text()
        saved = bool(name) and self.shine.save_preset(name)
        self.message.set_text(f"saved as {name}" if saved else f"cannot be saved as “{name}”")
        if saved:
            self.looks.append_text(name)

    def on_message(self, _bus, message):
        """Begins anew at the end; says what the element warns of, such as a wrong colour."""
        if message.type == Gst.MessageType.EOS:
            self.pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH, 0)
        elif message.type == Gst.MessageType.WARNING:
            self.message.set_text(message.parse_warning()[0].message)
        elif message.type == Gst.MessageType.ERROR:
            print(f"error: {message.parse_error()[0].message}", file=sys.stderr)
            Gtk.main_quit()


def main():
    """Opens the window; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", help="a clip; a test picture if left out")
    args = parser.parse_args()
    Gst.init(None)
    test = "videotestsrc is-live=true pattern=colors"
    source = test if args.file is None else "uridecodebin name=source"
    try:
        pipeline = Gst.parse_launch(
            f"{source} ! videoconvert ! colorshine name=shine ! videoconvert ! gtksink name=sink"
        )
    except GLib.Error as error:
        print(f"sliders.py: {error.message}; is GST_PLUGIN_PATH set?", file=sys.stderr)
        return 1
    if args.file is not None:
        uri = pathlib.Path(args.file).resolve().as_uri()
        pipeline.get_by_name("source").set_property("uri", uri)
    picture = pipeline.get_by_name("sink").get_property("widget")
    window = Window(pipeline, pipeline.get_by_name("shine"), picture)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", window.on_message)
    window.connect("destroy", Gtk.main_quit)
    window.show_all()
    pipeline.set_state(Gst.State.PLAYING)
    Gtk.main()
    pipeline.set_state(Gst.State.NULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
