# make train: install and train.  make test: the test suite.  make check: lint, format, types, then tests.
# make corpus-report: check and count the corpus.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: install train corpus-report test check lint clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

train: $(INSTALLED)
	$(BIN)/python scripts/train.py $(ARGS)

corpus-report: $(INSTALLED)
	$(BIN)/python scripts/prepare.py report=data/report annotations=data/annotations/composed.jsonl \
		review_queue=outputs/review_queue.jsonl $(ARGS)

test: $(INSTALLED)
	$(BIN)/python -m pytest $(ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

clean:
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
