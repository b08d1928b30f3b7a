//! Images that are pulled anew: one plan says what another one would replace, and does just that.

use super::support::*;

const SERVICE: &str = "image: reconciler.demo/base, command: sleep 1000, stop_signal: SIGKILL";

/// Publishes another image under a name, and lets the engine have the one before it again.
fn push(image: &str, note: &str) {
    let before = docker(&["image", "inspect", "-f", "{{.Id}}", image]);
    let made = docker(&["create", IMAGE, "true"]);
    docker(&["commit", "--change", &format!("LABEL note={note}"), &made, image]);
    docker(&["rm", &made]);
    docker(&["push", "-q", image]);
    docker(&["tag", &before, image]);
}

#[test]
fn a_pull_replaces_what_another_image_came_for_in_the_plan_that_pulls_it() {
    let lab = Lab::new("renewed");
    let image = format!("{}/live/renewed:1", variable("RECONCILER_LAB_REGISTRY"));
    docker(&["tag", IMAGE, &image]);
    docker(&["push", "-q", &image]);
    let stack = |revision: u32| {
        let web = SERVICE.replace("image: reconciler.demo/base", &format!("image: '{image}'"));
        let needs = "depends_on: { web: { condition: service_started, restart: true } }";
        lab.stack(
            "abc",
            &format!(
                "# revision {revision}\nservices:\n  web: {{ {web}, pull_policy: always }}\n  \
                 app: {{ {SERVICE}, {needs} }}\n"
            ),
        );
    };
    // One plan, whatever came.
    let one_plan = |finished: Finished| {
        let plans = finished.stdout.matches("Plan: ").count();
        assert_eq!(plans, 1, "{finished}");
        finished
    };
    let plan = |finished: Finished| {
        let only_if = format!("only if the pull of {image} brings another image");
        finished
            .prints(&format!("↓ pull {image}"))
            .prints(&format!("~ replace web: start-first, {only_if}"))
            .prints(&format!("↻ restart app: {only_if}"))
            .prints("1 image to pull, 1 to replace if an image changed, 1 to restart if an image")
    };
    stack(1);
    lab.once().exits(0);
    let (web, app) = (lab.of("abc-web-1"), lab.of("abc-app-1"));
    let (first, started) = (lab.containers(), started_at(&app));

    // The same image came.
    stack(2);
    plan(lab.plan());
    lab.run(&["plan", "--detailed-exitcode", &lab.source()]).exits(2);
    plan(one_plan(lab.once()).exits(0)).says("not needed");
    assert_eq!((lab.containers(), started_at(&app)), (first.clone(), started.clone()));
    lab.once().is_quiet();

    // Another one did.
    push(&image, "newer");
    stack(3);
    plan(lab.plan());
    assert_eq!(lab.containers(), first, "a plan pulls nothing");
    // It is the plan that a file holds, too.
    lab.run(&["plan", "--out", "renewed.plan", &lab.source()]).exits(0);
    lab.run(&["apply", "renewed.plan", &lab.source()]).exits(0);
    let then = lab.containers();
    assert!(then[&web] != first[&web] && then[&app] == first[&app]);
    assert_ne!(started_at(&app), started);
    assert_eq!(inspect(&web)["Config"]["Labels"]["note"], "newer");
    lab.once().is_quiet();
}
