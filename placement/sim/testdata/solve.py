#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bound and best assignment of placement instances, by HiGHS.

    python3 -m venv venv && venv/bin/pip install highspy==1.16.0 numba==0.68.1
    bash placement/sim/testdata/references.sh venv/bin/python DIR 300     # all references
    venv/bin/python placement/sim/testdata/solve.py -seconds 300 [-start STARTS.jsonl] F.json...

It prints one line of JSON per instance: {"name", "bound_w", "best_w", "cpu_s", "status",
"units"}, "units" as a file of assignments has them. With -references FILE it also keeps the
largest bound and the smallest watts of each instance there. Of the seconds of processor time
of an instance a share (-share, none by default) is for it as one mixed-integer program, which
solves those of up to 15 nodes; the others are for branch, price and cut (bound.py), and a tenth
of them, if that has not come near, for a relaxation of the program. Threads 1. No code is shared
with the Go packages. The program has every constraint of the model, so each bound is one of the
true optimum; best_w is that of an assignment which the checker (check.py) accepts.
"""
import argparse
import json
import math
import os
import sys

import highspy
import numpy as np

import bound
import check


CLOSE = 0.02  # bounds nearer than that are not looked for in the relaxation


class Program:
    """Rows and columns of a mixed-integer program, by name."""

    def __init__(self):
        self.cost, self.upper, self.integer = [], [], []
        self.rows = []  # (least, most, {column: factor})
        self.nodes = 0  # columns of nodes and accelerators, which are the first ones

    def column(self, cost=0.0, upper=1.0, integer=False):
        self.cost.append(cost)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.cost) - 1

    def row(self, least, most, terms):
        self.rows.append((least, most, {c: f for c, f in terms.items() if f != 0}))


def add(terms, column, factor):
    terms[column] = terms.get(column, 0.0) + factor


def build(inst):
    """Returns the program, and the columns of places: {(unit, node, mode): column}."""
    p = Program()
    hop, limits = inst["hop"], inst["limits"]
    nodes, units, links = inst["nodes"], inst["units"], inst["links"]
    by_id = {u["id"]: i for i, u in enumerate(units)}
    inf = math.inf

    on, acc = [], []
    for n in nodes:
        on.append(p.column(n["idle_w"] - n["sleep_w"], integer=True))
        a = n.get("accelerator")
        acc.append(p.column(a["idle_w"], integer=True) if a else None)
    p.nodes = len(p.cost)

    x = {}
    per_node = [[] for _ in nodes]  # (column, load)
    for i, u in enumerate(units):
        for j, n in enumerate(nodes):
            for k, _ in enumerate(u["modes"]):
                l = check.load(inst, u, n, k)
                if l is None or not fits_alone(inst, n, u, l):
                    continue
                a = n.get("accelerator")
                watts = (n["max_w"] - n["idle_w"]) * l["cpu"] / n["cores"] + l["wire_w"]
                if l["uses"]:
                    watts += (a["max_w"] - a["idle_w"]) * l["acc"]
                x[i, j, k] = p.column(watts, integer=True)
                per_node[j].append((i, k, x[i, j, k], l))
    for i, u in enumerate(units):
        mine = {c: 1.0 for (a, _, _), c in x.items() if a == i}
        if not mine:
            raise SystemExit(f"{inst['name']}: unit {u['id']} fits nowhere")
        p.row(1, 1, mine)

    # A unit at j whose peer is not there: one column per end of a link and node.
    out = {}  # (link, end, node) -> column
    at = {}  # (unit, node) -> columns
    for (i, j, k), c in x.items():
        at.setdefault((i, j), []).append(c)
    for e, l in enumerate(links):
        a, b = by_id[l["from"]], by_id[l["to"]]
        micros = hop["cpu_us"] + hop["cpu_us_per_kb"] * l["kb"]
        for end, (me, other) in enumerate([(a, b), (b, a)]):
            for j, n in enumerate(nodes):
                if (me, j) not in at:
                    continue
                cpu = micros * l["per_s"] * 1e-6 / n["speed"]
                c = out[e, end, j] = p.column((n["max_w"] - n["idle_w"]) * cpu / n["cores"])
                terms = {c: 1.0}
                for col in at[me, j]:
                    add(terms, col, -1.0)
                for col in at.get((other, j), []):
                    add(terms, col, 1.0)
                p.row(0, inf, terms)
        # Watts of the wire: units at two sites.
        watts = hop["nj_per_bit"] * 1e-9 * 8000 * l["kb"] * l["per_s"]
        wire = p.column(watts)
        sites = {}
        for j, n in enumerate(nodes):
            sites.setdefault((n["x_km"], n["y_km"]), []).append(j)
        for members in sites.values():
            terms = {wire: 1.0}
            for j in members:
                for col in at.get((a, j), []):
                    add(terms, col, -1.0)
                for col in at.get((b, j), []):
                    add(terms, col, 1.0)
            p.row(0, inf, terms)

    for j, n in enumerate(nodes):
        node_rows(p, inst, j, n, per_node[j], on[j], acc[j], out, links, by_id)
    for i, u in enumerate(units):
        for other in u.get("apart", []):
            for j in range(len(nodes)):
                both = at.get((i, j), []) + at.get((by_id[other], j), [])
                if (i, j) in at and (by_id[other], j) in at:
                    p.row(-inf, 0, {**{c: 1.0 for c in both}, on[j]: -1.0})
    # Equal nodes are woken in order.
    last = {}
    for j, n in enumerate(nodes):
        key = json.dumps({k: v for k, v in n.items() if k != "id"}, sort_keys=True)
        if key in last:
            p.row(0, inf, {on[last[key]]: 1.0, on[j]: -1.0})
        last[key] = j
    return p, x


def fits_alone(inst, n, u, l):
    limits = inst["limits"]
    if l["cpu"] > limits["cpu"] * n["cores"] or l["memory"] > n["memory_mb"]:
        return False
    if l["uses"] and (l["acc"] > limits["accelerator"] or l["acc_memory"] > n["accelerator"]["memory_mb"]):
        return False
    return l["slot"] / n["cores"] + l["acc_slot"] <= l["slack"]


def node_rows(p, inst, j, n, mine, on, acc, out, links, by_id):
    """What the units of one node may take together."""
    limits, inf = inst["limits"], math.inf
    hop = inst["hop"]
    cpu, memory = {on: -limits["cpu"] * n["cores"]}, {on: -n["memory_mb"]}
    slot, share, acc_memory, acc_slot = {}, {}, {}, {}
    for i, k, c, l in mine:
        add(cpu, c, l["cpu"])
        add(memory, c, l["memory"])
        add(slot, c, l["slot"] / n["cores"])
        if l["uses"]:
            add(share, c, l["acc"])
            add(acc_memory, c, l["acc_memory"])
            add(acc_slot, c, l["acc_slot"])
    ends = {}  # unit -> [(column, latency if it is an input)]
    for e, l in enumerate(links):
        micros = (hop["cpu_us"] + hop["cpu_us_per_kb"] * l["kb"]) / n["speed"]
        for end, name in enumerate([l["from"], l["to"]]):
            c = out.get((e, end, j))
            if c is None:
                continue
            i = by_id[name]
            add(cpu, c, micros * l["per_s"] * 1e-6)
            if inst["units"][i]["slotted"]:
                add(slot, c, micros / n["cores"])
            if end == 1:
                ends.setdefault(i, []).append((c, hop["latency_us"] + hop["latency_us_per_kb"] * l["kb"]))
    p.row(-inf, 0, cpu)
    p.row(-inf, 0, memory)
    if acc is not None:
        p.row(-inf, 0, {**share, acc: -limits["accelerator"]})
        p.row(-inf, 0, {**acc_memory, acc: -n["accelerator"]["memory_mb"]})
        p.row(-inf, 0, {acc: 1.0, on: -1.0})
    # Response time: slot + (most - slack) x <= most, which says slot <= slack where the
    # unit is here, and nothing where it is not.
    slotted = [m for m in mine if inst["units"][m[0]]["slotted"]]
    most = max([m[3]["slack"] for m in slotted], default=0.0)
    groups = {}
    for i, k, c, l in slotted:
        groups.setdefault((i, l["uses"]), []).append((c, l["slack"]))
    # What all cores can work in a slot at most bounds the sum, so that looser rows go.
    for (i, uses), members in groups.items():
        terms, right = dict(slot), most
        if uses:
            for c, f in acc_slot.items():
                add(terms, c, f)
            right = most + limits["accelerator"] * inst["slot_us"] * 4
        for c, slack in members:
            add(terms, c, right - slack)
        for c, latency in ends.get(i, []):
            add(terms, c, latency)
        p.row(-inf, right, terms)
    for i, k, c, l in mine:
        p.row(-inf, 0, {c: 1.0, on: -1.0})
        if l["uses"]:
            p.row(-inf, 0, {c: 1.0, acc: -1.0})
        # Units without slots: only their own deadline, with the hops of their inputs.
        if not inst["units"][i]["slotted"] and ends.get(i):
            worst = sum(latency for _, latency in ends[i])
            if worst > l["slack"]:
                p.row(-inf, worst, {**dict(ends[i]), c: worst - l["slack"]})


def load(h, p):
    """Gives a program to the solver."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(p.cost), len(p.rows)
    lp.col_cost_ = np.array(p.cost)
    lp.col_lower_ = np.zeros(len(p.cost))
    lp.col_upper_ = np.array(p.upper)
    lp.row_lower_ = np.array([r[0] if r[0] != -math.inf else -highspy.kHighsInf for r in p.rows])
    lp.row_upper_ = np.array([r[1] if r[1] != math.inf else highspy.kHighsInf for r in p.rows])
    lp.integrality_ = [highspy.HighsVarType.kInteger if i else highspy.HighsVarType.kContinuous for i in p.integer]
    starts, index, value = [0], [], []
    for _, _, terms in p.rows:
        index += terms.keys()
        value += terms.values()
        starts.append(len(index))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(starts)
    lp.a_matrix_.index_ = np.array(index)
    lp.a_matrix_.value_ = np.array(value)
    h.passModel(lp)


