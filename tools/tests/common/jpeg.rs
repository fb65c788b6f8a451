//! JPEGs with any sampling, whose pixels are known.

/// How the components' blocks are laid out in a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scans {
    /// All components in one scan.
    Interleaved,
    /// A scan for each component.
    Apart,
    /// The same, as a progressive JPEG.
    Progressive,
}

/// A JPEG of flat blocks: what its components have is known but for the edges of blocks.
#[derive(Clone, Debug)]
pub struct Jpeg {
    pub size: [usize; 2],
    /// Samplings of the components, across and down.
    pub sampling: Vec<[usize; 2]>,
    pub scans: Scans,
    /// Segments after the first marker, as they are in the file.
    pub segments: Vec<u8>,
}

impl Jpeg {
    fn most(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.sampling.iter().map(|sampling| sampling[axis]).max().unwrap())
    }

    /// A component's samples in a block, which differ from those of all around it.
    fn level(component: usize, [x, y]: [usize; 2]) -> i32 {
        let step = (x * 5 + y * 3 + component) % 8;
        match component {
            0 => 60 + 18 * step as i32,
            _ => 104 + 7 * step as i32,
        }
    }

    /// What the components have at a pixel, where it is far enough from the edges of blocks that no way of
    /// upsampling mixes them.
    pub fn at(&self, pixel: [usize; 2]) -> Option<Vec<u8>> {
        let most = self.most();
        let sample = |component: usize, sampling: &[usize; 2]| {
            let mut block = [0; 2];
            for axis in 0..2 {
                let at = (pixel[axis] as f64 + 0.5) * sampling[axis] as f64 / most[axis] as f64;
                block[axis] = at as usize / 8;
                if !(1.0..=7.0).contains(&(at % 8.0)) {
                    return None;
                }
            }
            Some(Self::level(component, block) as u8)
        };
        self.sampling
            .iter()
            .enumerate()
            .map(|(component, sampling)| sample(component, sampling))
            .collect()
    }

    /// The same as R'G'B', as JFIF has it.
    pub fn rgb_at(&self, pixel: [usize; 2]) -> Option<[f64; 3]> {
        let levels: Vec<f64> = self.at(pixel)?.into_iter().map(f64::from).collect();
        let (luma, [blue, red]) = match levels[..] {
            [luma, blue, red] => (luma, [blue - 128.0, red - 128.0]),
            _ => (levels[0], [0.0; 2]),
        };
        let rgb =
            [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue];
        Some(rgb.map(|code| code.clamp(0.0, 255.0)))
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut file = vec![0xFF, 0xD8];
        file.extend(&self.segments);
        let mut segment = |marker: u8, data: &[u8]| {
            file.extend([0xFF, marker]);
            file.extend((data.len() as u16 + 2).to_be_bytes());
            file.extend(data);
        };
        segment(0xDB, &[&[0][..], &[1; 64]].concat());
        let is_progressive = self.scans == Scans::Progressive;
        let [width, height] = self.size.map(|edge| (edge as u16).to_be_bytes());
        let mut frame =
            vec![8, height[0], height[1], width[0], width[1], self.sampling.len() as u8];
        for (id, sampling) in (1..).zip(&self.sampling) {
            frame.extend([id, (sampling[0] << 4 | sampling[1]) as u8, 0]);
        }
        segment(if is_progressive { 0xC2 } else { 0xC0 }, &frame);
        // Twelve codes of four bits for what a difference needs, and one of a bit that ends a block.
        let lengths = |length: usize, count: u8| {
            let mut counts = [0; 16];
            counts[length - 1] = count;
            counts
        };
        segment(0xC4, &[&[0x00][..], &lengths(4, 12), &(0..12).collect::<Vec<u8>>()].concat());
        segment(0xC4, &[&[0x10][..], &lengths(1, 1), &[0]].concat());
        let all: Vec<usize> = (0..self.sampling.len()).collect();
        let scans: Vec<&[usize]> = match self.scans {
            Scans::Interleaved => vec![&all],
            _ => all.chunks(1).collect(),
        };
        for components in scans {
            // A progressive one has what varies within a block in scans of its own.
            let spectra: &[[u8; 2]] = if is_progressive { &[[0, 0], [1, 63]] } else { &[[0, 63]] };
            for [first, last] in spectra {
                let mut scan = vec![components.len() as u8];
                components.iter().for_each(|component| scan.extend([*component as u8 + 1, 0]));
                scan.extend([*first, *last, 0]);
                file.extend([0xFF, 0xDA]);
                file.extend((scan.len() as u16 + 2).to_be_bytes());
                file.extend(scan);
                self.write_scan(components, *first == 0, *last == 63, &mut file);
            }
        }
        file.extend([0xFF, 0xD9]);
        file
    }

    /// Blocks of a scan in their order, as component, column and row.
    fn blocks(&self, components: &[usize]) -> Vec<(usize, [usize; 2])> {
        let most = self.most();
        if let [component] = components {
            let sampling = self.sampling[*component];
            let [columns, rows] = [0, 1]
                .map(|axis| (self.size[axis] * sampling[axis]).div_ceil(most[axis]).div_ceil(8));
            return (0..rows * columns).map(|i| (*component, [i % columns, i / columns])).collect();
        }
        let [columns, rows] = [0, 1].map(|axis| self.size[axis].div_ceil(8 * most[axis]));
        let mut blocks = Vec::new();
        for unit in 0..columns * rows {
            let (left, top) = (unit % columns, unit / columns);
            for component in components {
                let [across, down] = self.sampling[*component];
                for block in 0..across * down {
                    let at = [left * across + block % across, top * down + block / across];
                    blocks.push((*component, at));
                }
            }
        }
        blocks
    }

    fn write_scan(
        &self,
        components: &[usize],
        has_level: bool,
        has_rest: bool,
        file: &mut Vec<u8>,
    ) {
        let mut bits = Vec::new();
        let mut put = |value: i32, count: u32| {
            bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        };
        let mut last = vec![0; self.sampling.len()];
        for (component, at) in self.blocks(components) {
            if has_level {
                let level = 8 * (Self::level(component, at) - 128);
                let step = level - last[component];
                last[component] = level;
                let length = 32 - step.unsigned_abs().leading_zeros();
                put(length as i32, 4);
                put(if step < 0 { step - 1 } else { step }, length);
            }
            if has_rest {
                put(0, 1);
            }
        }
        bits.resize(bits.len().next_multiple_of(8), true);
        for byte in bits.chunks(8) {
            let byte = byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
            file.push(byte);
            if byte == 0xFF {
                file.push(0);
            }
        }
    }
}
