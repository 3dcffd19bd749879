# Everything runs in .venv, which holds exactly what requirements.lock pins.
# Another interpreter: make venv PYTHON=python3.12 (after `make clean` if .venv is there already).

PYTHON ?= python3
# Workers of the test run, and more arguments for pytest: make test ARGS="-k windows"
WORKERS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Written last, so it stands for a complete install. Older than the lock: .venv is brought level.
# Missing: .venv is made from nothing, whatever an interrupted install left there.
STAMP := $(VENV)/.complete
# A moved checkout or a removed interpreter leaves a .venv that looks complete and cannot run.
ifneq ($(wildcard $(STAMP)),)
  BROKEN := $(shell grep -qsF '$(CURDIR)/$(BIN)/' $(BIN)/livestats && $(BIN)/python -c '' > /dev/null 2>&1 || echo broken)
endif

.PHONY: help venv demo ui superset test lint lock clean broken

help: ## this list
	@echo "make <target>:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

venv: $(STAMP) ## .venv with the pinned packages and the command .venv/bin/livestats

demo: $(STAMP) ## a simulated account end to end; needs neither an account nor, once installed, a network
	@$(BIN)/livestats demo

ui: $(STAMP) ## Dagster's web interface and schedules on your archive, until Ctrl-C
	@$(BIN)/livestats ui

superset: ## Apache Superset in an environment of its own, on http://127.0.0.1:8088, until Ctrl-C
	@PYTHON=$(PYTHON) bi/superset

test: $(STAMP) ## the tests
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope $(ARGS) || { \
	  status=$$?; \
	  if [ $$status -eq 5 ]; then echo "No test was collected: that proves nothing, so it counts as failed." >&2; fi; \
	  exit $$status; }

lint: $(STAMP) ## ruff (rules and layout) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: ## requirements.lock anew, on Python 3.11, from the ranges in pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 11) else "The lock is made on Python 3.11, the oldest one it must serve: make lock PYTHON=python3.11")'
	@set -e; \
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; trap 'exit 1' HUP INT TERM; \
	echo "Resolving in a scratch environment ..."; \
	$(PYTHON) -m venv "$$tmp/venv"; \
	"$$tmp/venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --editable '.[dev]'; \
	"$$tmp/venv/bin/python" -m pip check; \
	"$$tmp/venv/bin/python" -m pip --disable-pip-version-check freeze --exclude-editable > "$$tmp/pins"; \
	if grep -vE '^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$$' "$$tmp/pins"; then \
	  echo "The lines above do not pin a released version; requirements.lock is unchanged." >&2; exit 1; \
	fi; \
	{ echo "# All packages, development tools and build backend included. Made by \`make lock\` on Python 3.11"; \
	  echo "# from the ranges in pyproject.toml; not edited by hand. \`make venv\` installs it on 3.11 and newer."; \
	  cat "$$tmp/pins"; } > "$$tmp/lock"; \
	cp "$$tmp/lock" requirements.lock; \
	echo "requirements.lock: $$(wc -l < "$$tmp/pins" | tr -d ' ') packages. Now: make test lint"

clean: ## removes .venv and caches, never data
	rm -rf $(VENV) dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml hatch_build.py $(BROKEN)
	@set -e; \
	if [ ! -e $@ ] || [ -n "$(BROKEN)" ]; then \
	  command -v $(PYTHON) > /dev/null || { \
	    echo "livestats needs Python 3.11 or newer, and '$(PYTHON)' is not found. Name one that is there: make venv PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "livestats needs Python 3.11 or newer, and %s is Python %d.%d.%d. Name a newer one: make venv PYTHON=python3.12" % (sys.executable, v[0], v[1], v[2]))'; \
	  echo "Creating $(VENV) with $$($(PYTHON) --version)"; \
	  $(PYTHON) -m venv --clear $(VENV); \
	fi; \
	rm -f $@; \
	echo "Installing $$(grep -c == requirements.lock) packages from requirements.lock (a minute or two the first time)"; \
	$(PIP) install --quiet --no-deps --requirement requirements.lock; \
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .; \
	$(PIP) check; \
	touch $@; \
	echo "Ready: $(BIN)/livestats"
