# What there is to do here: `make` says it. Needs Go and a shell; what has pods or a
# gateway in make e2e and make demo needs root as well.

# Every Go module with code of ours. tools/lint and tools/helm-docs only pin a tool
# each, and test/e2e/components the third-party programs of the end-to-end tests.
MODULES := . test/charts test/e2e test/inspector test/schemas tools

GO ?= go
BENCHTIME ?= 1s
FUZZTIME ?= 10s

.DEFAULT_GOAL := help
.NOTPARALLEL:

# All but the race detector is compiled in one way, so that tests, checks, tools and
# third-party programs share what they are made of: without C, and without the paths of
# this machine.
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)
export CGO_ENABLED := 0

# Recursive, so that only the targets that use it ask Go. Go itself turns cgo off
# where there is no C compiler, and the race detector needs cgo.
RACE = $(if $(filter 1,$(shell CGO_ENABLED= $(GO) env CGO_ENABLED)),-race)

# $(call step,NAME,COMMAND) runs one command and ends with one line: how it went
# and how long it took.
define step
@start=$$(date +%s); if ( $(2) ); then result=ok; else result=FAILED; fi; \
printf '%-6s  %-44s %5d s\n' "$$result" '$(1)' "$$(($$(date +%s) - start))"; test "$$result" = ok
endef

.PHONY: help
help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The demo is built first: `go run` ends at the first Ctrl-C, before what it runs does.
demo-program := .cache/bin/demo

.PHONY: demo
demo: ## Show it working here, or on the cluster of KUBECONFIG, after asking (YES=1: without)
	@test ! -t 1 || test -e $(demo-program) || echo 'building the demo: the first time this takes a minute or two'
	@$(GO) -C test/e2e build -o $(CURDIR)/$(demo-program) ./cmd/demo
	@test "$$CI" != true || test/e2e/prepare
	@$(demo-program) $(if $(YES),-yes)

.PHONY: demo-down
demo-down: ## End the demo and remove everything of it, also from the cluster of KUBECONFIG
	@$(GO) -C test/e2e build -o $(CURDIR)/$(demo-program) ./cmd/demo
	@$(demo-program) $(if $(YES),-yes) down

.PHONY: build
build: ## Build the commands into bin/
	$(call step,build,$(GO) build -o bin/ ./cmd/...)

.PHONY: test
test: ## Vet and test everything that needs nothing but Go (a few minutes)
	$(call step,go vet,$(GO) vet ./...)
	@$(if $(RACE),:,echo 'no C compiler: the tests run without the race detector')
	$(call step,tests$(if $(RACE), with the race detector),$(if $(RACE),CGO_ENABLED=1) $(GO) test $(RACE) ./...)
	$(call step,tests of renderings against real schemas,$(GO) -C test/schemas test ./...)
	$(call step,tests of the chart,$(GO) -C test/charts test ./...)
	$(call step,tests of the generators and packages,$(GO) -C tools test ./...)

.PHONY: e2e
e2e: ## Prove it with real components and pods (root for those with pods; the first time builds the components). WRITE=1: into docs/proofs.md
	$(call step,what a node needs,test/e2e/prepare)
	$(call step,compile the end-to-end tests,$(GO) -C test/e2e list -test -export -deps -f '' ./... >/dev/null)
	$(call step,end-to-end tests,$(GO) -C test/e2e run ./cmd/proofs $(if $(WRITE),-write))
	$(call step,foreign MCP clients,$(GO) -C test/inspector test -count=1 -timeout 20m ./...)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (default 10s)
	$(call step,fuzz targets,$(fuzz-targets))

# go test fuzzes one target of one package at a time.
define fuzz-targets
targets=$$($(GO) test -list '^Fuzz' ./... | awk '/^Fuzz/ {names[++n] = $$1} /^ok/ {while (n) print $$2, names[n--]}') && { test -n "$$targets" || { echo 'no fuzz target found'; false; }; } && \
echo "$$targets" | while read -r package name; do \
	$(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$package" </dev/null || exit 1; \
done
endef

.PHONY: bench
bench: ## Run every benchmark for BENCHTIME (default 1s). SHORT=1: the large ones on less
	$(call step,benchmarks,$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $(if $(SHORT),-short) $(benchmarked))

# The packages with benchmarks: go test would link the tests of all the others, too.
benchmarked = $$(find . -name '*_test.go' -not -path './test/*' -not -path './tools/*' -not -path './.cache/*' -exec grep -l '^func Benchmark' {} + | xargs -n 1 dirname | sort -u)

.PHONY: generate
generate: ## Write what is generated: package/, docs/api.md, the chart's README
	$(call step,generators,$(GO) -C tools run ./xrdgen)
	$(call step,build helm-docs,$(GO) -C tools/helm-docs build -o $(CURDIR)/bin/ github.com/norwoodj/helm-docs/cmd/helm-docs)
	$(call step,the README of the chart,bin/helm-docs --chart-search-root charts --log-level warning)

.PHONY: lint
lint: lint-format lint-vet lint-golangci lint-vulnerabilities ## Check format, code and known vulnerabilities of every module

.PHONY: lint-format
lint-format:
	$(call step,gofmt,files=$$(find . -name '*.go' -not -path './.cache/*' -exec gofmt -l {} +) && { test -z "$$files" || { echo "$$files"; false; }; })

.PHONY: lint-vet
lint-vet:
	$(call step,go vet of every module,code=0; for module in $(MODULES); do $(GO) -C "$$module" vet ./... || code=1; done; exit $$code)

.PHONY: lint-golangci
lint-golangci:
	$(call step,build golangci-lint,$(GO) -C tools/lint build -o $(CURDIR)/bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint)
	$(call step,golangci-lint of every module,code=0; for module in $(MODULES); do (cd "$$module" && echo "$$module:" && $(CURDIR)/bin/golangci-lint run) || code=1; done; exit $$code)

# Without its database govulncheck knows nothing; that is said, and no failure.
.PHONY: lint-vulnerabilities
lint-vulnerabilities:
	$(call step,build govulncheck,$(GO) -C tools build -o $(CURDIR)/bin/ golang.org/x/vuln/cmd/govulncheck)
	$(call step,govulncheck,$(vulnerabilities))

define vulnerabilities
for module in $(MODULES); do \
	(cd "$$module" && if ! $(CURDIR)/bin/govulncheck ./... >$(CURDIR)/bin/govulncheck.txt 2>&1; then \
		if grep -q 'fetching vulnerabilities' $(CURDIR)/bin/govulncheck.txt; then echo 'govulncheck: database not reachable, skipped'; exit 9; fi; \
		cat $(CURDIR)/bin/govulncheck.txt; exit 1; \
	fi); code=$$?; test $$code -ne 9 || break; test $$code -eq 0 || exit 1; \
done
endef

.PHONY: package
package: ## Build the Crossplane packages into dist/ (offline)
	$(call step,packages,$(GO) -C tools run ./xpkg package)

.PHONY: image
image: ## Build the images of the function and of the MCP server into dist/ (offline)
	$(call step,images,$(GO) -C tools run ./xpkg image)

.PHONY: clean
clean: ## Remove what was built; .cache keeps the third-party programs, which take long, and planes that are up
	rm -rf bin dist
