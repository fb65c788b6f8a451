//! Lookup tables for OBS Studio's *Apply LUT*, read as OBS reads them.

mod common;

use common::tools::{folder, open, run};
use image::{Rgb, RgbImage};

const LOOK: [&str; 2] = ["oklch(60% 0.1 200);60;70", "red;40;80;h"];

/// The node of three indices in a picture of 8 x 8 tiles: red goes to the right, green downwards, and tiles of
/// blue are in rows.
fn node(picture: &RgbImage, [r, g, b]: [u32; 3]) -> Rgb<u8> {
    *picture.get_pixel(b % 8 * 64 + r, b / 8 * 64 + g)
}

#[test]
fn a_picture_for_obs_has_what_shine_makes_of_its_nodes() {
    let folder = folder();
    run("bake", &folder, &[&["obs.png", "--obs"], &LOOK[..]].concat());
    let obs = open(&folder, "obs.png");
    assert_eq!((obs.color(), obs.width(), obs.height()), (image::ColorType::Rgb8, 512, 512));
    let obs = obs.into_rgb8();
    // Of each third, 21 codes and so 85 apart in 8 bits, four lie on whole codes.
    let index = |i: u32| i * 21;
    let nodes = RgbImage::from_fn(16, 4, |x, y| Rgb([x % 4, x / 4, y].map(|i| i as u8 * 85)));
    nodes.save(folder.path().join("nodes.png")).unwrap();
    run("shine", &folder, &[&["nodes.png", "out.png"], &LOOK[..]].concat());
    let out = open(&folder, "out.png").into_rgb8();
    for (x, y, colour) in out.enumerate_pixels() {
        let found = node(&obs, [index(x % 4), index(x / 4), index(y)]);
        let off = found.0.iter().zip(colour.0).map(|(a, b)| a.abs_diff(b)).max();
        // 16 bits that are rounded, and 8 bits, may fall on two sides.
        assert!(off <= Some(1), "{x} {y}: {found:?} {colour:?}");
    }
    assert_ne!(out, nodes);
}

/// Red, green and blue are at three different places, so no two of them can be exchanged unseen.
#[test]
fn a_picture_for_obs_is_no_hald_picture() {
    let folder = folder();
    // Nothing is near enough to be pulled.
    let nothing = "white;0;60";
    run("bake", &folder, &["obs.png", nothing, "--obs"]);
    run("bake", &folder, &["hald.png", nothing]);
    let obs = open(&folder, "obs.png").into_rgb8();
    for index in [[63, 0, 0], [0, 63, 0], [0, 0, 63], [21, 42, 63], [1, 9, 17]] {
        let wanted = Rgb(index.map(|i| ((i * 255 * 2 + 63) / (63 * 2)) as u8));
        assert_eq!(node(&obs, index), wanted);
    }
    assert_ne!(open(&folder, "hald.png").into_rgb8(), obs);
}
