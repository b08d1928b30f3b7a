//! Keys of a stack that need no grant, and why not.

use super::{Keys, row};

/// In the order in which they are published.
pub(super) const TABLE: &[Keys] = &[
    row(
        "isolation",
        &["build.entitlements", "build.privileged", "build.isolation"],
        None,
        "an engine's own call cannot grant it, so that a stack that asks for more is refused",
        &[("isolation: default", "", &[])],
    ),
    row(
        "build.args",
        &[
            "build.args",
            "build.cache_from",
            "build.cache_to",
            "build.dockerfile",
            "build.dockerfile_inline",
            "build.extra_hosts",
            "build.labels",
            "build.no_cache",
            "build.platforms",
            "build.pull",
            "build.secrets",
            "build.shm_size",
            "build.tags",
            "build.target",
        ],
        None,
        "a build runs as confined as a container. It may give an image any name: let \
         deployments that do not trust each other name images by digest, or use engines of \
         their own",
        &[("build: {dockerfile_inline: FROM a, args: {A: b}, tags: ['b:1']}", "", &[])],
    ),
    row(
        "image",
        &["image", "platform", "pull_policy", "build", "mount.image"],
        None,
        "any image may run, because what it may do is for the other keys to say; which registries \
         there are logins for is the operator's",
        &[("pull_policy: always", "", &[])],
    ),
    row(
        "process",
        &[
            "command",
            "entrypoint",
            "environment",
            "healthcheck",
            "post_start",
            "pre_start",
            "pre_stop",
        ],
        None,
        "it shapes what runs inside of the container",
        &[("command: [a]\nhealthcheck: {test: a}\ncap_drop: [ALL]\ntty: true", "", &[])],
    ),
    row(
        "user",
        &[],
        None,
        "root of a container is what the engine's confinement is made for; a group is no more",
        &[("user: root\ngroup_add: [docker]", "", &[])],
    ),
    row(
        "limits",
        &["tmpfs", "mount.tmpfs"],
        None,
        "limits only take away from what a container may use without them; memory counts as \
         the container's",
        &[("mem_limit: 64m\ncpus: 0.5\ntmpfs: ['/x']", "", &[])],
    ),
    row(
        "names",
        &[
            "expose",
            "links",
            "mac_address",
            "networks",
            "attachment.aliases",
            "attachment.gw_priority",
            "attachment.interface_name",
            "attachment.ipv4_address",
            "attachment.ipv6_address",
            "attachment.link_local_ips",
            "attachment.mac_address",
            "attachment.priority",
            "network.ipam.config.aux_addresses",
            "network.ipam.config.gateway",
            "network.ipam.config.ip_range",
        ],
        None,
        "names and addresses inside of the deployment's own networks; those of others need a \
         grant already",
        &[("dns: [10.0.0.1]\nextra_hosts: ['a:10.0.0.1']\nhostname: a", "", &[])],
    ),
    row(
        "ports",
        &["ports", "container_name"],
        None,
        "a port or name that is taken stays with its holder; which ports the network lets through \
         is the operator's to say",
        &[("ports: ['80:80']\ncontainer_name: web", "", &[])],
    ),
    row(
        "labels",
        &["labels", "mount.volume.labels"],
        None,
        "labels give no rights. A program of the host that acts on labels of containers must \
         itself know whose it trusts",
        &[("labels: {a: b}", "", &[])],
    ),
    row(
        "configs",
        &["configs", "secrets"],
        None,
        "files of the tree or of the deployment's own variables; a `file` elsewhere is a bind",
        &[("configs: [c]", "configs: {c: {content: a}}", &[])],
    ),
    row(
        "volumes",
        &[
            "volumes",
            "mount.target",
            "mount.read_only",
            "mount.consistency",
            "mount.bind.selinux",
            "mount.volume.nocopy",
            "mount.volume.subpath",
        ],
        None,
        "it shapes a mount whose source is granted or the deployment's own",
        &[("volumes: [{type: volume, target: /x, volume: {nocopy: true}}]", "", &[])],
    ),
    row(
        "depends_on",
        &["depends_on", "deploy", "restart", "scale", "x-reconciler"],
        None,
        "order and number of the deployment's own containers",
        &[("restart: always\nscale: 2", "", &[])],
    ),
];