def limited(seconds):
    """Returns a solver that stops after so many seconds of processor time: its own limit is one
    of the wall clock."""
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("threads", 1)
    begun = bound.cpu()

    def interrupt(event):
        if bound.cpu() - begun > seconds:
            event.interrupt()

    h.cbMipInterrupt.subscribe(interrupt)
    return h


def relax(inst, seconds):
    """Returns watts that no assignment is below: those of the program with places in fractions
    and nodes and accelerators wholly on or off, as far as known after so many CPU-seconds."""
    p, _ = build(inst)
    p.integer[p.nodes :] = [False] * (len(p.integer) - p.nodes)
    h = limited(seconds)
    h.setOptionValue("mip_rel_gap", 1e-4)
    load(h, p)
    h.run()
    return max(0.0, h.getInfo().mip_dual_bound * (1 - 1e-6))  # what simplex lets pass is taken off


def solve(inst, seconds, start=None):
    p, x = build(inst)
    begun, h = bound.cpu(), limited(seconds)
    h.setOptionValue("mip_rel_gap", 1e-4)
    load(h, p)
    if start:
        hint = highspy.HighsSolution()
        hint.col_value = [0.0] * len(p.cost)
        columns, values = [], []
        names = {u["id"]: i for i, u in enumerate(inst["units"])}
        spots = {n["id"]: j for j, n in enumerate(inst["nodes"])}
        chosen = {(names[s["unit"]], spots[s["node"]], mode_of(inst, s)) for s in start}
        for key, c in x.items():
            columns.append(c)
            values.append(1.0 if key in chosen else 0.0)
        h.setSolution(len(columns), np.array(columns, dtype=np.int32), np.array(values))
    h.run()
    used = bound.cpu() - begun
    info, solution = h.getInfo(), h.getSolution().col_value
    result = {"name": inst["name"], "bound_w": info.mip_dual_bound, "cpu_s": round(used, 1), "status": h.modelStatusToString(h.getModelStatus())}
    if len(solution):
        placed = [
            {"unit": inst["units"][i]["id"], "node": inst["nodes"][j]["id"], "mode": inst["units"][i]["modes"][k]["kind"]}
            for (i, j, k), c in x.items() if solution[c] > 0.5
        ]
        watts, errors = check.check(inst, placed)
        result["solver_w"] = info.objective_function_value
        if not errors:
            result["best_w"], result["units"] = watts, placed
        else:
            result["errors"] = errors[:3]
    return result


