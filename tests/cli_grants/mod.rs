//! What `grants` prints is a configuration: with it nothing is missing, and without it all is.

use super::Case;

#[test]
fn what_is_listed_can_be_appended_to_a_configuration_and_suffices() {
    let folder = std::env::temp_dir().join(format!("rc-grants-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let config = folder.join("config.yaml");
    let play = |call: String| Case { call, env: vec!["DOCKER_HOST=unix:///nowhere".into()] }.play();
    let listed = Case { call: "grants grants".into(), env: Vec::new() }.command().output();
    let listed = String::from_utf8(listed.expect("it starts").stdout).expect("text");
    assert!(listed.starts_with("allow:\n") && listed.lines().count() > 5, "{listed}");

    std::fs::write(&config, format!("poll: 5s\n{listed}")).expect("written");
    let granted = play(format!("validate --policy grants --config {}", config.display()));
    assert!(granted.contains("exit: 0") && !granted.contains("warning"), "{granted}");
    let strict = format!("plan grants --trust-stacks=false --config {}", config.display());
    let planned = play(strict);
    assert!(planned.contains("exit: 69") && !planned.contains("`allow`"), "{planned}");

    // Each line counts.
    let lines: Vec<&str> = listed.lines().filter(|line| line.starts_with("  - ")).collect();
    for (index, gone) in lines.iter().enumerate() {
        let rest = lines.iter().enumerate().filter(|(other, _)| *other != index);
        let rest: Vec<&str> = rest.map(|(_, line)| *line).collect();
        std::fs::write(&config, format!("allow:\n{}\n", rest.join("\n"))).expect("written");
        let missing = play(format!("validate --policy grants --config {}", config.display()));
        assert_eq!(missing.matches("warning[").count(), 1, "without {gone}: {missing}");
        assert!(missing.contains("exit: 0") && missing.contains("--allow "), "{missing}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}
