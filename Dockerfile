# Any image with Python 3.11 or newer (and its venv module) as `python3` can be the base.
ARG BASE=python:3.11-slim-bookworm

# --- The build stage: everything that needs pip. ---
FROM ${BASE} AS builder

COPY requirements.txt /build/requirements.txt
# pip is a dependency of sqlite-utils' command line only; the service never calls it. The libraries'
# own tests are a sixth of the environment.
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --quiet \
        --require-hashes --requirement /build/requirements.txt \
    && /opt/venv/bin/python -m pip uninstall --quiet --yes pip setuptools \
    && rm -f /opt/venv/bin/pip* \
    && find /opt/venv -type d -name tests -prune -exec rm -r {} +

COPY LICENSE wsgi.py gunicorn.conf.py healthcheck.py /app/
COPY schemas /app/schemas
COPY service /app/service
COPY samples/kursk.json /app/samples/kursk.json
# The root file system may be read-only at run time, so byte code can only be written now. Python
# checks it against the hash of its source, so that a file mounted over another one takes effect.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode checked-hash /app

# --- The final stage: the base, the environment, the application. ---
FROM ${BASE}

LABEL org.opencontainers.image.title="casualty-figures" \
      org.opencontainers.image.description="Casualty figures as they were reported: totals that keep every range and caveat." \
      org.opencontainers.image.licenses="MIT"

COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /app /app
# Owned by the numeric user below, so that a new volume mounted here belongs to that user too.
RUN install -d -o 10001 -g 10001 -m 0750 /data

# The root may be read-only, /tmp included: `verify` rebuilds the whole record in /data.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LISTEN_HOST=0.0.0.0 \
    PORT=8000 \
    CASUALTY_DATABASE=/data/casualties.db \
    SQLITE_TMPDIR=/data \
    TMPDIR=/data

WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
    CMD ["python", "healthcheck.py"]
CMD ["gunicorn", "wsgi:app"]
