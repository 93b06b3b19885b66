# docker build -t gpuprop . && docker run --rm -v "$PWD:/data" gpuprop propagate starlink-gen1 -o race
# On a GPU: docker run --gpus all ... (NVIDIA Container Toolkit). An image without CUDA, 2 GB smaller: docker build --build-arg EXTRAS= ...
FROM debian:bookworm-slim AS build

RUN apt-get update && apt-get install --yes --no-install-recommends g++ python3 python3-venv
COPY CMakeLists.txt pyproject.toml README.md LICENSE /src/
COPY gpuprop /src/gpuprop
COPY kernels /src/kernels
ARG EXTRAS=[cuda12]
RUN python3 -m venv /opt/gpuprop && /opt/gpuprop/bin/pip install --no-cache-dir "/src$EXTRAS"

FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/gpuprop /opt/gpuprop

ENV PATH=/opt/gpuprop/bin:$PATH NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility CUPY_CACHE_DIR=/tmp/cupy
WORKDIR /data
ENTRYPOINT ["gpuprop"]
CMD ["--help"]
