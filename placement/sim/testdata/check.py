#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks assignments of placement instances, sharing no code with the Go packages.

    python3 placement/sim/testdata/check.py INSTANCE.json ASSIGNMENT.json

It recomputes the energy of every assignment of the file and every constraint, by the rules
of docs/placement.md, prints one JSON object per assignment, {"seed", "step", "energy_w",
"claimed_w", "placed", "unplaced", "violations": [...]}, and ends with 1 if anything is
violated or an energy is not the one that the file claims. Python's standard library alone.
"""
import json
import math
import sys

TOLERANCE = 1e-6


def distance_us(inst, x0, y0, x1, y1):
    return inst["hop"]["us_per_km"] * math.hypot(x0 - x1, y0 - y1)


def load(inst, unit, node, mode, step=None):
    """What one unit takes of one node by itself, or None if it may not be there."""
    hop, m = inst["hop"], unit["modes"][mode]
    accelerator = node.get("accelerator")
    uses = m["kind"] != "cpu"
    if unit["zone"] != node["zone"] or uses and (not accelerator or accelerator["kind"] != m["kind"]):
        return None
    factor = unit["day"][step] if step is not None and unit.get("day") else 1.0
    kb = unit["ingress_kb"]
    receive = hop["cpu_us"] + hop["cpu_us_per_kb"] * kb if kb > 0 else 0.0
    slack = unit["deadline_us"] - inst["limits"]["margin_us"] - unit["egress_us"] - m["chain_us"] / node["speed"]
    wire = 0.0
    if kb > 0:
        slack -= hop["latency_us"] + hop["latency_us_per_kb"] * kb
        slack -= distance_us(inst, unit["x_km"], unit["y_km"], node["x_km"], node["y_km"])
        if (unit["x_km"], unit["y_km"]) != (node["x_km"], node["y_km"]):
            wire = hop["nj_per_bit"] * 1e-9 * 8000 * kb * unit["per_s"]
    offload = m.get("accelerator_us", 0.0) * factor
    slotted = unit["slotted"]
    if not slotted:
        slack -= offload
    return {
        "cpu": (m["work_us"] * factor + receive) * unit["per_s"] * 1e-6 / node["speed"],
        "memory": unit["memory_mb"],
        "slot": (m["quantile_us"] * factor + receive) / node["speed"] if slotted else 0.0,
        "slack": slack,
        "uses": uses,
        "acc": offload * unit["per_s"] * 1e-6,
        "acc_memory": m.get("accelerator_memory_mb", 0.0),
        "acc_slot": offload if slotted else 0.0,
        "wire_w": wire,
    }


def check(inst, placed, step=None):
    """Returns the watts above the sleep of all nodes, and a list of what is violated."""
    errors = []
    hop, limits = inst["hop"], inst["limits"]
    units = {u["id"]: u for u in inst["units"]}
    nodes = {n["id"]: n for n in inst["nodes"]}
    where = {}
    for s in placed:
        if s["unit"] not in units or s["node"] not in nodes or s["unit"] in where:
            errors.append(f"{s}: not a unit, not a node, or placed twice")
            continue
        where[s["unit"]] = s
    loads = {name: [] for name in nodes}
    watts = 0.0
    mine = {}
    for name, s in where.items():
        kinds = [m["kind"] for m in units[name]["modes"]]
        if s["mode"] not in kinds:
            errors.append(f"{name}: no mode {s['mode']}")
            continue
        l = load(inst, units[name], nodes[s["node"]], kinds.index(s["mode"]), step)
        if l is None:
            errors.append(f"{name} on {s['node']}: zone or accelerator")
            continue
        mine[name] = l
        loads[s["node"]].append((name, l))
        watts += l["wire_w"]
        for other in units[name].get("apart", []):
            if other in where and where[other]["node"] == s["node"]:
                errors.append(f"{name} and {other} on {s['node']}: must be apart")
    for e in inst["links"]:
        if e["from"] not in mine or e["to"] not in mine or where[e["from"]]["node"] == where[e["to"]]["node"]:
            continue
        a, b = nodes[where[e["from"]]["node"]], nodes[where[e["to"]]["node"]]
        micros = hop["cpu_us"] + hop["cpu_us_per_kb"] * e["kb"]
        for name, node in ((e["from"], a), (e["to"], b)):
            mine[name]["cpu"] += micros * e["per_s"] * 1e-6 / node["speed"]
            if units[name]["slotted"]:
                mine[name]["slot"] += micros / node["speed"]
        mine[e["to"]]["slack"] -= hop["latency_us"] + hop["latency_us_per_kb"] * e["kb"]
        if (a["x_km"], a["y_km"]) != (b["x_km"], b["y_km"]):
            watts += hop["nj_per_bit"] * 1e-9 * 8000 * e["kb"] * e["per_s"]
    for id, node in nodes.items():
        if loads[id]:
            watts += check_node(inst, node, loads[id], units, errors)
    return watts, errors


def check_node(inst, node, here, units, errors):
    """Returns the watts of one node that is awake; appends what its units violate."""
    limits = inst["limits"]
    cpu = sum(l["cpu"] for _, l in here)
    slot = sum(l["slot"] for _, l in here) / node["cores"]
    users = [l for _, l in here if l["uses"]]

    def at_most(what, got, want):
        if got > want + TOLERANCE * max(1.0, abs(want)):
            errors.append(f"{node['id']}: {what} {got:.6g}, at most {want:.6g}")

    at_most("cpu", cpu, limits["cpu"] * node["cores"])
    at_most("memory", sum(l["memory"] for _, l in here), node["memory_mb"])
    watts = node["idle_w"] - node["sleep_w"] + (node["max_w"] - node["idle_w"]) * cpu / node["cores"]
    acc_slot = sum(l["acc_slot"] for l in users)
    if users:
        a = node["accelerator"]
        share = sum(l["acc"] for l in users)
        at_most("accelerator", share, limits["accelerator"])
        at_most("accelerator memory", sum(l["acc_memory"] for l in users), a["memory_mb"])
        watts += a["idle_w"] + (a["max_w"] - a["idle_w"]) * share
    for name, l in here:
        if units[name]["slotted"]:
            at_most(f"response of {name}", slot + (acc_slot if l["uses"] else 0.0), l["slack"])
        else:
            at_most(f"response of {name}", 0.0, l["slack"])
    return watts


def main():
    with open(sys.argv[1]) as f:
        inst = json.load(f)
    with open(sys.argv[2]) as f:
        file = json.load(f)
    bad = file["instance"] != inst["name"]
    for a in file["assignments"]:
        watts, errors = check(inst, a["units"], a.get("step"))
        if abs(watts - a["energy_w"]) > 1e-6 * max(1.0, watts):
            errors.append(f"energy {watts:.9g}, the file claims {a['energy_w']:.9g}")
        bad = bad or bool(errors)
        print(json.dumps({
            "seed": a["seed"], "step": a.get("step"), "energy_w": watts, "claimed_w": a["energy_w"],
            "placed": len(a["units"]), "unplaced": len(inst["units"]) - len(a["units"]), "violations": errors,
        }))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
