# Every task of a contributor. CI runs .ci/run, which needs no make.

GO     ?= go
PYTHON ?= python3
PKG    ?= ./...
BENCH  ?= .
COUNT  ?= 6

# go tool reads pinned tools from go.mod files of their own, outside workspaces.
TOOL = GOWORK=off $(GO) tool -modfile=internal/tools/go.mod
GOLANGCI = GOWORK=off $(GO) tool -modfile=internal/tools/golangci/go.mod golangci-lint

.DEFAULT_GOAL := help
.PHONY: help test lint generate bench vectors ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## run the tests with the race detector, without the long ones (PKG=./...)
	$(GO) test -race -short $(PKG)

lint: ## gofmt, vet, staticcheck, golangci-lint and the repository's own checks
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these'; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GOLANGCI) run
	$(GO) test . ./internal/lint

generate: ## write assembly, tables and the shipped recording anew; git diff must stay empty
	GOWORK=off $(GO) generate ./...
	git diff --exit-code

bench: ## benchmarks (BENCH=regexp PKG=./...); with OLD=ref, benchstat against that commit
	@GO="$(GO)" .ci/bench "$(OLD)" "$(BENCH)" "$(COUNT)" $(PKG)

vectors: ## compare with the shared vectors and the Python oracles; what is missing fails
	PYTHON="$(PYTHON)" .ci/vectors

ci: ## what CI runs
	bash .ci/run
