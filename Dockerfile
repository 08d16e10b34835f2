# syntax=docker/dockerfile:1
ARG PYTHON=3.13

FROM python:${PYTHON}-slim-bookworm AS build
ENV PYTHONDONTWRITEBYTECODE=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /src
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
# Before the code, so that a change of the code installs nothing anew. The locks decide what is
# installed, what builds the wheel included: every file is checked against its hash.
COPY requirements.lock requirements-dev.lock ./
RUN uv venv /opt/commitcast \
    && uv pip install --python /opt/commitcast/bin/python --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY analyzers analyzers
COPY formatters formatters
COPY bot bot
RUN uv build --wheel --build-constraints requirements-dev.lock --require-hashes --out-dir /dist \
    && uv pip install --python /opt/commitcast/bin/python --no-deps /dist/*.whl

FROM python:${PYTHON}-slim-bookworm
# git reads every repository that is not on GitHub. Without versions: Debian keeps only the newest
# of a package, and a pin would fail in a month.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --home-dir /data --create-home commitcast
COPY --from=build /opt/commitcast /opt/commitcast
# glibc gives back what it no longer needs: 15 MB less of 145 after a day's digests.
ENV MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
ENV PATH=/opt/commitcast/bin:$PATH PYTHONUNBUFFERED=1 COMMITCAST_DATA=/data COMMITCAST_HOST=0.0.0.0
USER 10001
# The only place that is written to besides /tmp: the root file system may be read-only.
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"COMMITCAST_PORT\", 8080)}/healthz', timeout=4)"]
ENTRYPOINT ["commitcast"]
CMD ["run"]
