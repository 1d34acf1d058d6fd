# The server with its page and the embedded voice, for people at home (compose.yaml). A file of its
# own, because the image for Lambda is sent much less (.dockerignore).
# The digest is that of the index of 2026-10-06; a build takes the same bytes until it is changed here.
ARG BASE_IMAGE=python:3.13.16-slim-bookworm@sha256:a1165e272e578941b84abc79e4ab38a0305cd12803a5c4247979ac7655f4d641

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY requirements.txt requirements-local.txt requirements-pip.txt ./
RUN sed -n '/^setuptools==/,/^    # via/p' requirements-local.txt > build.txt \
    && python3 -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --no-compile --target tools -r build.txt -r requirements-pip.txt \
    && PYTHONPATH=/build/tools python3 -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --no-build-isolation --target packages \
        -r requirements-local.txt -r requirements.txt
COPY pyproject.toml setup.py README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY web web
COPY mixer mixer
RUN PYTHONPATH=/build/tools python3 -m pip install --no-cache-dir --disable-pip-version-check \
        --no-index --no-deps --no-build-isolation --target packages . \
    && rm -rf packages/bin && mkdir -p data/store data/music

FROM ${BASE_IMAGE}
COPY --from=build /build/packages /opt/mixer
COPY --from=build --chown=1001:1001 /build/data /data
ENV PYTHONPATH=/opt/mixer PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/data
WORKDIR /data
VOLUME /data
EXPOSE 8080
USER 1001:1001
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python3", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/capabilities', timeout=4)"]
ENTRYPOINT ["python3", "-m", "mixer"]
CMD ["serve", "--store", "/data/store", "--music", "/data/music", \
    "--public-url", "http://localhost:8080", "--public-url", "http://mixer:8080"]
