# Everything a fresh Debian or Ubuntu machine with python3 and make needs: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPING := $(VENV)/.developing

.PHONY: help demo test check format docs benchmark clean

help:
	@echo 'make demo       set up, start a real registry container, take the tour'
	@echo 'make test       set up, run every test (those that need an engine or root say so when they skip)'
	@echo 'make check      formatting, lint, types (mypy, pyright), import contracts'
	@echo 'make format     format and fix'
	@echo 'make docs       write the generated reference pages'
	@echo 'make benchmark  measure regops against its peers'
	@echo 'make clean      remove the virtual environment and caches (the lab: regops lab down --purge)'

$(INSTALLED): pyproject.toml .ci/venv
	.ci/venv $(PYTHON) $(VENV)
	touch $@

$(DEVELOPING): pyproject.toml .ci/venv
	.ci/venv $(PYTHON) $(VENV) --group dev
	touch $@ $(INSTALLED)

demo: $(INSTALLED)
	.ci/engine $(BIN)/python
	.ci/tour $(BIN)/regops

test: $(DEVELOPING)
	.ci/packages
	.ci/index
	$(BIN)/python tests/support/keystone_server.py
	.ci/engine $(BIN)/python --optional
	$(BIN)/pytest

check: $(DEVELOPING)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(DEVELOPING)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEVELOPING)
	$(BIN)/python docs/reference/generate.py

benchmark: $(DEVELOPING)
	$(BIN)/pytest -m benchmark -s tests/benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
