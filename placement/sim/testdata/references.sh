#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Computes placement/sim/references.json anew, or makes it better: from the root of the
# module, with a Python that has highspy 1.16.0 and numba 0.68.1, a folder for instances, and the seconds of
# processor time per instance (32 of them).
#
#   bash placement/sim/testdata/references.sh venv/bin/python /tmp/instances 300
set -euo pipefail
python=$1 dir=$2 seconds=$3
mkdir -p "$dir/notes"
go run ./internal/bench/energy -case starts -least 10 -budget 20000000 -o "$dir/starts.jsonl"
while read -r recipe; do
	go run ./placement/sim/cmd -generate "$recipe" >"$dir/$recipe.json"
done < <("$python" -c 'import json, sys; [print(json.loads(line)["name"]) for line in open(sys.argv[1])]' "$dir/starts.jsonl")
"$python" placement/sim/testdata/solve.py -seconds "$seconds" -notes "$dir/notes" -start "$dir/starts.jsonl" -references placement/sim/references.json "$dir"/nodes=*.json >>"$dir/solved.jsonl"
