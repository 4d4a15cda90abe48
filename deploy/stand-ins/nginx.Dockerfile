# Debian's nginx for NGINX_IMAGE, if the official image cannot be pulled; for tests only.
ARG BASE=stand-in-base
FROM ${BASE}
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends curl nginx-light \
    && rm -rf /var/lib/apt/lists/*
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
