# `make report` and `make test` are all a newcomer needs; both set up .venv by themselves.
.DEFAULT_GOAL := report
.PHONY: report test coverage lab lint bench calibrate readme reference lock clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

report: $(READY)
	@$(BIN)/workbook run data/example/study.yml --out reports/example

test: $(READY)
	@$(BIN)/python -m pytest -q -n logical --dist loadfile

# The same, with the share of the lines of helpers/ that they run; tracing takes as long again.
coverage: $(READY)
	@$(BIN)/python -m pytest -q --cov -n logical --dist loadfile

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
	@$(BIN)/python -m tests.calibration.coverage
	@$(BIN)/python -m helpers.cohort.calibration
	@$(BIN)/python -m helpers.robustness.survey_fit
	@$(BIN)/python -m pytest -q tests/calibration
	@CHECK_EXAMPLES=5000 $(BIN)/python -m pytest -q tests/workbook/test_check_fuzz.py

# What R says of the same data (tests/reference/README.md); the tests themselves need no R.
R_PACKAGES := survival sandwich boot geepack epitools epiR cmprsk jsonlite
reference:
	@command -v Rscript >/dev/null || { echo "R is missing. On Debian or Ubuntu: sudo apt install r-base-core" \
		$$(printf 'r-cran-%s ' $(R_PACKAGES) | tr A-Z a-z); exit 1; }
	@missing=$$(Rscript --vanilla -e 'cat(setdiff(commandArgs(TRUE), rownames(installed.packages())))' $(R_PACKAGES)); \
		[ -z "$$missing" ] || { echo "R has no $$missing. On Debian or Ubuntu: sudo apt install" \
		$$(printf 'r-cran-%s ' $$missing | tr A-Z a-z); exit 1; }
	@cd tests/reference && for script in *.R; do echo $$script; TZ=UTC Rscript --vanilla $$script || exit 1; done

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
