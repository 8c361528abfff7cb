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

Most of the gap that is left is nodes that are awake by halves: so the program is branched on
how many nodes of each kind are awake, the part with the smallest bound first. The bound is
the smallest one of all parts.
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
    """The restricted program: columns known so far, each unit once, each node one column,
    and of each kind of node as many awake as the branch says."""

    def __init__(self, units, pricings, kinds, big):
        self.h, self.units, self.known = quiet(), units, set()
        none = np.array([], dtype=np.int32), np.array([])
        for _ in range(units):
            self.h.addRow(1.0, 1.0, 0, *none)
        for p in pricings:
            self.h.addRow(-highspy.kHighsInf, float(p.count), 0, *none)
        self.kinds = units + len(pricings)  # number of the first row of a kind
        self.kind_of = {k: i for i, kind in enumerate(kinds) for k in kind}
        for _ in kinds:
            self.h.addRow(-highspy.kHighsInf, highspy.kHighsInf, 0, *none)
        for i in range(units):  # so that it has a solution from the first
            self.h.addCol(big, 0.0, highspy.kHighsInf, 1, np.array([i], dtype=np.int32), np.array([1.0]))

    def add(self, node, watts, chosen):
        """Adds a column, and returns whether it is new."""
        key = (node, tuple(sorted(chosen)))
        if watts is None or not chosen or key in self.known:
            return False
        self.known.add(key)
        rows = sorted({i for i, _ in chosen}) + [self.units + node, self.kinds + self.kind_of[node]]
        self.h.addCol(watts, 0.0, highspy.kHighsInf, len(rows), np.array(rows, dtype=np.int32), np.ones(len(rows)))
        return True

    def branch(self, awake):
        """Bounds how many nodes of each kind are awake."""
        for i, (least, most) in enumerate(awake):
            self.h.changeRowBounds(self.kinds + i, float(least), float(most))

    def solve(self):
        """Returns the watts of the program, the prices of units and of kinds, and how many
        nodes of each kind are awake."""
        self.h.run()
        solution = self.h.getSolution()
        duals, values = np.array(solution.row_dual), np.array(solution.row_value)
        prices = np.concatenate([duals[: self.units], duals[self.kinds :]])
        return self.h.getInfo().objective_function_value, prices, values[self.kinds :]


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


class Branch:
    """A part of all assignments: those with so many nodes of each kind awake."""

    def __init__(self, awake, least, center):
        self.awake = awake  # [(at least, at most)] by kind
        self.least = least  # watts that none of its assignments is below
        self.center = center  # prices that have shown it: of units, then of kinds
        self.value = math.inf  # watts of the restricted program
        self.found = None  # nodes awake in its solution, by kind
        self.tired = False  # its program is solved


