# Shortcuts; what they do is in .ci/ and pyproject.toml.
venv := $(or $(VENV),.venv)
python := $(venv)/bin/python
lock_options := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command 'make lock' pyproject.toml

.PHONY: help setup test lint studio bench lock large-files

help:
	@sed -n 's/^\([a-z-]*\):.*# /\1\t/p' $(MAKEFILE_LIST)

setup: # everything for development into .venv
	.ci/setup

test: # all tests, or some: make test ARGS="tests/test_engine.py -k tiles"
	$(python) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: # ruff, mypy, oxlint and large files
	.ci/lint

studio: # the page at http://127.0.0.1:7860
	$(venv)/bin/stylize studio

bench: # how fast this machine paints
	$(venv)/bin/stylize bench

# What continuous integration installs, what a page in public needs, what a container has.
lock: # note the newest versions that fit, with hashes; needs uv
	uv pip compile --extra dev --upgrade --output-file .ci/requirements.lock $(lock_options)
	uv pip compile --extra studio --constraint .ci/requirements.lock --upgrade \
	  --output-file requirements.lock $(lock_options)
	uv pip compile --extra studio --extra video --extra milvus --extra metrics \
	  --constraint .ci/requirements.lock --upgrade --output-file container/requirements.lock \
	  $(lock_options) container/build.in
	$(python) .ci/third_party.py

large-files: # note the hashes of the files in models.lock
	$(python) .ci/large_files.py --write
