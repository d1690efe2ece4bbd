# The doors: `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help up down test check bench clean environment viewer rules lint types contracts doctests

PYTHON := .venv/bin/python
# Processes that share the suite (tests/shares.py); PROCESSES=0: one test after another.
PROCESSES := 2

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

up:  ## everything from nothing, then the server on CIM_PORT (8000); DETACH=1 returns when it answers
	@tools/environment.sh
	@exec .venv/bin/cim up $(if $(filter-out 0,$(DETACH)),--detach)

down:  ## stop the server and the private database
	@if [ -x .venv/bin/cim ]; then .venv/bin/cim down; else echo "nothing is installed here, so nothing runs"; fi

environment:
	@tools/environment.sh dev

test: viewer  ## the whole suite: pure, PostGIS, browser, notebooks
	$(PYTHON) -m pytest -m "" -n $(PROCESSES) tests

viewer: environment
	@tools/viewer.sh || [ -z "$$CIM_TEST_STRICT" ]
	@tools/readers.sh || [ -z "$$CIM_TEST_STRICT" ]

check: rules  ## lint, types, import contracts, doctests, pure tests
	$(PYTHON) -m pytest -q

rules: lint types contracts doctests

lint: environment
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: environment
	.venv/bin/mypy

contracts: environment
	.venv/bin/lint-imports

doctests: environment
	$(PYTHON) -m pytest -q --doctest-modules cim loaders tilesets api --ignore=api/viewer --ignore=cim/store/migrations

bench:  ## benchmarks beside rivals, one JSON line each; LINES="load.footprints ..." for some
	@tools/environment.sh dev >&2
	@tools/rivals.sh >&2
	@tools/readers.sh >&2 || true
	@.venv/bin/cim bench $(LINES)

clean:  ## remove what was built; the data in var/ stays
	rm -rf .venv api/viewer/node_modules api/viewer/dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache
	rm -rf .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
