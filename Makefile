# Everything a developer runs. `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

MODULES := . cmd/spor examples internal/integration internal/peers
FAMILIES := ./httptrace/... ./grpctrace/... ./sqltrace/... ./kafkatrace/...

LINT     := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
APIDIFF  := go run golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e
BENCHSTAT := go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

# The race detector needs a C compiler.
RACE := $(shell command -v $$(go env CC) >/dev/null && echo -race)
FUZZTIME ?= 60s

# The packages of the root module whose tests take longest.
SLOW := ./setup ./setup/internal/pipeline ./grpctrace

# The tests that run without the race detector.
PLAIN := Alloc|LeavesIDs|MaskedAsDocumented|Linear|Burst|SwitchOver

.PHONY: all
all: test lint ## test and lint

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build spor and quotes into bin/
	@mkdir -p bin
	cd cmd/spor && go build -o ../../bin/spor .
	cd examples && go build -o ../bin/quotes ./quotes

.PHONY: demo
demo: build ## Run the example services under spor, and draw their traces
	@./scripts/demo.sh

.PHONY: test
test: deps ## Test every module, with embedded backends alone
	@# The slowest packages start first, so that no core waits for them at the end.
	@for module in $(MODULES); do \
		first=$$([ $$module != . ] || echo $(SLOW)); \
		echo "== $$module"; (cd $$module && go vet ./... && go test $(RACE) -short $$first ./...); \
	done
	@# Allocations are counted, and millions of texts read, without the race
	@# detector, which adds to both.
	@echo "== without the race detector"; go test -run '$(PLAIN)' \
		$$(git grep -lE 'func Test\w*($(PLAIN))' -- '*_test.go' $(patsubst %,':!%',$(filter-out .,$(MODULES))) | xargs -n1 dirname | sort -u | sed 's,^,./,')

.PHONY: deps
deps: ## Check that no test code reaches users' binaries, and who may use the SDK
	@# setuptest is for tests: it may use them, and nobody else may use it.
	@! { go list -deps $$(go list ./setup/... | grep -v /setuptest$$) $(FAMILIES); cd cmd/spor && go list -deps .; } | grep -E '^testing$$|/testify|/setuptest$$' \
		|| { echo "a public package links test code (see above)"; exit 1; }
	@! go list -deps $(FAMILIES) | grep '^go.opentelemetry.io/otel/sdk' \
		|| { echo "only setup imports the SDK"; exit 1; }

.PHONY: lint
lint: ## Lint every module, check that go.mod files are tidy, and look for the words of scripts/words.txt
	@./scripts/words.sh
	@! grep -n '^replace' go.mod || { echo "a replace in the root module does not reach users"; exit 1; }
	@for module in $(MODULES); do \
		echo "== $$module"; (cd $$module && go mod tidy -diff && $(LINT) run --config $(CURDIR)/.golangci.yml ./...); \
	done

.PHONY: fix
fix: ## Format, and mend what the linters can
	@for module in $(MODULES); do (cd $$module && go mod tidy && $(LINT) run --fix --config $(CURDIR)/.golangci.yml ./...); done

.PHONY: latest
latest: ## Test the root module with the newest version of every dependency
	./scripts/latest.sh

.PHONY: minors
minors: ## Test the adapter of chi with every minor version, because chi sets the pattern of requests in different ways
	./scripts/latest.sh github.com/go-chi/chi/v5 v5.0.14 v5.1.0 v5.2.2 v5.2.5 v5.3.2 v5.4.0 v5.5.0

.PHONY: raises
raises: ## Count what spor raises in a program with older libraries (at most 18)
	./scripts/raises.sh 18

.PHONY: services-install
services-install: ## Install the servers that the integration tests need (Debian packages)
	./scripts/services.sh install

.PHONY: services
services: ## Start them in .tmp/services
	./scripts/services.sh start

.PHONY: integration
integration: build ## Test against the servers of make services, and what takes long
	[ ! -f .tmp/services/env ] || . .tmp/services/env; cd internal/integration && SPOR_BIN=$(CURDIR)/bin go test $(RACE) -tags integration -timeout 30m ./...

# PEERS runs the command peers with the addresses of make services.
PEERS = [ ! -f .tmp/services/env ] || . .tmp/services/env; cd internal/peers && go run .

.PHONY: peers
peers: ## Run other projects' test suites without and with spor (SUITE=pgx for one; 45 minutes)
	$(PEERS) -suite "$(SUITE)" -page ../../docs/peers.md

.PHONY: peers-quick
peers-quick: ## Run the quick selection of them (8 minutes)
	$(PEERS) -quick

.PHONY: fault
fault: ## Test setup through long outages and under load, at full length (16 minutes)
	go test -tags fault -timeout 60m -count 1 -run 'SwitchOver|Outage|Burst|HighRate|DeadCollector|FullBuffer|Hostile' -v ./setup ./setup/internal/load
	go test $(RACE) -timeout 30m -count 1 ./setup ./setup/internal/pipeline
	go test $(RACE) -tags fault -timeout 10m -count 1 -run Hostile ./setup/internal/load

.PHONY: collectors
collectors: ## Run setup and the SDK's exporter with collectors that misbehave, and write docs/collectors.md (2 minutes)
	go test -tags fault -timeout 10m -count 1 -run Hostile ./setup/internal/load -args -page $(CURDIR)/docs/collectors.md

.PHONY: bench
bench: ## Measure beside the rivals (see BENCHMARKS.md)
	@mkdir -p .tmp
	[ ! -f .tmp/services/env ] || . .tmp/services/env; cd internal/integration && go test -run '^$$' -bench . -benchmem -count 6 ./... | tee $(CURDIR)/.tmp/bench.txt
	$(BENCHSTAT) .tmp/bench.txt

.PHONY: plots
plots: ## Draw the plots of BENCHMARKS.md from .tmp/bench*.txt
	cd internal/integration && go run ./plot -o $(CURDIR)/docs/images $(CURDIR)/.tmp/bench*.txt

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (60s)
	./scripts/fuzz.sh $(FUZZTIME)

.PHONY: api
api: ## Compare the public API with that of the last tag
	./scripts/api.sh "$(APIDIFF)"
