# Everything runs in a virtual environment of the checkout; nothing outside it is touched.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Tests start hundreds of processes, and each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test check format lock build bench clean

# The newest Python on PATH that is 3.11 or later; override with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
UV_VERSION := 0.13.9
BIN := .venv/bin
REPO ?= .

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv installs the lock in seconds; a machine that lacks it gets it inside the environment.
.venv/ready: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Commitcast needs Python 3.11 or later; none is on PATH. Name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (first run only)"
	@$(PYTHON) -m venv --clear --without-pip .venv
	@command -v uv >/dev/null 2>&1 || $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@uv=$$(command -v uv || echo $(BIN)/uv); \
	$$uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock && \
	$$uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/ready ## one digest of this repository (REPO=... for any other): terminal, digest.html, digest.md
	@COMMITCAST_DATA=$${COMMITCAST_DATA:-.commitcast} $(BIN)/commitcast demo $(REPO)

test: .venv/ready ## the whole test suite, in parallel
	@$(BIN)/pytest -n auto --dist worksteal

check: .venv/ready ## ruff, mypy --strict, import-linter, hadolint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/hadolint Dockerfile

bench: .venv/ready ## measure this machine; docs/benchmarks.md keeps a table
	@$(BIN)/python -m tests.bench

format: .venv/ready ## rewrite the code in the house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .venv/ready ## pin the dependencies anew, with hashes and without any index's address
	@uv=$$(command -v uv || echo $(BIN)/uv); \
	compile="$$uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11"; \
	$$compile pyproject.toml -o requirements.lock && $$compile --extra dev pyproject.toml -o requirements-dev.lock

clean: ## remove the environment and everything that can be made again
	@rm -rf .venv .commitcast .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build digest.html digest.md
