# Debian's PostgreSQL for POSTGRES_IMAGE, if the official image cannot be pulled; for tests only.
ARG BASE=stand-in-base
FROM ${BASE}
# Without this file the package would create a database cluster of its own.
# hadolint ignore=DL3008
RUN mkdir -p /etc/postgresql-common \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
    && apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data \
    # As in the official image: a volume mounted here gets the same mode.
    && install -d -o postgres -g postgres -m 3777 /var/run/postgresql
COPY postgres-start /usr/local/bin/postgres-start
ENV PATH=/usr/lib/postgresql/15/bin:$PATH \
    PGDATA=/var/lib/postgresql/data
# hadolint ignore=DL3066
USER postgres
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-start"]
CMD ["postgres"]
