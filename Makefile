# The four commands of this project; each sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DASHBOARD ?= .venv-dashboard
SHELL := /bin/bash
EXT := $(wildcard ext/*.pyx ext/*.pxd ext/*.pxi ext/*.h)

.PHONY: help setup demo dashboard test browser trials lab lint coverage bench lock clean
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(VENV)/.built ## the environment in .venv, extensions compiled

$(VENV)/.made: requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON): apt-get install python3 python3-venv python3-dev"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11 to 3.13 is needed, $$($(PYTHON) --version) found: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "no venv: apt-get install python3-venv"; exit 1; }
	@command -v $${CC:-cc} >/dev/null || { echo "no C compiler: apt-get install build-essential"; exit 1; }
	@$(PYTHON) -c 'import sysconfig, pathlib, sys; sys.exit(not pathlib.Path(sysconfig.get_paths()["include"], "Python.h").exists())' \
		|| { echo "no Python headers: apt-get install python3-dev"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# The lock is complete: without --no-deps pip 23 resolves extras (coverage[toml]) anew, to releases that have no hash here.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.built: $(VENV)/.made pyproject.toml setup.py $(EXT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DASHBOARD)/.made: dashboard/requirements-dev.lock | $(VENV)/.made
	$(PYTHON) -m venv $(DASHBOARD)
	$(DASHBOARD)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r dashboard/requirements-dev.lock
	@touch $@

demo: setup ## one complete spoken call, with nothing configured
	@$(BIN)/voicebot demo

dashboard: setup $(DASHBOARD)/.made ## the dashboard over the data of `voicebot demo --history 30d`
	@$(DASHBOARD)/bin/python -m dashboard.trial $(DEMO)

test: setup $(DASHBOARD)/.made ## every test that needs no root
	$(BIN)/python -m pytest
	$(DASHBOARD)/bin/python -m pytest tests/dashboard

browser: setup $(DASHBOARD)/.made ## the dashboard in a real Chromium: pages, sound, who gets in; BROWSER=measure: how quick it is
	$(DASHBOARD)/bin/python -m tests.browser $(BROWSER)

trials: setup ## conversations with scripted callers of every temper, measured beside what was promised
	$(BIN)/python -m tests.trials $(TRIALS)

lab: setup $(DASHBOARD)/.made ## what needs root: a real Asterisk and SIP telephones, a bare Debian for Ansible, in namespaces of their own
	$(BIN)/python -m tests.lab $(LAB)

lint: setup $(DASHBOARD)/.made ## ruff, mypy --strict, cython-lint, ansible-lint, yamllint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --python-executable $(DASHBOARD)/bin/python dashboard \
		$(wildcard tests/dashboard/*.py tests/browser/*.py)
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/cython-lint ext  # it calls pycodestyle by name
	cd ansible && PATH="$(abspath $(BIN)):$$PATH" ansible-lint --offline -q  # where ansible.cfg is; .ansible-lint
	cd ansible && $(abspath $(BIN))/yamllint --strict .

PURE := --cov=app.dialogue --cov=app.audiosocket.frames --cov=app.media.playout
coverage: setup ## branch coverage of the pure rooms; fails below 95 %
	$(BIN)/python -m pytest --quiet tests/unit tests/fuzz $(PURE) --cov-branch --cov-report=term-missing:skip-covered \
		--cov-fail-under=95

bench: setup ## pieces of the audio path and the whole server under load, beside what was promised
	$(BIN)/python -m tests.bench $(BENCH)

# For development; for the appliance, which must not have more than it needs; for compiling on it. The versions are the same.
COMPILE := -m uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11
lock: ## pins every dependency anew
	$(PYTHON) -m pip install --quiet uv
	$(PYTHON) $(COMPILE) --extra dev --extra lab -o requirements.lock pyproject.toml
	$(PYTHON) $(COMPILE) --constraint requirements.lock -o requirements-prod.lock pyproject.toml
	printf 'cython\nsetuptools\n' | $(PYTHON) $(COMPILE) --constraint requirements.lock -o requirements-build.lock -
	$(PYTHON) $(COMPILE) --group dashboard -o dashboard/requirements.lock
	$(PYTHON) $(COMPILE) --group dashboard-dev -o dashboard/requirements-dev.lock

clean: ## removes the environment, builds and what a run left behind
	rm -rf $(VENV) $(DASHBOARD) build *.egg-info var bench-results trial-results browser-results .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} + && rm -f ext/*.so ext/*.c
