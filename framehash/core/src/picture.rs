//! Pictures as the hashes see them: rows of luma.

/// A picture that is read a row at a time.
pub trait Picture {
    /// Columns and rows, both at least 1.
    fn size(&self) -> [usize; 2];

    /// Writes a row's luma of 8 bits: as many samples as there are columns.
    fn row(&self, y: usize, luma: &mut [u8]);

    /// All rows of luma, where they lie one after the other in memory as [`Picture::row`] would write them.
    fn samples(&self) -> Option<&[u8]> {
        None
    }

    /// Writes a row's luma as PDQ has it, from 0 to 255. What is grey is taken as it is.
    fn row_of_pdq(&self, y: usize, luma: &mut [f32]) {
        let mut bytes = vec![0; luma.len()];
        self.row(y, &mut bytes);
        luma.iter_mut().zip(&bytes).for_each(|(luma, byte)| *luma = f32::from(*byte));
    }
}

/// A plane of luma of 8 bits, such as a picture of Pillow's mode L.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    samples: &'a [u8],
    size: [usize; 2],
    stride: usize,
}

/// A picture of R, G and B of 8 bits each, such as one of Pillow's mode RGB.
#[derive(Clone, Copy, Debug)]
pub struct Rgb<'a>(Plane<'a>);

impl<'a> Plane<'a> {
    /// A plane of `size` columns and rows, whose rows begin `stride` bytes apart. Nothing, where the samples are not
    /// all there, or a side is 0.
    pub fn new(samples: &'a [u8], size: [usize; 2], stride: usize) -> Option<Self> {
        Self::of_bytes(samples, size, stride, 1)
    }

    fn of_bytes(bytes: &'a [u8], size: [usize; 2], stride: usize, step: usize) -> Option<Self> {
        let [width, height] = size;
        let row = width.checked_mul(step)?;
        let needed = stride.checked_mul(height.checked_sub(1)?)?.checked_add(row)?;
        (width > 0 && stride >= row && bytes.len() >= needed).then_some(Self {
            samples: bytes,
            size,
            stride,
        })
    }
}

impl<'a> Rgb<'a> {
    /// As [`Plane::new`], of three bytes a pixel.
    pub fn new(bytes: &'a [u8], size: [usize; 2], stride: usize) -> Option<Self> {
        Plane::of_bytes(bytes, size, stride, 3).map(Self)
    }

    fn pixels(&self, y: usize) -> &[[u8; 3]] {
        self.0.samples[y * self.0.stride..][..3 * self.0.size[0]].as_chunks().0
    }
}

impl Picture for Plane<'_> {
    fn size(&self) -> [usize; 2] {
        self.size
    }

    fn row(&self, y: usize, luma: &mut [u8]) {
        luma.copy_from_slice(&self.samples[y * self.stride..][..self.size[0]]);
    }

    fn samples(&self) -> Option<&[u8]> {
        let [width, height] = self.size;
        (self.stride == width).then(|| &self.samples[..width * height])
    }
}

impl Picture for Rgb<'_> {
    fn size(&self) -> [usize; 2] {
        self.0.size
    }

    fn row(&self, y: usize, luma: &mut [u8]) {
        luma.iter_mut().zip(self.pixels(y)).for_each(|(luma, rgb)| *luma = pillow_luma(*rgb));
    }

    fn row_of_pdq(&self, y: usize, luma: &mut [f32]) {
        luma.iter_mut().zip(self.pixels(y)).for_each(|(luma, rgb)| *luma = pdq_luma(*rgb));
    }
}

/// Luma of R, G and B as Pillow has it in its mode L.
#[inline]
pub fn pillow_luma([r, g, b]: [u8; 3]) -> u8 {
    let [r, g, b] = [r, g, b].map(u32::from);
    ((19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16) as u8
}

/// Luma of R, G and B as PDQ has it: BT.601's weights, summed in `f64`, as `pdqhash` does.
#[inline]
pub fn pdq_luma([r, g, b]: [u8; 3]) -> f32 {
    let [r, g, b] = [r, g, b].map(f64::from);
    (0.299 * r + 0.587 * g + 0.114 * b) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_all_there_is_no_picture() {
        let bytes = [0; 20];
        assert!(Plane::new(&bytes, [4, 4], 5).is_some());
        assert!(Plane::new(&bytes, [5, 4], 5).is_some());
        assert!(Plane::new(&bytes, [6, 4], 5).is_none(), "rows overlap");
        assert!(Plane::new(&bytes, [4, 5], 5).is_none(), "a row is missing");
        assert!(Plane::new(&bytes, [0, 4], 5).is_none());
        assert!(Plane::new(&bytes, [4, 0], 5).is_none());
        assert!(Plane::new(&bytes, [4, usize::MAX], usize::MAX).is_none());
        assert!(Rgb::new(&bytes, [3, 2], 10).is_some());
        assert!(Rgb::new(&bytes, [4, 2], 10).is_none());
    }

    #[test]
    fn white_is_white() {
        assert_eq!(pillow_luma([255; 3]), 255);
        assert_eq!(pillow_luma([255, 0, 0]), 76);
        assert_eq!(pdq_luma([255; 3]), 255.0);
    }
}
