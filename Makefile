# The words a newcomer and CI need. Everything lives in .venv; nothing is installed elsewhere.
PYTHON ?= python3
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# gpu: ONNX Runtime with CUDA, which also runs on the CPU. cpu: the smaller one. See the README.
RUNTIME ?= gpu
EXTRA_gpu := onnx-gpu
EXTRA_cpu := onnx
# torch for the CPU alone is another file than the lock's, so its pins hold and its hashes do not
FILES_gpu := --verify-hashes
FILES_cpu := --no-verify-hashes --torch-backend cpu

.PHONY: run test installs docs site ui serve services study benchmark faults fuzz lock versions coverage release-check clean help

help:
	@echo "make run    set everything up and take the embedded data to a verdict"
	@echo "make test   set everything up and pass the suite"
	@echo "make installs  install the wheel in fresh environments and use it there; Ray"
	@echo "make docs   build the documentation as a site, in site/; check links, run its code blocks"
	@echo "make ui     open the MLflow UI on what was run"
	@echo "make serve  run the chain on a schedule (needs a Prefect server)"
	@echo "make services  PostgreSQL, S3 store, MLflow, Prefect and a worker here, without containers"
	@echo "make study  compare methods on the embedded data over many seeds (an hour on 2 cores)"
	@echo "make benchmark  who pays for compression? DATA=celeba, full or a file of params"
	@echo "make faults, fuzz  what kills and dead servers, what broken inputs cost: tables"
	@echo "make lock, versions, coverage, release-check: see CONTRIBUTING.md"
	@echo "make clean  remove .venv and everything that was run"

run: $(VENV)/.ready
	@$(BIN)/faircompress run

test: $(VENV)/.ready-dev
	@echo "== Style and types"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@echo "== Tests"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 $(or $(TESTS),-m "not installs and not docs")

installs: $(VENV)/.ready-dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 -m installs

docs: site
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 -m docs

site: $(VENV)/.ready-dev
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "site/index.html"

ui: $(VENV)/.ready
	@$(BIN)/faircompress ui

serve: $(VENV)/.ready
	@$(BIN)/faircompress serve

services: $(VENV)/.ready
	@$(INSTALL) --editable '.[$(EXTRA_$(RUNTIME)),train,pipeline,s3,services]'
	@$(BIN)/python -m infra.services $(SERVICES)

study: $(VENV)/.ready
	@$(BIN)/faircompress study portraits

# Goes on where it was stopped; --score-only scores what was run so far
benchmark: $(VENV)/.ready
	@$(BIN)/python bench/who_pays.py $(or $(DATA),portraits)

# FAULTS=1/2 makes every second try; the tries are kept in faults.jsonl, and only missing ones are made
faults: $(VENV)/.ready-dev
	@OMP_NUM_THREADS=1 $(BIN)/python bench/faults.py --shard $(or $(FAULTS),1/1) --tries $(or $(TRIES),10)

fuzz: $(VENV)/.ready-dev
	@OMP_NUM_THREADS=1 $(BIN)/python bench/fuzz.py --cases $(or $(CASES),2000)

INSTALL = $(BIN)/uv pip install --quiet --python $(VENV) --compile-bytecode --constraints requirements.lock $(FILES_$(RUNTIME))

# uv, and nothing else yet
$(VENV)/.uv: requirements.lock
	@test ! -L $(VENV) || { echo "$(VENV) is a link: another clone's package would become this one's. Remove it."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed, this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	@touch $@

$(VENV)/.ready: pyproject.toml requirements.lock $(VENV)/.uv
	@echo "== Setting up $(VENV): about 6 GB and 1-4 minutes the first time, seconds after"
	@$(INSTALL) --editable '.[$(EXTRA_$(RUNTIME)),train,pipeline]'
	@echo "== Making the databases of MLflow and Prefect, some 10 seconds"
	@$(BIN)/faircompress setup
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@$(INSTALL) --editable '.[$(EXTRA_$(RUNTIME)),train,pipeline,s3,services,ray,timm,hf,docs,infra,dev]'
	@touch $@

# The lock keeps the versions it has where pyproject.toml allows them; UPGRADE=--upgrade takes the newest.
lock: $(VENV)/.uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet $(UPGRADE) --output-file requirements.lock

versions: $(VENV)/.uv
	@$(BIN)/python tools/versions.py $(SETS)

coverage: $(VENV)/.ready-dev
	@$(BIN)/coverage erase
	@OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest --numprocesses 2 $(TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

release-check: $(VENV)/.uv
	@$(INSTALL) build hatchling
	@$(BIN)/python tools/release.py $(if $(TAG),--tag $(TAG))

clean:
	rm -rf $(VENV) artifacts/*/ variants .checkpoints mlflow.db .mlflow.db.* mlartifacts
