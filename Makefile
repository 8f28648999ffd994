# Two commands do everything: `make demo` and `make test`. Both set up .venv on first use.
PYTHON ?= python3
BIN := .venv/bin
export UV_PROJECT_ENVIRONMENT := .venv
SETUP := .venv/.set-up

.PHONY: demo test setup check docs sample clean help

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(SETUP) ## the project's own .venv, from the lock file

$(SETUP): uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "glotmill needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet "uv>=0.6"; }
	$(BIN)/uv sync --locked --quiet --python $(BIN)/python
	@touch $@

demo: $(SETUP) ## the main job on the bundled sample
	$(BIN)/glotmill run demo

check: $(SETUP) ## linter and type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check ## linter, type checker and all tests
	$(BIN)/python -m pytest

docs: $(SETUP) ## write the reference tables of docs/ anew
	$(BIN)/python -m pipeline.columns

sample: $(SETUP) ## build the sample WARC anew from its pages
	$(BIN)/python -m pipeline.sample.build

clean: ## remove the environment and the caches, never a run
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
