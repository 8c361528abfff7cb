#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Packs what run.sh needs into bin: the programs, and the wheel of the GPU
# library in pieces of 55 MiB. Run it where there are Go and pip:
#
#   bash internal/bench/gpu/pack.sh [WHEEL]
set -euo pipefail
cd "$(dirname "$0")/../../.."
export GOWORK=off
out=internal/bench/gpu/bin
rm -rf "$out"
mkdir -p "$out"
go build -ldflags '-s -w' -o "$out/ortlib" ./accel/ortlib
go build -ldflags '-s -w' -o "$out/gpu" ./internal/bench/gpu
go test -c -ldflags '-s -w' -o "$out/accel.test" ./accel
wheel=${1:-}
if [ -z "$wheel" ]; then
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	python3 -m pip download --no-deps --only-binary=:all: --disable-pip-version-check --implementation cp \
		--python-version 3.13 --platform manylinux_2_28_x86_64 --dest "$tmp" onnxruntime-gpu==1.31.1
	wheel=$(ls "$tmp"/*.whl)
fi
split -b 55M -d -a 2 "$wheel" "$out/wheel."
ls -l "$out"
