//! Pictures through a lattice, here or on the page's GPU.
//!
//! Both have a picture in one form: its planes lie one after the other, each row padded to whole cells of the shaders.

use colorshine_core::apply::shaders::{
    BAND_LENGTH, BandOf, OutputOptions, Shape, band_parameters, constants,
};
use colorshine_core::apply::{Dither, Filter, Finish};
use colorshine_core::frame::{Area, Layout, PlaneError, Planes};
use colorshine_core::lut::{Baked, Request};
use colorshine_core::workers::Team;

use crate::stream::Stream;

/// Where a picture's planes lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    layout: Layout,
    size: [usize; 2],
    area: Area,
    shape: Shape,
    /// Offset and stride of each plane, in bytes.
    pub planes: Vec<[usize; 2]>,
    /// Bytes of the whole picture.
    pub bytes: usize,
    /// Work groups of the shaders: columns and rows.
    pub groups: [usize; 2],
}

/// Most columns and rows of a picture.
pub const MOST: usize = 16_384;

/// Invocations of a work group, as `shaders/apply.wgsl` has it.
const INVOCATIONS: usize = 64;

impl Places {
    /// The places of a picture of some columns and rows; `None` for a picture without any, or with more than [`MOST`].
    pub fn new(stream: &Stream, size: [usize; 2]) -> Option<Self> {
        if !size.iter().all(|n| (1..=MOST).contains(n)) {
            return None;
        }
        let [width, height] = size;
        let layout = stream.layout();
        let area = Area { columns: [0, width], rows: [0, height], processed_until: width };
        let shape = Shape::new(&layout, &area);
        let groups = layout.groups(height);
        let bases = shape.bases(groups);
        let planes = (0..layout.planes).map(|i| [4 * bases[i], 4 * shape.strides[i]]).collect();
        let bytes = shape.bytes_of(groups);
        let groups = [shape.cells.div_ceil(INVOCATIONS), groups];
        Some(Self { layout, size, area, shape, planes, bytes, groups })
    }

    /// `Band` of `shaders/frame.wgsl` for all of the picture.
    pub fn band(&self, request: &Request, baked: &Baked) -> [u32; BAND_LENGTH] {
        let groups = [0, self.layout.groups(self.size[1])];
        let Self { layout, area, shape, .. } = self;
        let band = BandOf { layout, area, shape, groups };
        let finish = Finish::new(request.codes.depth, 1.0);
        let output = OutputOptions { finish, dither: Dither::None };
        let lattice = baked.lattice.as_ref().map(|lattice| (&**lattice, request.interpolation));
        band_parameters(&band, &output, lattice)
    }

    /// The constants of `shaders/frame.wgsl`, as members of an object in JSON.
    pub fn constants(&self) -> String {
        let members =
            constants(&self.layout).into_iter().map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    /// Recolours a picture.
    ///
    /// # Errors
    ///
    /// There are fewer than [`Self::bytes`] bytes.
    pub fn apply(
        &self,
        request: &Request,
        baked: &Baked,
        picture: &mut [u8],
    ) -> Result<(), PlaneError> {
        let mut planes = Planes::in_memory(&self.layout, self.size, picture, &self.planes)?;
        Filter::new(request, baked).apply(&mut planes, Team::alone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::looks::{Prepared, Settings};

    #[test]
    fn planes_lie_where_the_shaders_read_them() {
        let i420 = Stream::new(1, 0, false, 0).unwrap();
        let places = Places::new(&i420, [19, 5]).unwrap();
        // 24 columns of luma, 12 of chroma; 3 rows of chroma, and room for 4.
        assert_eq!(places.planes, [[0, 24], [24 * 8, 12], [24 * 8 + 12 * 4, 12]]);
        assert_eq!(places.bytes, 24 * 8 + 2 * 12 * 4);
        assert_eq!(places.groups, [1, 3]);
        let nv12 = Places::new(&Stream::new(2, 0, false, 0).unwrap(), [19, 5]).unwrap();
        assert_eq!(nv12.planes, [[0, 24], [24 * 8, 24]]);
        let rgba = Places::new(&Stream::SRGB, [600, 3]).unwrap();
        assert_eq!((rgba.planes[0], rgba.groups), ([0, 2400], [3, 3]));
        assert!(rgba.constants().starts_with("{\"PLANE_0\":0,\"OFFSET_0\":0,\"STEP_0\":4,"));
        assert_eq!(Places::new(&Stream::SRGB, [0, 3]), None);
        assert_eq!(Places::new(&Stream::SRGB, [3, MOST + 1]), None);
    }

    #[test]
    fn pictures_of_every_format_are_recoloured() {
        let settings = Settings::new(7, 0, 0, 0, 0).unwrap();
        let mut look = Prepared::new("red;100;100", settings).unwrap();
        for format in 0..3 {
            let stream = Stream::new(format, 0, false, 0).unwrap();
            let places = Places::new(&stream, [13, 7]).unwrap();
            let (request, baked) = look.bake(&stream, Some(17));
            let mut picture = vec![128; places.bytes];
            places.apply(request, baked, &mut picture).unwrap();
            assert_ne!(picture[0], 128, "{format}");
            assert!(places.apply(request, baked, &mut picture[..13]).is_err(), "{format}");
            let band = places.band(request, baked);
            assert_eq!(band[8..12], [0, 13, 0, 7]);
            assert_eq!(band[14], if format == 0 { 7 } else { 4 });
        }
    }
}
