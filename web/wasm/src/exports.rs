//! What a page calls.
//!
//! What a call takes beside numbers is in the memory that [`input`] has given, what it gives is at [`output`] and
//! [`numbers`] until the next call. Looks are kept in slots, whose numbers the page chooses. A call returns 0 where it
//! could do what was asked, else 1; a message is then in `output`.
//!
//! A picture's `format`, `matrix`, `is_full` and `primaries` are those of [`Stream::new`].

#![expect(unsafe_code, reason = "names of exported functions are as they are")]

use std::cell::RefCell;
use std::collections::HashMap;

use colorshine_core::attractor::ParseError;

use crate::colours;
use crate::frames::Places;
use crate::looks::{Item, Prepared, SHIPPED, Settings, items};
use crate::stream::Stream;

#[derive(Default)]
struct Page {
    input: Vec<u8>,
    output: Vec<u8>,
    numbers: Vec<f64>,
    looks: HashMap<u32, Prepared>,
}

thread_local! {
    static PAGE: RefCell<Page> = RefCell::default();
}

/// Why a call could not do what was asked: a message, and the item, line and column of a text.
struct Failure(String, Vec<f64>);

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        let place = [error.item, error.line, error.column].map(|number| number as f64);
        Self(error.to_string(), place.to_vec())
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self(message.into(), Vec::new())
    }
}

/// Calls `work` with the page, without what the last call has given.
fn call(work: impl FnOnce(&mut Page) -> Result<(), Failure>) -> u32 {
    PAGE.with_borrow_mut(|page| {
        page.output.clear();
        page.numbers.clear();
        match work(page) {
            Ok(()) => 0,
            Err(Failure(message, place)) => {
                page.output = message.into_bytes();
                page.numbers = place;
                1
            }
        }
    })
}

impl Page {
    fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.input).map_err(|_| "the text is not UTF-8".into())
    }

    fn look(&mut self, slot: u32) -> Result<&mut Prepared, Failure> {
        self.looks.get_mut(&slot).ok_or_else(|| "there is no look in this slot".into())
    }
}

fn stream(format: u32, matrix: u32, is_full: u32, primaries: u32) -> Result<Stream, Failure> {
    Stream::new(format, matrix, is_full != 0, primaries)
        .ok_or_else(|| "the format is not known".into())
}

fn places(stream: &Stream, width: usize, height: usize) -> Result<Places, Failure> {
    Places::new(stream, [width, height])
        .ok_or_else(|| "the picture has no pixels, or too many".into())
}

/// Memory for what the next call takes, of so many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> *mut u8 {
    PAGE.with_borrow_mut(|page| {
        page.input.resize(length, 0);
        page.input.as_mut_ptr()
    })
}

/// The bytes that the last call has given.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    PAGE.with_borrow(|page| page.output.as_ptr())
}

/// How many they are.
#[unsafe(no_mangle)]
pub extern "C" fn output_length() -> usize {
    PAGE.with_borrow(|page| page.output.len())
}

/// The numbers that the last call has given.
#[unsafe(no_mangle)]
pub extern "C" fn numbers() -> *const f64 {
    PAGE.with_borrow(|page| page.numbers.as_ptr())
}

/// How many they are.
#[unsafe(no_mangle)]
pub extern "C" fn numbers_length() -> usize {
    PAGE.with_borrow(|page| page.numbers.len())
}

/// The looks that come with the project, in JSON.
#[unsafe(no_mangle)]
pub extern "C" fn shipped() -> u32 {
    call(|page| {
        page.output = SHIPPED.into();
        Ok(())
    })
}

/// Parses the text in `input`. Numbers, for each attractor: lightness, chroma and hue, NaN where it has none; L, a and
/// b; tolerance; strength; channels, bits 0 to 2. Of a text that is none: item, line and column.
#[unsafe(no_mangle)]
pub extern "C" fn parse() -> u32 {
    call(|page| {
        let items = items(page.text()?)?;
        page.numbers = items.iter().flat_map(numbers_of).collect();
        Ok(())
    })
}

fn numbers_of(Item { attractor, channels }: &Item) -> [f64; 9] {
    let or_nan = |component: Option<f64>| component.unwrap_or(f64::NAN);
    let [l, a, b] = attractor.lab;
    [
        or_nan(attractor.lightness),
        or_nan(attractor.chroma),
        or_nan(attractor.hue),
        l,
        a,
        b,
        attractor.tolerance,
        attractor.strength,
        f64::from(*channels),
    ]
}

/// Puts the look of the text in `input` into a slot. Settings are those of [`Settings::new`].
#[unsafe(no_mangle)]
pub extern "C" fn look(
    slot: u32,
    channels: u32,
    model: u32,
    falloff: u32,
    reference: u32,
    gamut_mapping: u32,
) -> u32 {
    call(|page| {
        let settings = Settings::new(channels, model, falloff, reference, gamut_mapping);
        let settings = settings.ok_or("a setting is not known")?;
        let look = Prepared::new(page.text()?, settings)?;
        page.looks.insert(slot, look);
        Ok(())
    })
}

