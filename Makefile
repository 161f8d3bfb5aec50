# Each target makes .venv when it is missing or older than what it is made from, then runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# torch is pinned and comes first: unpinned, it may bring gigabytes of CUDA libraries
TORCH := torch==2.13.0
# what gno needs to run; and what its developers need on top
CORE := $(VENV)/.core
TOOLS := $(VENV)/.tools
# torch-scatter, which is optional: built from source, against the torch that is there
SCATTER := $(VENV)/.scatter

.PHONY: demo test test-long test-scatter lint bench docs package clean

demo: $(CORE)
	$(BIN)/python training/demo.py

test: $(TOOLS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

# without the checks of shapes, which take a quarter of the time of a long computation
test-long: $(TOOLS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m long --jaxtyping-packages=

test-scatter: $(SCATTER)
	$(BIN)/python -c 'import torch_scatter'  # or its tests would be skipped
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/ops/test_scatter.py tests/ops/test_segment.py

lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(CORE)
	$(BIN)/gno bench

docs: $(TOOLS)
	rm -rf docs/api  # pages of names that are gone
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

package: $(TOOLS)
	$(BIN)/python .ci/package.py

$(CORE): pyproject.toml Makefile
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gno needs Python 3.11 or newer: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH)
	$(PIP) -e .
	touch $@

$(TOOLS): $(CORE)
	$(PIP) -e '.[test,docs]'
	touch $@

# 6 to 20 minutes. Never a cached wheel: it may be of another torch
$(SCATTER): | $(TOOLS)
	$(PIP) setuptools wheel
	$(PIP) --no-build-isolation --no-cache-dir torch-scatter==2.1.2
	touch $@

clean:
	rm -rf $(VENV) dist runs docs/_build docs/api docs/tutorials
