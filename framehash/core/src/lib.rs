//! Perceptual hashes of pictures and frames, and search for near-duplicates among them.
