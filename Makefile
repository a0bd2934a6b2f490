# The verbs of daily work. Meson does the building; what a verb does beyond that is in tools/.

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60

# cmocka comes with the test packages: without it the server builds all the same.
TESTS := $(shell pkg-config --exists cmocka 2>/dev/null && echo true || echo false)

.DEFAULT_GOAL := build

help:            ## this list
	@sed -n 's/^\([a-z-]*\): .*## /  make \1\t/p' Makefile | expand -t 20

all: build

build: build/build.ninja    ## the server, as build/postern
	@ninja -C build $(NINJAFLAGS) postern

build/build.ninja:
	@meson setup build -Dtests=$(TESTS)

run:             ## installs what is missing, builds, and starts a server on port 2022
	@tools/install-packages build
	@$(MAKE) --no-print-directory build
	@tools/run-demo

test:            ## everything: unit, corpus, layers, sanitizers, real clients
	@tools/install-packages build test
	@tools/run-tests all

check:           ## the quick part: unit tests, corpus, layers
	@tools/run-tests quick

sanitize:        ## unit tests, corpus and real clients under ASan and UBSan
	@tools/run-tests sanitize

fuzz:            ## each fuzz target for FUZZ_SECONDS (60) under libFuzzer
	@tools/run-fuzz $(FUZZ_SECONDS)

bench:           ## side by side with OpenSSH, ProFTPD, rclone and the bare loop
	@tools/install-packages build bench
	@$(MAKE) --no-print-directory build
	@bench/run

bench-quick:     ## less of it, beside OpenSSH, in under two minutes
	@tools/install-packages build bench
	@$(MAKE) --no-print-directory build
	@bench/run --quick

profile:         ## where the server spends its time, for each row of the bench
	@tools/install-packages build bench
	@bench/profile

layers:          ## no include runs against the arrows of docs/architecture.md
	@tools/check-layers

format:          ## what clang-format would change (advice, not a rule)
	@git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | \
		xargs -n1 sh -c 'clang-format "$$0" | diff -u "$$0" - || true'

install: build   ## into PREFIX (/usr/local), below DESTDIR
	@tools/install-files "$(DESTDIR)" "$(PREFIX)"

clean:           ## removes the build directories
	rm -rf build build-sanitize build-fuzz

.PHONY: help all build run test check sanitize fuzz bench bench-quick profile layers format
.PHONY: install clean
