//! The view of a pass as frames, without a terminal.

use std::time::Duration;

use adapters::docker::Arrived;
use model::id::StepId;
use model::time::Instant;

use super::collapse::collapsed;
use super::frame::frame;
use super::tracks::{End, Image, Tracks};
use crate::cli::render::fixture::{first_of, plan};

/// A pass that is being watched.
struct Watched {
    tracks: Tracks,
    now: Instant,
}

impl Watched {
    fn new() -> Self {
        let mut tracks = Tracks::default();
        tracks.plan(&plan());
        Self { tracks, now: Instant(0) }
    }

    fn wait(&mut self, millis: u64) {
        self.now = self.now.plus(Duration::from_millis(millis));
    }

    fn start(&mut self, step: u32) {
        self.tracks.start(StepId(step), self.now);
    }

    fn end(&mut self, step: u32, end: End) {
        self.tracks.end(StepId(step), end, self.now);
    }

    /// Steps that succeed, each after so many milliseconds.
    fn done(&mut self, steps: impl Iterator<Item = u32>, millis: u64) {
        for step in steps {
            self.start(step);
            self.wait(millis);
            self.end(step, End::Done);
        }
    }

    #[track_caller]
    fn shows(&self, size: (usize, usize), expected: &[&str]) {
        let lines = frame(&self.tracks, self.now, size);
        let plain: Vec<String> =
            lines.iter().map(|line| line.plain().trim_end().to_owned()).collect();
        assert_eq!(plain, expected);
        for line in &lines {
            assert!(::console::measure_text_width(&line.plain()) < size.0, "{line:?}");
            assert_eq!(::console::strip_ansi_codes(&line.painted()), line.plain());
        }
    }

    #[track_caller]
    fn collapses_to(&self, expected: &[&str]) {
        let lines = collapsed(&self.tracks);
        let plain: Vec<_> = lines.iter().map(|l| ::console::strip_ansi_codes(l)).collect();
        assert_eq!(plain, expected);
    }
}

const WIDE: (usize, usize) = (120, 40);
const USUAL: (usize, usize) = (80, 24);

#[test]
fn a_row_per_object_says_what_goes_on_or_what_it_waits_for() {
    let mut pass = Watched::new();
    pass.start(1);
    pass.wait(2_000);
    let image = "example/pricing:2";
    let arrived = Arrived { bytes: 12_300_000, of_bytes: 45_000_000, layers: 2, of_layers: 4 };
    pass.tracks.image(&"local".into(), image, &Image::Layers(arrived));
    pass.shows(
        USUAL,
        &[
            "image example/pricing:2  ↓ pull     [===>        ] 12.3/45.0 MB, 2 of…       2s",
            "abc/pricing/1            ~ replace  waits for image example/pricing:2",
            "abc/pricing/2            ~ replace  waits for abc/pricing/1",
            "abc/pricing/3            ~ replace  waits for abc/pricing/2",
            "abc/ui/1                 ↻ restart  waits for abc/pricing/3",
            "1 under way, 4 waiting  2s",
        ],
    );
    // Another engine's image of that name is another one.
    pass.tracks.image(&"other".into(), image, &Image::Layers(Arrived::default()));
    pass.wait(60_000);
    pass.end(1, End::Done);
    pass.done(first_of(1)..first_of(1) + 2, 100);
    pass.start(first_of(1) + 2);
    pass.wait(12_345);
    pass.shows(
        WIDE,
        &[
            "image example/pricing:2  ↓ pull     done                                                       1m02s",
            "abc/pricing/1            ~ replace  waiting for health                                           12s",
            "abc/pricing/2            ~ replace  waits for abc/pricing/1",
            "abc/pricing/3            ~ replace  waits for abc/pricing/2",
            "abc/ui/1                 ↻ restart  waits for abc/pricing/3",
            "1 under way, 3 waiting, 1 done  1m14s",
        ],
    );
}

#[test]
fn a_failure_is_a_row_and_what_needs_it_is_not_changed() {
    let mut pass = Watched::new();
    pass.done(1..first_of(2) + 2, 1_000);
    pass.start(first_of(2) + 2);
    pass.wait(1_500);
    pass.end(first_of(2) + 2, End::Failed);
    for step in first_of(2) + 3..=17 {
        pass.end(step, End::Dropped);
    }
    pass.shows(
        USUAL,
        &[
            "image example/pricing:2  ↓ pull     done                                   1.0s",
            "abc/pricing/1            ~ replace  done                                   5.0s",
            "abc/pricing/2            ~ replace  failed: waiting for health             3.5s",
            "abc/pricing/3            ~ replace  not changed",
            "abc/ui/1                 ↻ restart  not changed",
            "1 failed, 2 not changed, 2 done  9s",
        ],
    );
    pass.collapses_to(&[
        "  ↓ pulled image example/pricing:2 (1.0s)",
        "  ~ replaced abc/pricing/1 (5.0s)",
        "  ! failed abc/pricing/2: replace, waiting for health (3.5s)",
        "  ! not changed abc/pricing/3: replace",
        "  ! not changed abc/ui/1: restart",
    ]);
}

