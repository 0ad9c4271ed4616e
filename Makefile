# Commands for people and for CI. Everything runs in .venv, installed from requirements.lock with hashes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HOME_DIR ?= var

.PHONY: install run ui test check format lock clean
.DEFAULT_GOAL := run

install: $(READY)  ## Everything into .venv; computes nothing

# No options: what is given here would be remembered in place of what the settings of an existing home say.
run: $(READY)  ## Compute the whole graph: in a new home on the bundled sample, 2007-2023
	$(BIN)/reeassets run --home $(HOME_DIR)

ui: $(READY)  ## Dagster's UI on http://127.0.0.1:3000
	$(BIN)/reeassets ui --home $(HOME_DIR)

# A process a core, each with whole files of tests, so that a file's fixtures are made once. The tests set their order.
# One thread each: two processes that use every core for small matrices wait for each other.
test: $(READY)  ## All tests but the long proofs
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=15

check: $(READY)  ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY)  ## Rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# .ready comes last: a half-made environment is never taken for a whole one.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "reeassets needs Python 3.11 or newer; call make PYTHON=/path/to/python")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# The lock is complete, so pip only has to check the hashes.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# Every process starts in half the time with compiled modules; a few files of packages are for other versions of Python.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
	@touch $(READY)

lock:  ## Resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --quiet --output-file requirements.lock

clean:  ## Remove everything that the commands above made
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: bench
bench: $(READY)  ## Benchmarks against the alternatives, into benchmarks/*.md (half an hour, 5 GB of disk)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benchmarks/requirements.lock
	$(BIN)/python benchmarks/sample.py
	$(BIN)/python benchmarks/run.py

.PHONY: prove
prove: $(READY)  ## The proof over many generated worlds, into docs/PROOF.md (hours; goes on where it was)
	$(BIN)/python -m reeassets_tests.world.proof docs/PROOF.md --work $(HOME_DIR)/proof

.PHONY: reliability
reliability: $(READY)  ## 60 kills, 8 processes at once, full disk and more, into docs/RELIABILITY.md (half an hour)
	$(BIN)/python -m pytest -m slow reeassets_tests/reliability reeassets_tests/platform reeassets_tests/indicators reeassets_tests/test_deploy.py
	$(BIN)/python -m reeassets_tests.reliability
