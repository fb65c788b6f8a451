//! Pictures, written band by band.

use std::cell::RefCell;
use std::io::{self, BufWriter, Write};
use std::ops::Deref;

use jpeg_encoder::{ImageBuffer, JpegColorType, PixelDensity, PixelDensityUnit, rgb_to_ycbcr};
use png::chunk::ChunkType;

use colorshine_tools::Result;
use colorshine_tools::picture::extras::{Extras, Piece, Unit, XMP, XMP_TEXT};
use colorshine_tools::picture::{Format, Header, to_eight_bits};

/// What is to be written.
pub(crate) struct Target<'a> {
    pub(crate) header: &'a Header,
    /// What goes beside the pixels, as the format can hold it.
    pub(crate) extras: &'a Extras,
    pub(crate) format: Format,
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
        match self.format {
            Format::Png => self.write_png(file, next),
            Format::Jpeg => self.write_jpeg(file, next),
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
        info.icc_profile = self.extras.icc.as_deref().map(Into::into);
        info.exif_metadata = self.extras.exif.as_deref().map(Into::into);
        let mut encoder = png::Encoder::with_info(file, info)?;
        // On photographs hardly larger than the default, in a fraction of the time.
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        if let Some(density) = self.extras.density {
            let (is_metre, counts) = density.per_metre();
            let counts = counts.map(u32::to_be_bytes);
            let data = [counts.as_flattened(), &[u8::from(is_metre)]].concat();
            writer.write_chunk(ChunkType(*b"pHYs"), &data)?;
        }
        for piece in &self.extras.pieces {
            if let Piece::Chunk(kind, data) = piece {
                writer.write_chunk(ChunkType(*kind), data)?;
            }
        }
        if let Some(xmp) = &self.extras.xmp {
            writer.write_chunk(ChunkType(*b"iTXt"), &[XMP_TEXT, xmp].concat())?;
        }
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
        let mut comments = Vec::new();
        let mut segments = Vec::new();
        for piece in &self.extras.pieces {
            match piece {
                Piece::Segment(0xFE, text) => {
                    comments.extend([0xFF, 0xFE]);
                    comments.extend((text.len() as u16 + 2).to_be_bytes());
                    comments.extend(text);
                }
                Piece::Segment(marker, data) => segments.push((marker & 0x0F, data)),
                Piece::Chunk(..) => {}
            }
        }
        let file = WithComments { file, comments, head: JFIF };
        let mut encoder = jpeg_encoder::Encoder::new(file, self.quality);
        if let Some((unit, density)) = self.extras.density.and_then(|density| density.in_a_jpeg()) {
            let unit = match unit {
                Unit::Aspect => PixelDensityUnit::PixelAspectRatio,
                Unit::Inch => PixelDensityUnit::Inches,
                Unit::Centimetre | Unit::Metre => PixelDensityUnit::Centimeters,
            };
            encoder.set_density(PixelDensity { density: density.into(), unit });
        }
        if let Some(exif) = &self.extras.exif {
            encoder.add_exif_metadata(exif)?;
        }
        if let Some(xmp) = &self.extras.xmp {
            encoder.add_app_segment(1, [XMP, xmp].concat())?;
        }
        if let Some(profile) = &self.extras.icc {
            encoder.add_icc_profile(profile)?;
        }
        for (number, data) in segments {
            encoder.add_app_segment(number, data.clone())?;
        }
        let bands = RefCell::new(Bands { next, header, band: None, above: 0, error: None });
        encoder.encode_image(&JpegRows { width, height, bands: &bands })?;
        match bands.into_inner().error {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Bytes of the first marker and of the segment that has to follow it.
const JFIF: usize = 2 + 18;

/// A JPEG that gets comments behind its head, which the encoder does not write.
struct WithComments<'a> {
    file: &'a mut dyn Write,
    comments: Vec<u8>,
    /// Bytes of the head that have not been written.
    head: usize,
}

impl Write for WithComments<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.head == 0 {
            return self.file.write(bytes);
        }
        let count = self.file.write(&bytes[..bytes.len().min(self.head)])?;
        self.head -= count;
        if self.head == 0 {
            self.file.write_all(&self.comments)?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
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
                [0, 1, 2].map(|component| to_eight_bits(&rgb[component * depth..][..depth]));
            let (y, cb, cr) = rgb_to_ycbcr(r, g, b);
            put([y, cb, cr]);
        }
        Ok(())
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
