//! What a file has beside its pixels, and what of it another file can hold.

/// Before XMP in a JPEG, and its parts that one segment cannot hold.
pub const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// See [`XMP`].
pub const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// Before XMP in a PNG's text: its name, not compressed, of no language.
pub const XMP_TEXT: &[u8] = b"XML:com.adobe.xmp\0\0\0\0\0";

/// Most bytes of a segment.
pub const SEGMENT: usize = 65533;

/// A unit that pixels are counted in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// None: only the ratio of the two numbers counts.
    Aspect,
    /// An inch.
    Inch,
    /// A centimetre.
    Centimetre,
    /// A metre.
    Metre,
}

/// Pixels per unit, across and down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density {
    /// What they are counted in.
    pub unit: Unit,
    /// Along a row.
    pub across: u32,
    /// Along a column.
    pub down: u32,
}

impl Density {
    /// As a PNG has it: whether its unit is the metre, and the two numbers.
    pub fn per_metre(self) -> (bool, [u32; 2]) {
        let per_metre = match self.unit {
            Unit::Aspect => return (false, [self.across, self.down]),
            Unit::Inch => 1.0 / 0.0254,
            Unit::Centimetre => 100.0,
            Unit::Metre => 1.0,
        };
        (true, [self.across, self.down].map(|count| (f64::from(count) * per_metre).round() as u32))
    }

    /// As a JPEG has it, in 16 bits: inches where they come out even, as most are meant, else centimetres.
    pub fn in_a_jpeg(self) -> Option<(Unit, [u16; 2])> {
        let counts = |scale: f64| [self.across, self.down].map(|count| f64::from(count) * scale);
        let is_even =
            |counts: [f64; 2]| counts.iter().all(|count| (count - count.round()).abs() < 0.02);
        let (unit, counts) = match self.unit {
            Unit::Metre if is_even(counts(0.0254)) => (Unit::Inch, counts(0.0254)),
            Unit::Metre => (Unit::Centimetre, counts(0.01)),
            unit => (unit, counts(1.0)),
        };
        let fits = |count: f64| (1.0..=65535.0).contains(&count.round());
        counts.into_iter().all(fits).then(|| (unit, counts.map(|count| count.round() as u16)))
    }
}

/// What only a file of the same format can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Of a PNG.
    Chunk([u8; 4], Vec<u8>),
    /// Of a JPEG: its marker, and what follows the length.
    Segment(u8, Vec<u8>),
}

/// What a file has beside its pixels.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// Colour profile, as in the file.
    pub icc: Option<Vec<u8>>,
    /// EXIF data, from the TIFF header on, without a thumbnail.
    pub exif: Option<Vec<u8>>,
    /// XMP, as text.
    pub xmp: Option<Vec<u8>>,
    /// How large it is meant to be shown.
    pub density: Option<Density>,
    /// In the file's order.
    pub pieces: Vec<Piece>,
    /// What no copy has, in words.
    pub left_out: Vec<String>,
}

impl Extras {
    /// Names something that is left out, once.
    pub fn leave_out(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.left_out.contains(&what) {
            self.left_out.push(what);
        }
    }

    /// Drops a profile that is not for R'G'B', which the picture becomes or is.
    pub fn drop_other_profile(&mut self) {
        let space = self.icc.as_ref().and_then(|profile| profile.get(16..20));
        match space {
            Some(b"GRAY") => self.leave_out("its profile for grey, as the picture becomes RGB"),
            Some(b"CMYK") => self.leave_out("its profile for CMYK, as the picture is RGB"),
            _ => return,
        }
        self.icc = None;
    }

    /// What a PNG can hold of it.
    pub fn for_png(mut self) -> Self {
        for piece in std::mem::take(&mut self.pieces) {
            match piece {
                Piece::Chunk(..) => self.pieces.push(piece),
                Piece::Segment(0xFE, text) => match String::from_utf8(text) {
                    Ok(text) => {
                        let text = [b"Comment\0\0\0\0\0", text.trim_end_matches('\0').as_bytes()];
                        self.pieces.push(Piece::Chunk(*b"iTXt", text.concat()));
                    }
                    Err(_) => self.leave_out("a comment that is not UTF-8"),
                },
                Piece::Segment(0xED, _) => self.leave_out("IPTC data (APP13)"),
                Piece::Segment(..) => self.leave_out("XMP beyond its first part"),
            }
        }
        self
    }

    /// What a JPEG can hold of it.
    pub fn for_jpeg(mut self) -> Self {
        for piece in std::mem::take(&mut self.pieces) {
            match piece {
                Piece::Segment(..) => self.pieces.push(piece),
                Piece::Chunk(kind, data) if is_text(kind) => {
                    let name = data.split(|byte| *byte == 0).next().unwrap_or_default();
                    self.leave_out(format!("text {}", String::from_utf8_lossy(name)));
                }
                // The file has its own.
                Piece::Chunk([b't', b'I', b'M', b'E'], _) => {}
                Piece::Chunk(kind, _) => self.leave_out(String::from_utf8_lossy(&kind)),
            }
        }
        if self.exif.as_ref().is_some_and(|exif| exif.len() + 6 > SEGMENT) {
            self.exif = None;
            self.leave_out("EXIF, too long for a JPEG");
        }
        if self.xmp.as_ref().is_some_and(|xmp| xmp.len() + XMP.len() > SEGMENT) {
            self.xmp = None;
            self.leave_out("XMP, too long for a JPEG");
        }
        if self.density.is_some_and(|density| density.in_a_jpeg().is_none()) {
            self.density = None;
            self.leave_out("a density of pixels beyond 16 bits");
        }
        self
    }
}

/// Whether a chunk of a PNG is a text.
pub fn is_text(kind: [u8; 4]) -> bool {
    [*b"tEXt", *b"zTXt", *b"iTXt"].contains(&kind)
}

/// XMP without thumbnails of the picture as it was.
pub fn without_thumbnails(xmp: Vec<u8>) -> Vec<u8> {
    const ELEMENT: [&str; 2] = ["<xmp:Thumbnails", "</xmp:Thumbnails>"];
    let Ok(text) = std::str::from_utf8(&xmp) else {
        return xmp;
    };
    match ELEMENT.map(|part| text.find(part)) {
        [Some(start), Some(end)] if start < end => {
            [&text[..start], &text[end + ELEMENT[1].len()..]].concat().into_bytes()
        }
        _ => xmp,
    }
}
