# `make` without a target prints the targets with a description.

.DEFAULT_GOAL := help
.PHONY: help install run style check test test-postgresql faults cluster lock bench api-doc pages \
	openapi-check recipes recipe-tools pin-images image release-image image-check sbom secrets compose-check stand-in-base stand-ins clean
.DELETE_ON_ERROR:

PYTHON ?= python3
IMAGE ?= casualty-figures
# With STAND_INS=1 images are built from Debian's packages instead of pulled.
NGINX_IMAGE ?= $(if $(STAND_INS),stand-in-nginx)
POSTGRES_IMAGE ?= $(if $(STAND_INS),stand-in-postgres)
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
VERSION = $(shell sed -n 's/^__version__.*"\(.*\)"/\1/p' service/version.py)
BIN := .venv/bin
FAST_TESTS := tests/domain tests/schemas tests/usecases tests/upgrade tests/docs/test_code_documents.py
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-emit-options --no-emit-index-url --no-emit-find-links

help: ## Print what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "make run PORT=8080           serve on another port"
	@echo "make run CASUALTY_DATABASE=… keep the data in another file than data/casualties.db"
	@echo "make faults FAULTS_REQUIRED=0  skip the tests that need root, and write no figures"

install: .venv/.installed ## Build .venv from the pinned requirements.txt alone

run: install ## Serve on this machine with the Kursk samples loaded, until Ctrl-C
	@$(BIN)/python samples/run.py $(if $(PORT),--port $(PORT))

style: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: style ## Run the quick checks: style, types, import contracts, fast tests
	$(BIN)/python -m pytest --quiet -rs --numprocesses auto $(FAST_TESTS)

test: style ## Run every check: style, types, import contracts, tests, coverage
	$(BIN)/hadolint Dockerfile deploy/stand-ins/*.Dockerfile
	$(BIN)/python -m pytest --cov --cov-report=json --cov-report=term -rs --numprocesses auto
	$(BIN)/python scripts/check_coverage.py

test-postgresql: .venv/.installed-dev ## Run the tests that need a database on PostgreSQL; ENGINE=15 on Debian's
	TEST_ENGINE=$(or $(ENGINE),18) $(BIN)/python -m pytest --numprocesses auto \
		--ignore tests/bounds --ignore tests/domain --ignore tests/image \
		--ignore tests/compose --ignore tests/web -rs

faults: .venv/.installed-dev ## Run the fault tests at full size (kills, power loss, full disk), figures to docs/; as root
	FAULTS_SIZE=full FAULTS_REQUIRED=$(or $(FAULTS_REQUIRED),1) \
		$(BIN)/python -m pytest --verbose --capture=no tests/faults

cluster: .venv/.installed-dev ## Test the loss of the leader of a real cluster, figures to docs/; as root
	FAULTS_SIZE=full FAULTS_REQUIRED=1 \
		$(BIN)/python -m pytest --verbose --capture=no tests/cluster

lock: .venv/.installed-dev ## Pin requirements*.in with hashes; add UPGRADE=1 for newer versions
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements.txt requirements.in
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements-parquet.txt requirements-parquet.in
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements-dev.txt requirements-dev.in
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements-recipes.txt requirements-recipes.in

.venv-datasette/.installed: benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-datasette
	.venv-datasette/bin/python -m pip install --quiet -r benchmarks/requirements.txt
	touch $@

bench: .venv/.installed-dev .venv-datasette/.installed ## Run the benchmarks
	@for file in $(filter-out benchmarks/generate.py benchmarks/recording.py,$(wildcard benchmarks/*.py)); do \
		echo "== $$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; \
	done

recipe-tools: .venv-recipes/.installed examples/node_modules/.package-lock.json ## Install what the recipes need from PyPI and npm

recipes: recipe-tools ## Run the recipes of docs/recipes.md; RECIPES_REQUIRED=1 fails if a program is missing
	$(BIN)/python -m pytest -rs tests/recipes

api-doc: .venv/.installed-dev ## Write docs/api.md from the descriptions in the code
	$(BIN)/python scripts/make_api_doc.py
	$(BIN)/python scripts/make_pages.py

pages: .venv/.installed-dev ## Write the pages /method, /docs and others from docs/
	$(BIN)/python scripts/make_pages.py

openapi-check: .venv/.installed-dev ## Lint /v1/openapi.json with Redocly and Spectral; npm fetches them
	$(BIN)/python scripts/check_openapi.py

pin-images: ## Pull the images of the Dockerfile and compose.yaml, write their digests into them
	$(PYTHON) scripts/pin_images.py

image: ## Build the container image; BASE=… replaces the Python base image
	docker build --tag $(IMAGE) --label org.opencontainers.image.version=$(VERSION) \
		$(if $(or $(BASE),$(STAND_INS)),--build-arg BASE=$(or $(BASE),stand-in-base)) .

release-image: ## Build the image of a release; fails if an image is not pinned by digest
	$(PYTHON) scripts/pin_images.py --check
	$(MAKE) image BASE= STAND_INS=

image-check: image .venv/.installed-dev ## Test the image, run without privileges, and print its size
	CHECKED_IMAGE=$(IMAGE) $(BIN)/python -m pytest tests/image

sbom: image .venv/.installed-dev ## Write the contents of the image, as CycloneDX, to dist/
	$(BIN)/python scripts/make_sbom.py $(IMAGE) dist/casualty-figures.cdx.json

secrets: ## Make the password and the certificate that compose.yaml reads, if they are missing
	scripts/make-secrets

compose-check: $(if $(STAND_INS),stand-ins) image .venv/.installed-dev ## Start compose.yaml and test it; STAND_INS=1 without a registry
	COMPOSE_CHECKED=1 COMPOSE="$(COMPOSE)" SERVICE_IMAGE=$(IMAGE) NGINX_IMAGE=$(NGINX_IMAGE) \
		POSTGRES_IMAGE=$(POSTGRES_IMAGE) $(BIN)/python -m pytest tests/compose

stand-in-base: .venv/.installed-dev ## Make an image for BASE=stand-in-base from Debian's archive; as root
	$(BIN)/python scripts/make_stand_in_base.py stand-in-base

stand-ins: stand-in-base ## Make stand-in-nginx and stand-in-postgres for compose.yaml as well; as root
	docker build --tag stand-in-nginx --file deploy/stand-ins/nginx.Dockerfile deploy/stand-ins
	docker build --tag stand-in-postgres --file deploy/stand-ins/postgres.Dockerfile deploy/stand-ins

clean: ## Remove the environments, dist/ and every cache; data/ stays
	rm -rf .venv .venv-datasette .venv-recipes examples/node_modules dist .coverage coverage.json .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# If the pinned versions are newer than the stamp, the environment is built again rather than added
# to, so that no package stays that is not pinned any more.
.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 …" \
		if sys.version_info < (3, 11) else 0)'
	@echo "Building .venv from $< …"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --requirement $<
	@$(BIN)/python -m pip uninstall --quiet --yes setuptools 2>/dev/null # Python 3.11 adds an old one.
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Adding the packages for the checks to .venv …"
	@$(PIP) --requirement requirements.txt --requirement $<
	@touch $@

.venv-recipes/.installed: requirements-recipes.txt
	@echo "Building .venv-recipes from $< …"
	@$(PYTHON) -m venv --clear .venv-recipes
	@.venv-recipes/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

# Node.js and npm come with the Python packages of the checks.
examples/node_modules/.package-lock.json: examples/package-lock.json .venv/.installed-dev
	@echo "Installing the npm packages of the recipes …"
	@cd examples && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --loglevel=error
	@touch $@
