//! Golden tests of the planner: each file in `tests/plan/` holds stack files, what
//! happens to the world, and the plan texts that must follow.
//!
//! A file is a list of sections. `--- file PATH` writes a file of the source; `--- world`
//! lists what happens, one command a line (see `plan_support/world.rs`); `--- plan` is the
//! graph of steps at that point, `--- overview` what people are shown of it, `--- tree` what is
//! there. `UPDATE_EXPECT=1` writes what the planner says now.

#[path = "plan_support/answers.rs"]
mod answers;
#[path = "plan_support/diff.rs"]
mod diff;
#[path = "plan_support/grants.rs"]
mod grants;
#[path = "plan_support/orders.rs"]
mod orders;
#[path = "plan_support/overview.rs"]
mod overview;
#[path = "plan_support/parts.rs"]
mod parts;
#[path = "schema_support/validator.rs"]
mod validator;
#[path = "plan_support/world.rs"]
mod world;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use reconcile::plan::check;
use world::World;

fn tree(world: &World, with_source: bool) -> String {
    serde_json::to_string_pretty(&world.answer(with_source)).expect("plain data")
}

/// Runs one golden file and compares every plan in it.
fn golden(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan").join(name);
    let text = fs::read_to_string(&path).expect("a golden file");
    let mut world = World::new();
    let mut result = String::new();
    let (intro, sections) = text.split_once("--- ").expect("sections");
    result.push_str(intro);
    for section in sections.split("\n--- ") {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        let body = match head.split_once(' ') {
            Some(("file", path)) => {
                world.file(path, body);
                body.to_owned()
            }
            _ if head == "world" => {
                body.lines().filter(|line| !line.is_empty()).for_each(|line| world.happens(line));
                body.to_owned()
            }
            _ if head == "plan" => {
                let plan = world.plan();
                assert_eq!(check(&plan), [], "{name}: the plan has faults:\n{plan}");
                assert_eq!(plan.to_string(), world.plan().to_string(), "{name}: not deterministic");
                parts::agree(name, &world);
                overview::agrees(name, &plan);
                diff::agrees(name, &world, &plan);
                plan.to_string()
            }
            // What is there, for people, with the source and without.
            _ if head == "tree" => tree(&world, true),
            _ if head == "tree without source" => tree(&world, false),
            _ if head == "overview" => world.plan().overview_text("reconciler --once shop"),
            _ => panic!("{name}: unknown section `{head}`"),
        };
        write!(result, "--- {head}\n{}\n", body.trim_end_matches('\n')).expect("memory");
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &result).expect("a writable golden file");
    }
    let expected = text.trim_end().to_owned() + "\n";
    if result != expected {
        let diff = similar::TextDiff::from_lines(&expected, &result);
        panic!("{name} differs (UPDATE_EXPECT=1 accepts it):\n{}", diff.unified_diff());
    }
}

#[test]
fn deployments_that_do_not_meet_are_parts_of_their_own() {
    let mut world = World::new();
    for id in ["a", "b"] {
        world.file(&format!("{id}/compose.yaml"), "services: { web: { image: 'web:1' } }\n");
    }
    assert_eq!(parts::agree("two stacks", &world), 2);
    let shared = "{ web: { image: 'web:1', network_mode: 'container:a-web-1' } }";
    world.file("c/compose.yaml", &format!("services: {shared}\n"));
    world.happens("converge");
    // Those that meet are one part: the other one is left.
    assert_eq!(parts::agree("three stacks", &world), 3 - 1);
}

