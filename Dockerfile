# The studio in a container: docker build -t stylize-studio .
# Run it with a read-only root file system; compose.yaml shows how, with a shared library.

FROM python:3.12-slim-bookworm AS build
WORKDIR /build
COPY container/requirements.lock container/requirements.lock
RUN python -m venv /opt/stylize \
    && /opt/stylize/bin/pip install --no-cache-dir --require-hashes --requirement container/requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY LICENSES LICENSES
COPY styles_library styles_library
COPY stylize stylize
RUN /opt/stylize/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim-bookworm
# Uploads and results lie in /tmp, a library of one's own, if there is one, in /data.
RUN useradd --uid 10001 --no-create-home stylize \
    && mkdir /data \
    && chown stylize /data
COPY --from=build /opt/stylize /opt/stylize
ENV PATH=/opt/stylize/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    STYLIZE_DATA_DIR=/data \
    STYLIZE_CACHE_DIR=/tmp/cache
USER 10001
VOLUME ["/data", "/tmp"]
EXPOSE 7860
# What is being painted is finished first.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["stylize", "studio", "--host", "0.0.0.0", "--port", "7860", "--workers", "2", "--metrics"]
