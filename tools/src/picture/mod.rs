//! Pictures, read as rows of RGBA, with all that their files have beside them.
//!
//! A PNG comes row by row, unless it is interlaced; a JPEG is decoded as a whole, which takes three bytes a
//! pixel beside its components as they are coded.

mod colours;
pub mod exif;
pub mod extras;
mod jpeg;
mod png;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use image::RgbaImage;

use super::Result;
use super::temporary::check_regular;
use extras::Extras;

/// What is known of a picture beside its colours.
#[derive(Clone, Debug)]
pub struct Header {
    /// Columns, as they are stored.
    pub width: u32,
    /// Rows, as they are stored.
    pub height: u32,
    /// Whether components have 16 bits rather than 8.
    pub is_deep: bool,
    /// Whether pixels have alpha.
    pub has_alpha: bool,
    /// What is beside the pixels.
    pub extras: Extras,
}

impl Header {
    /// Bytes of a component.
    pub fn depth(&self) -> usize {
        if self.is_deep { 2 } else { 1 }
    }

    /// Bytes of a row of RGBA.
    pub fn row_bytes(&self) -> usize {
        self.width as usize * 4 * self.depth()
    }

    /// A warning where the picture's colours are not those that its codes are taken for.
    pub fn warning(&self) -> Option<String> {
        let colours = colours::other_than_srgb(&self.extras)?;
        Some(format!("its colours are {colours}; its codes are taken as sRGB's all the same"))
    }
}

/// A picture that is being read.
pub struct Picture {
    /// What is known of it.
    pub header: Header,
    path: PathBuf,
    /// Components of a pixel as they come: grey, grey and alpha, RGB, RGBA.
    components: usize,
    rows: Rows,
}

enum Rows {
    /// A reader, and whether it has come to the end of its file.
    Streamed(Box<::png::Reader<BufReader<File>>>, bool),
    /// All of the picture, and how many bytes of it have been read.
    Whole(Vec<u8>, usize),
}

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

impl Format {
    /// Of a file that is open at its start, where it is one of them.
    fn of_file(file: &mut (impl Read + Seek)) -> Result<Option<Self>> {
        let mut start = Vec::new();
        file.by_ref().take(8).read_to_end(&mut start)?;
        file.rewind()?;
        Ok(if start.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if start.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else {
            None
        })
    }

    /// By a file name's ending in small letters.
    pub fn of_ending(ending: &str) -> Option<Self> {
        match ending {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            _ => None,
        }
    }
}