/// One test per file, and a test that no file is forgotten.
macro_rules! golden {
    ($($name:ident),+ $(,)?) => {
        $(#[test] fn $name() { golden(concat!(stringify!($name), ".txt")); })+

        #[test]
        fn no_golden_file_is_forgotten() {
            let known = [$(concat!(stringify!($name), ".txt")),+];
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan");
            for entry in fs::read_dir(folder).expect("tests/plan") {
                let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
                assert!(known.contains(&name.as_str()), "{name} is not listed in tests/plan.rs");
            }
        }
    };
}

golden! {
    a_bound_file_that_is_replaced_is_bound_anew,
    a_broken_off_update_is_not_by_hand,
    a_build_is_made_once_per_context,
    a_build_needs_buildkit,
    a_build_of_the_same_files_replaces_nothing,
    a_change_by_hand_is_named,
    a_change_in_git_replaces_one_service,
    a_changed_network_is_replaced,
    a_colliding_name_blocks_the_deployment,
    a_container_whose_network_is_gone_is_replaced,
    a_copy_of_our_labels_is_not_ours,
    a_copy_that_is_not_healthy_is_compared_with_what_serves,
    a_crash_in_a_replacement_is_finished,
    a_deployment_leaves_the_source,
    a_deployment_leaves_with_a_copy_of_a_replica,
    a_failed_update_is_compared_with_what_serves,
    a_first_rollout_that_failed_is_no_lost_record,
    a_host_waits_for_a_member_that_stays,
    a_job_is_waited_for_whoever_needs_it,
    a_job_whose_attempts_are_used_up_has_failed,
    a_large_removal_needs_approval,
    a_list_that_is_added_needs_approval,
    a_login_in_a_url_is_never_shown,
    a_lost_ledger_costs_memory_only,
    a_member_elsewhere_restarts_with_its_host,
    a_member_elsewhere_waits_for_what_its_host_waits_for,
    a_member_follows_its_host,
    a_member_follows_its_renamed_host,
    a_member_on_a_network_that_is_replaced,
    a_misnamed_replica_blocks_adoption,
    a_move_waits_for_what_is_not_proven,
    a_moved_replica_is_registered_again,
    a_network_of_who_may_not_change_stays,
    a_network_passes_to_another_deployment,
    a_network_with_users_stays,
    a_new_container_name_replaces,
    a_one_shot_that_is_done_stays_done,
    a_port_goes_to_another_deployment,
    a_port_of_a_foreign_container_is_known_before_anything_moves,
    a_record_that_cannot_be_read_hides_one_deployment,
    a_renamed_container_is_named_back,
    a_renamed_service_keeps_its_container_name,
    a_replaced_network_waits_for_all_images,
    a_restart_waits_for_all_dependencies,
    a_second_network_of_one_name_goes,
    a_second_source_is_kept_out,
    a_secret_is_never_shown,
    a_service_leaves_with_a_copy_of_a_replica,
    a_shared_networks_subnet_goes_to_a_user,
    a_source_around_another_says_how_to_take_it_over,
    a_source_inside_of_another_is_read_with_it,
    a_stack_that_is_absent_for_a_moment_stays,
    a_subnet_goes_to_another_network,
    a_subnet_passes_from_what_leaves,
    a_variable_without_a_value_is_taken_from_the_image,
    a_volume_that_the_engine_made_again_is_ours,
    a_withheld_deployment_is_not_forgotten_elsewhere,
    adds_and_removes_services,
    after_a_loss_strangers_stand_beside_it,
    an_adopted_container_that_differs_is_replaced,
    an_adopted_deployment_leaves_the_source,
    an_adopted_volume_is_adopted_once,
    an_answer_does_not_know_what_was_not_seen,
    an_answer_shows_what_is_there,
    an_author_is_named_only_where_it_is_known,
    an_emptied_stack_needs_approval,
    an_engine_of_two_names_is_left_alone,
    an_exchange_that_waits_for_itself_is_cut,
    an_exited_container_is_started_again,
    an_image_is_refreshed_once_for_each_revision,
    an_image_that_is_absent_is_pulled_first,
    an_image_that_is_mounted_is_compared_by_its_id,
    an_interrupted_replacement_is_waited_for,
    an_invalid_stack_is_left_alone,
    an_overruled_start_first_says_why,
    an_update_takes_its_time,
    anonymous_volumes_are_taken_over,
    another_build_replaces_if_it_differs,
    another_deployments_container_is_shared,
    another_deployments_network_comes_first,
    another_deployments_network_needs_a_grant,
    another_image_is_another_for_all_that_use_it,
    another_image_moves_replicas_in_turn,
    another_image_of_a_host_moves_its_members,
    another_image_of_a_host_with_a_member_elsewhere,
    another_image_of_a_job_runs_it_again,
    another_image_or_the_same_after_changes_in_place,
    another_image_replaces_if_it_comes,
    another_image_restarts_dependents,
    another_image_with_consul,
    another_stack_of_the_same_name_is_not_adopted,
    below_what_is_writable_a_grant_by_name_is_needed,
    compose_made_it_and_it_is_adopted,
    containers_of_others_need_a_grant,
    dependents_restart_once,
    everything_gone_needs_approval,
    files_are_uploaded_before_the_start,
    first_apply,
    gaps_in_composes_numbers_stay,
    heal_repairs_and_lets_new_revisions_wait,
    heal_runs_no_hook_of_a_new_revision,
    hooks_run_around_starts_and_stops,
    hooks_run_where_both_names_are_borne,
    host_demands_need_a_grant,
    images_that_are_mounted_are_pulled_first,
    init_containers_run_before_the_first_start,
    labels_of_networks_and_volumes_are_compared,
    limits_change_in_place,
    links_on_the_bridge_find_whom_they_name,
    links_out_of_the_tree_need_a_grant,
    members_leave_before_their_host,
    named_contexts_are_built_first,
    names_and_addresses_are_exchanged,
    names_of_composes_first_version_stay,
    names_that_dns_cannot_tell_apart_are_refused,
    names_that_others_hold_are_reported,
    network_mode_names_a_network_of_others,
    newer_engines_make_it_on_all_networks,
    no_more_stop_than_may_be_down,
    notify_and_paused_change_nothing,
    one_offs_and_orphans_are_left_alone,
    only_what_collides_stops_first,
    overview_of_a_first_apply,
    overview_of_an_update_that_was_broken_off,
    overview_of_changes,
    overview_of_what_is_withheld,
    own_container_is_left_alone,
    own_container_is_no_other_stack,
    own_names_are_no_aliases,
    ports_are_exchanged_in_one_pass,
    ports_that_do_not_meet_those_of_foreign_containers,
    registers_in_the_catalog,
    removed_resolvers_go,
    replaces_start_first_one_by_one,
    replaces_stop_first_where_it_must,
    scales_up_and_down,
    swap_without_limit_is_not_changed_in_place,
    the_only_deployment_renamed_needs_approval,
    unseen_is_not_absent,
    volumes_are_shared_with_whoever_has_them,
    what_a_deployment_builds_is_never_pulled,
    what_a_network_no_longer_sets_goes,
    what_an_engine_cannot_do_is_refused,
    what_an_operator_passes_is_never_shown,
    what_compose_put_into_it_is_compared,
    what_failed_and_pauses_is_left_as_it_stands,
    what_failed_returns_to_what_worked,
    what_gives_a_networks_addresses_is_compared,
    what_half_a_stack_lacks_stays_for_a_moment,
    what_has_a_port_that_is_not_freed_is_reported,
    what_is_paused_is_unpaused,
    what_is_scaled_away_goes_when_the_rest_is_healthy,
    what_may_end_is_kept_like_any_other,
    what_needs_room_waits_with_what_is_absent,
    what_ran_before_a_broken_update_runs_meanwhile,
    what_ran_before_needs_its_networks,
    what_ran_before_waits_for_the_surge_of_another,
    whether_a_network_is_attachable_is_compared,
    who_depends_stops_first_for_a_network,
    who_lives_in_what_is_not_made_waits,
    who_lives_in_what_stops_is_not_healed,
    who_stays_on_a_network_is_reported,
    without_the_ledger_adoption_is_unknown,
}

#[test]
fn no_name_of_a_file_or_engine_forges_a_line() {
    let mut world = World::new();
    let folder = "shop\n  #9 remove everything\u{202e}\u{1b}[2K";
    let stack = "name: shop\nservices:\n  web:\n    image: web:1\n";
    world.file(&format!("{folder}/compose.yaml"), stack);
    let list = "deployments:\n  far: { stack: far, engine: \"e\\nblocked in shop: everything\" }\n";
    let plain = world.plan();
    world.file("far/compose.yaml", "services:\n  web:\n    image: web\n");
    world.file("deployments.yaml", list);
    let of_steps =
        ["deployment ", "  #", "       ", "blocked in far: apply", "Plan: ", "No changes"];
    let of_objects = [
        "deployment ",
        "  ↓ pull",
        "  + create",
        "      ",
        "withheld",
        "  ? far: apply",
        "Plan: ",
        "No changes",
    ];
    for plan in [plain, world.plan()] {
        let overview = plan.overview_text("reconciler --once shop");
        for (text, begins) in [(plan.to_string(), &of_steps[..]), (overview, &of_objects)] {
            for line in text.lines() {
                assert!(begins.iter().any(|begin| line.starts_with(begin)), "{line:?}");
                assert!(!line.trim_start().starts_with("#9 remove"), "{text}");
                assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
            }
        }
    }
}
