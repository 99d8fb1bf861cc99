# `make demo` shows recctl on the examples, `make check` is all that must hold.
# Both make their own virtual environment; PYTHON chooses the interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: demo check torture bench lowest dist format golden docs clean

# A command of recctl and what it prints; the second argument is its exit code where that is not 0.
define shown
	@printf '\n$$ recctl $(1)\n'
	@$(BIN)/recctl $(1) || test $$? -eq $(or $(2),0)
endef

demo: $(VENV)/recctl
	$(call shown,validate examples/clean)
	$(call shown,show 8c5441fa examples/clean)
	$(call shown,diff 8c5441fa ca1004f4 examples/clean)
	$(call shown,validate examples/broken/tests/unreachable examples/broken/tests/stale,1)
	$(call shown,rehash examples/broken/tests/stale)
	@printf '\nThis was $(BIN)/recctl; to have it as recctl: . $(BIN)/activate\n'
	@printf 'To break a recording and mend it: docs/start.md\n'

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses auto

# Some hours; or one of: PART=coverage, mutation, machines, fuzz. MINUTES are for each reader.
torture: $(VENV)/torture
	$(BIN)/python -m tests.torture $(if $(PART),--part $(PART)) $(if $(MINUTES),--minutes $(MINUTES))

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks.run $(BENCH)

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(VENV)/dev
	RECCTL_GOLDEN=write $(BIN)/python -m pytest tests/test_golden.py tests/test_docs.py

docs: $(VENV)/dev
	$(BIN)/python -m tests.make_docs
	$(SITE)

# All tests with the oldest libraries that pyproject.toml allows, each one named there.
lowest:
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m tests.lowest > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint .venv-lowest/constraints.txt --editable '.[dev]'
	.venv-lowest/bin/python -m pytest --numprocesses auto

dist: $(VENV)/dist
	$(BIN)/python -m tests.make_dist

clean:
	rm -rf $(VENV) .venv-lowest dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recctl needs Python 3.11 or newer; say which with: make PYTHON=python3.12 …")'
	@echo 'installing into $(VENV), about a minute'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/recctl: $(VENV)/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/torture: $(VENV)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torture]'
	@touch $@

$(VENV)/dev: $(VENV)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# In the same environment, but with nothing that only `make check` needs.
$(VENV)/dist: $(VENV)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dist]'
	@touch $@
