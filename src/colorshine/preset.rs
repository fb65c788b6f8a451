//! What GStreamer's presets do to texts.
//!
//! `gst_preset_save_preset` escapes a text and writes it with `g_key_file_set_string`, which escapes its
//! backslashes once more; `gst_preset_load_preset` reads it with `g_key_file_get_value`, which takes nothing
//! back. So a text comes back with a backslash before most of what is no letter or digit, and other bytes
//! as a backslash and three octal digits.

/// The text before it was saved as a preset. No attractor has a backslash, so any other text is unchanged;
/// what is no UTF-8 then becomes U+FFFD.
pub(super) fn unescaped(text: String) -> String {
    if !text.contains('\\') {
        return text;
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), after)
            }
            (b'\\', [escaped, after @ ..]) => (*escaped, after),
            _ => (first, after),
        };
        plain.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_presets_escape_is_taken_back() {
        let saved =
            r"oklch\(45\%\ 0.13\ 300\)\;60\;80\;sh\ \|\ \#ff8a3d\;40\;60\012teal\;3\;4\303\251";
        let text = "oklch(45% 0.13 300);60;80;sh | #ff8a3d;40;60\nteal;3;4é";
        assert_eq!(unescaped(saved.into()), text);
        assert_eq!(unescaped(text.into()), text);
        assert_eq!(unescaped(r"a\".into()), r"a\");
    }
}
