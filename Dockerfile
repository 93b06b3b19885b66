# docker build -t gpuprop . && docker run --rm -v "$PWD:/data" gpuprop propagate starlink-gen1 -o race
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

COPY pyproject.toml README.md LICENSE /src/
COPY gpuprop /src/gpuprop
COPY kernels /src/kernels
RUN python3 -m venv /opt/gpuprop \
    && /opt/gpuprop/bin/pip install --no-cache-dir /src \
    && rm -rf /src

ENV PATH=/opt/gpuprop/bin:$PATH
WORKDIR /data
ENTRYPOINT ["gpuprop"]
CMD ["--help"]
