# Every target makes what it needs, on a machine that has only Python 3.11, make and git.
VENV := .venv
UV := $(VENV)/.tools/bin/uv
RUN := $(VENV)/bin
ARGS ?=
N ?=
export UV_PROJECT_ENVIRONMENT := $(VENV)
# Where this is set, each process compiles two thousand modules anew: three seconds of a core before it begins.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo serve test test-system check fix bench bench-intake fuzz soak simulate-guessing audit docs clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready  ## make .venv with everything pinned in uv.lock

$(UV):
	python=$${PYTHON:-$$(deploy/fastest-python.sh)} && "$$python" -m venv $(VENV) && "$$python" -m venv $(VENV)/.tools
	$(VENV)/.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.ready: $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --quiet --python $(VENV)/bin/python
	@touch $@

demo: setup  ## the whole road, live: laboratories, investigator, patient, curve
	$(RUN)/rempart demo $(ARGS)

serve: setup  ## the web server and the worker, on what is in ./var
	$(RUN)/rempart serve $(ARGS)

test: setup  ## every test that needs no system package
	$(RUN)/python -m pytest -n 4 --dist worksteal -m "not system" $(ARGS)

test-system: setup  ## tests of what only a system package gives (installs SoftHSM, HAProxy, Postfix, Dovecot with apt, as root)
	tests/system/install.sh
	$(RUN)/python -m pytest -m system tests/system $(ARGS)

check: setup  ## format, lint, types, import contract
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

fix: setup  ## let the formatter and the linter mend what they can
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

bench: setup  ## ratios against a limit measured in the same run
	$(UV) sync --frozen --quiet --group bench --python $(VENV)/bin/python
	$(RUN)/rempart bench $(ARGS)

bench-intake: setup  ## the record day: N messages (2,280,000) from files into PostgreSQL, beside a raw COPY
	$(RUN)/python -m benchmarks.intake $(N)

fuzz: setup  ## every decoder on bytes made to break it, a minute each
	$(UV) sync --frozen --quiet --group fuzz --python $(VENV)/bin/python
	$(RUN)/python -m tests.fuzz $(ARGS)

soak: setup  ## load over every way in while everything is killed in turn, for ten minutes; then all is there, once
	$(RUN)/python -m tests.soak $(ARGS)

simulate-guessing: setup  ## a million wrong guesses from ten thousand networks, and who waits
	$(RUN)/python -m benchmarks.guessing $(ARGS)

audit: setup  ## known weaknesses of what is pinned, and the bill of materials, into ./var/audit
	$(UV) sync --frozen --quiet --group audit --python $(VENV)/bin/python
	$(RUN)/python deploy/audit.py $(UV) var/audit

docs: setup  ## the documentation site, into ./site
	$(UV) sync --frozen --quiet --group docs --python $(VENV)/bin/python
	$(RUN)/python -m docs.render
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict --quiet

clean:  ## forget the environment and everything under ./var
	rm -rf $(VENV) var site