class Bound:
    """Branches of an instance, and columns that all of them share."""

    def __init__(self, inst, start, prices=None):
        self.pricings, self.kinds = groups(inst)
        self.units = len(inst["units"])
        self.master = Master(self.units, self.pricings, self.kinds, 2000.0)
        self.rounds = 0
        self.each = math.inf  # seconds for one pricing at most: a bound that is not tight is one
        if start:
            index = {u["id"]: i for i, u in enumerate(inst["units"])}
            sets = {}
            for s in start:
                modes = [m["kind"] for m in inst["units"][index[s["unit"]]]["modes"]]
                sets.setdefault(s["node"], []).append((index[s["unit"]], modes.index(s["mode"])))
            for chosen in sets.values():
                for k, p in enumerate(self.pricings):
                    self.master.add(k, p.evaluate(chosen), chosen)
        awake = [(0, sum(self.pricings[k].count for k in kind)) for kind in self.kinds]
        if prices is None:
            prices = first_prices(inst, self.pricings)
        prices = np.concatenate([prices, np.zeros(len(self.kinds))])
        self.branches = [Branch(awake, -math.inf, prices)]

    def price(self, branch, prices, everywhere):
        """Adds the best columns at some prices. Returns how many are new, and the watts that
        no assignment of the branch is below, if every node was priced."""
        units, kinds = prices[: self.units], prices[self.units :]
        total, news = float(units.sum()), 0
        for i, kind in enumerate(self.kinds):
            least, most = branch.awake[i]
            total += kinds[i] * (least if kinds[i] > 0 else most)
            for k in kind if everywhere else [kind[self.rounds % len(kind)]]:
                watts, _, chosen = self.pricings[k].price(units, min(20.0, self.each))
                total += self.pricings[k].count * min(0.0, watts - kinds[i])
                for o in kind:  # what one node likes, others of its kind may too
                    news += self.master.add(o, self.pricings[o].evaluate(chosen), chosen)
        return news, total

    def work(self, branch, seconds, enough, log):
        """Generates columns for a branch for so many CPU-seconds, or until it cannot hold
        an assignment below some watts."""
        begun = cpu()
        self.master.branch(branch.awake)
        prices, pull, everywhere = branch.center, 0.0, True
        while True:
            self.rounds += 1
            news, total = self.price(branch, prices, everywhere)
            if everywhere and total > branch.least:
                branch.least, branch.center = total, prices
            branch.value, duals, branch.found = self.master.solve()
            used = cpu() - begun
            if log:
                log(f"round {self.rounds}: {'all' if everywhere else 'one'} bound {total:.2f} best {branch.least:.2f} master {branch.value:.2f} awake {np.round(branch.found, 2)} new {news} cpu {used:.0f}")
            if branch.value - branch.least < 2e-4 * branch.value:
                branch.tired = True
                return
            if branch.least >= enough or used > seconds and everywhere or used > 1.3 * seconds:
                return
            # Without news at pulled prices the pull lessens, down to the true prices.
            if news:
                everywhere = self.rounds % 12 == 0 or used > seconds
                pull = 0.6
            elif not everywhere:
                everywhere = True
            else:
                pull = max(0.0, pull - 0.3)
            prices = pull * branch.center + (1 - pull) * duals

    def split(self, branch):
        """Returns two branches that have all assignments of one, in neither of which its
        solution is: the kind whose nodes are awake by halves, and take most when idle,
        decides. None if there is no such kind."""
        halves = [
            (min(n - math.floor(n), math.ceil(n) - n) * self.pricings[kind[0]].fixed, i)
            for i, (n, kind) in enumerate(zip(branch.found, self.kinds))
        ]
        most, i = max(halves)
        if most < 0.5:
            return None
        n, (least, up) = branch.found[i], branch.awake[i]
        parts = []
        for limits in (least, math.floor(n)), (math.ceil(n), up):
            awake = list(branch.awake)
            awake[i] = limits
            parts.append(Branch(awake, branch.least, branch.center))
        return parts


def bound(inst, start, seconds, watts=math.inf, log=None, prices=None):
    """Returns the best bound found in about so many CPU-seconds, the watts of the
    restricted program, and the rounds. Start is an assignment, or None, and watts what it
    takes: what is not below that needs no closer look. Prices of units are where the search
    for better ones begins; with those of the relaxed program the first bound is at least its
    own."""
    begun = cpu()
    b = Bound(inst, start, prices)
    b.each = max(0.3, 0.3 * seconds / len(b.pricings))
    first = b.branches[0]
    b.work(first, 0.4 * seconds, watts, log)
    value = first.value
    while True:
        worst = min(b.branches, key=lambda x: x.least)
        left = seconds - (cpu() - begun)
        if worst.least >= watts * (1 - 1e-5) or left <= 0:
            return min(worst.least, watts), value, b.rounds
        parts = b.split(worst) if worst.found is not None else None
        if parts:
            b.branches.remove(worst)
            b.branches += parts
            for part in parts:
                b.work(part, min(0.12 * seconds, max(left, 1.0)), watts, log)
        elif worst.tired:
            return worst.least, value, b.rounds
        else:
            b.work(worst, min(0.12 * seconds, left), watts, log)
