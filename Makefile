# `make` lists the targets. Each sets up .venv by itself where it needs one (see envs/make_venv.py).
#   make demo PYTHON=/path/to/python3.12     another Python for a new .venv (make clean-all removes the old)
#   make demo CORES=4                        not all cores
#   make test TESTS="-k explainn"            some tests
#   make mutation-check SEED=2               other mutants

# The first Python that is new enough; else python3, so that the set-up says what is wrong with it.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; \
	done; echo python3)
CORES ?= all
WORKERS ?= 2
TESTS ?=
SEED ?= 1

RUN := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m
REPORT := results/report.html
# Touched when the demo's report was made: whatever is newer calls for another one.
REPORT_STAMP := .snakemake/demo_report
REPORT_SOURCES := results config $(filter-out resources/downloads,$(wildcard resources/*))

# What a login shell or an environment module may set, and .venv must not see.
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE = 1

make_venv = python="$(PYTHON)"; command -v "$$python" >/dev/null || { \
	echo "Set-up failed: there is no $$python. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
	exit 1; }; "$$python" envs/make_venv.py $(1)

.PHONY: help demo test test-cluster lint bench reproduce-check reruns mutation-check \
	clean clean-all venv venv-modisco venv-dev venv-mutation
.DEFAULT_GOAL := help

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: venv ## run the embedded example to results/report.html (a few minutes)
	@$(RUN) snakemake --configfile config/demo.yaml --cores $(CORES) --rerun-incomplete \
		--show-failed-logs --quiet host reason
	@if [ ! -f $(REPORT) ] || [ ! -f $(REPORT_STAMP) ] || \
		[ -n "$$(find $(REPORT_SOURCES) -type f -newer $(REPORT_STAMP) | head -n 1)" ]; then \
		$(RUN) snakemake --configfile config/demo.yaml --report $(REPORT) --quiet host \
		&& touch $(REPORT_STAMP); \
	fi
	@echo "Report: $(abspath $(REPORT))"

test: lint ## every check: lint, then the tests
	@OMP_NUM_THREADS=1 $(RUN) pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

# These mostly wait, for Slurm and for Snakemake to ask it: more processes than cores.
test-cluster: venv-dev ## faults on a real one-machine Slurm (Debian and root install it; else skipped)
	@OMP_NUM_THREADS=1 $(RUN) pytest -n 6 --dist worksteal tests/cluster $(TESTS)

reproduce-check: venv-dev ## run the mini project in two folders: every result has to be the same
	@.venv/bin/python tests/reproduce.py

reruns: venv-dev ## plan a change of every key of the config: what runs again has to be what is written down
	@.venv/bin/python tests/reruns.py

mutation-check: venv-mutation ## break code that decides numbers, in a sample of places: tests have to fail
	@OMP_NUM_THREADS=1 PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python tests/mutation_check.py --seed $(SEED)

lint: venv-dev ## format, style, rules, environments and configs
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) snakefmt --check Snakefile workflow rules
	@.venv/bin/python tests/checks/checks.py

bench: venv ## one table of speed and memory, each row with what it compares
	@.venv/bin/python tests/bench/bench.py

clean: ## remove results and caches; downloads and .venv stay
	rm -rf results logs benchmarks resources/simulated .snakemake .pytest_cache .ruff_cache .hypothesis
	find config rules scripts tests workflow_lib envs -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean ## ... and these too
	rm -rf resources/downloads .venv

venv:
	@$(call make_venv)

venv-modisco: ## set up what TF-MoDISco needs too (the paper's Figure 1)
	@$(call make_venv,--modisco)

venv-dev:
	@$(call make_venv,--dev)

venv-mutation:
	@$(call make_venv,--mutation)
