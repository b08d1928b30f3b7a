//! What the program reads beside its arguments: variables and files that belong to others, or that
//! no option names.

/// Variables without an option of their own.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("RECONCILER_GIT_TOKEN", "password or token for git over https, instead of a file with it"),
    ("DOCKER_HOST", "address of the engine `local`: `unix:///…` or `tcp://…`"),
    ("DOCKER_CERT_PATH, DOCKER_TLS_VERIFY", "certificates for it, as of `docker`"),
    ("DOCKER_CONFIG", "folder of `config.json` with the logins at registries"),
    (
        "CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE, CONSUL_CACERT",
        "as of `consul`",
    ),
    ("SSH_AUTH_SOCK", "the agent with the keys for git over ssh"),
    ("RUST_LOG", "levels of the log, unless `--log-level` says them"),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM", "whether to colour, unless `--color` says it"),
];

/// Files that no argument names.
pub(super) const FILES: &[(&str, &str)] = &[
    ("compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml, fig.yml", "a stack"),
    ("compose.override.yaml", "what is laid over the stack beside it"),
    ("deployments.yaml", "the deployments of a source, if it has more than one for each stack"),
    ("/var/run/docker.sock", "the engine `local`, unless DOCKER_HOST names another one"),
    ("~/.docker/config.json", "logins at registries"),
    ("~/.ssh/known_hosts", "host keys for git over ssh"),
    ("~/.cache/reconciler", "fetched commits"),
];
