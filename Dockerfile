# One image with every program: hems, community-broker, meter-sim, twin. For 64-bit Intel, AMD and ARM:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag hearthgrid:0.1.0 .
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
COPY scripts/installer.lock deploy/requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r installer.lock \
    && uv venv /opt/hearthgrid \
    && uv pip sync --no-cache --require-hashes --compile-bytecode --python /opt/hearthgrid/bin/python requirements.lock
COPY . .
RUN uv pip install --no-cache --no-deps --no-build-isolation --offline --compile-bytecode \
    --python /opt/hearthgrid/bin/python .

FROM python:3.11.14-slim-bookworm
COPY --from=build /opt/hearthgrid /opt/hearthgrid
# A new volume takes the owner of the folder that the image has at its place: each of them belongs to the one user.
RUN groupadd --gid 10001 hearthgrid \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin hearthgrid \
    && for name in authority mosquitto broker influxdb grafana home-1 home-2 home-1-simulator home-2-simulator; do \
        install -d -o 10001 -g 10001 -m 700 "/files/$name"; done \
    && for name in mosquitto influxdb influxdb-write-token influxdb-read-token grafana history; do \
        install -d -o 10001 -g 10001 -m 700 "/data/$name"; done
ENV PATH=/opt/hearthgrid/bin:$PATH \
    OMP_NUM_THREADS=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
CMD ["hems", "--help"]
