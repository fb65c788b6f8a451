//! Bit for bit what ImageHash and `pdqhash` give: `tests/oracle/make.py` has made the pictures and asked them.

use std::collections::HashMap;

use framehash_core::{Compat, Hasher, Kind, Kinds, Level, Picture, Plane, Rgb, Turn, pillow_luma};

/// Samples of a picture, of luma or of R, G and B.
struct Samples {
    bytes: Vec<u8>,
    size: [usize; 2],
    is_rgb: bool,
}

#[derive(Default)]
struct Photos(HashMap<String, image::RgbImage>);

impl Photos {
    fn crop(&mut self, name: &str, [x, y, w, h]: [usize; 4]) -> Vec<u8> {
        let photo = self.0.entry(name.to_owned()).or_insert_with(|| {
            let path = format!("{}/../../tests/data/photos/{name}.png", env!("CARGO_MANIFEST_DIR"));
            image::open(path).unwrap().to_rgb8()
        });
        let [x, y, w, h] = [x, y, w, h].map(|n| n as u32);
        image::imageops::crop_imm(photo, x, y, w, h).to_image().into_raw()
    }
}

fn noise(seed: u32, count: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// The picture that a line names, as `make.py` makes it.
fn picture(photos: &mut Photos, name: &str) -> Samples {
    let words: Vec<&str> = name.split(' ').collect();
    let numbers: Vec<usize> = words[1..].iter().filter_map(|word| word.parse().ok()).collect();
    if let "photo" | "colour" | "letterbox" = words[0] {
        let [x, y, w, h] = numbers[..] else { panic!("{name}") };
        let rgb = photos.crop(words[1], [x, y, w, h]);
        let size = [w, h];
        if words[0] == "colour" {
            return Samples { bytes: rgb, size, is_rgb: true };
        }
        let mut bytes: Vec<u8> =
            rgb.as_chunks().0.iter().map(|pixel: &[u8; 3]| pillow_luma(*pixel)).collect();
        if words[0] == "letterbox" {
            let bar = h / 8 * w;
            bytes[..bar].fill(16);
            let end = bytes.len();
            bytes[end - bar..].fill(16);
        }
        return Samples { bytes, size, is_rgb: false };
    }
    let (first, [w, h]) = match numbers[..] {
        [first, w, h] => (first, [w, h]),
        [w, h] => (0, [w, h]),
        _ => panic!("{name}"),
    };
    let size = [w, h];
    let seed = first as u32;
    let of = |value: &dyn Fn(usize, usize) -> usize| -> Vec<u8> {
        (0..w * h).map(|i| value(i % w, i / w) as u8).collect()
    };
    let step = first.max(1);
    let is_odd = |n: usize| n / step % 2 == 1;
    let bytes = match words[0] {
        "noise" => noise(seed, w * h),
        "coloured" => return Samples { bytes: noise(seed, 3 * w * h), size, is_rgb: true },
        "sparse" => noise(seed, w * h).iter().map(|n| if *n < 10 { 255 } else { 0 }).collect(),
        "blocks" => {
            let grid = noise(seed, 64);
            of(&|x, y| grid[y * 8 / h * 8 + x * 8 / w].into())
        }
        "flat" => of(&|_, _| first),
        "across" => of(&|x, _| x * 255 / (w - 1).max(1)),
        "down" => of(&|_, y| y * 255 / (h - 1).max(1)),
        "stripes" => of(&|x, _| if is_odd(x) { 255 } else { 0 }),
        "bars" => of(&|_, y| if is_odd(y) { 255 } else { 0 }),
        "checkers" => of(&|x, y| if is_odd(x) != is_odd(y) { 200 } else { 40 }),
        "disc" => {
            let from_middle = |n: usize, length: usize| (2 * n + 1).abs_diff(length).pow(2);
            let is_in = |x, y| from_middle(x, w) + from_middle(y, h) < w.min(h).pow(2);
            of(&|x, y| if is_in(x, y) { 220 } else { 30 })
        }
        _ => panic!("{name}"),
    };
    Samples { bytes, size, is_rgb: false }
}

/// Rows that lie further apart, with something else between them.
fn with_padding(samples: &Samples) -> (Vec<u8>, usize) {
    let row = samples.size[0] * if samples.is_rgb { 3 } else { 1 };
    let stride = row + 13;
    let rows = samples.bytes.chunks(row);
    (rows.flat_map(|row| row.iter().copied().chain([0xa5; 13])).collect(), stride)
}

/// The hashes of a line, as text.
fn hashes(hasher: &mut Hasher, samples: &Samples, kinds: Kinds) -> Vec<String> {
    let (bytes, stride) = with_padding(samples);
    let hashes = if samples.is_rgb {
        hasher.hash(&Rgb::new(&bytes, samples.size, stride).unwrap(), kinds)
    } else {
        let padded = Plane::new(&bytes, samples.size, stride).unwrap();
        let whole = Plane::new(&samples.bytes, samples.size, samples.size[0]).unwrap();
        assert!(padded.samples().is_none() || samples.size[1] == 0);
        let hashes = hasher.hash(&whole, kinds);
        assert_eq!(hasher.hash(&padded, kinds), hashes, "padding matters");
        hashes
    };
    let mut texts: Vec<String> = kinds.iter().filter_map(|kind| hashes.text(kind)).collect();
    texts.extend(hashes.pdq().map(|(_, quality)| quality.to_string()));
    texts
}

fn check(compat: Compat, data: &str) {
    let mut photos = Photos::default();
    let (mut checked, mut wrong) = (0, Vec::new());
    let mut hashers = levels().map(|level| Hasher::with_level(compat, level));
    for line in data.lines().filter(|line| !line.starts_with("turned ")) {
        let (name, want) = line.split_once(" = ").unwrap();
        let want: Vec<&str> = want.split(' ').collect();
        let samples = picture(&mut photos, name);
        let kinds = Kind::ALL[..want.len().min(6)].iter().copied().collect();
        for hasher in &mut hashers {
            let got = hashes(hasher, &samples, kinds);
            if got != want {
                wrong.push(format!("{name}: {got:?}, {want:?} is right"));
            }
        }
        checked += 1;
    }
    assert!(checked > 200, "only {checked} pictures");
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The best level of this CPU, and the least that any has.
fn levels() -> [Level; 2] {
    [Level::new(), Level::baseline()]
}

#[test]
fn every_bit_is_that_of_pillow_13() {
    check(Compat::Pillow13, include_str!("data/pillow13.txt"));
}

#[test]
fn every_bit_is_that_of_pillow_12() {
    check(Compat::Pillow12, include_str!("data/pillow12.txt"));
}

/// PDQ's are those of `pdqhash`; those of 64 bits are of pictures that are turned themselves.
#[test]
fn turned_pictures_have_their_hashes() {
    let mut photos = Photos::default();
    let lines = include_str!("data/pillow13.txt").lines();
    let mut checked = 0;
    for line in lines.filter_map(|line| line.strip_prefix("turned ")) {
        let (name, want) = line.split_once(" = ").unwrap();
        let samples = picture(&mut photos, &format!("colour {name}"));
        let [width, height] = samples.size;
        let rgb = Rgb::new(&samples.bytes, samples.size, 3 * width).unwrap();
        let kinds = [Kind::Dhash, Kind::Phash, Kind::Pdq].into_iter().collect();
        let mut hasher = Hasher::new(Compat::default());
        let variants = hasher.variants(&rgb, kinds);
        let pdq = variants.map(|hashes| hashes.pdq().unwrap().0.to_string());
        assert_eq!(pdq.join(" "), want, "{name}");
        assert_eq!(hasher.hash(&rgb, kinds), variants[0]);
        // Mirrored by hand.
        let mirrored = (0..height).flat_map(|y| (0..width).rev().map(move |x| 3 * (y * width + x)));
        let mirrored: Vec<u8> =
            mirrored.flat_map(|at| samples.bytes[at..at + 3].to_vec()).collect();
        let mirrored = Rgb::new(&mirrored, samples.size, 3 * width).unwrap();
        let mirrored = hasher.hash(&mirrored, kinds);
        let at = Turn::ALL.iter().position(|turn| *turn == Turn::FlipY).unwrap();
        for kind in [Kind::Dhash, Kind::Phash] {
            assert_eq!(mirrored.get(kind), variants[at].get(kind), "{name}, {kind}");
        }
        checked += 1;
    }
    assert_eq!(checked, 2);
}

/// The comparison would see a single bit.
#[test]
fn the_orders_of_passes_differ() {
    let mut photos = Photos::default();
    let samples = picture(&mut photos, "photo astronaut 30 0 100 215");
    let kinds = [Kind::Dhash, Kind::Ahash, Kind::Phash, Kind::Vdhash];
    let of = |compat, samples: &Samples| {
        hashes(&mut Hasher::new(compat), samples, kinds.into_iter().collect())
    };
    let mut differ = of(Compat::Pillow13, &samples) != of(Compat::Pillow12, &samples);
    for name in ["noise 333 333 500", "noise 70 70 160", "photo coffee 30 0 20 400"] {
        let samples = picture(&mut photos, name);
        differ |= of(Compat::Pillow13, &samples) != of(Compat::Pillow12, &samples);
    }
    assert!(differ);
}
