//! Ways in which passwords stand in commands, labels and variables: none of them is printed.

use super::*;

/// Part of each secret here; a value may have signs around it that are hard to read.
const CANARY: &str = "c4nary";

/// Words of a command, separated by ` | `.
const COMMANDS: [&str; 58] = [
    "x | --password | c4nary",
    "x | --password=c4nary",
    "x | --password=c4nary with c4nary blanks",
    "x | --password | /c4nary",
    "x | --password | -c4nary",
    "x | --password | $c4nary",
    "x | -password | c4nary",
    "x | --auth | u:c4nary",
    "x | --set | db.password=c4nary;c4nary",
    "redis-server | --requirepass | c4nary | --masterauth | c4nary",
    "redis-cli | -a | c4nary | ping",
    "redis-cli | -h | db | -a | c4nary",
    "redis-cli | --pass | c4nary | ping",
    "valkey-cli | -a | c4nary | ping",
    "sh | -c | redis-cli -a c4nary ping \\| grep PONG",
    "sh | -c | exec redis-server --requirepass c4nary --appendonly yes",
    "mysql | -pc4nary | -u | root",
    "mysql | -p/c4nary | -u | root",
    "mysqldump | -passc4nary | db",
    "mysqldump | -pproxy-c4nary | db",
    "mariadb | -ppublic.c4nary | db",
    "mariadb-dump | -pprod-c4nary | db",
    "sh | -c | mysqldump -u root -pprint-c4nary db > /x",
    "curl | -uadmin:c4nary | http://h",
    "curl | --user=admin:c4nary | http://h",
    "sh | -c | curl -fsuadmin:c4nary http://h",
    "mysql | -p | c4nary",
    "mysqladmin | ping | -pproxyc4nary",
    "sqlcmd | -U | sa | -P | c4nary",
    "sshpass | -pc4nary | ssh | h",
    "ldapsearch | -w | c4nary",
    "curl | -u | admin:c4nary | http://h",
    "curl | --user | admin:c4nary",
    "curl | -H | Authorization: Bearer c4nary",
    "curl | -H | X-Api-Key: c4nary c4nary",
    "curl | -H | Authorization:c4nary",
    "curl | --header=Authorization: Basic c4nary",
    "curl | -b | Cookie: a=c4nary; b=c4nary",
    "curl | http://u:c4nary@h/x",
    "curl | https://c4nary@h/x",
    "curl | https://h/x?token=c4nary&a=b",
    "x | amqp://u:p/c4nary@h/v",
    "x | u:c4nary@tcp(db:3306)/x",
    "sh | -c | x --password c4nary --verbose",
    "sh | -c | x --password='c4nary c4nary'",
    "sh | -ec | PGPASSWORD=c4nary psql -h db",
    "sh | -c | PGPASSWORD=\"c4nary c4nary\" psql && A=b x",
    "sh | -c | export TOKEN=a,c4nary; x",
    "sh | -c | echo c4nary \\| docker login --password-stdin",
    "sh | -c | su x -c \"mysql -pc4nary\"",
    "sh | -c | curl -H 'Authorization: Bearer c4nary' http://h",
    "sh | -c | mysql -e \"CREATE USER x IDENTIFIED BY 'c4nary'\"",
    "sh | -c | redis-cli auth c4nary",
    "sh | -c | exec mysqladmin ping -u root -pc4nary \\|\\| exit 1",
    "sh | -c | x \"PASSWORD=c4nary c4nary\" y",
    "sh | -c | x ${TOKEN:-c4nary}",
    "mc | alias | set | x | http://h | u | c4naryXUtnFEMIK7MDENGbPxRfi",
    "openssl | enc | -pass | pass:c4nary",
];

/// Names of variables or labels, and their values.
const NAMED: [(&str, &str); 11] = [
    ("traefik.http.middlewares.a.basicauth.users", "admin:$apr1$c4nary"),
    ("REDIS_AUTH", "c4nary"),
    ("DB_PW", "c4nary"),
    ("SLACK_WEBHOOK", "https://hooks.example/c4nary"),
    ("OPTS", "--a=b --token c4nary"),
    ("URL", "https://ghp_c4nary00000000@h"),
    ("DSN", "u:c4nary@tcp(db)/x"),
    ("CONNECTION", "Server=db;Password=c4nary;Encrypt=true"),
    ("SQL", "Server=db;User Id=sa;Pwd=c4nary"),
    ("JSON", "{\"password\": \"a\\\"c4nary\"}"),
    ("YAML", "password: c4nary c4nary\nuser: x"),
];

