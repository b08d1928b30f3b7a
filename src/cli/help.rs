//! What `--help` shows below the options: calls to learn from, and the exit codes.

use std::fmt::Write as _;

use super::exit;

/// Of the program.
pub(super) const RUN: &str = "\
  reconciler plan                           what would change for the stacks in this folder, and why
  reconciler --once                         do it, wait for health, end with an exit code
  reconciler --once shop/compose.yaml       the same for one stack
  reconciler run https://git.example/ops/stacks.git --ref main --poll 30s
                                            keep engines as the repository says
  reconciler validate                       check the files, without an engine
  reconciler sim                            play it on a simulated engine

Every setting can be given as a flag, as a variable (--poll is RECONCILER_POLL) or in
--config FILE (`poll: 10s`); a flag counts before a variable, a variable before the file.";

/// Of `run`.
pub(super) const CONTROLLER: &str = "\
  reconciler run /srv/stacks                watch a folder
  reconciler run https://git.example/ops/stacks.git --ref main --poll 30s
                                            keep engines as the repository says
  reconciler run stacks --consul http://127.0.0.1:8500
                                            also the catalog; of several controllers one acts
  reconciler run --config /etc/reconciler/config.yaml --log-format json

It ends at SIGTERM and SIGINT; containers stay. What it does is its log; `reconciler status` asks it.";

/// Of `plan`.
pub(super) const PLAN: &str = "\
  reconciler plan                           for the stacks in this folder
  reconciler plan shop/compose.yaml         for one stack
  reconciler plan --git --ref main          for a commit of the repository in this folder
  reconciler plan --detailed-exitcode       exit with 2 if there is something to do
  reconciler plan --steps                   every call and wait, and what waits for what
  reconciler plan --only abc/pricing        print of one service; what is planned is all the same
  reconciler plan --out shop.plan           a file that `reconciler apply shop.plan` applies
  reconciler plan -o json                   for programs
  reconciler plan -o markdown               for the comment of a merge request";

/// Of `diff`.
pub(super) const DIFF: &str = "\
  reconciler diff                           of all deployments of the stacks in this folder
  reconciler diff --only abc/pricing        of one service
  reconciler diff -U 100                    with everything that is equal
  reconciler diff --detailed-exitcode       exit with 2 if something differs
  reconciler diff -o json                   for programs

Both sides are in normal form, as the plan compares them: with the defaults of image and engine,
without what says nothing. Sensitive values are masked, equally for equal ones. That a container
does not run, or an image is to be pulled anew, is no difference of normal forms: `plan` tells.";

/// Of `apply`.
pub(super) const APPLY: &str = "\
  reconciler apply                          show what would change, ask, and apply it
  reconciler apply --yes shop/compose.yaml  the same for one stack, without asking
  reconciler plan --out shop.plan stacks    later, or after a review:
  reconciler show shop.plan
  reconciler apply shop.plan                exactly that plan, or nothing and exit code 75

A plan file remembers the source that it was made from, without a login. All other settings come
from the command line, the environment and --config, and have to be those that it was made with.";

/// Of `show`.
pub(super) const SHOW: &str = "\
  reconciler show shop.plan                 what `reconciler plan --out shop.plan` printed
  reconciler show shop.plan -o json         for programs; its `plan` is as in `plan -o json`";

/// Of `validate`.
pub(super) const VALIDATE: &str = "\
  reconciler validate                       all deployments of this folder
  reconciler validate shop notebooks        of several folders or stack files
  reconciler validate --policy --allow abc:bind=/srv/data
                                            warn about what else is asked of the host
  reconciler validate -o json               for programs; each message has its place and code
  reconciler explain E0501                  what a code means

A deployments.yaml stands for its folder, a compose.override.yaml for the stack beside it.";

/// Of `grants`.
pub(super) const GRANTS: &str = "\
  reconciler grants                         of the stacks in this folder
  reconciler grants https://git.example/ops/stacks.git >> config.yaml
                                            look through it, and take out what shall not be
  reconciler grants -o json                 for programs

What depends on an engine is taken for the worst: a container that a stack names is another's.";

/// Of `adopt`.
pub(super) const ADOPT: &str = "\
  reconciler adopt web db                   a stack file for two containers
  reconciler adopt --name shop --env-out shop/.env web db > shop/compose.yaml
                                            the same, and the values of secrets in a file
  reconciler adopt $(docker ps -q)          for all that run
  reconciler adopt web -o json              for programs

It reads, and changes nothing. The file is compared with the containers as drift is: a comment
names each field that it does not carry.";

