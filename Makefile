# Two lines set everything up: `make demo` runs the main job, `make test` the whole suite.
PYTHON ?= python3
VENV   ?= .venv
bin     = $(VENV)/bin
PHOTOS ?=
QUERY  ?=

.PHONY: demo test check soak bench bench-speed bench-quality bench-search bench-small_galleries bench-regions bench-whitening bench-descriptors bench-poolings clean help

help:
	@echo "make demo [PHOTOS=folder QUERY=photo] | test | check | soak | bench | clean"

# A stamp for each set-up; a changed pyproject.toml installs anew.
$(VENV)/.demo: pyproject.toml
	test -x $(bin)/python || $(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	touch $@

$(VENV)/.all: pyproject.toml
	test -x $(bin)/python || $(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --disable-pip-version-check -e '.[all]'
	touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(bin)/python examples/demo.py --photos '$(PHOTOS)' --query '$(QUERY)'

test: $(VENV)/.all
	$(bin)/python -m pytest

check: $(VENV)/.all
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

soak: $(VENV)/.all
	$(bin)/python -m pytest -m soak

bench: bench-quality bench-speed bench-search bench-small_galleries bench-regions bench-whitening bench-poolings bench-descriptors

bench-quality bench-speed bench-search bench-small_galleries bench-regions bench-whitening bench-poolings bench-descriptors: bench-%: $(VENV)/.all
	$(bin)/python benchmarks/$*.py

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
