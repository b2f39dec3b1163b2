# AiDial: every command a newcomer needs. `make` alone explains them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check format bench fuzz docs words lock clean

# Which Python the environment is made of; empty lets the set-up choose.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Bytecode is kept, whatever the shell says: every worker, and every process a test starts, imports the same files.
export PYTHONDONTWRITEBYTECODE :=
# Three workers: tests wait now and then, and two cores bear that.
WORKERS ?= 3
# What is measured there wants a core for itself.
test-all: WORKERS := 2
# Pictures of every stop of the walks, wide and narrow, by day and by night; for whoever looks at them.
test-all: export AIDIAL_PICTURES ?= $(CURDIR)/build/pictures

help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: requirements.lock pyproject.toml
	@tools/set_up.sh run "$(PYTHON)" "$(VENV)"

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@tools/set_up.sh dev "$(PYTHON)" "$(VENV)"

setup: $(VENV)/.run ## Build .venv from the lock, nothing else
	@echo "Ready. Next: make demo"

demo: $(VENV)/.run ## Start everything on this machine, with demo data, and say where to look
	@$(BIN)/aidial demo $(DEMO)

test: $(VENV)/.dev ## The fast suite, under 3 minutes
	@$(PYTEST) -n $(WORKERS) --dist loadgroup -m "not slow and not browser and not provider"

test-all: $(VENV)/.dev ## Everything else: browser, real provider, kills and time-outs
	@tools/browser.sh
	@$(PYTEST) -n $(WORKERS) --dist loadgroup -m "(slow or browser or provider) and not alone"
	@$(PYTEST) -m alone tests/together

check: $(VENV)/.dev ## Format, lint, types, imports, generated docs; no tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tools/generate_docs.py --check
	@$(BIN)/python tools/words.py --check

format: $(VENV)/.dev ## Format and mend what a machine can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## Write the generated docs anew
	@$(BIN)/python tools/generate_docs.py

words: $(VENV)/.dev ## Collect what the portal says into its catalogues
	@$(BIN)/python tools/words.py

bench: $(VENV)/.dev ## CPU a request and latency, beside their floors, in one run
	@$(BIN)/python -m bench $(BENCH)

fuzz: $(VENV)/.dev ## Long randomised runs; FUZZ="--minutes 20 --cases 10000 --pairs 4000 --only contract"
	@$(BIN)/python -m fuzz $(FUZZ)

lock: $(VENV)/.dev ## Resolve the lock files anew (needs uv on the path)
	@tools/lock.sh

clean: ## Remove what was built; keeps demo data
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
