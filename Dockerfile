# One image for every function: each runs it with another command (IaC/).
# BASE_IMAGE must have Python 3.11 to 3.13 as python3, with pip, and, if the image runs on
# Lambda, its runtime interface client, as Lambda's own images have.
# The digest is that of the index of 2026-10-09; a build takes the same bytes until it is changed here.
ARG BASE_IMAGE=public.ecr.aws/lambda/python:3.12@sha256:145350008f3f67d82c0bc6ecd34d9eb0c95aecf11f9b69db6bab7de3d5d3cc61

# checkov:skip=CKV_DOCKER_7:The default above names a version; checkov does not look there.
FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY requirements.txt requirements-dev.txt requirements-pip.txt ./
# A requirement without a wheel is built with the locked setuptools, so that nothing is installed
# whose hash is not locked.
RUN sed -n '/^setuptools==/,/^    # via/p' requirements-dev.txt > build.txt \
    && python3 -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --no-compile --target tools -r build.txt -r requirements-pip.txt \
    && PYTHONPATH=/build/tools python3 -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --no-build-isolation --no-compile \
        --target packages -r requirements.txt \
    && rm -rf packages/bin
COPY pyproject.toml README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY mixer mixer
RUN PYTHONPATH=/build/tools python3 -m pip install --no-cache-dir --disable-pip-version-check \
        --no-index --no-deps --no-build-isolation --no-compile --target task . \
    && rm -rf task/bin
COPY *.py LICENSE THIRD_PARTY_NOTICES.md task/
# Bytecode that is never checked against file times: copying changes them, and the functions'
# root is read-only. Then check that the image has one FFmpeg that any user can start.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash packages task \
    && python3 -c "import pathlib, stat, subprocess; \
(ffmpeg,) = pathlib.Path('packages/imageio_ffmpeg/binaries').glob('ffmpeg-*'); \
assert ffmpeg.stat().st_mode & stat.S_IXOTH, f'{ffmpeg} is not executable'; \
subprocess.run([ffmpeg, '-hide_banner', '-version'], check=True)"

FROM ${BASE_IMAGE}
# Installers are not needed at run time.
RUN python3 -c "import importlib.util as lookup, pathlib, shutil; \
found = filter(None, map(lookup.find_spec, ('pip', 'setuptools'))); \
[shutil.rmtree(pathlib.Path(each.origin).parent) for each in found]"
COPY --from=build /build/packages /var/task
COPY --from=build /build/task /var/task
WORKDIR /var/task
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Mixer" \
    org.opencontainers.image.licenses="CC-BY-NC-4.0" \
    org.opencontainers.image.revision="${REVISION}"
# Lambda has its own user; this one is for all other places where the image runs.
USER 1001:1001
# Lambda monitors its functions itself.
# checkov:skip=CKV_DOCKER_2:Health checks are not used on Lambda.
CMD ["app.handler"]
