# `make report` and `make test` are all a newcomer needs; both set up .venv by themselves.
.DEFAULT_GOAL := report
.PHONY: report test lab lint bench calibrate readme lock clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

report: $(READY)
	@$(BIN)/workbook run data/example/study.yml --out reports/example

test: $(READY)
	@$(BIN)/python -m pytest -q --cov

# The parts of README.md that are made from the example report.
readme: report
	@$(BIN)/python -m tests.readme

lab: $(READY)
	@$(BIN)/jupyter lab --notebook-dir=notebooks

lint: $(READY)
	@$(BIN)/ruff check helpers tests notebooks
	@$(BIN)/ruff format --check --quiet helpers tests
	@$(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb

bench: $(READY)
	@$(BIN)/python -m tests.benchmarks

calibrate: $(READY)
	@$(BIN)/python -m pytest -q -s -m calibrate tests/calibration

# Compiling at installation halves the time every notebook needs to start (some machines switch it off).
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "The workbook needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (once; a few minutes) ..."
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory python-venv
	@$(PYTHON) -m venv --clear .venv
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--use-pep517 --require-hashes --requirement requirements.lock
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q helpers
	@touch $(READY)

# Debian keeps the part of Python that makes environments in a package of its own.
.PHONY: python-venv
python-venv:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; \
	else \
		echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; \
	fi

# One file for every platform and Python 3.11 to 3.13, with hashes and without an index address.
lock: $(READY)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade -o requirements.lock

clean:
	@rm -rf .venv reports/example reports/lab .pytest_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
