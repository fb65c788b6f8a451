//! Pictures, written band by band.

use std::cell::RefCell;
use std::io::{BufWriter, Write};
use std::ops::Deref;

use jpeg_encoder::{ImageBuffer, JpegColorType, rgb_to_ycbcr};

use crate::common::Result;
use crate::read::Header;

/// What is to be written.
pub(crate) struct Target<'a> {
    pub(crate) header: &'a Header,
    /// The file name's: png, jpg or jpeg.
    pub(crate) ending: &'a str,
    /// Of a JPEG, 1 to 100.
    pub(crate) quality: u8,
}

impl Target<'_> {
    /// Writes all rows; `next` gives a band as RGBA, and how many of its rows count.
    ///
    /// # Errors
    ///
    /// What `next` or the writer says, or what the format cannot hold.
    pub(crate) fn write<B: Deref<Target = [u8]>>(
        &self,
        file: &mut dyn Write,
        next: impl FnMut() -> Result<(B, u32)>,
    ) -> Result<()> {
        match self.ending {
            "png" => self.write_png(file, next),
            _ => self.write_jpeg(file, next),
        }
    }

    fn write_png<B: Deref<Target = [u8]>>(
        &self,
        file: &mut dyn Write,
        mut next: impl FnMut() -> Result<(B, u32)>,
    ) -> Result<()> {
        let header = self.header;
        let mut info = png::Info::with_size(header.width, header.height);
        info.color_type = if header.has_alpha { png::ColorType::Rgba } else { png::ColorType::Rgb };
        info.bit_depth = if header.is_deep { png::BitDepth::Sixteen } else { png::BitDepth::Eight };
        info.icc_profile = header.icc.as_deref().map(Into::into);
        info.exif_metadata = header.exif.as_deref().map(Into::into);
        let mut encoder = png::Encoder::with_info(file, info)?;
        // On photographs hardly larger than the default, in a fraction of the time.
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        let mut rows = BufWriter::with_capacity(1 << 16, writer.stream_writer()?);
        let mut left = header.height;
        while left > 0 {
            let (band, count) = next()?;
            let band = &band[..header.row_bytes() * count as usize];
            if header.has_alpha {
                rows.write_all(band)?;
            } else {
                let depth = header.depth();
                for pixel in band.chunks_exact(4 * depth) {
                    rows.write_all(&pixel[..3 * depth])?;
                }
            }
            left -= count;
        }
        rows.into_inner().map_err(|error| error.into_error())?.finish()?;
        writer.finish()?;
        Ok(())
    }

    fn write_jpeg<B: Deref<Target = [u8]>>(
        &self,
        file: &mut dyn Write,
        next: impl FnMut() -> Result<(B, u32)>,
    ) -> Result<()> {
        let header = self.header;
        let size = u16::try_from(header.width).ok().zip(u16::try_from(header.height).ok());
        let Some((width, height)) = size else {
            return Err("a JPEG has at most 65535 columns and rows: write a PNG".into());
        };
        let mut encoder = jpeg_encoder::Encoder::new(file, self.quality);
        if let Some(profile) = &header.icc {
            encoder.add_icc_profile(profile)?;
        }
        if let Some(exif) = &header.exif {
            encoder.add_exif_metadata(exif)?;
        }
        let bands = RefCell::new(Bands { next, header, band: None, above: 0, error: None });
        encoder.encode_image(&JpegRows { width, height, bands: &bands })?;
        match bands.into_inner().error {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Bands as an encoder asks for them.
struct Bands<'a, B, N> {
    next: N,
    header: &'a Header,
    /// The band at hand, and its rows that count.
    band: Option<(B, u32)>,
    /// Rows of the picture above the band at hand.
    above: u32,
    /// Why there are no more; what was written is then of no use.
    error: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl<B: Deref<Target = [u8]>, N: FnMut() -> Result<(B, u32)>> Bands<'_, B, N> {
    /// A row as Y'CbCr: of the band at hand, or the first of the next one.
    fn row(&mut self, row: u32, mut put: impl FnMut([u8; 3])) -> Result<()> {
        let count = self.band.as_ref().map_or(0, |(_, count)| *count);
        if row >= self.above + count {
            self.above += count;
            // Its memory is free before there is another.
            self.band = None;
            self.band = Some((self.next)()?);
        }
        let (band, _) = self.band.as_ref().ok_or("a band is missing")?;
        let (depth, length) = (self.header.depth(), self.header.row_bytes());
        let start = (row - self.above) as usize * length;
        for pixel in band[start..start + length].chunks_exact(4 * depth) {
            let (rgb, alpha) = pixel.split_at(3 * depth);
            if alpha.iter().any(|byte| *byte != 0xFF) {
                return Err(
                    "it is transparent in places, which JPEG cannot hold: write a PNG".into()
                );
            }
            let [r, g, b] =
                [0, 1, 2].map(|component| to_eight_bits(&rgb[component * depth..], depth));
            let (y, cb, cr) = rgb_to_ycbcr(r, g, b);
            put([y, cb, cr]);
        }
        Ok(())
    }
}

/// A code of 8 bits, or of 16 rounded to 8.
fn to_eight_bits(bytes: &[u8], depth: usize) -> u8 {
    match depth {
        1 => bytes[0],
        _ => {
            let code = u32::from(bytes[0]) << 8 | u32::from(bytes[1]);
            ((code * 255 + 32767) / 65535) as u8
        }
    }
}

/// Rows for the encoder, which asks for them from top to bottom, for the last one maybe more than once.
struct JpegRows<'a, 'b, B, N> {
    width: u16,
    height: u16,
    bands: &'a RefCell<Bands<'b, B, N>>,
}

impl<B: Deref<Target = [u8]>, N: FnMut() -> Result<(B, u32)>> ImageBuffer
    for &JpegRows<'_, '_, B, N>
{
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, row: u16, buffers: &mut [Vec<u8>; 4]) {
        let mut bands = self.bands.borrow_mut();
        let ends = buffers.each_ref().map(|buffer| buffer.len() + usize::from(self.width));
        if bands.error.is_none() {
            let put = |codes: [u8; 3]| {
                buffers.iter_mut().zip(codes).for_each(|(buffer, code)| buffer.push(code));
            };
            bands.error = bands.row(row.into(), put).err();
        }
        // Whatever came of it, the encoder wants a full row.
        for (buffer, end) in buffers[..3].iter_mut().zip(ends) {
            buffer.resize(end, 0);
        }
    }
}
