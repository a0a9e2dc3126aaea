# The two commands are `make run` and `make test`; everything else is a part of them or help for developers.
# Nothing needs to be installed by hand but Python 3.11, git and make: Node, Envoy and buf come as Python wheels, and
# Chromium from Debian. What has been done is remembered in .stamps, so that the second time takes a second.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := $(CURDIR)/.venv
export PATH := $(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_UPDATE_NOTIFIER := 1
STAMPS := .stamps

PROTO := $(shell find proto -name '*.proto') buf.yaml buf.gen.yaml proto/plugins/grpc_python.py
EXTENSION := $(shell find extension -type f \
	-not -path '*/node_modules/*' -not -path '*/.output/*' -not -path '*/.wxt/*' -not -path '*/tests/*') \
	$(shell find gen/es -name '*.ts' 2>/dev/null)

.PHONY: help
help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do
		printf '  make %-10s %s\n' "$$name" "$$what"
	done

# What there is to install and build; most of it waits for downloads, so that parts are made at the same time.
PARTS := $(addprefix $(STAMPS)/,venv system node gen extension)

.PHONY: setup
setup: ## Install and build everything
	@$(MAKE) --jobs=4 $(PARTS)

.PHONY: run
run: setup ## Run Tabwire with a browser, and do the demo task
	@exec tabwire up --demo

# How many processes share the tests: two for each processor, as half of the time they wait for something, but four at
# most, as each has browsers of its own. `make test TEST_WORKERS=0` runs them in one; so does pytest itself, which is
# handier for a few tests.
TEST_WORKERS ?= $(shell echo $$((2 * $$(nproc))))

.PHONY: test-setup
test-setup:
	@$(MAKE) --jobs=4 $(PARTS) $(STAMPS)/kits $(STAMPS)/miniwob

# The tests start the product's programs hundreds of times: compiled modules are kept, whatever the environment says.
.PHONY: test
test: export PYTHONDONTWRITEBYTECODE :=
test: test-setup ## All tests: contract, unit (Python and TypeScript), integration, end to end
	@python -m pytest --numprocesses=$(TEST_WORKERS) --maxprocesses=4 --max-worker-restart=4 --dist=worksteal $(TEST_OPTIONS)

.PHONY: check
check: setup ## Linters, types, imports, the contract's rules, and no drift of generated code
	@set -x
	ruff check .
	ruff format --check .
	mypy server tests
	lint-imports
	buf lint
	buf format -d --exit-code
	buf breaking --against proto/baseline.binpb
	$(MAKE) drift
	cd extension && npm run --silent check

.PHONY: drift
drift: $(STAMPS)/venv $(STAMPS)/node ## Fail if gen/ is not what the contract generates
	@fresh=$$(mktemp -d)
	trap 'rm -rf "$$fresh"' EXIT
	buf generate -o "$$fresh"
	buf build --as-file-descriptor-set -o "$$fresh/gen/python/tabwire/v1/descriptors.binpb"
	diff -r -x __pycache__ gen "$$fresh/gen" || { echo 'gen/ is out of date: run `make gen` and commit it.' >&2; exit 1; }

.PHONY: gen
gen: $(STAMPS)/venv $(STAMPS)/node ## Generate code from the contract
	@buf generate
	buf build --as-file-descriptor-set -o gen/python/tabwire/v1/descriptors.binpb
	mkdir -p $(STAMPS) && touch $(STAMPS)/gen

.PHONY: release-baseline
release-baseline: setup ## Take the contract as it is for released, and record it (docs/compatibility.md)
	@PYTHONPATH=tests python -m compat.release

.PHONY: compat-past
compat-past: setup ## Let an earlier version work with this one, both ways round: REF=<tag or commit>
	@PYTHONPATH=tests python -m compat.past $(REF)

.PHONY: injection
injection: setup ## Attack the agent with hostile pages, and write the table of docs/policy.md
	@TABWIRE_INJECTION_TABLE=.stamps/injection.json python -m pytest tests/injection -q
	python tests/injection/table.py .stamps/injection.json

.PHONY: miniwob
miniwob: setup $(STAMPS)/miniwob ## Solve the tasks of MiniWoB++ through the API, from the page state alone
	@PYTHONPATH=tests python tests/miniwob/run.py $(MINIWOB_OPTIONS)

.PHONY: matrix
matrix: setup $(STAMPS)/kits ## Try every cell of the matrix, and write docs/matrix.md
	@python -m pytest tests/e2e_page/matrix -q --junitxml=.stamps/matrix.xml || true
	{ sed '/^## /,$$d' docs/matrix.md; python tests/e2e_page/matrix/table.py .stamps/matrix.xml; } > .stamps/matrix.md
	mv .stamps/matrix.md docs/matrix.md

# What the benchmarks compare with runs in environments of its own, made once, and again when their packages change.
BENCH := .bench

.PHONY: overhead
overhead: setup ## Measure what a step of the agent costs beside the model, and what it tells the model
	@PYTHONPATH=tests python -m eval.overhead $(OVERHEAD_OPTIONS)

# Needs a model: TABWIRE_MODEL and OPENAI_BASE_URL, OPENAI_API_KEY if it wants one. Side by side with the rival:
# EVAL_OPTIONS='--sides tabwire,browser_use'.
.PHONY: eval
eval: setup $(STAMPS)/miniwob $(BENCH)/browser_use/.made ## Let the agent solve MiniWoB++ with a real model, and tell what it took
	@PYTHONPATH=tests python -m eval.run $(EVAL_OPTIONS)

.PHONY: bench
bench: setup $(BENCH)/playwright/.made $(BENCH)/browser_use/.made $(BENCH)/tokens/.made ## Measure side by side with others, and write docs/performance.md
	@PYTHONPATH=tests python -m bench.run $(BENCH_OPTIONS)

$(BENCH)/%/.made: tests/bench/rivals/%.txt $(STAMPS)/venv
	@echo 'Installing what the benchmark compares with: $* …'
	$(PYTHON) -m venv --clear $(BENCH)/$*
	$(BENCH)/$*/bin/python -m pip install --quiet -r $<
	touch $@

$(BENCH)/tokens/.made: $(wildcard tests/bench/rivals/tokens/*) $(STAMPS)/node
	@rm -rf $(BENCH)/tokens && mkdir -p $(BENCH)/tokens
	cp tests/bench/rivals/tokens/* $(BENCH)/tokens/
	cd $(BENCH)/tokens && npm install --no-save --no-audit --no-fund --loglevel=error
	touch $(CURDIR)/$@

.PHONY: clean
clean: ## Remove everything that `make setup` made
	@rm -rf $(VENV) $(STAMPS) .bench extension/node_modules extension/.output extension/.wxt tests/pages/kits/node_modules tests/pages/kits/dist
	find . -name __pycache__ -not -path './extension/*' -prune -exec rm -rf {} +

# From here on: how each part is made, once, and again only when what it is made from has changed.

$(STAMPS)/venv: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed. Say which one: make PYTHON=python3.12' >&2; exit 1; }
	echo 'Installing the Python packages …'
	if ! [ -x $(VENV)/bin/pip ] && ! $(PYTHON) -m venv $(VENV); then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
			$(PYTHON) -m venv --clear $(VENV)
		else
			echo 'Python cannot make virtual environments. Run: sudo apt-get install python3-venv' >&2
			exit 1
		fi
	fi
	$(VENV)/bin/python -m pip install --quiet -e '.[dev]' -c constraints.txt
	mkdir -p $(STAMPS) && touch $@

# A Chromium to work in, and certutil for the person's own Chrome. With TABWIRE_BROWSER=none neither is needed. After the
# Python packages, because apt-get runs once at a time.
$(STAMPS)/system: | $(STAMPS)/venv
	@missing=
	command -v "$${TABWIRE_BROWSER_PATH:-chromium}" >/dev/null || missing="chromium"
	command -v certutil >/dev/null || missing="$$missing libnss3-tools"
	if [ -n "$$missing" ] && [ "$${TABWIRE_BROWSER:-}" != none ]; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			echo "Installing $$missing …"
			apt-get update -qq
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
		elif command -v "$${TABWIRE_BROWSER_PATH:-chromium}" >/dev/null; then
			echo 'Without certutil `tabwire certs install` cannot work: sudo apt-get install libnss3-tools' >&2
		else
			echo "Please install: sudo apt-get install $$missing" >&2
			echo 'or set TABWIRE_BROWSER=none and use your own Chrome.' >&2
			exit 1
		fi
	fi
	mkdir -p $(STAMPS)
	[ -n "$$missing" ] && ! command -v chromium >/dev/null || touch $@

# Not `npm ci`: it refuses a lock file that leaves out packages of other platforms, as one does that was written where
# the registry does not have them. This keeps to the locked versions as well, and leaves the lock file as it is.
$(STAMPS)/node: extension/package.json extension/package-lock.json $(STAMPS)/venv
	@echo 'Installing the Node packages …'
	cd extension && npm install --no-save --no-audit --no-fund --loglevel=error
	touch $(CURDIR)/$@

# Only its pages are wanted, not what the package needs to run them its own way.
$(STAMPS)/miniwob: $(STAMPS)/venv
	@echo 'Installing the pages of MiniWoB++ …'
	$(VENV)/bin/python -m pip install --quiet --no-deps miniwob==1.1.0
	touch $(CURDIR)/$@

# Pages with other people's editors and interface kits, for tests only.
$(STAMPS)/kits: $(shell find tests/pages/kits -type f -not -path '*/node_modules/*' -not -path '*/dist/*') $(STAMPS)/venv
	@echo 'Building the test pages of editors and interface kits …'
	cd tests/pages/kits && npm install --no-save --no-audit --no-fund --loglevel=error && npm run --silent build
	touch $(CURDIR)/$@

$(STAMPS)/gen: $(PROTO) $(STAMPS)/venv $(STAMPS)/node
	@$(MAKE) gen

$(STAMPS)/extension: $(EXTENSION) $(STAMPS)/gen $(STAMPS)/node
	@echo 'Building the extension …'
	cd extension && npm run --silent build && npm run --silent build:trusted
	touch $(CURDIR)/$@

# A run takes about a quarter of a minute on a quiet machine. CHAOS_OPTIONS='--at-once 2 --write-docs' makes two at a time and
# writes docs/chaos.md.
RUNS ?= 20

.PHONY: chaos
chaos: setup ## Break everything in the middle of tasks, and check what must hold: RUNS=200, or SEED=17 again
	@PYTHONPATH=tests python -m chaos.run --runs $(RUNS) $(if $(SEED),--seed $(SEED)) $(CHAOS_OPTIONS)

# A seed and a number make the same case again: make fuzz SEED=7 ONLY=4711
CASES ?= 100000
FUZZ_SEED = $(if $(SEED),--seed $(SEED))

.PHONY: fuzz
fuzz: setup ## Send anything at all through the real Envoy, and check what comes back: CASES=100000, or SEED=7 ONLY=4711
	@PYTHONPATH=tests python -m fuzz.run --cases $(CASES) $(FUZZ_SEED) $(if $(ONLY),--only $(ONLY)) $(FUZZ_OPTIONS)
	$(if $(ONLY),,cd extension && FUZZ_CASES=$(CASES) $(if $(SEED),FUZZ_SEED=$(SEED)) npx vitest run tests/fuzz)

MINUTES ?= 15

.PHONY: soak
soak: setup ## Load the server for a long time, and check that its memory and Envoy's stay flat: MINUTES=15
	@PYTHONPATH=tests python -m fuzz.soak --minutes $(MINUTES) $(FUZZ_SEED) $(SOAK_OPTIONS)
