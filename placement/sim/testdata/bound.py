# SPDX-License-Identifier: Apache-2.0
"""A bound of placement instances by column generation.

A column is a set of units on one node, with their modes: its watts, processors, response
times and hops are exact, since a link whose other unit is not in the set is a hop. What the
relaxation lets go of is that columns are taken in fractions, and that wires between sites
cost nothing unless they are ingress. The program over all columns (each unit once, each
node at most one column) has a far smaller gap than the one over single places.

Whatever prices p of units are: each assignment costs at least
sum(p) + sum over nodes of min(0, watts of its best set - prices of the set's units),
which is the bound that is returned. The prices are those of the restricted program, pulled
towards the best ones so far (Wentges, Weighted Dantzig-Wolfe decomposition, 1997).
"""
import math
import resource

import highspy
import numpy as np

import check


def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def quiet(**options):
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("threads", 1)
    for name, value in options.items():
        h.setOptionValue(name, value)
    return h


class Pricing:
    """Finds the set of units of one node that costs least beyond their prices."""

    def __init__(self, inst, j):
        node, units, hop, limits = inst["nodes"][j], inst["units"], inst["hop"], inst["limits"]
        self.node, self.count = node, 1
        self.fixed = node["idle_w"] - node["sleep_w"]
        index = {u["id"]: i for i, u in enumerate(units)}
        cost, unit, upper = [], [], []
        places = {}
        loads = []
        for i, u in enumerate(units):
            for k in range(len(u["modes"])):
                l = check.load(inst, u, node, k)
                if l is None or not self.alone(inst, l):
                    continue
                w = (node["max_w"] - node["idle_w"]) * l["cpu"] / node["cores"] + l["wire_w"]
                if l["uses"]:
                    a = node["accelerator"]
                    w += (a["max_w"] - a["idle_w"]) * l["acc"]
                places.setdefault(i, []).append(len(cost))
                loads.append((i, k, l))
                cost.append(w)
                unit.append(i)
        self.unit, self.loads = np.array(unit, dtype=int), loads
        self.column = {(i, k): c for c, (i, k, _) in enumerate(loads)}
        self.ends = []  # (column, unit here, unit there)
        n = len(cost)
        rows = []  # least, most, {column: factor}
        acc = None
        if any(l["uses"] for _, _, l in loads):
            acc = len(cost)
            cost.append(node["accelerator"]["idle_w"])
        cpus, slot, ends = {}, {}, {}
        for c, (i, k, l) in enumerate(loads):
            cpus[c] = l["cpu"]
            slot[c] = l["slot"] / node["cores"]
        for e in inst["links"]:
            micros = (hop["cpu_us"] + hop["cpu_us_per_kb"] * e["kb"]) / node["speed"]
            for end, (me, other) in enumerate([(e["from"], e["to"]), (e["to"], e["from"])]):
                me, other = index[me], index[other]
                if me not in places:
                    continue
                c = len(cost)
                self.ends.append((c, me, other))
                share = micros * e["per_s"] * 1e-6
                cost.append((node["max_w"] - node["idle_w"]) * share / node["cores"])
                rows.append((0, math.inf, {c: 1.0, **{p: -1.0 for p in places[me]}, **{p: 1.0 for p in places.get(other, [])}}))
                cpus[c] = share
                if units[me]["slotted"]:
                    slot[c] = micros / node["cores"]
                if end == 1:
                    ends.setdefault(me, []).append((c, hop["latency_us"] + hop["latency_us_per_kb"] * e["kb"]))
        rows.append((-math.inf, limits["cpu"] * node["cores"], cpus))
        rows.append((-math.inf, node["memory_mb"], {c: l["memory"] for c, (_, _, l) in enumerate(loads)}))
        for i, mine in places.items():
            rows.append((-math.inf, 1, {c: 1.0 for c in mine}))
            for other in units[i].get("apart", []):
                rows.append((-math.inf, 1, {c: 1.0 for c in mine + places.get(index[other], [])}))
        users = [(c, l) for c, (_, _, l) in enumerate(loads) if l["uses"]]
        if acc is not None:
            a = node["accelerator"]
            rows.append((-math.inf, 0, {**{c: l["acc"] for c, l in users}, acc: -limits["accelerator"]}))
            rows.append((-math.inf, 0, {**{c: l["acc_memory"] for c, l in users}, acc: -a["memory_mb"]}))
            rows += [(-math.inf, 0, {c: 1.0, acc: -1.0}) for c, _ in users]
        most_slot = max([l["slack"] for _, _, l in loads], default=0.0)
        most_acc = most_slot + sum(l["acc_slot"] for _, l in users)
        for c, (i, k, l) in enumerate(loads):
            u = units[i]
            if u["slotted"]:
                terms, right = dict(slot), most_slot
                if l["uses"]:
                    right = most_acc
                    for d, o in users:
                        terms[d] = terms.get(d, 0.0) + o["acc_slot"]
                terms[c] = terms.get(c, 0.0) + right - l["slack"]
                for d, latency in ends.get(i, []):
                    terms[d] = terms.get(d, 0.0) + latency
                rows.append((-math.inf, right, terms))
            elif i in ends and sum(t for _, t in ends[i]) > l["slack"]:
                worst = sum(t for _, t in ends[i])
                rows.append((-math.inf, worst, {**dict(ends[i]), c: worst - l["slack"]}))
        self.cost, self.n = np.array(cost), n
        self.h = quiet(mip_rel_gap=0.0, mip_abs_gap=1e-3)
        self.pass_model(rows, acc)

    @staticmethod
    def alone(inst, l):
        return l["slack"] >= 0

    def evaluate(self, chosen):
        """Returns the watts of a set of units and modes on this node, or None if it does not fit."""
        x = np.zeros(len(self.cost))
        for i, k in chosen:
            if (i, k) not in self.column:
                return None
            x[self.column[i, k]] = 1.0
            if self.acc is not None and self.loads[self.column[i, k]][2]["uses"]:
                x[self.acc] = 1.0
        here = {i for i, _ in chosen}
        for c, me, other in self.ends:
            if me in here and other not in here:
                x[c] = 1.0
        left = self.dense @ x
        if np.any(left > self.most + 1e-7) or np.any(left < self.least - 1e-7):
            return None
        return self.fixed + float(self.cost @ x)

    def pass_model(self, rows, acc):
        self.acc = acc
        self.dense = np.zeros((len(rows), len(self.cost)))
        for r, (_, _, terms) in enumerate(rows):
            for c, factor in terms.items():
                self.dense[r, c] = factor
        self.least, self.most = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.cost, np.zeros(len(self.cost)), np.ones(len(self.cost))
        inf = highspy.kHighsInf
        lp.row_lower_ = np.array([max(r[0], -inf) for r in rows])
        lp.row_upper_ = np.array([min(r[1], inf) for r in rows])
        whole = [c < self.n or c == acc for c in range(len(self.cost))]
        lp.integrality_ = [highspy.HighsVarType.kInteger if w else highspy.HighsVarType.kContinuous for w in whole]
        starts, index, value = [0], [], []
        for _, _, terms in rows:
            index += terms.keys()
            value += terms.values()
            starts.append(len(index))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = np.array(starts), np.array(index), np.array(value)
        self.h.passModel(lp)

    def price(self, prices, seconds=20.0):
        """Returns a bound of the least reduced watts, and the best set: (watts, [(unit, mode)])."""
        reduced = self.cost.copy()
        reduced[: self.n] -= prices[self.unit]
        self.h.changeColsCost(len(reduced), np.arange(len(reduced), dtype=np.int32), reduced)
        self.h.setOptionValue("time_limit", self.h.getRunTime() + seconds)
        self.h.run()
        info = self.h.getInfo()
        values = np.array(self.h.getSolution().col_value)
        taken = [c for c in range(self.n) if values[c] > 0.5]
        watts = self.fixed + float(self.cost @ np.round(values))
        return self.fixed + info.mip_dual_bound, watts, [self.loads[c][:2] for c in taken]


