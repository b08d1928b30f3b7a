# The controller's image: one static binary on an empty file system, not root.
#
# From source (pulls the Rust image):
#     docker build -t reconciler .
#
# From a binary that is built here, without any base image or network:
#     scripts/image
#
# Run it. The socket's group lets the unprivileged user reach the engine; whoever can
# change this command line is root of the host, with or without us. Fetched commits are
# kept in /var/cache/reconciler, all else is read-only:
#     docker run -d --name reconciler --restart unless-stopped --read-only --cap-drop ALL \
#         --tmpfs /var/cache/reconciler:mode=1777 \
#         --group-add "$(stat -c %g /var/run/docker.sock)" \
#         -v /var/run/docker.sock:/var/run/docker.sock \
#         reconciler run https://git.example/ops/stacks.git

# What both images have in common. The stages that need no base image come first: the
# classic builder stops at --target and pulls nothing that stands below it.
FROM scratch AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="reconciler" \
      org.opencontainers.image.description="Makes Docker engines and the Consul catalog agree with stack files in git" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# A user without a name: there is no /etc/passwd.
USER 65532:65532
# A user without a home: docker says it is `/`, where nothing can be kept.
ENV XDG_CACHE_HOME=/var/cache
# The controller finishes its current call and then ends.
STOPSIGNAL SIGTERM
# There is no shell and no curl: the program asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/reconciler", "healthcheck", "--quiet"]
ENTRYPOINT ["/reconciler"]
CMD ["run"]

FROM base AS local
COPY --chown=65532:65532 dist/cache /var/cache
COPY dist/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY dist/reconciler /reconciler

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# Static although it is glibc: an empty file system has no shared libraries. See scripts/image.
RUN RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" \
        cargo build --release --locked --target x86_64-unknown-linux-gnu \
    && mv target/x86_64-unknown-linux-gnu/release/reconciler /reconciler \
    && mkdir /cache \
    && mkdir --mode 1777 /cache/reconciler

FROM base
COPY --from=build --chown=65532:65532 /cache /var/cache
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /reconciler /reconciler
