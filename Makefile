# Two commands: `make run` and `make test`. Everything else is listed by `make help`.
# Needs Python 3.11 or later and make; `make conformance` also needs node.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Where pip is quiet about what it does, a newcomer would think that it hangs.
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar on
# How many processes share the tests, each with a Neo4j of its own; 0 is one after another, in this process. They wait now
# and then: three keep two cores busy.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev postgres run test long deep crash drill check conformance bench demo seed lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ide/node_modules/.installed ## Install the locked dependencies into .venv
setup-dev: $(VENV)/.installed-dev

run: setup ## Start the gateway on http://127.0.0.1:8000/graphql, with Neo4j and the demonstration city
	@exec $(BIN)/gateway serve

postgres: ## Install Debian's PostgreSQL, which the tests of delivery start for themselves
	@test -n "$(wildcard /usr/lib/postgresql/*/bin/postgres)" || { apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; }

test: setup-dev ## Run the tests that need no other language's tools, but for the long ones (WORKERS=N)
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long"

long: setup-dev ## The tests that take long: plans of every statement, each access test taken away, every end of a server
	$(BIN)/python -m pytest -n $(WORKERS) -m long

deep: setup-dev ## The random comparisons of the tests, many times as long and new in every run (EXAMPLES=N, WORLDS=N)
	GATEWAY_TEST_EXAMPLES=$(or $(EXAMPLES),1000) GATEWAY_TEST_WORLDS=$(or $(WORLDS),100) $(BIN)/python -m pytest \
	    tests/plan/test_differential.py tests/delivery/test_agreement.py tests/delivery/test_non_interference.py \
	    tests/lineage/test_walks.py tests/lineage/test_any_order.py tests/lineage/test_tiers.py \
	    tests/lineage/test_declared_model.py tests/properties

crash: setup-dev ## Kill gateway and database under load, KILLS times, and check that nothing is lost or doubled
	GATEWAY_TEST_KILLS=$(or $(KILLS),200) $(BIN)/python -m pytest tests/crash/test_kills.py

drill: setup-dev ## Make a backup under load, restore it elsewhere, and compare
	$(BIN)/python -m pytest tests/crash/test_restore.py

check: setup-dev ## Format, lint, types, import rules, schema and documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/checks

conformance: setup-dev ## GraphQL over HTTP, federation and fuzzing against a running gateway (needs node)
	bash tests/conformance/run.sh

bench: setup-dev ## Speed against the targets; exits 1 when one is missed
	$(BIN)/python -m bench

demo: setup ## A tour in the terminal against a running gateway: who sees what, and why
	@$(BIN)/gateway demo

seed: setup ## Load the demonstration city; SCALE=N makes it N datasets
	$(BIN)/gateway seed $(if $(SCALE),--scale $(SCALE))

lock: setup-dev ## Lock the dependencies anew after a change in pyproject.toml
	$(PIP) uv==0.13.9
	$(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --quiet pyproject.toml --group build -o requirements.lock
	$(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --quiet pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock
	for one in aics authlib; do \
	    $(BIN)/python -m uv pip compile --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	    --no-header --quiet tests/conformance/$$one/requirements.in -o tests/conformance/$$one/requirements.lock; done

clean: ## Remove what make made here; the graph in .gateway stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# The IDE's page needs nothing from the internet where npm could install its packages once; without npm it does.
ide/node_modules/.installed: ide/package-lock.json
	@if command -v npm >/dev/null; then cd ide && npm ci --ignore-scripts --no-audit --no-fund --silent && touch node_modules/.installed; \
	else echo "npm is not here: the IDE will load its scripts from the internet"; fi

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
