//! Clusters: hashes that are connected by pairs.

use super::bits::Bits;
use super::join::Join;
use super::{Distinct, Search};

/// Sets that are joined.
struct Sets(Vec<u32>);

impl Sets {
    fn root(&mut self, mut of: u32) -> u32 {
        while self.0[of as usize] != of {
            let next = self.0[of as usize];
            self.0[of as usize] = self.0[next as usize];
            of = next;
        }
        of
    }

    /// The lower root is that of both.
    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

/// The numbers of hashes that are connected by pairs within a distance: clusters of two or more, each in order, by
/// their lowest number. Flat hashes are in none. Nothing, if `goes_on` has ended it.
///
/// # Panics
///
/// As [`super::pairs`].
pub fn clusters<B: Bits>(
    all: &[B],
    search: &Search,
    goes_on: &mut dyn FnMut(f64) -> bool,
) -> Option<Vec<Vec<u32>>> {
    let distinct = Distinct::new(all, search.least_ones);
    let mut sets = Sets((0..distinct.hashes.len() as u32).collect());
    let join = Join::new(&distinct.hashes, search);
    if !join.run(goes_on, &mut |pair| sets.join(pair.a, pair.b)) {
        return None;
    }
    let mut clusters = vec![Vec::new(); distinct.hashes.len()];
    for group in 0..distinct.hashes.len() {
        clusters[sets.root(group as u32) as usize].extend(distinct.members(group));
    }
    clusters.retain(|members: &Vec<u32>| members.len() > 1);
    clusters.iter_mut().for_each(|members| members.sort_unstable());
    clusters.sort_unstable();
    Some(clusters)
}
