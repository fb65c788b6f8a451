//! When a radius that has moved is worth a bake.

use std::time::Duration;

/// Share of a radius that can be seen: a step of it moves no colour by more than a quarter of an 8-bit
/// code.
const SEEN: f64 = 0.005;

/// Share of a radius by which the shown one may lag behind at first. That is up to a code, which in a
/// picture that moves is not seen, while radii that sway with the picture would be.
const SLACK: f64 = 0.02;

/// Time constants after which there is no slack any more, so that a radius which has moved to stay is
/// shown to within [`SEEN`].
const CLOSES: f64 = 4.0;

/// The dead band around the radii that are shown.
///
/// A radius may sway within the slack without any consequence. It pulls the shown one along where it leaves
/// the slack, and the slack closes while it stays on one side.
#[derive(Clone, Debug, Default)]
pub struct DeadBand {
    /// For each radius, how long it has been seen to be larger (or smaller) than the one shown, and which.
    away: Vec<(Duration, bool)>,
}

impl DeadBand {
    /// The radii to show next, for those that are shown and those that are followed; `None` where they are
    /// near enough. The frame came `since` the one before.
    pub fn next(
        &mut self,
        shown: &[f64],
        followed: &[f64],
        since: Duration,
        time_constant: Duration,
    ) -> Option<Vec<f64>> {
        self.away.resize(shown.len(), (Duration::ZERO, false));
        let closes = CLOSES * time_constant.as_secs_f64();
        let mut is_out = false;
        for ((away, is_larger), (shown, followed)) in
            self.away.iter_mut().zip(shown.iter().zip(followed))
        {
            let distance = followed - shown;
            let is_away = distance.abs() > SEEN * shown && *is_larger == (distance > 0.0);
            *away = if is_away { *away + since } else { Duration::ZERO };
            *is_larger = distance > 0.0;
            is_out |= distance.abs() > (slack(*away, closes) + SEEN) * shown;
        }
        let pull = |((away, _), (shown, followed)): (&(Duration, bool), (&f64, &f64))| {
            let slack = slack(*away, closes) * followed;
            shown.clamp(followed - slack, followed + slack)
        };
        is_out.then(|| self.away.iter().zip(shown.iter().zip(followed)).map(pull).collect())
    }
}

fn slack(away: Duration, closes: f64) -> f64 {
    SLACK * (1.0 - away.as_secs_f64() / closes).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAU: Duration = Duration::from_millis(500);
    const FRAME: Duration = Duration::from_millis(40);

    /// What is shown after each of the radii followed.
    fn show(followed: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut band = DeadBand::default();
        let mut shown = vec![0.2];
        followed
            .map(|followed| {
                if let Some(next) = band.next(&shown, &[followed], FRAME, TAU) {
                    shown = next;
                }
                shown[0]
            })
            .collect()
    }

    #[test]
    fn what_sways_within_the_slack_is_not_shown() {
        let sway = (0..500).map(|frame| 0.2 + 0.0045 * (f64::from(frame) * 0.3).sin());
        assert!(show(sway).iter().all(|shown| *shown == 0.2));
    }

    #[test]
    fn what_moves_is_followed_in_steps_that_are_not_seen() {
        // Twice as large within ten seconds.
        let followed = |frame: u32| 0.2 + 0.2 * f64::from(frame.min(250)) / 250.0;
        let shown = show((0..400).map(followed));
        for (frame, pair) in shown.windows(2).enumerate() {
            assert!(
                pair[1] >= pair[0] && pair[1] - pair[0] < 2.0 * SEEN * pair[0],
                "{frame}: {pair:?}"
            );
            let lag = followed(frame as u32) - pair[0];
            assert!(lag <= (SLACK + 2.0 * SEEN) * pair[0], "{frame}: {lag}");
        }
        assert!((shown[399] - 0.4).abs() <= SEEN * 0.4, "{}", shown[399]);
    }

    #[test]
    fn a_small_move_that_lasts_is_shown_in_the_end() {
        let shown = show((0..100).map(|_| 0.202));
        assert_eq!(shown[10], 0.2);
        // Four time constants are 50 frames.
        assert!((shown[52] - 0.202).abs() < SEEN * 0.2, "{}", shown[52]);
    }
}
