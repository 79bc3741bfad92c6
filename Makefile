# Needs Python 3.11+ and make; everything else is set up by the targets themselves.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help run check test bench lock setup web lint types imports unit web-check golden integration integration-and-unit platform faults e2e

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## Start the whole house with the demo, in the foreground: http://127.0.0.1:8080
	@$(PYTHON) torg up

check: setup ## The quick part: lint, types, import contracts, unit tests, web unit tests (under a minute)
	@$(MAKE) --no-print-directory -j4 lint types imports unit web-check

test: setup web ## Everything: check, integration beside platform, faults, and end to end in a browser
	@$(MAKE) --no-print-directory -j4 lint types imports web-check
	@# The two that wait more than they work; the others measure patience in seconds and have the machine to themselves.
	@# The browser's driver keeps an event loop running, in which no asynchronous fixture can start: a process of its own.
	@$(MAKE) --no-print-directory -j2 --output-sync=target integration-and-unit platform
	@$(MAKE) --no-print-directory faults
	@$(MAKE) --no-print-directory e2e

integration-and-unit: # the shorter of the two that run at once has room for the unit tests
	@$(MAKE) --no-print-directory integration
	@$(MAKE) --no-print-directory unit

integration:
	$(PYTEST) -q tests/consume tests/integration

platform faults e2e:
	$(PYTEST) -q tests/$@

bench: setup ## Measure, and write the table to benchmarks/results.md
	@$(BIN)/python -m benchmarks

lock: setup ## Compile the requirement files anew
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -c requirements.txt -o requirements-dev.txt

golden: setup ## Write what is made from the code: schemas, examples, docs/events.md, docs/policy-matrix.md
	@$(BIN)/python -m tests.contracts.golden

setup:
	@$(PYTHON) torg setup dev

web: setup
	@$(PYTHON) torg setup dev web

lint:
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types:
	@$(BIN)/mypy

imports:
	@$(BIN)/lint-imports --no-logo

unit:
	@$(PYTEST) -q tests/unit

web-check: web
	@cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent test
