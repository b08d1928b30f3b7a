//! `adopt`: the file that it prints describes what runs. Containers of every kind are made by hand
//! and described; what is then made from the file is what they were, as the engine says it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Map, Value, json};

use super::support::*;

/// Values that no output may show.
const CANARIES: [&str; 7] = [
    "canary-of-web",
    "canary-of-db",
    "canary-in-url",
    "canary-in-words",
    "canary-glued",
    "canary-in-auth",
    "canary-in-script",
];

/// Containers as `docker run` makes them: the end of the name, and what follows it. `%` is the
/// lab's prefix.
const CONTAINERS: &[(&str, &str)] = &[
    ("plain", "IMAGE sleep 1000"),
    (
        "web",
        "-p 127.0.0.1:18380:80 -p 18381:81/udp -e A=1 -e D=a$b -e DB_PASSWORD=canary-of-web \
         -e URL=postgres://u:canary-in-url@db/x --label tier=front --restart unless-stopped \
         --network %zoo --network-alias www --expose 99 IMAGE sleep 1000",
    ),
    (
        "db",
        "-v %data:/data -v /opt:/host:ro --tmpfs /scratch:size=1m -m 64m --memory-swap 128m \
         --memory-reservation 32m --cpus 0.5 --pids-limit 50 --cpu-shares 512 --user 1000:1000 \
         -e DB_PASSWORD=canary-of-db -w /data --network %fixed --ip 10.203.77.10 --health-cmd true \
         --health-interval 7s --health-retries 2 --health-start-period 1500ms IMAGE sh -c \
         echo_$HOME;exec_sleep_1000",
    ),
    (
        "caps",
        "--cap-add NET_ADMIN --cap-drop ALL --security-opt no-new-privileges \
         --ulimit nofile=100:200 --ulimit nproc=50 --sysctl net.ipv4.ip_forward=0 \
         --device /dev/null:/dev/xnull:r --group-add 5 --init --read-only --oom-score-adj 100 \
         IMAGE sleep 1000",
    ),
    (
        "names",
        "--dns 192.0.2.1 --dns-search example.org --dns-option ndots:2 --add-host h:192.0.2.9 \
         -h myhost --domainname d.example IMAGE sleep 1000",
    ),
    (
        "log",
        "--log-driver json-file --log-opt max-size=1m --log-opt max-file=2 --shm-size 1m \
         --stop-signal SIGINT --stop-timeout 3 -t -i --restart on-failure:3 IMAGE sleep 1000",
    ),
    ("host", "--network host --pid host --ipc host --uts host --entrypoint sleep IMAGE 1000"),
    (
        "member",
        "--network container:%web --pid container:%web --volumes-from %db:ro IMAGE sleep 1000",
    ),
    ("linked", "--link %plain:pl IMAGE sleep 1000"),
    (
        "mounts",
        "--mount type=bind,src=/opt,dst=/m,bind-propagation=private \
         --mount type=tmpfs,dst=/t,tmpfs-size=1048576,tmpfs-mode=1770 \
         --mount type=volume,src=%data,dst=/v,volume-nocopy --network none IMAGE sleep 1000",
    ),
    ("cleared", "--no-healthcheck --blkio-weight 0 --cpuset-cpus 0 IMAGE sleep 1000"),
    ("words", "IMAGE sh -c exec_sleep_1000 --token canary-in-words"),
    (
        "glued",
        "--health-cmd exec_true_-pcanary-glued --label x.basicauth.users=u:canary-in-auth -e \
         OPTS=--token=canary-in-script IMAGE sh -c exec_sleep_1000 -pcanary-glued --auth \
         u:canary-in-auth $canary",
    ),
    ("both", "--network %zoo IMAGE sleep 1000"),
];

