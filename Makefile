# Open Co-WIN: what to type. Needs Python >= 3.11, make and git; everything else goes into .venv and var.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
UV := $(VENV)/bin/uv
RUN := $(VENV)/bin
ADDRESS := $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_LINK_MODE := copy
# What was compiled once need not be compiled again by every process.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help
.PHONY: help install demo serve test untimed timed check pictures bench growth format docs clean

help: ## Tell what there is to type
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Install into .venv what running needs

demo: $(VENV)/.installed ## Serve a demo at http://127.0.0.1:8000 (PORT=, HOST=), made at the first start
	@$(RUN)/opencowin demo
	@exec $(RUN)/opencowin serve $(ADDRESS)

serve: $(VENV)/.installed ## Serve this deployment (see docs/settings.md)
	@exec $(RUN)/opencowin serve $(ADDRESS)

test: untimed timed ## Run every test that check does not, in a real browser too

untimed: $(VENV)/.installed-dev
	@$(RUN)/python -m tests.browser.chromium
	@$(RUN)/python -m tests.provider
	@$(RUN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m 'not alone' --ignore tests/architecture

timed: $(VENV)/.installed-dev
	@$(RUN)/pytest -m alone tests/browser/test_budgets.py

check: $(VENV)/.installed-dev ## Check format, lint, types, import contracts and sizes
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/pytest tests/architecture

pictures: $(VENV)/.installed-dev ## Take a picture of every page into var/pictures, and the README's (HISTORY=)
	@$(RUN)/python -m tests.browser.chromium
	@$(RUN)/pytest tests/browser/pictures.py
	@OPENCOWIN_PICTURED_HISTORY=$(HISTORY) $(RUN)/pytest tests/browser/readme_pictures.py

bench: $(VENV)/.installed-dev ## Run the benchmarks, each beside its reference
	@$(UV) sync --frozen --inexact --quiet --group bench
	@$(RUN)/python -m benchmarks

growth: $(VENV)/.installed-dev ## Measure with millions of people, MILLIONS="1 10 30", into docs/growth.md
	@$(RUN)/python -m benchmarks.growth $(MILLIONS)

format: $(VENV)/.installed-dev ## Put the code in its one form
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

docs: $(VENV)/.installed-dev ## Generate the documents that are made from the code
	$(RUN)/opencowin docs docs

clean: ## Remove what was installed and cached; the data in var stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.installed: $(UV) pyproject.toml uv.lock
	@$(UV) sync --frozen --inexact --no-dev --compile-bytecode --quiet
	@touch $@

$(VENV)/.installed-dev: $(UV) pyproject.toml uv.lock
	@$(UV) sync --frozen --inexact --quiet
	@touch $@ $(VENV)/.installed

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Open Co-WIN needs Python 3.11 or newer: name one with PYTHON=, such as PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "Python cannot make a virtual environment here: install it with: apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV)…"
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
