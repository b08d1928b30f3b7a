//! Stacks that are valid: services with any of Compose's keys, in all of their forms, and
//! what they refer to.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Keys of a service in their forms. `TEXT` becomes any text, `NUMBER` any number.
const KEYS: &[(&str, &[&str])] = &[
    ("command", &["run TEXT", "[a, TEXT]", "[]", "", "'a \"b c\" d'"]),
    ("entrypoint", &["/bin/a --b", "[TEXT]", "[]"]),
    ("environment", &["{A: TEXT, B: NUMBER, GIVEN: , NONE: }", "[A=b=c, GIVEN, NONE, E=]"]),
    ("labels", &["{a: TEXT, b: NUMBER, c: true, d: }", "[a=b, c]"]),
    ("annotations", &["{a: TEXT}", "[a=b, c]"]),
    (
        "ports",
        &[
            "[80, \"8080:81/udp\", \"127.0.0.1::82\", \"[::1]:1:83\"]",
            "[\"9000-9002:90-92\", \"9100-9110:93\"]",
            "[{target: 80, published: 8080, x-a: TEXT}, {target: 81, mode: host}]",
        ],
    ),
    ("expose", &["[80, \"81/udp\"]"]),
    (
        "volumes",
        &[
            "[/a, \"data:/b:ro\", \"./c:/c:z\", \"../d:/d\", \"/e:/e:rslave\"]",
            "[{type: tmpfs, target: /t, tmpfs: {size: 5m, mode: 0755}}]",
            "[{type: volume, source: data, target: /v, volume: {nocopy: true, labels: [a]}}]",
            "[{type: bind, source: ., target: /w/, bind: {propagation: shared}}]",
        ],
    ),
    ("tmpfs", &["/run", "[/run, \"/tmp:size=1m\"]"]),
    ("networks", &["[front]", "{front: {aliases: [a], priority: 5}, default: }"]),
    (
        "healthcheck",
        &[
            "{test: TEXT, interval: 1m30s, timeout: 1500ms, retries: 3}",
            "{test: [CMD, a, TEXT], start_period: 1d}",
            "{disable: true}",
        ],
    ),
    (
        "deploy",
        &[
            "{replicas: 0, labels: {a: TEXT}, placement: {constraints: [a==b]}}",
            "{resources: {limits: {memory: 1.5g, pids: 5}, reservations: {cpus: 0.25}}}",
            "{update_config: {parallelism: 0, delay: 90s, order: start-first}}",
            "{restart_policy: {condition: any, delay: 1w, max_attempts: 0}}",
            "{resources: {reservations: {devices: [{capabilities: [gpu], count: all}]}}}",
        ],
    ),
    ("mem_swappiness", &["60"]),
    ("shm_size", &["64m", "1024", "1.5 GB"]),
    ("cpu_shares", &["512", "\"512\""]),
    ("oom_score_adj", &["-500"]),
    // A limit of zero is `{}` in the JSON of Compose, and a device of `blkio_config` has a
    // `Path` there: nobody can read either again.
    ("ulimits", &["{nproc: 5, nofile: {soft: 1, hard: 2}}", "{core: 7}"]),
    ("sysctls", &["{a.b: NUMBER}", "[a.b=1]"]),
    ("extra_hosts", &["[\"a:1.2.3.4\", \"b=[::1]\"]", "{z: 1.2.3.4, y: [1.1.1.1, 2.2.2.2]}"]),
    ("dns", &["8.8.8.8", "[8.8.8.8, 9.9.9.9]"]),
    ("devices", &["[\"/dev/a:/dev/b\", \"/dev/c\"]", "[{source: /dev/a, target: /dev/b}]"]),
    ("gpus", &["all", "[{device_ids: [a]}, {count: 2}]"]),
    ("secrets", &["[tok]", "[{source: tok, target: TEXT, mode: 0400}]"]),
    ("configs", &["[conf]", "[{source: conf, target: /c, uid: \"1\"}]"]),
    ("logging", &["{driver: syslog, options: {a: NUMBER, b: TEXT, c: }}"]),
    ("build", &["./ctx", "{args: {A: TEXT, GIVEN: }, ssh: [default, a=./b], tags: [a]}"]),
    ("post_start", &["[{command: run TEXT, environment: {A: TEXT}}]"]),
    ("develop", &["{watch: [{path: ./a, action: rebuild, ignore: TEXT}]}"]),
    ("blkio_config", &["{weight: 5}"]),
    ("stop_grace_period", &["10s", "1h", "100ns", "1500us"]),
    ("user", &["\"1000\"", "TEXT"]),
    ("pull_policy", &["if_not_present", "always"]),
    ("init", &["true", "false"]),
    ("x-note", &["{a: [NUMBER, TEXT, null, {b: {}}]}", "TEXT"]),
];

const TOP: &str = "
networks: {front: {driver: bridge, ipam: {config: [{subnet: 10.0.0.0/8}]}, labels: [a=b]}}
volumes: {data: {driver_opts: {a: 1}, labels: {b: }}}
secrets: {tok: {file: ./tok}}
configs: {conf: {content: \"a $$b\"}}
";

/// A text in quotes, with its references escaped.
fn text() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "yes",
        "012",
        "1.0",
        "2024-01-02",
        "a: b",
        "- a",
        "a\nb\n",
        " a",
        "#",
        "$",
        "\u{85}",
        "~",
        "1_000",
        "<a>&\"'\\",
        "é 日本",
        "\t",
        "null",
        "a\n\nb",
        "=",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), "[ -~\\n]{1,12}", "\\PC{1,8}"].prop_map(|text| {
        let quoted = serde_json::to_string(&format!("a{text}")).expect("memory");
        quoted.replace('$', "$$").replace('\u{7f}', "\\u007f")
    })
}

fn number() -> impl Strategy<Value = String> {
    let odd = select(vec!["0", "1.50", "0x1F", "012", "1e3", "-5", "1e21", "0.1", "100000000.0"]);
    prop_oneof![odd.prop_map(str::to_owned), any::<i32>().prop_map(|n| n.to_string())]
}

/// A key in one of its forms.
type Choice = (Index, Index, String, String);

fn service(index: usize, keys: &[Choice]) -> String {
    let mut out = format!("  s{index}:\n    image: a\n");
    if index > 0 {
        let _ = write!(out, "    depends_on: [s{}]\n    links: [s0]\n", index - 1);
    }
    let mut seen = Vec::new();
    for (key, form, text, number) in keys {
        let (key, forms) = KEYS[key.index(KEYS.len())];
        if !seen.contains(&key) {
            seen.push(key);
            let form = forms[form.index(forms.len())];
            let plain = |form: &str| form.replace("NUMBER", number);
            // Inside a command line only plain words: quotes have a meaning there.
            let form = if form.starts_with("run ") || form.contains("command: run") {
                plain(form).replace("run TEXT", "run it").replace("TEXT", text)
            } else {
                plain(form).replace("TEXT", text)
            };
            let _ = writeln!(out, "    {key}: {form}");
        }
    }
    out
}

/// A stack file.
pub(crate) fn stack() -> impl Strategy<Value = String> {
    let key = (any::<Index>(), any::<Index>(), text(), number());
    let services = prop::collection::vec(prop::collection::vec(key, 0..8), 1..4);
    (services, text()).prop_map(|(services, note)| {
        let services = services.iter().enumerate().map(|(index, keys)| service(index, keys));
        let services: String = services.collect();
        format!("name: shop\nservices:\n{services}{TOP}x-note: [{note}, [], {{}}]\n")
    })
}
