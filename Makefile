# Everything starts here. A fresh machine needs python3 (3.11 or later) and make, nothing else.

PYTHON ?= python3
PORT ?=
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
SAMPLE := demo/sample.db

.PHONY: help install demo test check bench messages codebook requirements constraints

help:
	@echo "make demo          install, build the sample database, start the app (PORT=8600 to choose a port)"
	@echo "make test          install and run the tests"
	@echo "make install       a .venv with the casualty command"
	@echo "make check         format, lint, types, codebook, tests: all that must hold before a change lands"
	@echo "make bench         measure speed, size and the planted patterns"
	@echo "make messages      write the catalogues of languages anew from the program, and list what is not translated"
	@echo "make codebook      write CODEBOOK.md anew from the vocabulary and the schema"
	@echo "make requirements  write the last column of docs/requirements.md anew from the tests"
	@echo "make constraints   write constraints.txt anew from pyproject.toml"

install: $(READY)

$(READY): pyproject.toml constraints.txt setup.py $(wildcard geo/kernel/*.c geo/kernel/*.h)
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install python3, version 3.11 or later."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed; this is $$($(PYTHON) --version 2>&1)."; \
		echo "Name a newer one: make install PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's own venv is missing: on Debian or Ubuntu, install the package python3-venv."; exit 1; }
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV); the first time takes a minute or two."
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt --config-settings editable_mode=compat -e '.[dev]'
	@$(PY) -m compileall -q casualty geo app
	@touch $(READY)

demo: $(READY) $(SAMPLE)
	@echo "Sign in as recorder, recorder2, reviewer, analyst, custodian, custodian2 or administrator."
	@echo "The password of each is sample-only. The database is invented, and these accounts work on it alone."
	@$(VENV)/bin/casualty --db $(SAMPLE) serve $(if $(PORT),--port $(PORT))

# Built beside and moved when whole: a build that was stopped leaves nothing that looks finished.
$(SAMPLE): | $(READY)
	@mkdir -p $(@D) && rm -f $@.part*
	@$(VENV)/bin/casualty --db $@.part init --sample
	@mv $@.part $@

test: $(READY)
	@$(PY) -m pytest -n auto --dist loadfile

check: $(READY)
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -m casualty.codebook | cmp -s - CODEBOOK.md || { echo "CODEBOOK.md is not fresh: run make codebook"; exit 1; }
	@$(PY) -m pytest -n auto --dist loadfile

bench: $(READY)
	@$(PY) -m bench

messages: $(READY)
	@$(PY) -m app.locale.collect

codebook: $(READY)
	@$(PY) -m casualty.codebook > CODEBOOK.md.part && mv CODEBOOK.md.part CODEBOOK.md

requirements: $(READY)
	@$(PY) tests/test_docs.py

# From a clean environment, so that nothing installed by hand slips in. No addresses: name==version only.
constraints:
	@rm -rf build/constraints && $(PYTHON) -m venv build/constraints
	@build/constraints/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	@build/constraints/bin/python -m pip freeze --exclude casualty > constraints.txt
	@rm -rf build/constraints && echo "constraints.txt: $$(wc -l < constraints.txt) packages"
