# docker build -t gpuprop . && docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" gpuprop propagate starlink-gen1 -o race
# On a GPU: docker run --gpus all ... (NVIDIA Container Toolkit). Without CUDA, 2 GB smaller: docker build --build-arg EXTRAS=[plot] ...
FROM debian:bookworm-slim AS build

# Debian's archive keeps one version of a package: with a version written here the image could not be
# built after an update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt pyproject.toml README.md LICENSE /src/
COPY gpuprop /src/gpuprop
COPY kernels /src/kernels
ARG EXTRAS=[plot,cuda12]
RUN python3 -m venv /opt/gpuprop && /opt/gpuprop/bin/pip install --no-cache-dir "/src$EXTRAS"

FROM debian:bookworm-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --no-create-home --home-dir /tmp gpuprop \
    && mkdir /data && chown gpuprop /data
COPY --from=build /opt/gpuprop /opt/gpuprop

LABEL org.opencontainers.image.title="gpuprop" \
      org.opencontainers.image.description="SGP4 for whole mega-constellations, on CPUs and GPUs" \
      org.opencontainers.image.version="0.2.0.dev0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.authors="The gpuprop developers" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

ENV PATH=/opt/gpuprop/bin:$PATH NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
# Any user may run it, also one without a home directory: caches are in /tmp.
ENV HOME=/tmp XDG_CACHE_HOME=/tmp/cache CUPY_CACHE_DIR=/tmp/cache/cupy MPLCONFIGDIR=/tmp/cache/matplotlib
USER 1000
WORKDIR /data
ENTRYPOINT ["gpuprop"]
CMD ["--help"]
