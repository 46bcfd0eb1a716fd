# The image: one static binary, no shell, no package.
#
#   docker build -t eureka-peers:0.1.0 .                          # compiles here
#   docker build --build-arg BINARY=dist -t eureka-peers:0.1.0 .  # takes dist/<arch>/eureka-peers
#
# The binary lies in /usr/bin: a volume is usually mounted at /eureka-peers, and a file of that name
# would keep the container from starting.
ARG BINARY=build

# By tag, for whoever compiles on his own machine. Nothing of it is in the image, and no released image
# is made with it.
FROM docker.io/library/rust:1.90-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin eureka-peers \
    && mkdir /out && cp target/release/eureka-peers /out/

# Made before, as by the release workflow: what is signed there is what runs here.
FROM scratch AS dist
ARG TARGETARCH
COPY dist/${TARGETARCH}/eureka-peers /out/eureka-peers

FROM ${BINARY} AS binary

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="eureka-peers" \
      org.opencontainers.image.description="DNS-fed, proven peer lists for stock Eureka servers on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=binary --chmod=0555 /out/eureka-peers /usr/bin/eureka-peers
# Numeric: runAsNonRoot can only be checked for a number. Any other works as well.
USER 65532:65532
EXPOSE 9761/tcp
ENTRYPOINT ["/usr/bin/eureka-peers"]
CMD ["run"]