def mode_of(inst, s):
    unit = next(u for u in inst["units"] if u["id"] == s["unit"])
    return next(k for k, m in enumerate(unit["modes"]) if m["kind"] == s["mode"])


def keep(path, r):
    """Keeps the largest bound and the smallest watts of an instance in a file, and ends the
    program if they cannot both be right."""
    try:
        with open(path) as f:
            known = {k["name"]: k for k in json.load(f)}
    except FileNotFoundError:
        known = {}
    old = known.get(r["name"], {"name": r["name"], "bound_w": 0.0, "best_w": math.inf})
    # Rounded down and up: a bound stays one.
    bound_w = math.floor(r["bound_w"] * 1000) / 1000
    if bound_w > old["bound_w"]:
        old["bound_w"], old["by"] = bound_w, r["by"]
    if "best_w" in r:
        old["best_w"] = min(old["best_w"], math.ceil(r["best_w"] * 1000) / 1000)
    if old["bound_w"] > old["best_w"]:
        raise SystemExit(f"{r['name']}: bound {old['bound_w']} W by {old['by']}, but an assignment takes {old['best_w']} W")
    known[r["name"]] = old
    lines = [json.dumps(k) for k in sorted(known.values(), key=lambda k: (int(k["name"].split(",")[0][6:]), k["name"]))]
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(lines) + "\n]\n")


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("-seconds", type=float, default=300)
    flags.add_argument("-share", type=float, default=0.0, help="of the seconds, for the mixed-integer program")
    flags.add_argument("-start", help="file of JSON lines, to begin with the best assignment of each")
    flags.add_argument("-references", help="file of bounds to bring up to date")
    flags.add_argument("-relax", type=float, default=0.1, help="of the seconds, for a relaxation of the program")
    flags.add_argument("-notes", help="folder of what earlier searches have learned, with which these begin")
    flags.add_argument("-v", action="store_true", help="say what is found on the way")
    flags.add_argument("files", nargs="+")
    args = flags.parse_args()
    starts = {}
    if args.start:
        with open(args.start) as f:
            for line in f:
                r = json.loads(line)
                if r.get("units") and r["best_w"] < starts.get(r["name"], {}).get("best_w", math.inf):
                    starts[r["name"]] = r
    for name in args.files:
        with open(name) as f:
            inst = json.load(f)
        start = starts.get(inst["name"], {}).get("units")
        if args.share > 0:
            r = solve(inst, args.seconds * args.share, start)
        else:
            r = {"name": inst["name"], "bound_w": 0.0, "status": "not asked"}
        if start:
            watts, errors = check.check(inst, start)
            if not errors and watts < r.get("best_w", math.inf):
                r["best_w"], r["units"] = watts, start
        r["by"] = "program"
        if r["status"] != "Optimal":
            left, log = args.seconds * (1 - args.share), (lambda line: print(line, file=sys.stderr, flush=True)) if args.v else lambda line: None
            notes = os.path.join(args.notes, inst["name"] + ".npz") if args.notes else None
            least, watts, placed = bound.bound(inst, r.get("units"), (1 - args.relax) * left, r.get("best_w", math.inf), log, notes)
            if placed:
                r["best_w"], r["units"] = watts, placed
            ways = [("columns", least)]
            if args.relax and least < (1 - CLOSE) * r.get("best_w", math.inf):
                ways.append(("relaxation", relax(inst, args.relax * left)))
            for by, watts in ways:
                if watts > r["bound_w"]:
                    r["bound_w"], r["by"] = watts, by
        print(json.dumps(r), flush=True)
        print(name, r["status"], r["bound_w"], r.get("best_w"), file=sys.stderr, flush=True)
        if args.references:
            keep(args.references, r)


if __name__ == "__main__":
    main()
