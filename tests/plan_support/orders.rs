//! Every golden once more, with its plans carried out in random orders, broken off at random:
//! whatever comes first, the plans after it lead to a world in which nothing is left to do.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use model::id::StepId;
use model::plan::Plan;

use super::world::World;

/// How many orders each golden is played in, over all of its plans.
const ORDERS: usize = 5;
/// Plans that cannot be carried out here: what they wait for runs for ever in this world.
const ENDLESS: &[(&str, usize)] = &[("init_containers_run_before_the_first_start.txt", 0)];
/// The goldens are dealt to so many tests, for as many processors.
const HANDS: usize = 4;

/// Random numbers that are the same for the same seed (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below an usize")
    }

    /// The steps of a plan in an order that keeps to what each comes after; in one of three
    /// cases only the first of them.
    fn order(&mut self, plan: &Plan) -> Vec<usize> {
        let (mut done, mut order) = (BTreeSet::<StepId>::new(), Vec::new());
        while order.len() < plan.steps.len() {
            let ready = |(_, step): &(usize, &model::plan::Step)| {
                !done.contains(&step.id) && step.after.is_subset(&done)
            };
            let ready: Vec<usize> =
                plan.steps.iter().enumerate().filter(ready).map(|(at, _)| at).collect();
            let next = ready[self.below(ready.len())];
            done.insert(plan.steps[next].id);
            order.push(next);
        }
        if self.below(3) == 0 {
            order.truncate(self.below(order.len()) + 1);
        }
        order
    }
}

/// Plays a golden up to one of its plans, and carries that out. All plans are carried out in
/// random orders.
fn play(text: &str, upto: usize, seed: u64) {
    let mut random = Random(seed);
    let mut world = World::new().in_order(Box::new(move |plan| random.order(plan)));
    let (_, sections) = text.split_once("--- ").expect("sections");
    let mut plans = 0;
    for section in sections.split("\n--- ") {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        match head.split_once(' ') {
            Some(("file", path)) => world.file(path, body),
            _ if head == "world" => {
                body.lines().filter(|line| !line.is_empty()).for_each(|line| world.happens(line));
            }
            _ if plans == upto => break,
            _ => plans += 1,
        }
    }
    world.happens("converge");
}

fn deal(hand: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan");
    let entries = fs::read_dir(folder).expect("tests/plan");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut failed = Vec::new();
    for path in paths.iter().skip(hand).step_by(HANDS) {
        let text = fs::read_to_string(path).expect("a golden file");
        let plans = ["plan", "overview", "tree", "tree without source"]
            .map(|head| text.matches(&format!("--- {head}\n")).count());
        let plans = plans.iter().sum::<usize>();
        for order in 0..plans.max(ORDERS) {
            let plan = order % plans;
            let endless = ENDLESS.iter().any(|(name, at)| path.ends_with(name) && *at == plan);
            let once = || play(&text, plan, order as u64);
            if !endless && catch_unwind(AssertUnwindSafe(once)).is_err() {
                failed.push(format!("plan {} of {} in order {order}", plan + 1, path.display()));
            }
        }
    }
    assert!(failed.is_empty(), "these do not converge:\n{}", failed.join("\n"));
}

#[test]
fn every_golden_converges_in_any_order_first_hand() {
    deal(0);
}

#[test]
fn every_golden_converges_in_any_order_second_hand() {
    deal(1);
}

#[test]
fn every_golden_converges_in_any_order_third_hand() {
    deal(2);
}

#[test]
fn every_golden_converges_in_any_order_fourth_hand() {
    deal(3);
}