impl Picture {
    /// Opens a picture, whatever its name ends in.
    ///
    /// # Errors
    ///
    /// It is neither PNG nor JPEG, or damaged.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_known(path)?.ok_or_else(|| "it is neither PNG nor JPEG".into())
    }

    /// The same; `None` where it is of another kind.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is damaged.
    pub fn open_known(path: &Path) -> Result<Option<Self>> {
        check_regular(path)?;
        let mut file = BufReader::new(File::open(path)?);
        Ok(match Format::of_file(&mut file)? {
            Some(Format::Png) => Some(Self::open_png(path, file)?),
            Some(Format::Jpeg) => Some(Self::open_jpeg(path, file)?),
            None => None,
        })
    }

    fn open_png(path: &Path, mut file: BufReader<File>) -> Result<Self> {
        let (mut extras, has_profile) = png::extras(&mut file)?;
        file.rewind()?;
        let mut reader = png::decoder(file)?;
        let (color, depth) = reader.output_color_type();
        let info = reader.info();
        extras.icc = info.icc_profile.as_ref().map(|profile| profile.to_vec());
        if has_profile && extras.icc.is_none() {
            extras.leave_out("its colour profile, which is damaged");
        }
        extras.exif = info.exif_metadata.as_deref().map(exif::without_thumbnail);
        extras.drop_other_profile();
        let header = Header {
            width: info.width,
            height: info.height,
            is_deep: depth == ::png::BitDepth::Sixteen,
            has_alpha: matches!(color, ::png::ColorType::GrayscaleAlpha | ::png::ColorType::Rgba),
            extras,
        };
        let rows = if info.interlaced {
            let size = reader.output_buffer_size().ok_or("it is too large")?;
            let mut codes = vec![0; size];
            reader.next_frame(&mut codes)?;
            reader.finish()?;
            Rows::Whole(codes, 0)
        } else {
            Rows::Streamed(Box::new(reader), false)
        };
        Ok(Self { header, path: path.into(), components: color.samples(), rows })
    }

    fn open_jpeg(path: &Path, mut file: BufReader<File>) -> Result<Self> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (mut extras, components) = jpeg::extras(&bytes)?;
        extras.drop_other_profile();
        let (codes, [width, height]) = jpeg::decode(&bytes, components)?;
        let header = Header { width, height, is_deep: false, has_alpha: false, extras };
        Ok(Self { header, path: path.into(), components: 3, rows: Rows::Whole(codes, 0) })
    }

    /// Starts again at the top.
    ///
    /// # Errors
    ///
    /// The file has gone.
    pub fn rewind(&mut self) -> Result<()> {
        match &mut self.rows {
            Rows::Streamed(..) => *self = Self::open(&self.path)?,
            Rows::Whole(_, read) => *read = 0,
        }
        Ok(())
    }

    /// The next `count` rows, or what is left of them, as RGBA of the picture's depth, 16 bits with the
    /// high byte first; `None` at the end.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn band(&mut self, count: u32) -> Result<Option<Vec<u8>>> {
        let (components, depth) = (self.components, self.header.depth());
        let mut band = Vec::new();
        match &mut self.rows {
            Rows::Streamed(_, true) => {}
            Rows::Streamed(reader, is_over) => {
                for _ in 0..count {
                    let Some(row) = reader.next_row()? else {
                        // Checksums come last.
                        reader.finish()?;
                        *is_over = true;
                        break;
                    };
                    if band.is_empty() {
                        band.reserve_exact(self.header.row_bytes() * count as usize);
                    }
                    to_rgba(row.data(), components, depth, &mut band);
                }
            }
            Rows::Whole(codes, read) => {
                let length = self.header.width as usize * components * depth * count as usize;
                let end = codes.len().min(*read + length);
                band.reserve_exact((end - *read) / components * 4);
                to_rgba(&codes[*read..end], components, depth, &mut band);
                *read = end;
            }
        }
        Ok((!band.is_empty()).then_some(band))
    }

    /// All of it, upright, in 8 bits.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn upright(mut self) -> Result<RgbaImage> {
        let (width, height, depth) = (self.header.width, self.header.height, self.header.depth());
        let mut codes = Vec::new();
        // The last call finds that there is no more, and all of the file sound.
        while let Some(band) = self.band(height)? {
            codes.extend(band.chunks_exact(depth).map(to_eight_bits));
        }
        let picture = RgbaImage::from_raw(width, height, codes).ok_or("it is cut short")?;
        let turn = self.header.extras.exif.as_deref().map_or(1, exif::orientation);
        let mut picture = image::DynamicImage::ImageRgba8(picture);
        if let Some(turn) = image::metadata::Orientation::from_exif(turn) {
            picture.apply_orientation(turn);
        }
        Ok(picture.into_rgba8())
    }
}

/// A code of 8 bits, or of 16 rounded to 8.
pub fn to_eight_bits(bytes: &[u8]) -> u8 {
    match bytes {
        [code] => *code,
        [high, low, ..] => {
            let code = u32::from(*high) << 8 | u32::from(*low);
            ((code * 255 + 32767) / 65535) as u8
        }
        [] => 0,
    }
}

/// Appends pixels as RGBA; those without alpha are opaque.
fn to_rgba(codes: &[u8], components: usize, depth: usize, to: &mut Vec<u8>) {
    const OPAQUE: [u8; 2] = [0xFF; 2];
    let opaque = &OPAQUE[..depth];
    match components {
        4 => to.extend_from_slice(codes),
        3 => codes.chunks_exact(3 * depth).for_each(|rgb| {
            to.extend_from_slice(rgb);
            to.extend_from_slice(opaque);
        }),
        _ => codes.chunks_exact(components * depth).for_each(|pixel| {
            let (grey, alpha) = pixel.split_at(depth);
            for _ in 0..3 {
                to.extend_from_slice(grey);
            }
            to.extend_from_slice(if alpha.is_empty() { opaque } else { alpha });
        }),
    }
}
