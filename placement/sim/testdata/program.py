# SPDX-License-Identifier: Apache-2.0
"""Columns, sets of units on one node that are known, and the program that mixes them."""
import math

import highspy
import numpy as np

INF = highspy.kHighsInf


class Prices:
    """Prices of units, of nodes awake by kind and by place, of wires and of cuts: what the
    program says, or anything else, since every bound holds at any prices. Signs are made right."""

    def __init__(self, columns, values):
        sizes = columns.units, len(columns.kinds), len(columns.places), len(columns.wire_watts)
        self.all = values
        self.unit, self.kind, self.place, wire, cut = np.split(values, np.cumsum(sizes))
        self.wire = np.clip(wire, 0, columns.wire_watts).reshape(len(columns.wires), -1)
        self.cut = np.minimum(0, cut)


class Columns:
    """All columns that are known, and cuts: of three units, at most one column has two."""

    def __init__(self, inst, places, kinds, wires):
        self.inst, self.places, self.kinds, self.wires = inst, places, kinds, wires
        self.units = len(inst["units"])
        self.kind_of = np.zeros(len(places), int)
        for k, mine in enumerate(kinds):
            self.kind_of[mine] = k
        sites = sorted({p.site for p in places})
        self.site_of = np.array([sites.index(p.site) for p in places])
        self.sites = len(sites)
        self.wire_watts = np.repeat([w for _, _, w in wires], self.sites)
        self.known, self.met = {}, set()  # numbers of columns; those met since this was emptied
        self.picks = []
        self.count = 0
        self.place, self.watts = np.zeros(1024, int), np.zeros(1024)
        self.mode = np.zeros((1024, self.units), np.int8)  # of each unit 1 + its mode, or 0
        self.wire = np.zeros((1024, len(wires)), np.int8)
        self.cuts = []

    def add(self, p, picks):
        """Adds choices on a node of a place, if they fit."""
        key = p, tuple(sorted(picks))
        if key not in self.known:
            watts = self.places[p].total(picks)
            if watts is None:
                return
            n = self.count
            if n == len(self.place):
                for name in "place", "watts", "mode", "wire":
                    old = getattr(self, name)
                    setattr(self, name, np.concatenate([old, np.zeros_like(old)]))
            self.place[n], self.watts[n] = p, watts
            for c in picks:
                for i, k in self.places[p].choices[c]:
                    self.mode[n, i] = k + 1
                self.wire[n] += self.places[p].wire[c].astype(np.int8)
            self.picks.append(np.array(picks, int))
            self.known[key] = n
            self.count += 1
        self.met.add(self.known[key])

    def add_chosen(self, chosen, places):
        """Adds a set of (unit, mode) at places where it fits."""
        for p in places:
            picks = self.places[p].find(chosen)
            if picks is not None:
                self.add(p, picks)

    def has(self, ids):
        return self.mode[ids] > 0

    def cut(self, triples):
        self.cuts += triples
        self.cut_has = np.zeros((len(self.cuts), self.units))
        self.cut_masks = np.zeros((len(self.cuts), 2), np.uint64)
        for c, triple in enumerate(self.cuts):
            for i in triple:
                self.cut_has[c, i] = 1.0
                self.cut_masks[c, i // 64] |= np.uint64(1 << (i % 64))

    def fined(self, ids, cuts):
        """Returns of which of the first cuts columns have two units or more."""
        return self.has(ids) @ self.cut_has[:cuts].T >= 2 if cuts else np.zeros((len(ids), 0), bool)

    def reduced(self, ids, prices):
        """Returns the watts of columns beyond prices."""
        p = self.place[ids]
        watts = self.watts[ids] - self.has(ids) @ prices.unit - prices.place[p] - prices.kind[self.kind_of[p]]
        watts += (self.wire[ids] * prices.wire[:, self.site_of[p]].T).sum(1)
        return watts - self.fined(ids, len(prices.cut)) @ prices.cut


class Program:
    """The restricted program of a part (see bound.py): each unit once, so many nodes of each
    kind and place awake, wires as far as their two units are at two sites, and cuts."""

    def __init__(self, columns, part, prices, dear, most=1500):
        """Takes the columns that the part allows, and of many those that are best at some
        prices. What it takes to leave a unit without a place is dear[unit]."""
        self.columns = c = columns
        self.h = h = highspy.Highs()
        h.setOptionValue("output_flag", False)
        h.setOptionValue("threads", 1)
        h.setOptionValue("simplex_strategy", 4)  # primal: columns come, rows stay
        none = np.array([], dtype=np.int32), np.array([])
        awake = list(part.kinds) + list(part.places)
        limits = [(1, 1)] * c.units + awake + [(0, INF)] * len(c.wire_watts) + [(-INF, 1)] * len(c.cuts)
        for least, top in limits:
            h.addRow(float(least), float(top), 0, *none)
        first = c.units + len(awake)  # row of wires
        slacks = list(enumerate(dear)) + [(c.units + r, 300.0) for r in range(len(awake))]
        slacks += [(first + r, w) for r, w in enumerate(c.wire_watts)]
        for row, watts in slacks:
            h.addCol(watts, 0.0, INF, 1, np.array([row], dtype=np.int32), np.array([1.0]))
        self.extra, self.lacking = len(slacks), c.units + len(awake)
        ids = np.nonzero(part.allows(c, np.arange(c.count)))[0]
        if prices is not None and len(ids) > most:
            beyond = c.reduced(ids, prices)
            ids = ids[beyond <= max(np.partition(beyond, most)[most], 1e-6)]
        self.live = np.array([], int)
        self.add(ids)

    def add(self, ids):
        """Adds columns."""
        c, starts, index, value = self.columns, [], [], []
        self.live = np.concatenate([self.live, ids]).astype(int)
        kinds = c.units
        places = kinds + len(c.kinds)
        wires = places + len(c.places)
        cuts = wires + len(c.wire_watts)
        fined, has = c.fined(ids, len(c.cuts)), c.has(ids)
        for n, id in enumerate(ids):
            starts.append(len(index))
            p = c.place[id]
            rows = np.nonzero(has[n])[0].tolist() + [kinds + c.kind_of[p], places + p]
            more = (cuts + np.nonzero(fined[n])[0]).tolist()
            ends = np.nonzero(c.wire[id])[0]
            index += rows + more + (wires + ends * c.sites + c.site_of[p]).tolist()
            value += [1.0] * (len(rows) + len(more)) + (-c.wire[id, ends].astype(float)).tolist()
        if len(ids):
            n = len(ids)
            self.h.addCols(
                n, c.watts[ids], np.zeros(n), np.full(n, INF), len(index),
                np.array(starts, dtype=np.int32), np.array(index, dtype=np.int32), np.array(value))

    def solve(self):
        """Returns the watts of the program and the prices in it."""
        self.h.run()
        s = self.h.getSolution()
        x = np.array(s.col_value)
        self.x, self.whole = x[self.extra :], x[: self.lacking].max() < 1e-9
        return self.h.getInfo().objective_function_value, Prices(self.columns, np.array(s.row_dual))

    def awake(self):
        """Returns how many nodes of each place are awake."""
        return np.bincount(self.columns.place[self.live], weights=self.x, minlength=len(self.columns.places))

    def peek(self, part, other):
        """Returns about what the program would be for another part."""
        h, first = self.h, self.columns.units
        awake = list(zip(part.kinds + part.places, other.kinds + other.places))
        changed = [(first + r, a, b) for r, (a, b) in enumerate(awake) if a != b]
        for r, _, b in changed:
            h.changeRowBounds(r, float(b[0]), float(b[1]))
        off = self.extra + np.nonzero(~other.allows(self.columns, self.live))[0]
        self.limit(off, 0.0)
        h.setOptionValue("simplex_iteration_limit", 200)
        h.run()
        watts = h.getInfo().objective_function_value
        h.setOptionValue("simplex_iteration_limit", 2147483647)
        for r, a, _ in changed:
            h.changeRowBounds(r, float(a[0]), float(a[1]))
        self.limit(off, INF)
        return watts

    def limit(self, numbers, most):
        """Limits how often columns of the program are taken."""
        n = len(numbers)
        if n:
            self.h.changeColsBounds(n, numbers.astype(np.int32), np.zeros(n), np.full(n, most))

    def search(self, prices, watts, gap, seconds):
        """Looks for an assignment below some watts that is made of columns which cost no more
        than the gap beyond prices, for so many seconds. Returns its columns, or None."""
        h, n = self.h, len(self.live)
        numbers = self.extra + np.arange(n, dtype=np.int32)
        off = numbers[self.columns.reduced(self.live, prices) > gap]
        self.limit(off, 0.0)
        h.changeColsIntegrality(n, numbers, np.array([highspy.HighsVarType.kInteger] * n))
        h.setOptionValue("time_limit", h.getRunTime() + seconds)
        h.setOptionValue("objective_bound", watts)
        h.run()
        x, status = np.array(h.getSolution().col_value), h.getInfo().primal_solution_status
        h.setOptionValue("time_limit", INF)
        h.setOptionValue("objective_bound", INF)
        h.changeColsIntegrality(n, numbers, np.array([highspy.HighsVarType.kContinuous] * n))
        self.limit(off, INF)
        if status != 2 or len(x) != self.extra + n or x[: self.lacking].max() > 1e-6:
            return None
        return self.live[np.round(x[self.extra :]) > 0]
