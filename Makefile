# Every target works on a fresh clone: what it needs is made first, once, and again when
# pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
BIN := $(VENV)/bin
# One process per core, four at most: each has an oracle of 700 MB. A test that waits does not hold up the others' queue.
PYTEST := $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal
# What runs nothing, or has cases of its own for the executor xla.
NOT_ON_XLA := bounds copies fuzz
export KERAS_BACKEND ?= jax

.PHONY: help venv mnist play play-pictures docs figures site test test-all test-xla test-exhaustive fmt names catalogue lint types imports doctest check bench bench-venv clean
.DEFAULT_GOAL := help

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One stamp per set of extras; the developer's set holds the user's, so it answers for both.
$(VENV)/.user: pyproject.toml | $(BIN)/python
	@test -e $(VENV)/.dev || $(BIN)/python -m pip install --quiet -e ".[plot,app]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[test,plot,app]"
	@touch $@

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[docs]"
	@touch $@

$(BENCH)/.done: pyproject.toml
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet -e ".[bench]"
	@touch $@

venv: $(VENV)/.dev ## the developer's environment: tests, linters, the Keras oracle

mnist: $(VENV)/.user ## train on MNIST, from nothing
	$(BIN)/narae train mnist

play: $(VENV)/.user ## the playground, in your browser
	$(BIN)/narae play

play-pictures: $(VENV)/.dev ## take docs/pictures/play-*.png anew (needs chromium)
	$(BIN)/python tools/playground_pictures.py

docs: figures site ## the figures of docs/learn anew, and the site

figures: $(VENV)/.docs ## run the chapters, draw their figures in both languages (minutes; wants a font with Hangul)
	$(BIN)/python tools/glossary.py
	$(BIN)/python tools/pages.py --figures docs/learn/figures docs/learn/*/[0-9]*-*.md

site: $(VENV)/.docs ## the site, into site/: python -m http.server -d site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

test: $(VENV)/.dev ## the tests and doctests, but for the slow ones
	$(PYTEST)

test-all: $(VENV)/.dev ## the slow ones too, with examples that nobody has tried
	$(PYTEST) --all

# XLA compiles here as it does for users; in `make test` it compiles quickly (tests/compiling.py).
test-xla: $(VENV)/.dev ## all on the executor xla at once, callbacks and files; `make test` has the rest of it
	NARAE_EXECUTOR=xla $(PYTEST) tests/executors/test_all_on_xla.py tests/callbacks tests/saving $(NOT_ON_XLA:%=--ignore=tests/saving/test_%.py)

test-exhaustive: $(VENV)/.dev ## vector functions on all 2^32 numbers, interrupts at all instructions (hours)
	$(BIN)/python -m pytest -q -m exhaustive

doctest: $(VENV)/.dev ## the docstrings' examples only
	$(BIN)/python -m pytest -q src/narae

fmt: $(VENV)/.dev ## format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

names: $(VENV)/.dev ## write the lists of public operations and losses from where they are defined
	$(BIN)/python tools/public_names.py --write

catalogue: $(VENV)/.dev ## messages: collect what is marked, compile the translations
	$(BIN)/python tools/catalogue.py --missing

lint: $(VENV)/.dev ## format and lint, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev ## pyright
	$(BIN)/pyright

imports: $(VENV)/.dev ## the house: who may import whom
	$(BIN)/lint-imports

check: lint types imports test ## everything CI runs

bench-venv: $(BENCH)/.done ## the peers' environment (some GB)

bench: bench-venv ## narae beside its peers, one table
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BENCH)/bin/python benchmarks/run.py $(ARGS)

clean: ## remove what the targets made
	rm -rf $(VENV) $(BENCH) build dist site figures .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
