//! PNGs chunk by chunk, and JPEGs segment by segment.

/// What a file of either kind has, piece by piece: a chunk's type and data, or a segment's marker and data.
pub type Pieces = Vec<(Vec<u8>, Vec<u8>)>;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub fn chunks(png: &[u8]) -> Pieces {
    let mut rest = png.strip_prefix(SIGNATURE).unwrap();
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        chunks.push((rest[4..8].to_vec(), rest[8..8 + length].to_vec()));
        rest = &rest[12 + length..];
    }
    chunks
}

pub fn png(chunks: &Pieces) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    for (kind, data) in chunks {
        file.extend((data.len() as u32).to_be_bytes());
        let start = file.len();
        file.extend(kind);
        file.extend(data);
        file.extend(crc(&file[start..]).to_be_bytes());
    }
    file
}

/// A PNG with further chunks behind its header.
pub fn with_chunks(file: &[u8], added: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut all = chunks(file);
    let added = added.iter().map(|(kind, data)| (kind.to_vec(), data.to_vec()));
    all.splice(1..1, added);
    png(&all)
}

/// The sum that PNG has, as its standard defines it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320))
    })
}

/// Segments of a JPEG up to its first scan, and what comes behind its end.
pub fn segments(jpeg: &[u8]) -> (Pieces, Vec<u8>) {
    let mut at = 2;
    let mut segments = Vec::new();
    while jpeg[at + 1] != 0xDA {
        let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        segments.push((vec![jpeg[at + 1]], jpeg[at + 4..at + 2 + length].to_vec()));
        at += 2 + length;
    }
    let end = jpeg[at..].windows(2).position(|pair| pair == [0xFF, 0xD9]).unwrap();
    (segments, jpeg[at + end + 2..].to_vec())
}

/// Segments as they are in a file.
pub fn segment_bytes(segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (marker, data) in segments {
        bytes.extend([0xFF, *marker]);
        bytes.extend((data.len() as u16 + 2).to_be_bytes());
        bytes.extend(*data);
    }
    bytes
}