class Master:
    """The restricted program: columns known so far, each unit once, each node one column."""

    def __init__(self, units, pricings, big):
        self.h, self.units, self.known = quiet(), units, set()
        for _ in range(units):
            self.h.addRow(1.0, 1.0, 0, np.array([], dtype=np.int32), np.array([]))
        for p in pricings:
            self.h.addRow(-highspy.kHighsInf, float(p.count), 0, np.array([], dtype=np.int32), np.array([]))
        for i in range(units):  # so that it has a solution from the first
            self.h.addCol(big, 0.0, highspy.kHighsInf, 1, np.array([i], dtype=np.int32), np.array([1.0]))

    def add(self, node, watts, chosen):
        """Adds a column, and returns whether it is new."""
        key = (node, tuple(sorted(chosen)))
        if watts is None or not chosen or key in self.known:
            return False
        self.known.add(key)
        rows = sorted({i for i, _ in chosen}) + [self.units + node]
        self.h.addCol(watts, 0.0, highspy.kHighsInf, len(rows), np.array(rows, dtype=np.int32), np.ones(len(rows)))
        return True

    def solve(self):
        """Returns the watts of the program and the prices of the units."""
        self.h.run()
        return self.h.getInfo().objective_function_value, np.array(self.h.getSolution().row_dual[: self.units])


