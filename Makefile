# Everything a person or CI runs in the template repository. `make` alone lists it.
# Needs Python 3.11 or newer, make and git. One virtual environment serves the template and the project it bakes.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SOURCE := {{cookiecutter.project_slug}}
DEMO := build/demo/support-desk
SCRATCH := build/lock/support-desk

sum = $(shell cat $(1) | cksum | tr ' ' -)
PROJECT_LOCKS := '$(SOURCE)/requirements-dev.lock' '$(SOURCE)/requirements-uv.lock'
# The name under which the project's own Makefile looks for it.
PROJECT_READY := $(VENV)/.ready-$(call sum,$(PROJECT_LOCKS))
READY := $(VENV)/.ready-template-$(call sum,$(PROJECT_LOCKS) requirements.lock)

# A demo project older than any of these is baked again.
NEWER := find '$(SOURCE)' hooks cookiecutter.json local_extensions.py -type f -newer $(DEMO)/.cruft.json \
  -not -path '*/__pycache__/*' -not -path '*/.*_cache/*'

.DEFAULT_GOAL := help
.PHONY: help demo serve ui bake test test-fast lint features lock stop clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: bake  ## bake a project from the sample notebook and run its whole chain
	@$(MAKE) --no-print-directory -C $(DEMO) VENV=../../../$(VENV) demo

serve: bake  ## start the demo project's service on 127.0.0.1:8000
ui: bake  ## start MLflow's pages over the demo project
serve ui:
	@$(MAKE) --no-print-directory -C $(DEMO) VENV=../../../$(VENV) $@

bake: $(READY)  ## bake build/demo/support-desk, again when the template has changed
	@if [ -f $(DEMO)/.cruft.json ] && [ -n "$$($(NEWER))" ]; then \
	  $(MAKE) --no-print-directory stop && rm -rf $(DEMO); fi
	@test -f $(DEMO)/.cruft.json || $(VENV)/bin/cookiecutter . --no-input --output-dir build/demo

test: $(READY) lint  ## everything: the template, baked projects, their own tests and demo
	@$(RUN) -m pytest tests

test-fast: $(READY)  ## the quick part of the template's tests
	@$(RUN) -m pytest -m "not slow" tests

# The source is a working project: its answers are given as settings, and no cache is left in it to be baked.
lint features: export APP_PROVIDER := offline
lint features: export APP_PROJECT__NAME := Support Desk
lint features: export APP_PROJECT__SLUG := support-desk
lint features: export PYTHONPYCACHEPREFIX := $(CURDIR)/build/cache/python
lint features: export MYPY_CACHE_DIR := $(CURDIR)/build/cache/mypy
lint features: export RUFF_CACHE_DIR := $(CURDIR)/build/cache/ruff
lint: $(READY)  ## style of the template; style, layers, prompts and types of the source where it lies
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(MAKE) --no-print-directory -C '$(SOURCE)' VENV=../$(VENV) lint types

features: test  ## run all tests, of the source too, and write the project's feature table from what they proved
	@cp build/features.json '$(SOURCE)/tools/feature_table/template.json'
	@$(MAKE) --no-print-directory -C '$(SOURCE)' VENV=../$(VENV) features

lock: $(READY)  ## pin all dependencies again, with hashes
	@rm -rf $(SCRATCH)
	@$(VENV)/bin/cookiecutter . --no-input --output-dir build/lock >/dev/null
	@$(MAKE) --no-print-directory -C $(SCRATCH) VENV=../../../$(VENV) lock
	@cp $(SCRATCH)/requirements.lock $(SCRATCH)/requirements-dev.lock '$(SOURCE)/'
	@$(VENV)/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --constraints $(SCRATCH)/requirements-dev.lock --group template -o requirements.lock
	@rm -rf $(SCRATCH)

stop:  ## stop what `make demo` left running
	@test ! -d $(DEMO) || $(MAKE) --no-print-directory -C $(DEMO) VENV=../../../$(VENV) stop

clean: stop  ## remove all build output, the demo project included; the virtual environment stays
	@rm -rf build

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": run make PYTHON=python3.11")'
	@echo "installing into $(VENV) ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install -q --disable-pip-version-check --require-hashes -r '$(SOURCE)/requirements-uv.lock'
	@$(VENV)/bin/uv pip sync -q --python $(RUN) --require-hashes '$(SOURCE)/requirements-dev.lock' requirements.lock
	@rm -f $(VENV)/.ready-* && touch $(PROJECT_READY) $@
