# make demo     sets up .venv and runs the main job on the example blog
# make test     sets up .venv and runs the tests; ARGS are passed on: make test ARGS="-k rollback"
# make torture  the full size of the tests that try to break it: hours; see docs/reliability.md
# make bench    speed beside native tools: an hour; see benchmarks/README.md; make bench ARGS="scan start"
# make check    formatting, lint, types, layers, generated files, spelling
#
# Set-up installs only what requirements/*.txt pin by hash, with uv if it is there, else with pip.

VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PACKAGES := $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
PINNED := --require-hashes --only-binary :all:
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: demo test torture bench check format generate requirements clean
.DELETE_ON_ERROR:

demo: $(VENV)/demo.ready
	$(BIN)/migrator demo

test: $(VENV)/dev.ready
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

torture: $(VENV)/dev.ready $(VENV)/fuzz.ready
	$(BIN)/python -m pytest --torture -m torture --timeout 0 -p no:randomly $(ARGS)

bench: $(VENV)/dev.ready $(VENV)/bench.ready
	$(BIN)/python -m compileall -q migrator $(VENV)/lib || true
	PYTHONPATH=tests $(BIN)/python -m benchmarks $(ARGS)

check: $(VENV)/dev.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m migrator.config.example --check
	$(BIN)/python -m migrator.cli.reference --check
	$(BIN)/codespell

format: $(VENV)/dev.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: $(VENV)/dev.ready
	$(BIN)/python -m migrator.config.example --write
	$(BIN)/python -m migrator.cli.reference --write
	$(BIN)/python examples/make_images.py

# Needs uv. Add --upgrade to COMPILE's options for newer versions: make requirements UPGRADE=--upgrade
requirements:
	$(COMPILE) $(UPGRADE) pyproject.toml --extra demo --group dev -o requirements/dev.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra demo --group build -c requirements/dev.txt -o requirements/demo.txt
	$(COMPILE) $(UPGRADE) --group fuzz -o requirements/fuzz.txt
	$(COMPILE) $(UPGRADE) --group bench -o requirements/bench.txt

clean:
	rm -rf $(VENV) .cache build dist migrator-demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/%.ready: requirements/%.txt pyproject.toml | $(BIN)/python
	$(PACKAGES) $(PINNED) -r $<
	$(PACKAGES) --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        found="$$python"; break; \
	    fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Migrator needs Python 3.11 or newer, and there is none on the PATH." >&2; exit 1; \
	fi; \
	if [ -n "$(UV)" ]; then \
	    "$(UV)" venv --quiet --python "$$(command -v "$$found")" $(VENV); \
	elif "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    "$$found" -m venv $(VENV); \
	else \
	    echo "$$found cannot make a virtual environment here." >&2; \
	    echo "On Debian and Ubuntu: apt install python3-venv. Or install uv, and run make again." >&2; \
	    exit 1; \
	fi
