# Two commands do all the set-up: `make run` and `make test`. Python 3.11+ and make are needed; the
# tests also need node and npm, because they run the real Claude Code.

PYTHON ?= python3
VENV   ?= .venv
CONFIG ?= $(firstword $(wildcard config.yaml) config.example.yaml)
PORT   ?=
FUZZ_SECONDS ?= 600
SECONDS ?= 600

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test fuzz bench bench-rivals bench-guard profile soak docs check lint types contracts format clean

run: $(VENV)/.run
	$(BIN)/gateway serve --config $(CONFIG) $(if $(PORT),--port $(PORT))

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(TESTS)

check: lint types contracts

lint: $(VENV)/.test
	$(BIN)/ruff check gateway tests bench
	$(BIN)/ruff format --check gateway tests bench

types: $(VENV)/.test
	$(BIN)/mypy

contracts: $(VENV)/.test
	$(BIN)/lint-imports

fuzz: $(VENV)/.test
	$(PIP) install --editable '.[fuzz]'
	mkdir -p .cache/fuzz
	cd .cache/fuzz && $(abspath $(BIN))/python ../../tests/correction/fuzz/run.py \
	  -max_total_time=$(FUZZ_SECONDS) -max_len=600 .

# CPU time beside the least that a proxy in Python needs, in one run; writes bench/RESULTS.md.
bench: $(VENV)/.bench
	$(BIN)/python -m bench run

bench-rivals: $(VENV)/.bench
	$(BIN)/python -m bench run --rivals

bench-guard: $(VENV)/.bench
	$(BIN)/python -m bench guard

profile: $(VENV)/.bench
	$(BIN)/python -m bench profile

soak: $(VENV)/.bench
	$(BIN)/python -m bench soak --seconds $(SECONDS)

docs: $(VENV)/.run
	$(BIN)/gateway schema > schemas/config.schema.json.new
	mv schemas/config.schema.json.new schemas/config.schema.json
	for topic in rules providers transforms; do \
	  $(BIN)/gateway docs $$topic > docs/$$topic.md.new && mv docs/$$topic.md.new docs/$$topic.md || exit 1; \
	done

format: $(VENV)/.test
	$(BIN)/ruff check --fix gateway tests bench
	$(BIN)/ruff format gateway tests bench

clean:
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or later is needed; name one with make PYTHON=python3.12 …'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	@echo 'Installing the gateway into $(VENV) (once).'
	$(PIP) install --editable .
	@touch $@

$(VENV)/.bench: pyproject.toml | $(VENV)/bin/python
	@echo 'Installing the gateway and what its benchmark needs into $(VENV) (once).'
	$(PIP) install --editable '.[bench]'
	@touch $@ $(VENV)/.run

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	@echo 'Installing the gateway and what its tests need into $(VENV) (once).'
	$(PIP) install --editable '.[test,lint]'
	@touch $@ $(VENV)/.run $(VENV)/.bench
