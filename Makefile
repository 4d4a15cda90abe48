# Every target explains itself: `make` alone prints them.

.DEFAULT_GOAL := help
.PHONY: help install run test faults cluster lock bench image image-check clean
.DELETE_ON_ERROR:

PYTHON ?= python3
IMAGE ?= casualty-figures
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-emit-options --no-emit-index-url --no-emit-find-links

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "make run PORT=8080           serve on another port"
	@echo "make run CASUALTY_DATABASE=… keep the data elsewhere than in data/casualties.db"
	@echo "make faults FAULTS_REQUIRED=0  leave out what needs root, and write no figures"

install: .venv/.installed ## Build .venv from the pinned requirements.txt and nothing else

run: install ## Serve on this machine with the Kursk samples loaded, until Ctrl-C
	@$(BIN)/python samples/run.py $(if $(PORT),--port $(PORT))

test: .venv/.installed-dev ## Run every check: style, types, import contract, tests, coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --cov --numprocesses auto

faults: .venv/.installed-dev ## Kill it, cut its power, fill its disk: all at full size, figures to docs/; as root
	FAULTS_SIZE=full FAULTS_REQUIRED=$(or $(FAULTS_REQUIRED),1) \
		$(BIN)/python -m pytest --verbose --capture=no tests/faults

cluster: .venv/.installed-dev ## Lose the leader of a real cluster in every way, figures to docs/; as root
	FAULTS_SIZE=full FAULTS_REQUIRED=1 \
		$(BIN)/python -m pytest --verbose --capture=no tests/cluster

lock: .venv/.installed-dev ## Pin requirements*.in with hashes; add UPGRADE=1 for newer versions
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements.txt requirements.in
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements-dev.txt requirements-dev.in

bench: .venv/.installed-dev ## Run the benchmarks
	@for file in benchmarks/*.py; do \
		echo "== $$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; \
	done

image: ## Build the container image; BASE=… stands in for the Python base image
	docker build --tag $(IMAGE) $(if $(BASE),--build-arg BASE=$(BASE)) .

image-check: image ## Run the image without rights: health, a report, a restart, a clean stop
	scripts/check-image $(IMAGE)

clean: ## Remove the environment and every cache; data/ stays
	rm -rf .venv .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are older than what was pinned: the environment is then built anew rather than
# added to, so that nothing stays behind that is pinned no more.
.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 …" \
		if sys.version_info < (3, 11) else 0)'
	@echo "Building .venv from $< …"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --requirement $<
	@$(BIN)/python -m pip uninstall --quiet --yes setuptools 2>/dev/null # Python 3.11 adds an old one.
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Adding to .venv what the checks need …"
	@$(PIP) --requirement requirements.txt --requirement $<
	@touch $@