/// Makes all of them. Blanks in a word are `_`.
fn run_all(lab: &Lab) -> Vec<String> {
    docker(&["network", "create", &lab.of("zoo")]);
    docker(&["network", "create", "--subnet", "10.203.77.0/24", &lab.of("fixed")]);
    docker(&["volume", "create", &lab.of("data")]);
    let names = CONTAINERS.iter().map(|(end, call)| {
        let name = lab.of(end);
        let call = call.replace('%', &lab.of(""));
        let words: Vec<String> = call
            .split_whitespace()
            .map(|word| match word {
                "IMAGE" => IMAGE.to_owned(),
                word if word.contains("exec_") => word.replace('_', " "),
                word => word.to_owned(),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        docker(&[&["run", "-d", "--name", &name][..], &words].concat());
        name
    });
    let names = names.collect();
    docker(&["network", "connect", &lab.of("fixed"), &lab.of("both")]);
    names
}

/// What the engine says of a container, without its identity and what it invents; `names` has all
/// containers, by their first names.
fn described(name: &str, names: &BTreeMap<String, String>) -> Value {
    let seen = inspect(name);
    let text = |pointer: &str| seen.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let id = text("/Id").to_owned();
    let mut all = Map::new();
    for part in ["Config", "HostConfig"] {
        all.insert(part.to_owned(), Value::Object(members(&seen[part], &id)));
    }
    let mounts = seen["Mounts"].as_array().expect("mounts").iter().map(|mount| {
        let part = |key: &str| mount[key].clone();
        (
            part("Destination").to_string(),
            json!([part("Type"), part("Source"), part("RW"), part("Propagation")]),
        )
    });
    let mounts = mounts.filter(|(_, how)| how[0] != "tmpfs");
    all.insert("Tmpfs".to_owned(), json!(tmpfs(&seen["HostConfig"])));
    all.insert("Mounts".to_owned(), json!(mounts.collect::<BTreeMap<_, _>>()));
    let ports: BTreeSet<String> = seen["Config"]["ExposedPorts"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, _)| k.clone())
        .collect();
    all.insert("ExposedPorts".to_owned(), json!(ports));
    let networks = seen["NetworkSettings"]["Networks"].as_object().expect("networks").iter();
    let networks = networks.map(|(network, how)| {
        let aliases = how["Aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let own = |alias: &&str| {
            !id.starts_with(*alias)
                && !names.contains_key(*alias)
                && !names.values().any(|n| n == *alias)
        };
        let aliases: BTreeSet<&str> = aliases.filter(own).collect();
        (network.clone(), json!([aliases, how["IPAMConfig"]["IPv4Address"]]))
    });
    all.insert("Networks".to_owned(), json!(networks.collect::<BTreeMap<_, _>>()));
    let mut text = Value::Object(all).to_string().replace("\"CAP_", "\"");
    // By the first name of each, whatever others are called by.
    for (old, new) in names {
        let id = super::support::id(new);
        text = text.replace(&id, old).replace(&id[..12], old).replace(new, old);
    }
    serde_json::from_str(&text).expect("JSON")
}

/// Members that say something, without those that say in which form something was asked for.
fn members(part: &Value, id: &str) -> Map<String, Value> {
    let members = part.as_object().expect("an object");
    // How mounts and ports were asked for, and whether a terminal was at the other end.
    let form = [
        "Image",
        "Binds",
        "Mounts",
        "NetworkMode",
        "AttachStdout",
        "AttachStderr",
        "ConsoleSize",
        "Tmpfs",
        "Links",
        "ExposedPorts",
    ];
    let kept = members.iter().filter(|(key, value)| {
        let nothing = [json!(null), json!([]), json!({}), json!(false), json!(0), json!(-1)];
        !form.contains(&key.as_str()) && !nothing.contains(value) && **value != json!("")
    });
    let mut kept: Map<String, Value> = kept.map(|(k, v)| (k.clone(), v.clone())).collect();
    if kept.get("Hostname").and_then(Value::as_str) == id.get(..12) {
        kept.remove("Hostname");
    }
    if let Some(Value::Object(labels)) = kept.get_mut("Labels") {
        labels.retain(|name, _| !name.starts_with("com.docker") && !name.starts_with("reconc"));
    }
    kept.retain(|_, value| *value != json!({}));
    for key in ["Env", "Ulimits", "CapAdd", "CapDrop"] {
        if let Some(Value::Array(items)) = kept.get_mut(key) {
            items.sort_by_key(ToString::to_string);
        }
    }
    kept
}

/// Memory file systems, in whichever of two forms they were asked for.
fn tmpfs(host: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let short = host["Tmpfs"].as_object().into_iter().flatten();
    let mut all: BTreeMap<_, _> = short.map(|(at, how)| (at.clone(), text(how))).collect();
    let long = host["Mounts"].as_array().into_iter().flatten();
    for mount in long.filter(|mount| mount["Type"] == "tmpfs") {
        let options = &mount["TmpfsOptions"];
        let mode = options["Mode"].as_u64().unwrap_or_default();
        let how = format!("size={},mode={mode:o}", options["SizeBytes"]);
        all.insert(text(&mount["Target"]), how);
    }
    all
}

#[test]
fn what_is_made_from_the_file_is_what_it_describes() {
    let lab = Lab::new("adopt");
    let names = run_all(&lab);
    let values = lab.folder().join("values.env");
    let call = ["adopt", "--name", &lab.id("abc"), "-o", "json", "--env-out"];
    let call = [&call[..], &[values.to_str().expect("text")]].concat();
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let adopted = lab.run(&[&call[..], &words].concat()).exits(0);
    assert!(CANARIES.iter().all(|it| !adopted.to_string().contains(it)), "{adopted}");
    let mode = std::fs::metadata(&values).expect("values").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let written = std::fs::read_to_string(&values).expect("values");
    assert!(CANARIES.iter().all(|it| written.contains(it)), "{written}");

    // The differ is the first oracle: it has nothing to note.
    let result: Value = serde_json::from_str(&adopted.stdout).expect("JSON");
    let services = result["services"].as_object().expect("services");
    assert_eq!(services.len(), CONTAINERS.len());
    for (service, about) in services {
        assert_eq!(about["not_carried"], json!([]), "{service}: {adopted}");
    }
    let file = result["file"].as_str().expect("a file");
    lab.stack("abc", file);
    lab.file("abc", ".env", &written);
    let folder = lab.folder_of("abc").display().to_string();
    lab.run(&["validate", &folder]).exits(0);
    lab.run(&["fmt", "--check", &format!("{folder}/compose.yaml")]).exits(0);

    // The engine is the second.
    let first: BTreeMap<_, _> = names.iter().map(|name| (name.clone(), name.clone())).collect();
    let before: BTreeMap<_, _> =
        names.iter().map(|name| (name.clone(), described(name, &first))).collect();
    docker(&[&["rm", "-f"][..], &words].concat());
    lab.once().exits(0);
    lab.once().is_quiet();
    let renamed: BTreeMap<String, String> =
        names.iter().map(|name| (name.clone(), format!("{}-{name}-1", lab.id("abc")))).collect();
    let mut wrong = String::new();
    for (name, before) in before {
        let after = described(&renamed[&name], &renamed);
        if after != before {
            let [before, after] = [before, after].map(|it| format!("{it:#}"));
            let diff = similar::TextDiff::from_lines(&before, &after);
            let _ = writeln!(wrong, "{name}\n{}", diff.unified_diff());
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{file}");
}