def first_prices(inst, pricings):
    """Prices to begin with: each unit's cheapest share of a node."""
    prices = np.full(len(inst["units"]), math.inf)
    limits = inst["limits"]
    for p in pricings:
        for c, (i, _, l) in enumerate(p.loads):
            w = p.cost[c] + p.fixed * l["cpu"] / (limits["cpu"] * p.node["cores"])
            if l["uses"]:
                w += p.node["accelerator"]["idle_w"] * l["acc"] / limits["accelerator"]
            prices[i] = min(prices[i], w)
    return prices


def groups(inst):
    """Returns a pricing per different node, and those of each kind of node, wherever it is."""
    pricings, same, kinds = [], {}, {}
    for j, n in enumerate(inst["nodes"]):
        key = str({k: v for k, v in n.items() if k != "id"})
        if key in same:
            pricings[same[key]].count += 1
            continue
        same[key] = len(pricings)
        kind = str({k: v for k, v in n.items() if k not in ("id", "x_km", "y_km")})
        kinds.setdefault(kind, []).append(len(pricings))
        pricings.append(Pricing(inst, j))
    return pricings, list(kinds.values())


def bound(inst, start, seconds, log=None):
    """Returns the best bound found in about so many CPU-seconds, the watts of the
    restricted program, and the rounds. Start is an assignment, or None."""
    begun = cpu()
    pricings, kinds = groups(inst)
    master = Master(len(inst["units"]), pricings, 2000.0)
    prices = first_prices(inst, pricings)
    best, center, value, rounds, pull = -math.inf, prices, math.inf, 0, 0.0
    if start:
        index = {u["id"]: i for i, u in enumerate(inst["units"])}
        sets = {}
        for s in start:
            modes = [m["kind"] for m in inst["units"][index[s["unit"]]]["modes"]]
            sets.setdefault(s["node"], []).append((index[s["unit"]], modes.index(s["mode"])))
        for chosen in sets.values():
            for k, p in enumerate(pricings):
                master.add(k, p.evaluate(chosen), chosen)
    everywhere = True  # price every node, which gives a bound, or one of each kind
    while True:
        rounds += 1
        news, total = 0, float(prices.sum())
        for kind in kinds:
            for k in kind if everywhere else [kind[rounds % len(kind)]]:
                least, _, chosen = pricings[k].price(prices)
                total += pricings[k].count * min(0.0, least)
                for o in kind:  # what one node likes, others of its kind may too
                    news += master.add(o, pricings[o].evaluate(chosen), chosen)
        if everywhere and total > best:
            best, center = total, prices
        value, duals = master.solve()
        if log:
            log(f"round {rounds}: {'all' if everywhere else 'one'} bound {total:.2f} best {best:.2f} master {value:.2f} new {news} cpu {cpu() - begun:.0f}")
        if value - best < 2e-4 * value or cpu() - begun > seconds and everywhere or cpu() - begun > 1.3 * seconds:
            return best, value, rounds
        # Without news at pulled prices the pull lessens, down to the true prices.
        if news:
            everywhere = rounds % 12 == 0 or cpu() - begun > seconds
            pull = 0.6
        elif not everywhere:
            everywhere = True
        else:
            pull = max(0.0, pull - 0.3)
        prices = pull * center + (1 - pull) * duals
