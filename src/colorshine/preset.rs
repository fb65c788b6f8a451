//! The element's presets: which properties they keep, and what GStreamer does to texts on their way.
//!
//! `gst_preset_save_preset` escapes a text and writes it with `g_key_file_set_string`, which escapes its
//! backslashes once more; `gst_preset_load_preset` reads it with `g_key_file_get_value`, which takes nothing
//! back. So a text comes back with a backslash before most of what is no letter or digit, and other bytes
//! as a backslash and three octal digits; with a quotation mark in it, not at all. So, while a preset is saved,
//! texts have quotation marks and backslashes of their own as octal digits, and while one is loaded, both kinds of
//! escape are taken back. At all other times texts are as they are.

#![expect(unsafe_code, reason = "the binding cannot override the virtual functions of GstPreset")]

use std::cell::Cell;
use std::ffi::{OsString, c_char};
use std::path::PathBuf;
use std::sync::OnceLock;

use gst::glib;
use gst::glib::ffi::{GFALSE, gboolean};
use gst::glib::prelude::*;
use gst::glib::translate::{ToGlibPtr, from_glib_borrow};
use gst::subclass::prelude::*;

use super::settings::LOOK_PROPERTIES;
use super::{element, prepare};

glib::wrapper! {
    /// `GstPreset`, as this element implements it.
    pub struct LookPreset(Interface<gst::ffi::GstPreset, gst::ffi::GstPresetInterface>);

    match fn {
        type_ => || gst::ffi::gst_preset_get_type(),
    }
}

type Function = unsafe extern "C" fn(*mut gst::ffi::GstPreset, *const c_char) -> gboolean;

/// GStreamer's own ways to load and to save a preset.
static DEFAULTS: OnceLock<[Option<Function>; 2]> = OnceLock::new();

// SAFETY: the functions that are put in place have the contracts of those they replace.
unsafe impl IsImplementable<element::ColorShine> for LookPreset {
    fn interface_init(interface: &mut glib::Interface<Self>) {
        let functions = interface.as_mut();
        DEFAULTS.get_or_init(|| [functions.load_preset, functions.save_preset]);
        functions.get_property_names = Some(property_names);
        functions.load_preset = Some(load);
        functions.save_preset = Some(save);
    }
}

unsafe extern "C" fn property_names(_preset: *mut gst::ffi::GstPreset) -> *mut *mut c_char {
    LOOK_PROPERTIES.as_slice().to_glib_full()
}

unsafe extern "C" fn load(preset: *mut gst::ffi::GstPreset, name: *const c_char) -> gboolean {
    // SAFETY: this function is in the table of this element's type alone.
    let element = unsafe { from_glib_borrow::<_, super::ColorShine>(preset.cast()) };
    // SAFETY: the arguments are the caller's own.
    let is_loaded = unsafe { by_default(Way::In, preset, name) };
    if HAS_NEW_LOOK.take() {
        element.imp().state().version += 1;
        prepare::request(element.imp());
    }
    is_loaded
}

unsafe extern "C" fn save(preset: *mut gst::ffi::GstPreset, name: *const c_char) -> gboolean {
    // SAFETY: the arguments are the caller's own.
    unsafe { by_default(Way::Out, preset, name) }
}

/// Has GStreamer load or save a preset, while this thread knows which.
///
/// # Safety
///
/// An element and a text, as for any function of `GstPreset`.
unsafe fn by_default(way: Way, preset: *mut gst::ffi::GstPreset, name: *const c_char) -> gboolean {
    let Some(function) = DEFAULTS.get().and_then(|defaults| defaults[way as usize]) else {
        return GFALSE;
    };
    let before = WAY.replace(Some((way, preset.addr())));
    // SAFETY: the caller's.
    let is_done = unsafe { function(preset, name) };
    WAY.set(before);
    is_done
}

/// Which way texts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From a preset into properties.
    In,
    /// From properties into a preset.
    Out,
}

thread_local! {
    /// With the element's address, as its properties may be bound to another's.
    static WAY: Cell<Option<(Way, usize)>> = const { Cell::new(None) };
    static HAS_NEW_LOOK: Cell<bool> = const { Cell::new(false) };
}

fn goes(way: Way, element: &super::ColorShine) -> bool {
    WAY.get() == Some((way, element.as_ptr().addr()))
}

/// Has an element's new look wait until all of its properties are set, where this thread is setting them from a
/// preset. False where it is not.
pub(super) fn wait_for_the_rest(element: &super::ColorShine) -> bool {
    let is_loading = goes(Way::In, element);
    if is_loading {
        HAS_NEW_LOOK.set(true);
    }
    is_loading
}

/// The value of an element's property for whoever asks for it: in a form that comes back, where that is a preset.
pub(super) fn saved(element: &super::ColorShine, value: glib::Value) -> glib::Value {
    let text = match value.type_() {
        glib::Type::STRING if goes(Way::Out, element) => value.get::<Option<PathBuf>>(),
        _ => return value,
    };
    let text = text.ok().flatten().map(|text| {
        let bytes = text.as_os_str().as_encoded_bytes().iter();
        let escaped = bytes.flat_map(|byte| match byte {
            b'"' => br"\042".to_vec(),
            b'\\' => br"\134".to_vec(),
            _ => vec![*byte],
        });
        PathBuf::from(from_bytes(escaped.collect()))
    });
    text.to_value()
}

/// A text or path as it was before it was saved, where it comes from a preset.
pub(super) fn restored(element: &super::ColorShine, path: PathBuf) -> PathBuf {
    match goes(Way::In, element) {
        // GStreamer's escapes, then those of `saved`.
        true => from_bytes(unescaped(&unescaped(path.as_os_str().as_encoded_bytes()))).into(),
        false => path,
    }
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// Elsewhere GLib's texts are UTF-8, paths included.
#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), after)
            }
            (b'\\', [escaped, after @ ..]) => (*escaped, after),
            _ => (first, after),
        };
        plain.push(byte);
        rest = after;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_presets_escape_is_taken_back() {
        let saved =
            br"oklch\(45\%\ 0.13\ 300\)\;60\;80\;sh\ \|\ \#ff8a3d\;40\;60\012teal\;3\;4\303\251";
        let text = "oklch(45% 0.13 300);60;80;sh | #ff8a3d;40;60\nteal;3;4é".as_bytes();
        assert_eq!(unescaped(saved), text);
        assert_eq!(unescaped(text), text);
        assert_eq!(unescaped(br"a\"), br"a\");
    }

    #[test]
    fn only_what_comes_from_a_preset_of_the_element_is_restored() {
        gst::init().unwrap();
        let [one, other]: [super::super::ColorShine; 2] =
            [glib::Object::new(), glib::Object::new()];
        let restored = |element| restored(element, r"a\ b".into());
        assert_eq!(restored(&one), PathBuf::from(r"a\ b"));
        WAY.set(Some((Way::In, one.as_ptr().addr())));
        assert_eq!(restored(&one), PathBuf::from("a b"));
        assert_eq!(restored(&other), PathBuf::from(r"a\ b"));
        WAY.set(None);
    }
}
