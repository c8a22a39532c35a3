# The pictures of the documentation, from runs of the shipped model.

MODEL   := testdata/mnist.msgpack
FIGURES := docs/figures
# The folder of 'snurun data mnist', for what needs all test digits.
DATA    ?= mnist

.PHONY: figures
figures:
	mkdir -p $(FIGURES)
	CGO_ENABLED=0 go build -o snurun ./cmd/snurun
	./snurun plot neuron --out $(FIGURES)/neuron.png
	./snurun plot input --out $(FIGURES)/input.png
	./snurun plot curves $(MODEL) --out $(FIGURES)/curves.png
	./snurun plot extrapolate $(MODEL) --index 8 --out $(FIGURES)/extrapolate.png
	./snurun plot raster $(MODEL) --index 8 --out $(FIGURES)/raster.png
	./snurun plot membrane $(MODEL) --index 8 --steps 100 --out $(FIGURES)/membrane.png
	./snurun plot weights $(MODEL) --out $(FIGURES)/weights.png
	./snurun plot confusion $(MODEL) --out $(FIGURES)/confusion.png
	./snurun plot accuracy $(MODEL) --steps 50 --out $(FIGURES)/accuracy.png
	./snurun plot spikes $(MODEL) --out $(FIGURES)/spikes.png
	./snurun plot margin $(MODEL) --data $(DATA) --out $(FIGURES)/margin.png

# The table of speeds in the README, from this machine.
.PHONY: bench
bench:
	go test -run - -cpu 1 -count 5 -bench 'Classify/|DenseVek' . | go run ./internal/tools/benchtable

# The operations of the kernels changed one by one: the tests must notice. It
# takes an hour or more.
.PHONY: mutants
mutants:
	go run ./internal/tools/mutants

# Fused multiply-adds in what the compiler makes of all packages for ARM, RISC-V,
# POWER, s390x and x86-64-v3: none, so that bits are the same everywhere.
.PHONY: fused
fused:
	go run ./internal/tools/fused

# Every fuzz target for TIME, with the number of executions.
TIME := 10s
.PHONY: fuzz
fuzz:
	.ci/fuzz $(TIME)

# Statement coverage, at least 95 % of each package that a device depends on.
.PHONY: cover
cover:
	.ci/cover

# The licences of all that the binary is linked from.
.PHONY: licences
licences:
	go run ./internal/tools/licences > NOTICE.new
	mv NOTICE.new NOTICE
