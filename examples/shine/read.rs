//! Pictures, read as rows of RGBA.
//!
//! A PNG comes row by row, unless it is interlaced; a JPEG is decoded as a whole (no decoder in Rust does
//! otherwise), which takes three bytes a pixel.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::common::Result;

/// Most pixels along an edge of a JPEG, by its format.
const JPEG_EDGE: usize = 65535;

/// What is known of a picture beside its colours.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Whether components have 16 bits rather than 8.
    pub(crate) is_deep: bool,
    pub(crate) has_alpha: bool,
    /// Colour profile, as in the file.
    pub(crate) icc: Option<Vec<u8>>,
    /// EXIF data, from the TIFF header on.
    pub(crate) exif: Option<Vec<u8>>,
}

impl Header {
    /// Bytes of a component.
    pub(crate) fn depth(&self) -> usize {
        if self.is_deep { 2 } else { 1 }
    }

    /// Bytes of a row of RGBA.
    pub(crate) fn row_bytes(&self) -> usize {
        self.width as usize * 4 * self.depth()
    }
}

/// A picture that is being read.
pub(crate) struct Picture {
    pub(crate) header: Header,
    path: PathBuf,
    /// Components of a pixel as they come: grey, grey and alpha, RGB, RGBA.
    components: usize,
    rows: Rows,
}

enum Rows {
    Streamed(Box<png::Reader<BufReader<File>>>),
    /// All of the picture, and how many bytes of it have been read.
    Whole(Vec<u8>, usize),
}

impl Picture {
    /// Opens a picture, whatever its name ends in.
    ///
    /// # Errors
    ///
    /// It is neither PNG nor JPEG, or damaged.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut file = BufReader::new(File::open(path)?);
        let mut start = Vec::new();
        file.by_ref().take(8).read_to_end(&mut start)?;
        file.rewind()?;
        if start.starts_with(b"\x89PNG\r\n\x1a\n") {
            Self::open_png(path, file)
        } else if start.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Self::open_jpeg(path, file)
        } else {
            Err("it is neither PNG nor JPEG".into())
        }
    }

    fn open_png(path: &Path, file: BufReader<File>) -> Result<Self> {
        let mut decoder = png::Decoder::new(file);
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info()?;
        let (color, depth) = reader.output_color_type();
        let info = reader.info();
        let header = Header {
            width: info.width,
            height: info.height,
            is_deep: depth == BitDepth::Sixteen,
            has_alpha: matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba),
            icc: info.icc_profile.as_ref().map(|profile| profile.to_vec()),
            exif: info.exif_metadata.as_ref().map(|exif| exif.to_vec()),
        };
        let rows = if info.interlaced {
            let size = reader.output_buffer_size().ok_or("it is too large")?;
            let mut codes = vec![0; size];
            reader.next_frame(&mut codes)?;
            Rows::Whole(codes, 0)
        } else {
            Rows::Streamed(Box::new(reader))
        };
        Ok(Self { header, path: path.into(), components: color.samples(), rows })
    }

    fn open_jpeg(path: &Path, mut file: BufReader<File>) -> Result<Self> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // Strict, as a file cut short would come out half grey.
        let options = DecoderOptions::default()
            .set_max_width(JPEG_EDGE)
            .set_max_height(JPEG_EDGE)
            .set_strict_mode(true)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
        decoder.decode_headers().map_err(|error| error.to_string())?;
        if let Some(space @ (ColorSpace::CMYK | ColorSpace::YCCK)) = decoder.input_colorspace() {
            return Err(format!("its colours are {space:?}, not RGB").into());
        }
        let codes = decoder.decode().map_err(|error| error.to_string())?;
        let info = decoder.info().ok_or("it has no header")?;
        let header = Header {
            width: info.width.into(),
            height: info.height.into(),
            is_deep: false,
            has_alpha: false,
            icc: decoder.icc_profile(),
            exif: decoder.exif().cloned(),
        };
        Ok(Self { header, path: path.into(), components: 3, rows: Rows::Whole(codes, 0) })
    }

    /// Starts again at the top.
    ///
    /// # Errors
    ///
    /// The file has gone.
    pub(crate) fn rewind(&mut self) -> Result<()> {
        match &mut self.rows {
            Rows::Streamed(_) => *self = Self::open(&self.path)?,
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
    pub(crate) fn band(&mut self, count: u32) -> Result<Option<Vec<u8>>> {
        let (components, depth) = (self.components, self.header.depth());
        let mut band = Vec::new();
        match &mut self.rows {
            Rows::Streamed(reader) => {
                for _ in 0..count {
                    let Some(row) = reader.next_row()? else {
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
