#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the GPU library from the pieces in bin, proves CUDA and TensorRT
# with the conformance suite, and prints the tables of the program gpu. It
# fetches nothing and ends within ten minutes. OUT names the folder for the
# results.
#
#   OUT=results bash internal/bench/gpu/run.sh [DEVICES]
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 1
bin=$PWD/internal/bench/gpu/bin out=${OUT:-$PWD/internal/bench/gpu/bin} devices=${1:-ort/cuda:0,ort/tensorrt:0,ort/cpu}
start=$SECONDS failed=0
mkdir -p "$out"

if ! "$bin/ortlib" -flavor gpu -verify >/dev/null 2>&1; then
	wheel=$(mktemp)
	cat "$bin"/wheel.* >"$wheel"
	"$bin/ortlib" -flavor gpu -from "$wheel" || exit 1 # checks the hash
	rm -f "$wheel"
fi
echo "library after $((SECONDS - start)) s"

# The program first: its tables say what is missing, if anything is.
timeout 330 "$bin/gpu" -devices "$devices" -limit 5m -each 700ms 2>"$out/gpu.err" | tee "$out/gpu.md" || failed=1
cat "$out/gpu.err"
echo "tables after $((SECONDS - start)) s"

# The suite skips what is missing. It loads the libraries of CUDA by name, so it
# is told where the program has found them.
dirs=$(sed -n 's/^folders of libraries: //p' "$out/gpu.md" | tr ' ' ':')
(cd accel && LD_LIBRARY_PATH="$dirs:${LD_LIBRARY_PATH:-}" timeout 200 "$bin/accel.test" \
	-test.run 'TestConformance$/^(cuda|tensorrt)' -test.v -test.timeout 190s) >"$out/suite.txt" 2>&1 || failed=1
grep -E '^ *--- |^(PASS|FAIL|ok)' "$out/suite.txt"
echo "suite after $((SECONDS - start)) s"
exit $failed
