# Two commands do all the set-up: `make run` and `make test`. Python 3.11+ and make are needed; the
# tests also need node and npm, because they run the real Claude Code.

PYTHON ?= python3
VENV   ?= .venv
CONFIG ?= $(firstword $(wildcard config.yaml) config.example.yaml)
PORT   ?=
SECONDS ?= 600

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test secrets fuzz bench bench-rivals bench-guard profile timing soak load-with-faults faults lock audit sbom docs check lint types contracts locked format clean

run: $(VENV)/.run
	$(BIN)/gateway serve --config $(CONFIG) $(if $(PORT),--port $(PORT))

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(TESTS)

check: lint types contracts locked

lint: $(VENV)/.test
	$(BIN)/ruff check gateway tests bench supply fuzz
	$(BIN)/ruff format --check gateway tests bench supply fuzz

types: $(VENV)/.test
	$(BIN)/mypy

contracts: $(VENV)/.test
	$(BIN)/lint-imports

locked: $(VENV)/.test
	$(BIN)/python -m supply check

# All tests with planted keys, gateways at debug level; then what they left behind is searched for the keys.
secrets: $(VENV)/.test
	GATEWAY_PLANTED=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal \
	  --basetemp .cache/planted $(TESTS)

# FUZZ names some of them; each runs for SECONDS.
fuzz: $(VENV)/.fuzz
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(FUZZ)

# CPU time beside the least that a proxy in Python needs, in one run; writes bench/RESULTS.md.
bench: $(VENV)/.bench
	$(BIN)/python -m bench run

bench-rivals: $(VENV)/.bench
	$(BIN)/python -m bench run --rivals

bench-guard: $(VENV)/.bench
	$(BIN)/python -m bench guard

profile: $(VENV)/.bench
	$(BIN)/python -m bench profile

# What a client gets for every fault of a provider, in every format: a table in Markdown.
faults: $(VENV)/.test
	cd tests && $(abspath $(BIN))/python -m faults

timing: $(VENV)/.bench
	$(BIN)/python -m bench timing

soak: $(VENV)/.bench
	$(BIN)/python -m bench soak --seconds $(SECONDS)

load-with-faults: $(VENV)/.bench
	$(BIN)/python -m bench faulty --seconds $(SECONDS)

# Versions that still fit stay as they are; UPGRADE=1 takes the newest ones.
lock: $(VENV)/.supply
	$(BIN)/python -m supply lock $(if $(UPGRADE),--upgrade)

# ADVISORIES: files, folders or zips in OSV's form, such as its export of the ecosystem PyPI.
audit: $(VENV)/.supply
	$(BIN)/python -m supply audit $(ADVISORIES)

sbom: $(VENV)/.supply
	$(BIN)/python -m supply sbom

docs: $(VENV)/.run
	$(BIN)/gateway schema > schemas/config.schema.json.new
	mv schemas/config.schema.json.new schemas/config.schema.json
	$(BIN)/gateway schema --openapi > schemas/openapi.json.new
	mv schemas/openapi.json.new schemas/openapi.json
	for topic in rules providers transforms mock; do \
	  $(BIN)/gateway docs $$topic > docs/$$topic.md.new && mv docs/$$topic.md.new docs/$$topic.md || exit 1; \
	done

format: $(VENV)/.test
	$(BIN)/ruff check --fix gateway tests bench supply fuzz
	$(BIN)/ruff format gateway tests bench supply fuzz

clean:
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or later is needed; name one with make PYTHON=python3.12 …'; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Every file that is installed has its hash in a lock, and is asked for by nothing but a lock.
LOCKED := $(PIP) install --no-deps --require-hashes
OURSELVES := $(LOCKED) -r locks/build.lock && $(PIP) install --no-deps --no-index --no-build-isolation --editable .

$(VENV)/.run: pyproject.toml requirements.lock locks/build.lock | $(VENV)/bin/python
	@echo 'Installing the gateway into $(VENV) (once).'
	$(LOCKED) -r requirements.lock && $(OURSELVES)
	@touch $@

$(VENV)/.bench: pyproject.toml locks/bench.lock locks/build.lock | $(VENV)/bin/python
	@echo 'Installing the gateway and what its benchmark needs into $(VENV) (once).'
	$(LOCKED) -r locks/bench.lock && $(OURSELVES)
	@touch $@ $(VENV)/.run

$(VENV)/.supply: pyproject.toml locks/supply.lock locks/build.lock | $(VENV)/bin/python
	@echo 'Installing the gateway and what looks after its locks into $(VENV) (once).'
	$(LOCKED) -r locks/supply.lock && $(OURSELVES)
	@touch $@ $(VENV)/.run

$(VENV)/.fuzz: pyproject.toml locks/fuzz.lock locks/build.lock | $(VENV)/bin/python
	@echo 'Installing the gateway and what its fuzzers need into $(VENV) (once).'
	$(LOCKED) -r locks/fuzz.lock && $(OURSELVES)
	@touch $@ $(VENV)/.run $(VENV)/.bench

$(VENV)/.test: pyproject.toml locks/test.lock locks/build.lock | $(VENV)/bin/python
	@echo 'Installing the gateway and what its tests need into $(VENV) (once).'
	$(LOCKED) -r locks/test.lock && $(OURSELVES)
	@touch $@ $(VENV)/.run $(VENV)/.bench
