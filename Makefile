# Everything that a fresh Debian machine with Python 3.11 needs: `make run`, `make test`.
# The set-up is in tools/setup.sh; it does nothing when nothing has changed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin

# Options of `midcall dev`: make run ARGS="--port 9000"
ARGS ?=
# Options of pytest, in all of its runs: make test PYTEST="-k tokens"
PYTEST ?=
# Processes for the tests that share nothing; browsers and audio run one at a time.
JOBS ?= auto

.PHONY: help
help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do \
	  printf '  make %-10s %s\n' "$$name" "$$what"; done

.PHONY: run
run: ## Install what is needed and start the server on https://localhost:8443
	@tools/setup.sh run
	@exec $(BIN)/midcall dev $(ARGS)

.PHONY: test
test: ## Install what is needed, check, and run all tests
	@tools/setup.sh test
	@$(MAKE) --no-print-directory check
	@tools/test.sh $(JOBS) $(PYTEST)

.PHONY: soak
soak: ## Kill the server hundreds of times, and try inputs by the thousand (CRASH_KILLS=200)
	@tools/setup.sh soak
	@tools/soak.sh $(PYTEST)

.PHONY: check
check: ## Formatting, lint, types, import floors
	@tools/setup.sh check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: format
format: ## Format, and mend what the linter can mend
	@tools/setup.sh check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: ## Pin what pyproject.toml and package.json ask for (UPGRADE=1: newest versions)
	@tools/setup.sh lock
	@tools/lock.sh $(if $(UPGRADE),--upgrade)

.PHONY: reference
reference: ## Write the generated pages of docs/reference
	@tools/setup.sh check
	$(BIN)/python -m tools.write_reference

.PHONY: docs
docs: ## Build the documentation site into dist/docs, and check every link
	@tools/setup.sh check
	$(BIN)/python -m tools.docs

.PHONY: clean
clean: ## Remove what the tools made, except .venv and node_modules
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove .venv and node_modules as well
	rm -rf .venv node_modules
