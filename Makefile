# Two lines set everything up: `make demo` runs the main job, `make test` the whole suite.
PYTHON ?= python3
VENV   ?= .venv
bin     = $(VENV)/bin
PHOTOS ?=
QUERY  ?=

BENCHES = $(addprefix bench-,quality cost votes speed search small_galleries regions whitening poolings choice diffusion distractors reranking copies)

.PHONY: demo test check soak bench $(BENCHES) bench-descriptors pictures clean help

help:
	@echo "make demo [PHOTOS=folder QUERY=photo] | test | check | soak | bench | pictures | clean"

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

bench: $(BENCHES) bench-descriptors

$(BENCHES): bench-%: $(VENV)/.all
	$(bin)/python benchmarks/$*.py

bench-descriptors: $(VENV)/.all
	$(bin)/python benchmarks/descriptors.py
	$(bin)/python benchmarks/picture.py

pictures: $(VENV)/.all
	$(bin)/python examples/picture.py
	$(bin)/python examples/pictures.py

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