/// Of `init`.
pub(super) const INIT: &str = "\
  reconciler init                           in the current folder
  reconciler init --print stacks            show what would be written
  reconciler init -o json stacks            for programs: what was written, what was left

A configuration in which every setting is a comment, the controller's Compose file, pipelines for
GitHub and GitLab, and a stack to begin with where there is none.";

/// Of `import`.
pub(super) const IMPORT: &str = "\
  reconciler import . > deployments.yaml    of the .doco-cd.yaml or stacks.yaml in this folder
  reconciler import --from portainer stacks.json
                                            of what `GET /api/stacks` answered
  reconciler import -o json stacks.yaml     for programs

Settings for the operator's configuration, and what has no word here, are comments.";

/// Of `config`.
pub(super) const CONFIG: &str = "\
  reconciler config                         of the stack in this folder or a parent folder
  reconciler config -f base.yaml -f prod.yaml --profile debug --format json
  reconciler -p shop --env-file prod.env config web
                                            of one service and what it depends on
  reconciler config --hash '*'              the hashes by which Compose knows a change
  reconciler config -q                      only whether it is valid
  diff <(docker compose config) <(reconciler config)

References see the whole environment, the .env file and --env-file. Compose's variables
COMPOSE_FILE, COMPOSE_PATH_SEPARATOR, COMPOSE_PROJECT_NAME, COMPOSE_PROFILES,
COMPOSE_ENV_FILES and COMPOSE_DISABLE_ENV_FILE count as they do there.";

/// Of `fmt`.
pub(super) const FMT: &str = "\
  reconciler fmt compose.yaml               format the file
  reconciler fmt --check */compose.yaml     in CI: exit with 1 if one is not formatted
  reconciler fmt --diff compose.yaml        show what would change
  reconciler fmt - < compose.yaml           in an editor: standard input to standard output

Comments, anchors, tags, quotes and the order of keys stay; indentation becomes 2, also of
lists; blanks at line ends go, and of several empty lines one stays. What comes out is read
again and must mean the same, otherwise the file is left as it is.";

/// Of `explain`.
pub(super) const EXPLAIN: &str = "\
  reconciler explain                        all codes
  reconciler explain E0501                  one of them, with an example and its remedy
  reconciler explain shop-web-1             whose a container is, what asks for it, what differs
  reconciler explain shop/web               likewise a service, a network or a volume

What is of no deployment of this installation is foreign, and never changed.";

/// Of `schema`.
pub(super) const SCHEMA: &str = "\
  reconciler schema > stack.schema.json
  reconciler schema deployments > deployments.schema.json
  reconciler schema plan                    of `reconciler plan -o json`

In a file, a first line such as
  # yaml-language-server: $schema=stack.schema.json
lets editors complete its keys and underline what is wrong.";

/// Of `sim`.
pub(super) const SIM: &str = "\
  reconciler sim                            play the stacks in this folder
  reconciler sim shop/compose.yaml          play one stack";

/// Of `status`.
pub(super) const STATUS: &str = "\
  reconciler status                         everything of this installation, as a tree
  reconciler status shop                    of one deployment; a service: shop/web
  reconciler status --source stacks         also in what it is not as these stacks say
  reconciler status --listen 127.0.0.1:9000 with what the controller there knows
  reconciler status -o json                 for programs

It looks by itself, and asks a controller on this machine, if one answers, for what only that
knows: whether it acts, what it puts off and what failed last.";

/// Of `ps`.
pub(super) const PS: &str = "\
  reconciler ps                             what runs, and what should and does not
  reconciler ps -a                          also what ended, and may
  reconciler ps shop/web                    of one service
  docker logs $(reconciler ps -q shop/web/1)
                                            with -q only ids";

/// Of `history`.
pub(super) const HISTORY: &str = "\
  reconciler history                        the last rollouts of each deployment
  reconciler history shop                   of one
  reconciler history shop -o json           for programs

The ledger remembers the last 20 of each deployment: the commit, its author and subject, what it
changed, how it ended and how long it took. Attempts at one revision are one rollout.";

/// Of `rollback`.
pub(super) const ROLLBACK: &str = "\
  reconciler rollback shop                  to what worked before
  reconciler rollback shop 3f2a9c1          to that revision, if it is one of the last 5 that worked
  reconciler resume shop                    follow the source again

Images, configs and scale are those of then, also if git no longer has the commit; no job runs
again. `reconciler plan` prints what the source says, which is done after `resume`.";

