# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# Nothing but Python and make is needed; `uv` is used when it is on PATH, because it is faster.

SOURCE ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# The first Python on PATH that is new enough; PYTHON=/some/python overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
ifdef UV
PIP_INSTALL = $(UV) pip install --quiet --python $(BIN)/python
else
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: help install dev demo test lab lint bench

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# Two stamps, so that nothing is installed again until pyproject.toml changes.
install: $(VENV)/installed  ## Make .venv and install dicomlab into it: .venv/bin/dicomlab

dev: $(VENV)/installed-dev  ## As install, with what tests and checks need

demo: install  ## Run the whole pipeline over data_samples/, or SOURCE=folder, into demo/
	$(BIN)/dicomlab demo $(if $(SOURCE),"$(SOURCE)")

test: dev  ## Run all tests
	$(BIN)/python -m pytest

lab: install  ## Open JupyterLab on copies of the notebooks
	$(BIN)/dicomlab lab

lint: dev  ## Check style, types, spelling, and that notebooks hold no output
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python -m pytest -q tests/test_project.py -k stored_output

bench: dev  ## Time de-identification beside pydicom's bare read and save
	$(BIN)/python benchmarks/header_throughput.py

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "dicomlab needs Python 3.11 or newer and found none on PATH." >&2; \
		echo "Install one (https://www.python.org/downloads/) or say: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' || { \
		echo "dicomlab needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1)." >&2; exit 1; }
ifdef UV
	@$(UV) venv --quiet --allow-existing --python "$$(command -v "$(PYTHON)")" $(VENV)
else
	@"$(PYTHON)" -m venv $(VENV) || { \
		echo "Python's venv module does not work here (Debian, Ubuntu: apt install python3-venv)." >&2; \
		rm -rf $(VENV); exit 1; }
endif

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "Installing dicomlab into $(VENV) (a few minutes the first time) ..."
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing what tests and checks need ..."
	@$(PIP_INSTALL) -e ".[dev]"
	@touch $@