/// Radii of a slot's attractors for sRGB: a number each.
#[unsafe(no_mangle)]
pub extern "C" fn radii(slot: u32) -> u32 {
    call(|page| {
        page.numbers = page.look(slot)?.radii(&Stream::SRGB);
        Ok(())
    })
}

/// Bakes a slot's look with `size` nodes an axis, or as many as are needed where that is 0. Bytes: the entries of the
/// lattice as the shaders read them. Numbers: nodes an axis, largest and 99.9th percentile of the error in codes, and
/// the radii.
#[unsafe(no_mangle)]
pub extern "C" fn bake(
    slot: u32,
    size: usize,
    format: u32,
    matrix: u32,
    is_full: u32,
    primaries: u32,
) -> u32 {
    call(|page| {
        let stream = stream(format, matrix, is_full, primaries)?;
        if size == 1 || size > colorshine_core::lut::MAX_SIZE {
            return Err("the size is out of range".into());
        }
        let (_, baked) = page.look(slot)?.bake(&stream, (size > 0).then_some(size));
        let lattice = baked.lattice.as_ref().ok_or("there is no lattice")?;
        let head = [lattice.size() as f64, baked.report.max_codes, baked.report.p999_codes];
        let numbers = head.into_iter().chain(baked.radii.iter().copied()).collect();
        let entries = lattice.entries().as_flattened();
        page.output = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
        page.numbers = numbers;
        Ok(())
    })
}

/// Where a picture of some columns and rows has its planes, for `apply` and for the shaders. Numbers: bytes in all,
/// work groups along columns and rows, then offset and stride of each plane. Bytes: constants of the shaders in JSON.
#[unsafe(no_mangle)]
pub extern "C" fn layout(format: u32, width: usize, height: usize) -> u32 {
    call(|page| {
        let places = places(&stream(format, 0, 0, 0)?, width, height)?;
        let head = [places.bytes, places.groups[0], places.groups[1]];
        page.numbers = head.iter().chain(places.planes.as_flattened()).map(|n| *n as f64).collect();
        page.output = places.constants().into_bytes();
        Ok(())
    })
}

/// What the shaders are told of a picture that goes through the lattice that a slot has baked last: bytes of `Band`.
#[unsafe(no_mangle)]
pub extern "C" fn band(slot: u32, format: u32, width: usize, height: usize) -> u32 {
    call(|page| {
        let places = places(&stream(format, 0, 0, 0)?, width, height)?;
        let (request, baked) = page.look(slot)?.baked().ok_or("nothing has been baked")?;
        let band = places.band(request, baked);
        page.output = band.iter().flat_map(|word| word.to_le_bytes()).collect();
        Ok(())
    })
}

/// Recolours the picture in `input`, whose planes lie as `layout` says, with the lattice that a slot has baked last.
/// It is in `input` then.
#[unsafe(no_mangle)]
pub extern "C" fn apply(slot: u32, format: u32, width: usize, height: usize) -> u32 {
    call(|page| {
        let places = places(&stream(format, 0, 0, 0)?, width, height)?;
        let mut picture = std::mem::take(&mut page.input);
        let (request, baked) = page.look(slot)?.baked().ok_or("nothing has been baked")?;
        if request.codes.is_ycbcr() != (format > 0) {
            return Err("what was baked last is for another format".into());
        }
        let applied = places.apply(request, baked, &mut picture);
        page.input = picture;
        applied.map_err(|error| Failure(error.to_string(), Vec::new()))
    })
}

/// The .cube file of a slot's look; the lines in `input` are comments in it.
#[unsafe(no_mangle)]
pub extern "C" fn cube(slot: u32, size: usize) -> u32 {
    call(|page| {
        let comments: Vec<String> = page.text()?.lines().map(String::from).collect();
        let text = page.look(slot)?.cube(size, &comments);
        page.output = text.map_err(|error| Failure(error.to_string(), Vec::new()))?;
        Ok(())
    })
}

/// The plane of a lightness, of so many pixels square: bytes are RGBA, numbers the most chroma at each degree of hue.
/// See [`colours::plane`].
#[unsafe(no_mangle)]
pub extern "C" fn plane(lightness: f64, pixels: usize) -> u32 {
    call(|page| {
        if !(0.0..=1.0).contains(&lightness) || !(1..=4096).contains(&pixels) {
            return Err("lightness or size is out of range".into());
        }
        page.output = colours::plane(lightness, pixels);
        page.numbers = colours::boundary(lightness).to_vec();
        Ok(())
    })
}

/// Lightness, chroma and hue in degrees of a colour of sRGB.
#[unsafe(no_mangle)]
pub extern "C" fn oklch(r: u8, g: u8, b: u8) -> u32 {
    call(|page| {
        let [l, a, b] = colours::oklab([r, g, b]);
        page.numbers = vec![l, a.hypot(b), b.atan2(a).to_degrees().rem_euclid(360.0)];
        Ok(())
    })
}

/// Where the colours of the picture in `input`, RGBA, lie: a number for each cell, see [`colours::census`].
#[unsafe(no_mangle)]
pub extern "C" fn census() -> u32 {
    call(|page| {
        page.numbers = colours::census(&page.input);
        Ok(())
    })
}