/// What Compose would make of a written text.
fn read(written: &str, secrets: &Secrets) -> String {
    let mut text = written.replace("$$", "\0");
    for (name, value) in &secrets.0 {
        text = text.replace(&format!("${{{name}:?}}"), &value.replace('$', "\0"));
    }
    text.replace('\0', "$")
}

#[test]
fn no_password_of_a_command_is_written_and_the_command_means_the_same() {
    let mut wrong = Vec::new();
    for command in COMMANDS {
        let words: Vec<String> =
            command.split(" | ").map(|word| word.replace("\\|", "|")).collect();
        let mut secrets = Secrets::default();
        let written = secrets.words(("web", "COMMAND"), None, &words);
        let read: Vec<String> = written.iter().map(|word| read(word, &secrets)).collect();
        if written.iter().any(|word| word.contains(CANARY)) || read != words {
            wrong.push(format!("{command}: {written:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_password_of_a_label_or_a_variable_is_written() {
    let mut wrong = Vec::new();
    for (name, value) in NAMED {
        let mut secrets = Secrets::default();
        let written = secrets.named("web", name, value);
        if written.contains(CANARY) || read(&written, &secrets) != value {
            wrong.push(format!("{name}: {written}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Wherever a text ends, also in the middle of what a shell would want more of.
#[test]
fn every_text_means_the_same_as_before() {
    let scripts = COMMANDS.iter().map(|command| command.replace(" | ", " ").replace("\\|", "|"));
    let named = NAMED.iter().map(|(name, value)| format!("é {name}=\"{value}' {value}"));
    for text in scripts.chain(named) {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let mut secrets = Secrets::default();
            let written = secrets.text("web", "TEXT", &text[..end]);
            assert_eq!(read(&written, &secrets), &text[..end], "{written} {secrets:?}");
        }
    }
}

#[test]
fn options_belong_to_the_program_of_the_entrypoint() {
    let words = ["-p12345".to_owned()];
    let mut secrets = Secrets::default();
    let mysql = "/usr/bin/mysql".to_owned();
    assert_eq!(secrets.words(("web", "COMMAND"), Some(&mysql), &words), ["-p${PASSWORD:?}"]);
    assert_eq!(secrets.words(("web", "COMMAND"), None, &words), words);
}

#[test]
fn what_is_no_password_stays_readable() {
    let mut wrong = Vec::new();
    for command in [
        "postgres | -p | 5432",
        "x | -port=80 | -path | a",
        "mkdir | -p | data",
        "mysql | --port=3306 | -P | 3306",
        "sort | -uk2 | -u:x",
        "curl | -u1000:1000 | -fsS | http://h:80",
        "sh | -c | mkdir -p data && exec x",
        "sh | -c | cat /run/secrets/db | x",
        "x | --password-file | /run/secrets/db",
        "x | --password | /run/secrets/db",
        "x | --user | 1000:1000",
        "docker | run | nginx:1.27@sha256:0a0a0a",
        "x | http://keycloak:8080/a@b",
        "x | keycloak:8080",
        "git | clone | ssh://git@h/x",
        "x | --no-password | --host | db",
        "traefik | --entrypoints.web.address=:80",
    ] {
        let words: Vec<String> = command.split(" | ").map(str::to_owned).collect();
        let mut secrets = Secrets::default();
        let written = secrets.words(("web", "COMMAND"), None, &words);
        if written != words {
            wrong.push(format!("{command}: {written:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut secrets = Secrets::default();
    let script = ["sh", "-c", "x --password $DB_PASSWORD"].map(str::to_owned);
    let written = secrets.words(("web", "COMMAND"), None, &script);
    assert_eq!(written[2], "x --password $$DB_PASSWORD");
}
