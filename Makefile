# Shortcuts; what they do is in .ci/ and pyproject.toml.
venv := $(or $(VENV),.venv)
python := $(venv)/bin/python

.PHONY: help setup test lint studio bench lock large-files

help:
	@sed -n 's/^\([a-z-]*\):.*# /\1\t/p' $(MAKEFILE_LIST)

setup: # everything for development into .venv
	.ci/setup

test: # all tests, or some: make test ARGS="tests/test_engine.py -k tiles"
	$(python) -m pytest -n auto --dist loadfile $(ARGS)

lint: # ruff, mypy, oxlint and large files
	.ci/lint

studio: # the page at http://127.0.0.1:7860
	$(venv)/bin/stylize studio

bench: # how fast this machine paints
	$(venv)/bin/stylize bench

lock: # note the installed versions for continuous integration
	{ echo "# Versions that continuous integration tests with; made by: make lock"; \
	  $(python) -m pip freeze --exclude-editable | grep -vE '^(cuda|nvidia|triton)'; } > .ci/constraints.txt

large-files: # note the hashes of the files in models.lock
	$(python) .ci/large_files.py --write
