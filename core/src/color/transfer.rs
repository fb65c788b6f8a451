//! The sRGB transfer function (IEC 61966-2-1), used display-referred for every SDR stream.

/// Encoded value to linear light. Negative values continue the linear segment.
pub fn decode(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// Linear light to encoded value. Negative values continue the linear segment.
pub fn encode(v: f64) -> f64 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encode_undoes_decode() {
        for i in -10..=1100 {
            let v = f64::from(i) / 1000.0;
            // The standard's rounded constants leave a gap of 3e-8 at the join of the segments.
            assert!((encode(decode(v)) - v).abs() < 1e-7, "{v}");
        }
    }
}