/// Of `pause`.
pub(super) const PAUSE: &str = "\
  reconciler pause shop                     nothing is changed, repaired or removed
  reconciler resume shop                    follow the source again";

/// Of `resume`.
pub(super) const RESUME: &str = "\
  reconciler resume shop                    follow the source again

A revision whose rollout failed is not tried again until another one changes the deployment, or
until this is called.";

/// Of `stack`.
pub(super) const STACK: &str = "\
  reconciler stack ls                       each deployment: replicas, sync, health, revision
  reconciler stack ls --source stacks       also those that are not there yet";

/// Of `service`.
pub(super) const SERVICE: &str = "\
  reconciler service ls                     each service: replicas, health, image, ports
  reconciler service ls shop                of one deployment";

/// Of `ls` below either.
pub(super) const LS: &str = "\
  reconciler stack ls                       each deployment
  reconciler service ls shop                the services of one
  reconciler service ls -o json             for programs";

/// Of `wait`.
pub(super) const WAIT: &str = "\
  reconciler wait shop                      until all of it runs and its checks pass
  reconciler wait shop/web --timeout 90s    of one service; exit with 1 if it takes longer
  reconciler wait --for synced --source stacks
                                            until everything is as the stacks say";

/// Of `logs`.
pub(super) const LOGS: &str = "\
  reconciler logs                           of all containers of this installation
  reconciler logs -f --tail 20 abc/pricing  of a service's replicas, as they come
  reconciler logs --since 10m abc xyz       of two deployments
  reconciler logs --previous abc/pricing/2  what a replica printed before it was restarted
  reconciler logs -o json abc               for programs: one object in each line

What containers write to standard error is printed to standard output, too. Without --follow
lines stand in the order of the engines' clocks, with it in the order in which they arrive.
Secrets are masked, control characters escaped, of a line at most 64 KiB are printed.
As with `docker compose logs --follow`, Ctrl-C ends it with exit code 130. A time without a
zone is UTC.";

/// Of `events`.
pub(super) const EVENTS: &str = "\
  reconciler events                         of the last hour
  reconciler events --follow abc            of a deployment, as they come
  reconciler events --since 10m -o json     for programs: one object in each line

An engine remembers only its last 256 events, health checks included, and none from before its
last start. Ctrl-C ends --follow with exit code 130. A time without a zone is UTC.";

/// Of `doctor`.
pub(super) const DOCTOR: &str = "\
  reconciler doctor                         for the stacks in this folder
  reconciler doctor --config /etc/reconciler/config.yaml
                                            with the settings of a controller
  reconciler doctor -q                      only what is not as it should be
  reconciler doctor -o json                 for programs

Nothing is changed, no registry is contacted, and of a git repository only the branches are
read. The exit code is 1 if something fails; what is only to be known, or could not be looked
at, does not count.";

/// Of `healthcheck`.
pub(super) const HEALTHCHECK: &str = "\
  HEALTHCHECK CMD [\"/reconciler\", \"healthcheck\"]";

/// Of `completion`.
pub(super) const COMPLETION: &str = "\
  source <(reconciler completion bash)
  reconciler completion zsh > ~/.zfunc/_reconciler
  reconciler completion fish > ~/.config/fish/completions/reconciler.fish";

/// Of `man`.
pub(super) const MAN: &str = "\
  reconciler man | man -l -                 read the page of the program
  reconciler man --out ~/.local/share/man/man1
                                            afterwards `man reconciler-plan` shows a verb's
  reconciler man --markdown                 docs/cli.md of this version";

/// What a call without a verb prints; `place` is the place that it names.
pub(super) fn short(command: &clap::Command, place: Option<&str>) -> String {
    let mut text = match place {
        Some(place) => format!(
            "error: there is no verb: what shall become of `{place}`?\n\n\
             \u{20} reconciler plan {place}      shows what would change\n\
             \u{20} reconciler --once {place}    does it, and ends\n\
             \u{20} reconciler run {place}       goes on doing it: the controller\n\n"
        ),
        None => String::new(),
    };
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(text, "{about}\n\n  reconciler VERB [OPTIONS] [PATH|URL]\n\n");
    for verb in command.get_subcommands() {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "  {:<12} {about}", verb.get_name());
    }
    let _ =
        writeln!(text, "  {:<12} Plan, apply, wait for health, end with an exit code", "--once");
    text + "\nBegin with `reconciler plan`: it changes nothing. `reconciler VERB --help` says more.\n"
}

/// Examples and the exit codes.
pub(super) fn examples(calls: &str) -> String {
    format!("Examples:\n  {calls}\n\n{}", exit::TABLE)
}