#[test]
fn equal_replicas_collapse_to_one_line() {
    let mut pass = Watched::new();
    pass.done(1..=17, 1_000);
    pass.collapses_to(&[
        "  ↓ pulled image example/pricing:2 (1.0s)",
        "  ~ replaced abc/pricing ×3 (15.0s)",
        "  ↻ restarted abc/ui/1 (1.0s)",
    ]);
}

#[test]
fn rows_that_find_no_room_are_counted_and_those_that_move_are_kept() {
    let mut pass = Watched::new();
    pass.done(1..first_of(2), 1_000);
    pass.done(first_of(2)..first_of(2) + 3, 1_000);
    pass.start(first_of(2) + 3);
    pass.shows(
        (80, 6),
        &[
            "abc/pricing/2  ~ replace  stopping the old one                               3s",
            "abc/pricing/3  ~ replace  waits for abc/pricing/2",
            "abc/ui/1       ↻ restart  waits for abc/pricing/3",
            "and 2 done",
            "1 under way, 2 waiting, 2 done  9s",
        ],
    );
    pass.shows(
        (80, 4),
        &[
            "abc/pricing/2  ~ replace  stopping the old one                               3s",
            "and 2 waiting, 2 done",
            "1 under way, 2 waiting, 2 done  9s",
        ],
    );
}

#[test]
fn long_names_lose_their_middle_and_no_width_is_too_small() {
    let pass = Watched::new();
    pass.shows(
        (40, 24),
        &[
            "image e…icing:2  ↓ pull     waits for …",
            "abc/pricing/1    ~ replace  waits for …",
            "abc/pricing/2    ~ replace  waits for …",
            "abc/pricing/3    ~ replace  waits for …",
            "abc/ui/1         ↻ restart  waits for …",
            "5 waiting",
        ],
    );
    for width in 1..40 {
        for height in 1..6 {
            frame(&pass.tracks, pass.now, (width, height));
        }
    }
}

#[test]
fn a_build_has_a_bar_of_its_steps() {
    let mut pass = Watched::new();
    pass.start(1);
    let image = Image::Steps(1, 4, "2/4 RUN \u{1b}[2Jmake".to_owned());
    pass.tracks.image(&"local".into(), "example/pricing:2", &image);
    let row = &frame(&pass.tracks, pass.now, WIDE)[0];
    assert!(row.plain().contains("[===>        ] 2/4 RUN \\u{1b}[2Jmake"), "{row:?}");
}

#[test]
fn a_later_plan_adds_to_what_was_done_and_one_that_nothing_was_done_of_is_forgotten() {
    let mut pass = Watched::new();
    pass.tracks.plan(&plan());
    assert_eq!(pass.tracks.visible().count(), 5);
    pass.done(1..=17, 1_000);
    let mut second = plan();
    second.steps.retain(|step| step.id == StepId(17));
    second.steps[0].id = StepId(1);
    pass.tracks.plan(&second);
    assert_eq!(pass.tracks.visible().count(), 5);
    pass.done(1..=1, 2_000);
    pass.collapses_to(&[
        "  ↓ pulled image example/pricing:2 (1.0s)",
        "  ~ replaced abc/pricing ×3 (15.0s)",
        "  ↻ restarted abc/ui/1 (3.0s)",
    ]);
}

#[test]
fn a_request_to_stop_says_what_goes_on() {
    let mut pass = Watched::new();
    pass.done(1..first_of(1) + 3, 1_000);
    pass.start(first_of(1) + 3);
    let (kept, given_up, unbegun) = pass.tracks.underway();
    assert_eq!(kept, ["abc/pricing/1, stopping the old one"]);
    assert!(given_up.is_empty());
    assert_eq!(unbegun.len(), 3);
    pass.end(first_of(1) + 3, End::Done);
    pass.done(first_of(1) + 4..first_of(2) + 2, 1_000);
    pass.start(first_of(2) + 2);
    let (kept, given_up, _) = pass.tracks.underway();
    assert!(kept.is_empty());
    assert_eq!(given_up, ["abc/pricing/2, waiting for health"]);
}
