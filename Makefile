# Two lines set everything up: `make demo` runs the main job, `make test` the whole suite.
PYTHON ?= python3
VENV   ?= .venv
OLDEST ?= .venv-oldest
bin     = $(VENV)/bin
# pip would compile all that it installs, on one core; what is imported is compiled by whoever imports it first.
INSTALL = -m pip install --quiet --disable-pip-version-check --no-compile
unexport PYTHONDONTWRITEBYTECODE
# A process more than there are cores, each with one thread for products: some tests wait for browsers and servers.
TESTERS = $(shell expr $$(nproc) + 1)
PHOTOS ?=
QUERY  ?=

BENCHES = $(addprefix bench-,quality cost votes speed search stores small_galleries regions whitening poolings choice diffusion distractors reranking copies precision training training_runs duplicates false_positives serving tuning policies searches policy_cost brands machines walk walk_training)

.PHONY: browser demo test test-oldest check soak bench $(BENCHES) bench-descriptors pictures clean help

help:
	@echo "make demo [PHOTOS=folder QUERY=photo] | test | test-oldest | check | soak | bench | pictures | clean"

# A stamp for each set-up; a changed pyproject.toml installs anew. The browser of the tests comes beside the packages, which
# keep one core busy.
$(VENV)/.demo: pyproject.toml
	test -x $(bin)/python || $(PYTHON) -m venv $(VENV)
	$(bin)/python $(INSTALL) -e '.[demo]'
	touch $@

$(VENV)/.all: pyproject.toml
	test -x $(bin)/python || $(PYTHON) -m venv $(VENV)
	sh tests/support/install_browser.sh & $(bin)/python $(INSTALL) -e '.[all]' && wait
	touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(bin)/python examples/demo.py --photos '$(PHOTOS)' --query '$(QUERY)'

# The slowest ten and the coverage are printed. Each process has tests of the same files, whose fixtures it makes once,
# and takes over from others at the end.
test: $(VENV)/.all browser
	OMP_NUM_THREADS=1 $(bin)/python -m slipcover --source src/resight \
		--json --out .coverage.json -m pytest -n $(TESTERS) --dist worksteal --durations=10 -p slipcover.pytest_plugin -W 'ignore:Module already'
	$(bin)/python tests/support/coverage.py .coverage.json 95

# The tests of the page are made in Chromium; where it cannot be installed they are skipped.
browser:
	@sh tests/support/install_browser.sh

# The lowest version of everything that pyproject.toml allows, in an environment of its own. Old packages beside new
# ones of theirs warn of what is to go; that is theirs to mend.
test-oldest: $(OLDEST)/.all browser
	OMP_NUM_THREADS=1 $(OLDEST)/bin/python -m pytest -n $(TESTERS) --dist worksteal -W ignore::DeprecationWarning -W ignore::FutureWarning

$(OLDEST)/.all: pyproject.toml tests/support/oldest.py
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(PYTHON) tests/support/oldest.py > $(OLDEST)/pins.txt
	$(OLDEST)/bin/python $(INSTALL) -c $(OLDEST)/pins.txt -e '.[all]'
	touch $@

check: $(VENV)/.all
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

soak: $(VENV)/.all
	$(bin)/python $(INSTALL) -e '.[soak]'
	$(bin)/python -m pytest -m soak

bench: $(BENCHES) bench-descriptors

$(BENCHES): bench-%: $(VENV)/.all
	$(bin)/python benchmarks/$*.py

bench-descriptors: $(VENV)/.all
	$(bin)/python benchmarks/descriptors.py
	$(bin)/python benchmarks/picture.py

pictures: $(VENV)/.all browser
	$(bin)/python examples/picture.py
	$(bin)/python examples/pictures.py
	$(bin)/python examples/page.py

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
