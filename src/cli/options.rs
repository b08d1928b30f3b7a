//! The settings, each declared once: its name in `--config FILE`, its flag, its
//! variable and its meaning. A test holds the three names together.
//!
//! Which one counts: flag, then `RECONCILER_*`, then the file, then the default.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use serde::Deserialize;

use super::console::Color;
use super::span::Span;
use super::values::{Approval, Grant, Listen, LogFormat, Percent};

/// Declares a group of settings. Each is an option here: `None` means that this layer
/// says nothing about it.
macro_rules! layer {
    (
        $(#[doc = $about:literal])*
        $group:ident, $heading:literal;
        $( $(#[$meta:meta])* $key:literal $field:ident: $type:ty, )+
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, Default, Args, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[command(next_help_heading = $heading)]
        pub(super) struct $group {
            $( $(#[$meta])* #[serde(rename = $key)] pub(super) $field: Option<$type>, )+
        }

        impl $group {
            /// The names of the settings in the file.
            pub(super) const KEYS: &[&str] = &[$($key),+];

            /// These settings, and those of a lower layer where this one says nothing.
            pub(super) fn or(self, lower: Self) -> Self {
                Self { $( $field: self.$field.or(lower.$field), )+ }
            }
        }
    };
}

layer! {
    /// Where desired state comes from.
    SourceOptions, "Source";
    /// A folder, a stack file, or the URL of a git repository [default: the current folder]
    #[arg(help_heading = None, value_name = "PATH|URL", env = "RECONCILER_SOURCE", hide_env = true)]
    "source" source: String,
    /// Treat a local folder as a git repository: read commits, not the working tree
    #[arg(
        long, env = "RECONCILER_GIT", hide_env = true, value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(),
        hide_possible_values = true
    )]
    "git" git: bool,
    /// Branch, tag or commit [default: the branch that the repository's HEAD names]
    #[arg(long = "ref", env = "RECONCILER_REF", hide_env = true, value_name = "REF")]
    "ref" reference: String,
    /// Folder or stack file inside the repository [default: its root]
    #[arg(long, env = "RECONCILER_PATH", hide_env = true, value_name = "PATH")]
    "path" path: String,
    /// How often to look for news, for example `10s` or `1m30s` [default: 10s]
    #[arg(long, env = "RECONCILER_POLL", hide_env = true, value_name = "SPAN")]
    "poll" poll: Span,
    /// Your name for the source; deployments belong to it [default: what it is read from]
    #[arg(long, env = "RECONCILER_SOURCE_NAME", hide_env = true, value_name = "NAME")]
    "source_name" source_name: String,
    /// File with the password or token for https; or the token itself in `RECONCILER_GIT_TOKEN`
    #[arg(long, env = "RECONCILER_GIT_TOKEN_FILE", hide_env = true, value_name = "FILE")]
    "git_token_file" git_token_file: PathBuf,
    /// User name for https and ssh [default: what the URL says, else `x-access-token` or `git`]
    #[arg(long, env = "RECONCILER_GIT_USER", hide_env = true, value_name = "NAME")]
    "git_user" git_user: String,
    /// Private key for ssh [default: the ssh agent, then the keys in `~/.ssh`]
    #[arg(long, env = "RECONCILER_SSH_KEY", hide_env = true, value_name = "FILE")]
    "ssh_key" ssh_key: PathBuf,
    /// File with the private key's passphrase
    #[arg(long, env = "RECONCILER_SSH_PASSPHRASE_FILE", hide_env = true, value_name = "FILE")]
    "ssh_passphrase_file" ssh_passphrase_file: PathBuf,
    /// Host keys for ssh; unknown hosts are refused [default: `~/.ssh/known_hosts`]
    #[arg(long, env = "RECONCILER_KNOWN_HOSTS", hide_env = true, value_name = "FILE")]
    "known_hosts" known_hosts: PathBuf,
    /// Where fetched commits are kept [default: `~/.cache/reconciler`]
    #[arg(long, env = "RECONCILER_CACHE_DIR", hide_env = true, value_name = "FOLDER")]
    "cache_dir" cache_dir: PathBuf,
}

layer! {
    /// What the authors of stacks may ask of the host and of our environment.
    TrustOptions, "Trust";
    /// Let stacks see this environment variable; may be repeated
    #[arg(long, env = "RECONCILER_ENV", hide_env = true, value_name = "NAME", value_delimiter = ',')]
    "env" env: Vec<String>,
    /// Grant a deployment something of the host, for example `abc:bind=/srv/data`; `*` is
    /// every deployment; may be repeated
    #[arg(long, env = "RECONCILER_ALLOW", hide_env = true, value_name = "DEPLOYMENT:DEMAND", value_delimiter = ',')]
    "allow" allow: Vec<Grant>,
    /// Grant everything: every author of the stacks becomes root of the host [default: only for a
    /// local path that is given to `plan`, `apply` or `--once`; never for git or a controller]
    #[arg(
        long, env = "RECONCILER_TRUST_STACKS", hide_env = true, value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(),
        hide_possible_values = true
    )]
    "trust_stacks" trust_stacks: bool,
    /// Services that one stack may have [default: 5000]
    #[arg(long, env = "RECONCILER_MAX_SERVICES", hide_env = true, value_name = "NUMBER")]
    "max_services" max_services: u32,
    /// Replicas that one service may have [default: 1000]
    #[arg(long, env = "RECONCILER_MAX_REPLICAS", hide_env = true, value_name = "NUMBER")]
    "max_replicas" max_replicas: u32,
    /// Replicas that all services of one deployment may have [default: 10000]
    #[arg(long, env = "RECONCILER_MAX_CONTAINERS", hide_env = true, value_name = "NUMBER")]
    "max_containers" max_containers: u32,
}

layer! {
    /// The engines, Consul, and who we are to them.
    WorldOptions, "Engines and Consul";
    /// Whose containers are ours: one name per controller or group of controllers [default: default]
    #[arg(long, env = "RECONCILER_INSTALLATION", hide_env = true, value_name = "NAME")]
    "installation" installation: String,
    /// File with a secret from which the masks of sensitive values are made; without one,
    /// who guesses a value can confirm it by its mask
    #[arg(long, env = "RECONCILER_MASK_KEY_FILE", hide_env = true, value_name = "FILE")]
    "mask_key_file" mask_key_file: PathBuf,
    /// The engine of deployments that name none. `local` is what `DOCKER_HOST` says, others
    /// are in the configuration file [default: local]
    #[arg(long, env = "RECONCILER_ENGINE", hide_env = true, value_name = "NAME")]
    "engine" engine: String,
    /// Consul's HTTP address, for example `http://127.0.0.1:8500` [default: `CONSUL_HTTP_ADDR`,
    /// else no Consul]
    #[arg(long, env = "RECONCILER_CONSUL", hide_env = true, value_name = "ADDR")]
    "consul" consul: String,
    /// File with Consul's ACL token [default: `CONSUL_HTTP_TOKEN_FILE` or `CONSUL_HTTP_TOKEN`]
    #[arg(long, env = "RECONCILER_CONSUL_TOKEN_FILE", hide_env = true, value_name = "FILE")]
    "consul_token_file" consul_token_file: PathBuf,
    /// Certificate authority of Consul's https address [default: `CONSUL_CACERT`]
    #[arg(long, env = "RECONCILER_CONSUL_CACERT", hide_env = true, value_name = "FILE")]
    "consul_cacert" consul_cacert: PathBuf,
    /// Logins at registries, as `docker login` writes them [default: `config.json` in
    /// `DOCKER_CONFIG`, else in `~/.docker`]
    #[arg(long, env = "RECONCILER_REGISTRY_CONFIG", hide_env = true, value_name = "FILE")]
    "registry_config" registry_config: PathBuf,
    /// DNS servers that answer for Consul, given to new containers; may be repeated
    #[arg(long, env = "RECONCILER_CONSUL_DNS", hide_env = true, value_name = "IP", value_delimiter = ',')]
    "consul_dns" consul_dns: Vec<std::net::IpAddr>,
}

layer! {
    /// What a pass may do.
    PassOptions, "Pass";
    /// Approve removals by the digest that the plan prints; may be repeated
    #[arg(long, env = "RECONCILER_APPROVE", hide_env = true, value_name = "DIGEST", value_delimiter = ',')]
    "approve" approve: Vec<Approval>,
    /// Removing several deployments with more than this percentage of a source's containers needs an
    /// approval; all of them, or all services of one, always do [default: 50]
    #[arg(long, env = "RECONCILER_PRUNE_SHARE", hide_env = true, value_name = "PERCENT")]
    "prune_share" prune_share: Percent,
}

layer! {
    /// What only `--once` has.
    OnceOptions, "Pass";
    /// How long `--once` may take, waiting for health included [default: 10m]
    #[arg(long, env = "RECONCILER_DEADLINE", hide_env = true, value_name = "SPAN")]
    "deadline" deadline: Span,
}

layer! {
    /// What only the controller has.
    ControllerOptions, "Controller";
    /// How often to look at everything although nothing was reported [default: 1m]
    #[arg(long, env = "RECONCILER_RESYNC", hide_env = true, value_name = "SPAN")]
    "resync" resync: Span,
    /// How long what a watched folder lacks must be absent before it is removed [default: 5s]
    #[arg(long, env = "RECONCILER_PRUNE_DELAY", hide_env = true, value_name = "SPAN")]
    "prune_delay" prune_delay: Span,
}

layer! {
    /// Where the controller answers.
    ListenOptions, "Controller";
    /// Address of /livez, /readyz, /healthz and /status, or `off` [default: 127.0.0.1:8620]
    #[arg(long, env = "RECONCILER_LISTEN", hide_env = true, value_name = "ADDR")]
    "listen" listen: Listen,
}

layer! {
    /// What is printed besides results.
    LogOptions, "Output";
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter as in `RUST_LOG` [default: `RUST_LOG`,
    /// else `info` for the controller and `warn` for everything else]
    #[arg(long, global = true, env = "RECONCILER_LOG_LEVEL", hide_env = true, value_name = "LEVEL")]
    "log_level" log_level: String,
    /// Form of the logs on stderr [default: text]
    #[arg(long, global = true, env = "RECONCILER_LOG_FORMAT", hide_env = true, value_name = "FORMAT", ignore_case = true)]
    "log_format" log_format: LogFormat,
    /// When to colour [default: auto]
    #[arg(long, global = true, env = "RECONCILER_COLOR", hide_env = true, value_name = "WHEN")]
    "color" color: Color,
}

/// Whether a configuration file may have this key.
pub(super) fn is_setting(key: &str) -> bool {
    let all = [
        SourceOptions::KEYS,
        TrustOptions::KEYS,
        WorldOptions::KEYS,
        PassOptions::KEYS,
        OnceOptions::KEYS,
        ControllerOptions::KEYS,
        ListenOptions::KEYS,
        LogOptions::KEYS,
    ];
    all.into_iter().any(|keys| keys.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags of a group, each as `(key in the file, flag, variable)`.
    fn names<G: Args>() -> Vec<(String, Option<String>, Option<String>)> {
        let command = G::augment_args(clap::Command::new("x"));
        let name = |arg: &clap::Arg| {
            let env = arg.get_env().map(|env| env.to_string_lossy().into_owned());
            (
                arg.get_long().unwrap_or("source").replace('-', "_"),
                arg.get_long().map(str::to_owned),
                env,
            )
        };
        command.get_arguments().map(name).collect()
    }

    #[test]
    fn a_setting_has_one_name_in_the_file_as_a_flag_and_as_a_variable() {
        macro_rules! check {
            ($($group:ident),+) => {$(
                let all = names::<$group>();
                assert_eq!(all.len(), $group::KEYS.len());
                for ((key, flag, env), declared) in all.iter().zip($group::KEYS) {
                    assert_eq!(key, declared, "the flag {flag:?} and the key differ");
                    let expected = format!("RECONCILER_{}", key.to_uppercase());
                    assert_eq!(env.as_deref(), Some(expected.as_str()));
                }
            )+};
        }
        check!(
            SourceOptions,
            TrustOptions,
            WorldOptions,
            PassOptions,
            OnceOptions,
            ControllerOptions,
            ListenOptions,
            LogOptions
        );
    }

    #[test]
    fn the_higher_layer_counts_where_it_says_something() {
        let span = |text: &str| Some(text.parse::<Span>().expect("a span"));
        let high = SourceOptions { poll: span("5s"), ..SourceOptions::default() };
        let low = SourceOptions { poll: span("9s"), git: Some(true), ..SourceOptions::default() };
        let both = high.or(low);
        assert_eq!((both.poll, both.git), (span("5s"), Some(true)));
    }
}
