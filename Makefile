# Everything runs in .venv: requirements.lock is what runs, requirements-dev.lock what tests and lints.
# Another interpreter: make venv PYTHON=python3.12

PYTHON ?= python3
# More arguments: make test ARGS="-k windows" WORKERS=4, make lock ARGS=--upgrade
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Written last, so each stands for a complete install. Older than its lock: .venv is brought up to
# date. Missing: .venv is made from nothing, whatever an interrupted install left there.
STAMP := $(VENV)/.complete
DEV_STAMP := $(VENV)/.complete-dev
SCALE_VENV := .venv-scale
SCALE_STAMP := $(SCALE_VENV)/.complete
# Spark is started where there is a Java 17 or newer, from here unless the environment names another.
SPARK := .spark
ifneq ($(filter test-scale,$(MAKECMDGOALS)),)
  ifeq ($(SPARK_HOME)$(SPARK_REMOTE),)
    JAVA := $(shell "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | grep -E 'version "(1[7-9]|[2-9][0-9])')
    SPARK_STAMP := $(if $(JAVA),$(SPARK)/.complete)
  endif
endif
# A moved checkout, or an interpreter that was removed or replaced by another version, leaves a .venv
# that looks complete and cannot run. A PYTHON that is named must be of the version that made .venv.
VERSION := import sys; print(sys.version)
ifneq ($(wildcard $(STAMP)),)
  BROKEN := $(shell grep -qsF '$(CURDIR)/$(BIN)/' $(BIN)/livestats && $(BIN)/python -c 'import click' > /dev/null 2>&1 || echo broken)
  ifneq ($(origin PYTHON),file)
    BROKEN := $(or $(BROKEN),$(shell test "$$($(PYTHON) -c '$(VERSION)' 2> /dev/null)" = "$$($(BIN)/python -c '$(VERSION)')" || echo broken))
  endif
endif

.PHONY: help venv dev demo ui superset test test-slow test-scale lint lock clean broken

help: ## this list
	@echo "make <target>:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

venv: $(STAMP) ## .venv with the pinned packages and the command .venv/bin/livestats

dev: $(DEV_STAMP) ## the same, with what tests and lints

demo: $(STAMP) ## a simulated account end to end; needs neither an account nor, once installed, a network
	@$(BIN)/livestats demo

ui: $(STAMP) ## Dagster's web interface and schedules on your archive, until Ctrl-C
	@$(BIN)/livestats ui

superset: ## Apache Superset in an environment of its own, on http://127.0.0.1:8088, until Ctrl-C
	@PYTHON=$(PYTHON) bi/superset

# In the order of the files, the long ones of tests/integration first: else they run at the end, on one
# worker. Byte code is kept: else every worker and every process that a test starts compiles all anew.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder
NO_TESTS = { status=$$?; \
	  if [ $$status -eq 5 ]; then echo "No test was collected: that proves nothing, so it counts as failed." >&2; fi; \
	  exit $$status; }

# One more than there are cores: some tests wait for a process or a clock.
test: WORKERS ?= 3
test: $(DEV_STAMP) ## the tests that guard the history
	@$(PYTEST) -m "not slow and not scale" $(ARGS) || $(NO_TESTS)

test-slow test-scale: WORKERS ?= 2
test-slow: $(DEV_STAMP) ## the long ones: kills by the hundred, every command of the docs, tutorials, benchmarks
	@$(PYTEST) -m slow $(ARGS) || $(NO_TESTS)

# In an environment of its own, so that .venv stays what users have. Needs, beside it, a PostgreSQL
# server and a Java (Debian: apt-get install postgresql xfsprogs openjdk-17-jre-headless); what is
# missing is skipped and said.
test-scale: $(SCALE_STAMP) $(SPARK_STAMP) ## publications in databases and stores, with real servers; not part of CI
	@$(if $(SPARK_STAMP),SPARK_HOME='$(CURDIR)/$(SPARK)/pyspark') $(PYTEST:$(BIN)/%=$(SCALE_VENV)/bin/%) -m scale $(ARGS) || $(NO_TESTS)

lint: $(DEV_STAMP) ## ruff (rules and layout) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# uv resolves for all Pythons from the oldest on, with one version of each package for all of them.
# Pins that are in a lock stay where they still fit, unless ARGS=--upgrade.
lock: ## all locks anew, from the ranges in pyproject.toml; ARGS=--upgrade raises all pins
	@set -e; \
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; trap 'exit 1' HUP INT TERM; \
	$(PYTHON) -m venv "$$tmp/venv"; \
	"$$tmp/venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet 'uv==0.13.9'; \
	cp requirements.lock requirements-dev.lock requirements-scale.lock "$$tmp"; \
	compile() { "$$tmp/venv/bin/uv" pip compile --quiet --universal --python-version 3.11.2 --generate-hashes \
	  --fork-strategy fewest --no-header --no-annotate $(ARGS) "$$@" > /dev/null; }; \
	compile --extra install --output-file "$$tmp/requirements.lock" pyproject.toml; \
	compile --group dev --constraint "$$tmp/requirements.lock" --output-file "$$tmp/requirements-dev.lock"; \
	compile --group scale --constraint "$$tmp/requirements.lock" --constraint "$$tmp/requirements-dev.lock" \
	  --output-file "$$tmp/requirements-scale.lock"; \
	for lock in requirements.lock requirements-dev.lock requirements-scale.lock; do \
	  { sed -n '/^#/p;/^[^#]/q' $$lock; grep -v '^#' "$$tmp/$$lock"; } > "$$tmp/new"; cp "$$tmp/new" $$lock; \
	done; \
	echo "Now: make test lint"

clean: ## removes .venv and caches, never data
	rm -rf $(VENV) $(SCALE_VENV) $(SPARK) dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml hatch_build.py $(BROKEN)
	@set -e; \
	if [ ! -e $@ ] || [ -n "$(BROKEN)" ]; then \
	  command -v $(PYTHON) > /dev/null || { \
	    echo "livestats needs Python 3.11.2 or newer, and '$(PYTHON)' is not found. Name one that is there: make venv PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11, 2) else "livestats needs Python 3.11.2 or newer, and %s is Python %d.%d.%d. Name a newer one: make venv PYTHON=python3.12" % (sys.executable, v[0], v[1], v[2]))'; \
	  echo "Creating $(VENV) with $$($(PYTHON) --version)"; \
	  $(PYTHON) -m venv --clear $(VENV); \
	fi; \
	rm -f $@; \
	echo "Installing $$(grep -c == requirements.lock) packages from requirements.lock (a minute or two the first time)"; \
	$(PIP) install --quiet --no-deps --require-hashes --requirement requirements.lock; \
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .; \
	$(PIP) check; \
	touch $@; \
	echo "Ready: $(BIN)/livestats"

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	@set -e; \
	rm -f $@; \
	echo "Installing $$(grep -c == requirements-dev.lock) packages from requirements-dev.lock"; \
	$(PIP) install --quiet --no-deps --require-hashes --requirement requirements-dev.lock; \
	$(PIP) check; \
	touch $@

$(SCALE_STAMP): requirements.lock requirements-dev.lock requirements-scale.lock
	@set -e; \
	$(PYTHON) -m venv --clear $(SCALE_VENV); \
	echo "Installing three locks into $(SCALE_VENV)"; \
	for lock in $^; do \
	  $(SCALE_VENV)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes --requirement $$lock; \
	done; \
	$(SCALE_VENV)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --no-build-isolation --editable .; \
	touch $@

$(SPARK)/.complete: requirements-spark.lock | $(SCALE_STAMP)
	@set -e; \
	rm -rf $(SPARK); \
	echo "Installing Spark into $(SPARK), 450 MB"; \
	$(SCALE_VENV)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes --target $(SPARK) --requirement requirements-spark.lock; \
	touch $@
