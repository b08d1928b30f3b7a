//! The files that `init` writes beside the configuration.

/// The controller's own Compose file.
pub(super) const CONTROLLER: &str = r#"# The controller itself: `docker compose -f compose.controller.yaml up -d`. It is no deployment of
# its own source, and whoever can change this file is root of the host. `scripts/image` of the
# program's repository makes the image; `source` in reconciler.yaml says what it follows.
services:
  reconciler:
    image: reconciler:dev
    command: [run]
    # Not root; the group of the socket is what lets it in: DOCKER_GROUP is what
    # `stat -c %g /var/run/docker.sock` prints.
    user: "65532:${DOCKER_GROUP:-999}"
    read_only: true
    cap_drop: [ALL]
    security_opt: [no-new-privileges]
    environment:
      RECONCILER_CONFIG: /etc/reconciler/reconciler.yaml
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
      - ./reconciler.yaml:/etc/reconciler/reconciler.yaml:ro
      # Fetched commits; all else is read-only.
      - cache:/var/cache/reconciler
    healthcheck:
      test: [CMD, /reconciler, healthcheck, --quiet]
      interval: 10s
      timeout: 5s
      start_period: 10s
    restart: unless-stopped
    stop_grace_period: 30s
volumes:
  cache:
"#;

/// A workflow of GitHub's.
pub(super) const GITHUB: &str = r#"# The plan of a pull request as a comment, and what is on main applied. The runner is one of your
# own that has `reconciler` and reaches the engine; keep pull requests of forks away from it.
name: reconciler
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
  pull-requests: write
jobs:
  plan:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: [self-hosted, reconciler]
    steps:
      - uses: actions/checkout@v4
      - run: reconciler validate --policy --config reconciler.yaml desired-state
      # Also a plan in which something is withheld is a comment; then the job ends as the plan did.
      - run: |
          code=0
          reconciler plan --config reconciler.yaml --trust-stacks=false -o markdown desired-state > plan.md || code=$?
          test ! -s plan.md || gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file plan.md
          exit $code
        env:
          GH_TOKEN: ${{ github.token }}
          PULL_REQUEST: ${{ github.event.number }}
  apply:
    if: github.event_name == 'push'
    runs-on: [self-hosted, reconciler]
    concurrency: reconciler
    steps:
      - uses: actions/checkout@v4
      - run: reconciler --once --config reconciler.yaml --trust-stacks=false desired-state
"#;

/// A pipeline of GitLab's, to be included.
pub(super) const GITLAB: &str = r#"# `include: [{ local: ci/gitlab.yaml }]` in .gitlab-ci.yml. The runner is one of your own with a
# shell, that has `reconciler` and reaches the engine; keep merge requests of forks away from it.
validate:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  tags: [reconciler]
  script:
    - reconciler validate --policy --config reconciler.yaml desired-state
plan:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  tags: [reconciler]
  script:
    # Also a plan in which something is withheld is a comment; then the job ends as the plan did.
    - code=0
    - reconciler plan --config reconciler.yaml --trust-stacks=false -o markdown desired-state > plan.md || code=$?
    # REPORT_TOKEN is a token of the project that may write comments.
    - >-
      test ! -s plan.md ||
      curl --fail --request POST --header "PRIVATE-TOKEN: $REPORT_TOKEN"
      --data-urlencode "body@plan.md"
      "$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
    - exit $code
  artifacts:
    when: always
    paths: [plan.md]
apply:
  rules:
    - if: $CI_COMMIT_BRANCH == "main"
  tags: [reconciler]
  resource_group: reconciler
  script:
    - reconciler --once --config reconciler.yaml --trust-stacks=false desired-state
"#;

/// A stack to begin with.
pub(super) const STACK: &str = r#"# yaml-language-server: $schema=../../stack.schema.json
# A stack to begin with: its folder's name is the deployment's id.
services:
  web:
    image: nginx:1.27-alpine
    restart: unless-stopped
    ports:
      - "127.0.0.1:8080:80"
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, http://127.0.0.1/]
      interval: 10s
      retries: 3
"#;

/// What git is not to keep: never the stacks' own files, which a git source is read from.
pub(super) const GITIGNORE: &str = r"# `docker compose -f compose.controller.yaml` reads it: values of this machine.
/.env
# What `reconciler plan --out NAME.plan` and the pipelines write.
*.plan
/plan.md
# Private keys and tokens that reconciler.yaml names are no part of a repository.
/*.key
/key.pem
/*.token
# The program keeps no other files here: fetched commits are in ~/.cache/reconciler, and what is
# remembered is in Consul or on the engine. `.env` beside a stack is part of the stack.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_fails_is_a_comment_before_the_job_fails() {
        for (pipeline, comment) in [(GITHUB, "gh pr comment"), (GITLAB, "curl --fail")] {
            let at = |words: &str| pipeline.find(words).expect("it is there");
            assert!(at("> plan.md || code=$?") < at(comment) && at(comment) < at("exit $code"));
        }
    }
}
