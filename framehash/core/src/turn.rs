//! The eight ways to turn and to mirror a picture.

/// What is done to a picture, in the order in which PDQ's programs list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// Nothing.
    None,
    /// A quarter turn counterclockwise.
    Rotate90,
    /// Half a turn.
    Rotate180,
    /// A quarter turn clockwise.
    Rotate270,
    /// Top and bottom change places.
    FlipX,
    /// Left and right change places.
    FlipY,
    /// Columns become rows.
    FlipPlus1,
    /// Columns become rows, and all is turned by half a turn.
    FlipMinus1,
}

impl Turn {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Rotate90,
        Self::Rotate180,
        Self::Rotate270,
        Self::FlipX,
        Self::FlipY,
        Self::FlipPlus1,
        Self::FlipMinus1,
    ];

    /// Whether columns become rows first, and whether then top and bottom, and left and right, change places.
    pub(crate) fn parts(self) -> [bool; 3] {
        match self {
            Self::None => [false, false, false],
            Self::Rotate90 => [true, true, false],
            Self::Rotate180 => [false, true, true],
            Self::Rotate270 => [true, false, true],
            Self::FlipX => [false, true, false],
            Self::FlipY => [false, false, true],
            Self::FlipPlus1 => [true, false, false],
            Self::FlipMinus1 => [true, true, true],
        }
    }

    /// A picture of some columns and rows, turned: its samples, and its own columns and rows.
    pub(crate) fn apply(
        self,
        samples: &[u8],
        [width, height]: [usize; 2],
    ) -> (Vec<u8>, [usize; 2]) {
        let [transposed, upside_down, mirrored] = self.parts();
        let size = if transposed { [height, width] } else { [width, height] };
        let mut turned = Vec::with_capacity(samples.len());
        for y in 0..size[1] {
            let y = if upside_down { size[1] - 1 - y } else { y };
            for x in 0..size[0] {
                let x = if mirrored { size[0] - 1 - x } else { x };
                turned.push(if transposed {
                    samples[x * width + y]
                } else {
                    samples[y * width + x]
                });
            }
        }
        (turned, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_turned_as_they_are_called() {
        let of = |turn: Turn| turn.apply(b"abcdef", [3, 2]);
        assert_eq!(of(Turn::None), (b"abcdef".to_vec(), [3, 2]));
        assert_eq!(of(Turn::Rotate90), (b"cfbead".to_vec(), [2, 3]));
        assert_eq!(of(Turn::Rotate180), (b"fedcba".to_vec(), [3, 2]));
        assert_eq!(of(Turn::Rotate270), (b"daebfc".to_vec(), [2, 3]));
        assert_eq!(of(Turn::FlipX), (b"defabc".to_vec(), [3, 2]));
        assert_eq!(of(Turn::FlipY), (b"cbafed".to_vec(), [3, 2]));
        assert_eq!(of(Turn::FlipPlus1), (b"adbecf".to_vec(), [2, 3]));
        assert_eq!(of(Turn::FlipMinus1), (b"fcebda".to_vec(), [2, 3]));
    }
}
