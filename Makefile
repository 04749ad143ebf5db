# Everything a developer or CI runs. `make help` lists it; the first call makes the environment, later ones reuse it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# A worker per core, but no more than four: each loads its own models. Tests of one file share theirs.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile
DEMO_IMAGE := examples/scene.png
NOTEBOOKS := $(wildcard notebooks/*.ipynb)

# `jupyter execute` does the same, and writes the time of day into every cell.
define run_notebooks
import sys, pathlib, nbclient, nbformat
for path in map(pathlib.Path, sys.argv[1:]):
    print(path, flush=True)
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, record_timing=False, resources={"metadata": {"path": path.parent}}).execute()
    for cell in notebook.cells:  # what the machine that ran it has to say is of no use to readers
        cell.update({"outputs": [out for out in cell.outputs if out.get("name") != "stderr"]} if "outputs" in cell else {})
    nbformat.write(notebook, path)
endef
export run_notebooks

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports cover format notebooks pocket-eval pocket-train constraints clean python

help:  ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.core  ## objects of a sample picture as JSON, and their plot in build/demo.png
	@mkdir -p build
	@$(BIN)/extraction run $(DEMO_IMAGE) --schema scene --plot build/demo.png
	@echo "The plot is in build/demo.png." >&2

test: $(VENV)/.dev  ## the tests
	$(BIN)/python -m pytest $(PARALLEL)

check: lint types imports cover  ## what CI runs: format, lint, types, import contracts, tests with coverage

lint: $(VENV)/.dev  ## formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev  ## mypy, strict
	$(BIN)/mypy

imports: $(VENV)/.dev  ## who may import whom
	$(BIN)/lint-imports

cover: $(VENV)/.dev  ## the tests, with the coverage gate
	$(BIN)/python -m pytest $(PARALLEL) --cov

format: $(VENV)/.dev  ## format and fix what can be fixed by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(VENV)/.dev  ## run the notebooks from top to bottom and keep their outputs
	@$(BIN)/python -c "$$run_notebooks" $(NOTEBOOKS)

pocket-eval: $(VENV)/.core  ## how well the embedded model sees, on fresh scenes
	$(BIN)/python -m extraction.pocket.evaluate

pocket-train: $(VENV)/.core  ## train the embedded model again, in build/pocket; goes on where it was stopped
	$(BIN)/python -m extraction.pocket.recipe build/pocket

clean:  ## remove what was built, caches and environment included
	rm -rf $(VENV) build dist *.egg-info .benchmarks .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------------------------------------------------------------
# The environment. A stamp says that an install came to its end, and is older than pyproject.toml or constraints.txt
# when that install is out of date. pip takes a package whose copying was cut off for an installed one, so what was
# left half done is thrown away: .installing is there from before the first file until after the last.

$(VENV)/.core: pyproject.toml constraints.txt | python
	$(call install,.)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | python
	$(call install,.[dev])
	@touch $(VENV)/.core $@

define install
	@if [ -e $(VENV)/.installing ]; then echo "The last install into $(VENV) did not end: starting over."; rm -rf $(VENV); fi
	@mkdir -p $(VENV) && touch $(VENV)/.installing
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV)
	@echo "Installing $(1) into $(VENV) (minutes the first time)."
	@# torch first and by itself: whatever asks for it later is content with the one that is pinned
	@$(PIP) install --constraint constraints.txt setuptools torch
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '$(1)'
	@rm $(VENV)/.installing
endef

python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there. Name a Python of at least 3.11: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }

# Takes the newest of everything but torch, whose version is chosen by hand.
constraints:  ## resolve constraints.txt anew
	@rm -rf build/resolve && $(PYTHON) -m venv build/resolve
	@torch=$$(grep '^torch==' constraints.txt) && build/resolve/bin/pip install --quiet setuptools "$$torch" \
		&& build/resolve/bin/pip install --quiet --no-build-isolation --editable '.[dev]' "$$torch"
	@{ sed -n '/^#/p' constraints.txt; build/resolve/bin/pip list --format freeze --exclude-editable --exclude pip \
		| sed 's/^\(torch==[^+]*\)+.*/\1/'; } > build/constraints.txt
	@mv build/constraints.txt constraints.txt && rm -rf build/resolve
