//! Components apart: blocks of codes through a lattice by tetrahedra.

use super::evaluator::{Codes, Differences, Source};
use super::tetrahedral::Sampler;
use super::words::Words;

impl<W: Words, const GATHER: bool> Source for Sampler<'_, W, GATHER> {
    fn differences(&self, length: usize, codes: [&Codes; 3], out: &mut [Differences; 3]) {
        // Copies, because no write can be taken to change them.
        let sampler = *self;
        if self.deeper > 0 {
            self.words.vectorize(
                #[inline(always)]
                || sampler.differences_of::<true>(length, codes, out),
            );
        } else {
            self.words.vectorize(
                #[inline(always)]
                || sampler.differences_of::<false>(length, codes, out),
            );
        }
    }
}

impl<W: Words, const GATHER: bool> Sampler<'_, W, GATHER> {
    #[inline(always)]
    fn differences_of<const DEEP: bool>(
        &self,
        length: usize,
        [x, y, z]: [&Codes; 3],
        [u, v, w]: &mut [Differences; 3],
    ) {
        let words = self.words;
        for at in (0..length).step_by(W::COUNT) {
            let codes = [words.load(&x[at..]), words.load(&y[at..]), words.load(&z[at..])];
            let [first, second, third] = self.planes(self.at_codes::<true, DEEP>(codes));
            words.store(&mut u[at..], first);
            words.store(&mut v[at..], second);
            words.store(&mut w[at..], third);
        }
    }
}
