# The only door: `make help` lists what is behind it.
#
# Everything works on a fresh Debian machine as root with make and Rust (rustfmt, clippy);
# what else is needed is installed, and named, by scripts/lab-install and the target `nextest`.
# Nothing is left running.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
CARGO ?= cargo
# Simulated seeds of one `make sim`: how many, or `FROM..TO`.
SEEDS ?= 10000
TESTS := $(CARGO) nextest run --workspace --features live --no-fail-fast
# Live tests mostly wait: for grace periods, health checks, engines.
LIVE := $(TESTS) --offline --test-threads 6
# What runs on the newest engine: what only it can do, and of everything else a part.
NEWEST := test(/^newest::/) + test(/^both::c(01|02|12|14|19|26|49|50|54|55|56|57)$$/) \
  + (binary(live_once) & test(/^(converge::|attributes::every|build::an_image|logins::)/))

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## the main job on real containers: deploy desired-state/, kill one, see it return, scale
	@scripts/demo

.PHONY: test
test: ## all tests, the live ones on a private Docker engine and a private Consul
	scripts/lab-install --registry --newest
	$(MAKE) check
	$(MAKE) unit
	$(MAKE) conformance
# The live tests wait most of the time, the simulator never does.
	$(MAKE) --jobs 2 sim live

# Debian has no package of it.
.PHONY: nextest
nextest:
	@$(CARGO) nextest --version >/dev/null 2>&1 || { \
	  echo "cargo nextest is not here; installing it for this user: cargo install --locked cargo-nextest"; \
	  $(CARGO) install --locked cargo-nextest; }

.PHONY: check
check: ## every day: format and lints
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --workspace --all-targets --features live -- -D warnings
	$(CARGO) check --no-default-features --features runtime

.PHONY: unit
unit: nextest ## plan tables, loader, command line: no Docker needed
	$(TESTS) -E 'not binary(/^live/) and not binary_id(reconciler::sim)'

.PHONY: conformance
conformance: ## how much of Docker Compose's normal form, refusals and config hashes is equal
	$(CARGO) test --workspace --features live --test conformance -- --nocapture

.PHONY: sim
sim: ## SEEDS simulated worlds with crashes and lost answers, each run twice
	RECONCILER_SIM_SEEDS=$(SEEDS) $(CARGO) test --profile sim --no-default-features --test sim -- --nocapture

.PHONY: live
live: nextest ## the live tests alone
	RECONCILER_IMAGE_PROFILE=dev scripts/image --binary
	$(CARGO) build --workspace --features live --tests --bins
	plugin=$$(scripts/lab-install --compose) && RECONCILER_LAB_COMPOSE=$$plugin \
	  scripts/with-lab --consul --tls --registry -- $(LIVE) -E 'binary(/^live/) - binary(/^live_(demo|readme)$$/) - test(/^newest::/)'
	$(MAKE) newest
	scripts/with-lab --consul -- $(LIVE) -E 'binary(live_readme)'
	RECONCILER_BIN=target/debug/reconciler scripts/with-lab --consul -- scripts/demo --inside
	RECONCILER_BIN=$(CURDIR)/target/debug/reconciler \
	  scripts/with-lab --consul -- $(LIVE) -E 'binary(live_demo)'

.PHONY: newest
newest: nextest ## the live tests on the newest engine that Debian has, beside the machine's own
	$(CARGO) build --workspace --features live --tests --bins
	plugin=$$(scripts/lab-install --compose) && RECONCILER_LAB_COMPOSE=$$plugin \
	  scripts/with-lab --newest --consul --registry -- $(LIVE) -E '$(NEWEST)'

.PHONY: image
image: ## the controller's image from a static binary: reconciler:dev
	scripts/image

.PHONY: bench
bench: ## side by side with docker compose and a bare client of the engine's API
	scripts/bench

.PHONY: bench-plan
bench-plan: ## what planning costs for 100 to 10,000 containers: CPU and memory
	$(CARGO) run --release --no-default-features --example bench_plan
