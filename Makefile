# Two commands: `make run` gets everything and runs the line, `make test` tests it. Neither needs root, except that
# `make test` installs a few Debian packages when they are missing.

VENV := .venv
IVR := $(VENV)/bin/ivr
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.made-runtime
DEV := $(VENV)/.made-dev
PIP := $(PY) -m pip --disable-pip-version-check --quiet

.PHONY: run setup check test pure real quick lint bench soak crash clean

run: setup
	@exec $(IVR) up

setup: $(RUNTIME)

# A minute and a half: what needs neither an Asterisk nor long. The lint and the types beside the tests.
check: $(DEV)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint quick

# A test that computes for long without saying so (`scan`) fails here: tests/conftest.py.
quick: $(DEV)
	VOICELINE_QUICK=1 $(PY) -m pytest --quiet -n 2 --dist loadfile -m 'not asterisk and not trouble and not scan'

# Real calls mostly wait, and want to be on time when they do not; what only computes takes what they leave, beside them.
# No worker is replaced: after one that died pytest-xdist waits for ever for what it had been given.
PURE = nice -n 5 $(PY) -m pytest --quiet --dist loadfile --max-worker-restart 0 -n 2 -m 'not asterisk and not trouble'
REAL = VOICELINE_REQUIRE_ASTERISK=1 $(PY) -m pytest --dist loadfile --max-worker-restart 0 -n 5 --no-loadscope-reorder -m 'asterisk and not trouble'

test: $(DEV)
	@sh .ci/test-packages
	@$(MAKE) --no-print-directory --jobs 2 real pure

pure: lint
	$(PURE)

real: $(DEV)
	$(REAL)

lint: $(DEV)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(DEV)
	$(PY) -m tests.bench

# Hours: the whole suite with every scan in full, of which `make test` looks at a share (tests/rigs/share.py); then every
# law over a hundred thousand random long days.
soak: $(DEV)
	@sh .ci/test-packages
	VOICELINE_WHOLE=1 $(PURE)
	VOICELINE_WHOLE=1 $(REAL)
	$(PY) -m tests.laws days

# Minutes to hours: the figures of the README. A short form of each runs with the tests.
crash: $(DEV)
	$(PY) -m pytest -m trouble
	$(PY) -m tests.witness
	$(PY) -m tests.crash.fuses
	for blow in kill freeze upgrade asterisk; do $(PY) -m tests.crash $$blow || exit 1; done
	$(PY) -m tests.crash.many

# What was made stays out of the way of what was kept: the state directory (call log, secrets) is never touched.
clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find ivr sip tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): .ci/requirements.lock pyproject.toml
	@sh .ci/make-venv $(VENV)
	$(PIP) install --require-hashes -r .ci/requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUNTIME) .ci/requirements-dev.lock
	$(PIP) install --require-hashes -r .ci/requirements-dev.lock
	@touch $@
