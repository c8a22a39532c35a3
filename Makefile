# What there is to do with this repository; make without a target lists it.

MODEL   := testdata/mnist.msgpack
FIGURES := docs/figures
# The folder of 'snurun data mnist', for what needs all test digits.
DATA    ?= mnist

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
		printf '  make %-15s %s\n' "$$target" "$$text"; done

.PHONY: test
test: ## all tests; make test SHORT=1 leaves the slow ones out
	go test $(if $(SHORT),-short) ./...

.PHONY: check
check: ## every check, as continuous integration does
	.ci/run

.PHONY: bench
bench: ## the table of speeds in the README, from this machine
	go test -run - -cpu 1 -count 5 -bench 'Classify/|DenseVek' . | go run ./internal/tools/benchtable

# BENCH and PACKAGES choose benchmarks: make bench-compare BASE=v0.1.0 BENCH=Train PACKAGES=./train
BASE     := main
BENCH    := Classify/
PACKAGES := .
.PHONY: bench-compare
bench-compare: ## benchmarks of this tree against BASE (main), run in turns; fails if one is slower beyond noise
	go run ./internal/tools/benchcompare -base $(BASE) -bench $(BENCH) $(PACKAGES)

.PHONY: cover
cover: ## statement coverage, at least 95 % of each package that a device depends on
	.ci/cover

.PHONY: c-test
c-test: ## networks as C against snurun: every compiler, CPU and core of qemu that is installed; some minutes
	go test -count=1 -timeout 60m ./export/c -full

TIME := 10s
.PHONY: fuzz
fuzz: ## every fuzz target for TIME (10s)
	.ci/fuzz $(TIME)

.PHONY: fleet-test
fleet-test: ## a fleet in which all that can fail does: kills, full disks, a cut cable, clocks that jump, a cluster, 100 boards; 20 minutes, some of it needs root, nats-server, mosquitto
	go test -count 1 ./fleet ./fleet/hub
	CGO_ENABLED=0 go build -o . ./cmd/snurun ./cmd/snurun-hub
	go run ./internal/tools/fleetrun clock
	go run ./internal/tools/fleetrun batch -samples 100000 -workers 4
	go run ./internal/tools/fleetrun boards -boards 100 -rate 100 -time 10m

.PHONY: fused
fused: ## fused multiply-adds in what the compiler makes of all packages: none may be there
	go run ./internal/tools/fused

.PHONY: mutants
mutants: ## operations of the kernels changed one by one, which the tests must notice; an hour or more
	go run ./internal/tools/mutants

.PHONY: vulnerabilities
vulnerabilities: ## known vulnerabilities in what snurun is built from
	.ci/vulnerabilities local

.PHONY: release
release: ## archives of all targets, checksums and bill of materials, in dist
	.ci/release dist

.PHONY: deb
deb: ## Debian packages for amd64, arm64 and armhf, in debs
	.ci/deb debs

.PHONY: deb-test
deb-test: deb ## the packages installed, started and removed in a Debian of their own; needs root, debootstrap and qemu
	.ci/deb-test debs

.PHONY: proto
proto: ## the Go code of the gRPC service, from internal/oip/oip.proto
	cd internal/tools/protogen && go run . ../../oip/oip.proto

.PHONY: licences
licences: ## NOTICE, the licences of all that the binary is linked from
	go run ./internal/tools/licences > NOTICE.new
	mv NOTICE.new NOTICE

.PHONY: playground
playground: ## the page of snurun serve without a server, in docs/playground
	go run ./internal/tools/playground -out docs/playground

.PHONY: figures
figures: ## the pictures of the documentation, from runs of the shipped model
	mkdir -p $(FIGURES)
	CGO_ENABLED=0 go build -o snurun ./cmd/snurun
	./snurun plot neuron --out $(FIGURES)/neuron.png
	./snurun plot response --out $(FIGURES)/response.png
	./snurun plot movie $(MODEL) --steps 20 --out $(FIGURES)/movie.gif
	./snurun plot input --out $(FIGURES)/input.png
	./snurun plot curves $(MODEL) --out $(FIGURES)/curves.png
	./snurun plot rates $(MODEL) testdata/tiny.msgpack --out $(FIGURES)/rates.png
	./snurun plot histogram $(MODEL) --out $(FIGURES)/histogram.png
	./snurun plot extrapolate $(MODEL) --index 8 --out $(FIGURES)/extrapolate.png
	./snurun plot raster $(MODEL) --index 8 --out $(FIGURES)/raster.png
	./snurun plot membrane $(MODEL) --index 8 --steps 100 --out $(FIGURES)/membrane.png
	./snurun plot weights $(MODEL) --out $(FIGURES)/weights.png
	./snurun plot confusion $(MODEL) --out $(FIGURES)/confusion.png
	./snurun plot accuracy $(MODEL) --steps 50 --out $(FIGURES)/accuracy.png
	./snurun plot spikes $(MODEL) testdata/tiny.msgpack --out $(FIGURES)/spikes.png
	./snurun plot margin $(MODEL) --data $(DATA) --out $(FIGURES)/margin.png
	./snurun plot tradeoff $(MODEL) testdata/mnist-int8.msgpack testdata/tiny.msgpack --data $(DATA) --out $(FIGURES)/tradeoff.png
