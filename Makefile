# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything that is made goes to the user's cache folder, nothing into the tree.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/secretferry
# Another Python or another lock file means another venv; the old one stays usable.
VENV := $(CACHE)/venv-$(shell { $(PYTHON) -VV; cat requirements-dev.txt; } | cksum | cut -d ' ' -f 1)
READY := $(VENV)/.ready
RELEASE_VENV := $(CACHE)/release-$(shell { $(PYTHON) -VV; cat requirements-release.txt; } | cksum | cut -d ' ' -f 1)
RELEASE_READY := $(RELEASE_VENV)/.ready
RUN = PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.layout run
PYTEST = pytest $(PYTEST_ARGS)
# Each worker process of `make test` has a Vault and an emulator of its own.
WORKERS ?= logical

.DEFAULT_GOAL := help
.PHONY: have-vault tool help setup lint sanity test test-unit test-contract test-integration test-faults demo bench build install release release-check vault matrix lock clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## Make the virtual environment for all of the rest

# No prerequisites: the name says which lock file it was made from, and a fresh clone has newer files than the venv.
$(READY):
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(READY)

test: setup have-vault  ## Run every test but the benchmarks: unit, contract, integration, faults, sanity
	@$(RUN) --installed $(PYTEST) --numprocesses $(WORKERS) --dist loadfile

test-unit: setup  ## Run the tests of pure code
	@$(RUN) $(PYTEST) tests/unit

test-contract: setup  ## Hold the emulator and our requests against the official SDK
	@$(RUN) $(PYTEST) tests/contract

test-integration: setup vault  ## Run playbooks against a real Vault and the emulator
	@$(RUN) --installed $(PYTEST) tests/integration

test-faults: setup vault  ## Kill, drop, refuse and delay
	@$(RUN) --installed $(PYTEST) tests/faults

lint: setup  ## Run ruff, mypy, ansible-lint, yamllint and the antsibull linters
	@$(RUN) $(PYTEST) -q tests/sanity/test_lint.py

sanity: setup  ## Run ansible-test sanity, without any ignore file
	@$(RUN) $(PYTEST) -q tests/sanity/test_sanity.py

demo: setup have-vault  ## Migrate a few hundred secrets from a Vault into an Akeyless emulator, on this machine
	@$(RUN) --installed python -m ferrydev.demo

bench: setup vault  ## Measure the bulk path beside wrk
	@$(RUN) --installed python -m ferrydev.bench

matrix: setup have-vault  ## Test on every supported ansible-core, or on some: make matrix CORES="2.16 2.21"
	@PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.matrix $(CORES)

build: setup  ## Build the collection's artifact and say where it is
	@PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.layout artifact

install: setup  ## Build and install it into the scratch folder; prints a path for ANSIBLE_COLLECTIONS_PATH
	@PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.layout install

release: setup  ## Make the changelog's entry of a release: make release VERSION=0.1.0
	@PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.release "$(VERSION)"

release-check: $(RELEASE_READY)  ## Run what Galaxy, Automation Hub and docs.ansible.com run, with all that it prints
	@PYTHONPATH=dev $(RELEASE_VENV)/bin/python -m ferrydev.release_check

$(RELEASE_READY):
	@echo "Making a virtual environment in $(RELEASE_VENV)"
	@$(PYTHON) -m venv --clear $(RELEASE_VENV)
	@$(RELEASE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-release.txt
	@touch $(RELEASE_READY)

# For .pre-commit-config.yaml: one program of the virtual environment.
tool: setup
	@$(RUN) $(TOOL)

have-vault: setup
	@PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.vault build > /dev/null

vault: setup  ## Find a Vault on this machine, or build one (five to ten minutes, once)
	@PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.vault build

lock:  ## Write requirements-dev.txt and requirements-release.txt anew from the .in files
	@for name in requirements-dev requirements-release; do \
	  $(PYTHON) -m venv --clear $(CACHE)/lock && \
	  $(CACHE)/lock/bin/python -m pip install --quiet --disable-pip-version-check -r $$name.in && \
	  $(CACHE)/lock/bin/python -m pip freeze > $(CACHE)/freeze.txt && \
	  { sed -n '1,5p' $$name.txt; awk -F '==' 'NR == FNR { if (/^[a-z].*;/) { print; fixed[$$1] = 1 } next } !fixed[$$1]' \
	      $$name.in $(CACHE)/freeze.txt | LC_ALL=C sort -f -t = -k 1,1; } > $(CACHE)/lock.txt && \
	  cp $(CACHE)/lock.txt $$name.txt || exit 1; \
	done
	@rm -rf $(CACHE)/lock $(CACHE)/lock.txt $(CACHE)/freeze.txt

clean: setup  ## Remove what was made for this checkout (venvs and the Vault stay)
	@rm -rf "$$(PYTHONPATH=dev $(VENV)/bin/python -m ferrydev.layout scratch)" .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible
