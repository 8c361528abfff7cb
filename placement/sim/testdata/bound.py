# SPDX-License-Identifier: Apache-2.0
"""Bounds of placement instances: branch, price and cut.

A column is a set of units on one node, in their modes: its watts, processors, response times
and hops are exact, since a link whose other unit is not in the set is a hop. A program mixes
columns so that each unit is placed once; wires between sites cost what they must, given how
much of each unit is at each site. What it lets go of is that columns are whole. It is made of
the columns that are known (program.py); the best ones at its prices are looked for and added
until there is no better one (place.py, knapsack.py).

Whatever prices of units, kinds and so on are: each assignment costs at least their sum, and for
each node what its best column costs less than it earns at these prices. That is the bound, and
no accuracy of the linear program matters to it. Nor need a search be exact: what it may have
missed counts as earned. Searches are narrow as long as they find new columns, and then wider.
Prices are those of the program, pulled towards the best ones so far (Wentges, Weighted Dantzig-
Wolfe decomposition, 1997).

Then all assignments are parted in two: by how many nodes of a kind, or at a place, are awake,
whether a unit is on a kind or at a place, or in which mode; and the part with the smallest
bound is parted again. Cuts say that of three units only one column has two or more (Jepsen et
al., Subset-row inequalities applied to the vehicle-routing problem with time windows, 2008).
The bound is the smallest one of all parts.
"""
import heapq
import math
import os
import resource

import numpy as np

import check
from place import Place
from program import Columns, Prices, Program

NEAR = 0.01  # watts: parts so near to the best assignment are done
MANY = 4000  # columns in a program, which then goes on with the best ones
LEAST_WIDTH, MOST_WIDTH = 64, 65536  # of a search
LEAST_WIRE = 0.03  # watts: wires that take less cost nothing here


def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def bound(inst, start, seconds, watts=math.inf, log=lambda line: None, notes=None):
    """Returns watts that no assignment is below, as far as known after so many CPU-seconds, and
    the watts and units of the best assignment: start, or a better one that was found. Start
    takes watts; without one both are infinite and None. Notes is a file of what an earlier
    search has learned, with which this one begins, and to which it adds."""
    b = Bound(inst, start, watts, log)
    if notes and os.path.exists(notes):
        b.learn(notes)
    least = b.run(seconds)
    if notes:
        b.note(notes)
    return least, b.watts, b.best


class Part:
    """A part of all assignments."""

    def __init__(self, kinds, places, barred, least=0.0, prices=None, depth=0):
        self.kinds, self.places = kinds, places  # [(least, most)] nodes awake
        self.barred = barred  # [place, unit, mode]: not there
        self.least = least  # watts that none of its assignments is below
        self.prices = prices  # that have shown it
        self.value = math.inf  # watts of its program
        self.depth = depth

    def child(self):
        return Part(list(self.kinds), list(self.places), self.barred.copy(), self.least, self.prices, self.depth + 1)

    def allows(self, columns, ids):
        """Returns which columns have nothing that is barred."""
        if not self.barred.any():
            return np.ones(len(ids), bool)
        mode = columns.mode[ids]
        at = self.barred[columns.place[ids][:, None], np.arange(columns.units)[None, :], mode - 1]
        return ~(at & (mode > 0)).any(1)

    def __lt__(self, other):
        return self.least < other.least


class Bound:
    """The search for the bound of an instance."""

    def __init__(self, inst, start, watts, log):
        self.inst, self.best, self.watts, self.log = inst, start, watts, log
        units, hop = inst["units"], inst["hop"]
        index = {u["id"]: i for i, u in enumerate(units)}
        wires = [(index[e["from"]], index[e["to"]], hop["nj_per_bit"] * 1e-9 * 8000 * e["kb"] * e["per_s"]) for e in inst["links"]]
        wires = [w for w in wires if w[2] > LEAST_WIRE]
        alike, kinds = {}, {}
        for j, n in enumerate(inst["nodes"]):
            alike.setdefault(str({k: v for k, v in n.items() if k != "id"}), []).append(j)
        self.places = [Place(inst, nodes, wires) for nodes in alike.values()]
        for p, place in enumerate(self.places):
            kinds.setdefault(str({k: v for k, v in place.node.items() if k not in ("id", "x_km", "y_km")}), []).append(p)
        self.kinds = list(kinds.values())
        self.columns = Columns(inst, self.places, self.kinds, wires)
        self.cheap, self.rounds = self.shares(), 0
        self.dear = 30 + 4 * self.cheap  # more than a unit should ever take
        self.root_prices = None  # from notes
        self.credit = 2.0  # of cuts: how well they have done
        self.places[0].best(self.dear, np.zeros((len(wires))), 1e9, np.zeros(len(self.places[0].choices), bool), np.zeros((0, 2), np.uint64), np.zeros(0), 1)  # compiles
        for chosen in self.sets(start or []).values():
            self.columns.add_chosen(chosen, range(len(self.places)))

    def sets(self, start):
        """Returns the sets of (unit, mode) of an assignment, by node."""
        units, sets = self.inst["units"], {}
        index = {u["id"]: i for i, u in enumerate(units)}
        for s in start:
            i = index[s["unit"]]
            k = [m["kind"] for m in units[i]["modes"]].index(s["mode"])
            sets.setdefault(s["node"], []).append((i, k))
        return sets

    def shares(self):
        """Returns of each unit the watts of its cheapest share of a node."""
        least = np.full(len(self.inst["units"]), math.inf)
        for p in self.places:
            for c, chosen in enumerate(p.choices):
                if len(chosen) == 1:
                    idle = max(p.fixed * p.use[c, 0] / p.cap[0], p.acc_w * p.use[c, 3] / p.cap[3])
                    i = chosen[0][0]
                    least[i] = min(least[i], p.watts[c] + idle)
        return least

    def note(self, path):
        """Writes columns, and the prices of the first part, to a file."""
        c = self.columns
        sizes = [len(picks) for picks in c.picks]
        np.savez(path, place=c.place[: c.count], sizes=sizes, picks=np.concatenate(c.picks), prices=self.root.prices.all)

    def learn(self, path):
        """Reads such a file."""
        with np.load(path) as notes:
            for p, picks in zip(notes["place"], np.split(notes["picks"], np.cumsum(notes["sizes"])[:-1])):
                self.columns.add(int(p), picks)
            size = len(self.first_prices().all)
            self.root_prices = Prices(self.columns, notes["prices"][:size])

    def first_prices(self):
        """Returns prices to begin with: what units take at least."""
        c = self.columns
        return Prices(c, np.concatenate([self.cheap, np.zeros(len(c.kinds) + len(c.places) + len(c.wire_watts))]))

    def run(self, seconds):
        """Returns the bound after so many CPU-seconds."""
        begun, modes = cpu(), max(len(u["modes"]) for u in self.inst["units"])
        counts = [len(p.nodes) for p in self.places]
        kinds = [(0, sum(counts[p] for p in mine)) for mine in self.kinds]
        barred = np.zeros((len(self.places), self.columns.units, modes), bool)
        self.root = Part(kinds, [(0, n) for n in counts], barred, prices=self.root_prices or self.first_prices())
        parts, ends = [self.root], []
        while parts and parts[0].least < self.watts - NEAR and cpu() - begun < seconds:
            part = heapq.heappop(parts)
            self.work(part, seconds - (cpu() - begun))
            self.log(
                f"depth {part.depth}: bound {part.least:.3f}, program {part.value:.3f}; {len(parts)} other parts, "
                f"{min([q.least for q in parts], default=0):.3f}; best {self.watts:.3f}; {self.columns.count} columns, "
                f"{len(self.columns.cuts)} cuts, {self.rounds} rounds, {cpu() - begun:.0f} s")
            if part.least >= self.watts - NEAR:
                continue
            self.assign(part)
            halves = self.split(part) if cpu() - begun < seconds else ()
            if halves is None:
                ends.append(part)  # whole, but for wires that cost nothing here
            else:
                for half in halves or [part]:
                    heapq.heappush(parts, half)
        return min([part.least for part in parts + ends] + [self.watts - NEAR])

    # Columns of a part

    def price(self, part, x, width, until=math.inf):
        """Adds good columns at prices x, and returns watts that no assignment of the part is
        below, and how much of what they lack is owed to searches that were not exact. Width is
        that of the searches (knapsack.py), the least one beyond so many CPU-seconds."""
        columns = self.columns
        total, lost = float(x.unit.sum() + x.cut.sum()), 0.0
        for price, (least, most) in zip(np.concatenate([x.kind, x.place]), part.kinds + part.places):
            total += price * (least if price > 0 else most)
        cuts = np.nonzero(x.cut < -1e-9)[0]
        masks = columns.cut_masks[cuts] if len(cuts) else np.zeros((0, 2), np.uint64)
        for p, place in enumerate(self.places):
            most = part.places[p][1]
            if most == 0:
                continue
            kind = columns.kind_of[p]
            earned = x.kind[kind] + x.place[p]
            barred = (place.item & part.barred[p]).any((1, 2))
            if cpu() > until:
                width = min(width, LEAST_WIDTH)
            worth, limit, sets = place.best(x.unit, x.wire[:, columns.site_of[p]], -earned, barred, masks, -x.cut[cuts], width)
            total -= most * max(0.0, limit + earned)
            lost += most * (limit - worth)
            for picks in sets:
                columns.add(p, picks)
                chosen = [item for c in picks for item in place.choices[c]]
                columns.add_chosen(chosen, [q for q in self.kinds[kind] if q != p])
        return total, lost

    def work(self, part, seconds):
        """Adds columns, and cuts, until the program of a part has no better ones, for so many
        CPU-seconds, or until none of its assignments can be better than the best one."""
        begun, columns = cpu(), self.columns
        self.program = Program(columns, part, part.prices, self.dear)
        x, center, best = part.prices, part.prices, -math.inf
        pull, pure = 0.0, False  # pure: x are the prices of the program
        rounds, before, width, lost = 3 if part.depth else 8, math.nan, LEAST_WIDTH, 0.0
        while True:
            self.rounds += 1
            columns.met.clear()
            if x is not None:
                total, lost = self.price(part, x, width, begun + seconds)
                if total > best:
                    best, center = total, x
                if total > part.least or part.prices is None:
                    part.least, part.prices = max(total, part.least), x
            fresh = np.array(sorted(columns.met - set(self.program.live)), int)
            fresh = fresh[part.allows(columns, fresh)]
            if x is not None:
                fresh = fresh[columns.reduced(fresh, x) < -1e-7]
            if len(self.program.live) > MANY:
                self.program = Program(columns, part, duals, self.dear)
            self.program.add(fresh)
            part.value, duals = self.program.solve()
            if part.least >= self.watts - NEAR or cpu() - begun > seconds:
                return
            tight = part.value - best < 1e-4 * part.value
            done = not len(fresh) and pure
            if done and not tight and width < MOST_WIDTH and lost > 0.2 * (part.value - best):
                width *= 4
                continue
            if tight or done:
                if not math.isnan(before):
                    self.credit += 1 if part.value - before > 5e-4 * part.value else -1
                if not (rounds and self.credit > 0 and self.settled() and self.cut()):
                    self.credit += 0.3
                    return
                rounds, before = rounds - 1, part.value
                self.program = Program(columns, part, part.prices, self.dear)
                part.value, x = self.program.solve()
                best, pull, pure = -math.inf, 0.0, True
                continue
            # Without news at pulled prices the pull lessens, down to the true prices.
            pull = 0.7 if part.value - best > 0.02 * part.value else 0.5
            pull = pull if len(fresh) and center is not None and len(center.all) == len(duals.all) else 0.0
            x, pure = Prices(columns, pull * center.all + (1 - pull) * duals.all) if pull else duals, not pull

    def settled(self):
        """Whether whole nodes of each kind are awake, and every unit has its place."""
        awake = self.program.awake()
        return self.program.whole and all(abs(n - round(n)) < 1e-4 for n in (awake[mine].sum() for mine in self.kinds))

    def cut(self, most=12):
        """Adds the cuts that are violated most. Reports whether there are any."""
        columns, some = self.columns, self.program.x > 1e-6
        has, x = columns.has(self.program.live[some]).astype(float), self.program.x[some]
        two, found = has.T @ (has * x[:, None]), []  # of each pair, how much of it is together
        for i in range(columns.units):
            rows = has[:, i] > 0
            three = has[rows].T @ (has[rows] * x[rows, None])
            for j in range(i + 1, columns.units):
                v = two[i, j] + two[i, j + 1 :] + two[j, j + 1 :] - 2 * three[j, j + 1 :]
                found += [(v[k], (i, j, int(j + 1 + k))) for k in np.nonzero(v > 1.05)[0]]
        uses, cuts = np.zeros(columns.units), []
        for _, triple in sorted(found, reverse=True):
            if triple not in columns.cuts and max(uses[i] for i in triple) < 3:
                cuts.append(triple)
                uses[list(triple)] += 1
            if len(cuts) == most:
                break
        columns.cut(cuts)
        return len(cuts) > 0

    # Assignments

    def assign(self, part):
        """Looks for a better assignment in the columns of the program."""
        program = self.program
        if not program.whole:
            return
        some = program.x > 1e-6
        if (np.abs(program.x[some] - np.round(program.x[some])) < 1e-5).all():
            self.take(np.repeat(program.live[some], np.round(program.x[some]).astype(int)))
        elif part.depth % 4 == 3:
            ids = program.search(part.prices, self.watts, self.watts - part.least, 3.0)
            if ids is not None:
                self.take(ids)

    def take(self, ids):
        """Takes columns as an assignment, if the checker accepts it and it is better."""
        free = [list(p.nodes) for p in self.places]
        inst, placed = self.inst, {}
        for id in ids:
            p = self.columns.place[id]
            if not free[p]:
                return
            node = inst["nodes"][free[p].pop()]["id"]
            for c in self.columns.picks[id]:
                for i, k in self.places[p].choices[c]:
                    u = inst["units"][i]
                    placed[i] = {"unit": u["id"], "node": node, "mode": u["modes"][k]["kind"]}
        watts, errors = check.check(inst, list(placed.values()))
        if not errors and len(placed) == self.columns.units and watts < self.watts:
            self.watts, self.best = watts, list(placed.values())

    # Parts of parts

    def split(self, part, tries=8):
        """Returns two parts of one that have all its assignments and not the solution of its
        program, or None if that is whole. Of several such pairs, the one of which the programs
        rise most as far as known without new columns."""
        ways = self.awake_ways(part)
        ways += self.unit_ways(part)[: max(3, tries - len(ways))]
        best, most = None, -1.0
        for pair in ways:
            rises = [min(self.program.peek(part, half), self.watts + 5) - part.value for half in pair]
            rise = max(rises[0], 1e-3) * max(rises[1], 1e-3)
            if rise > most:
                best, most = pair, rise
        return best

    def awake_ways(self, part):
        """Returns pairs by how many nodes are awake: of kinds, of places."""
        awake, ways = self.program.awake(), []
        for k, mine in enumerate(self.kinds):
            ways += self.by_count(part, awake[mine].sum(), lambda q: q.kinds, k, self.places[mine[0]].fixed * 3)
        ways = sorted(ways, key=lambda w: -w[0])[:3]
        more = []
        for p, place in enumerate(self.places):
            if len(self.kinds[self.columns.kind_of[p]]) > 1:
                more += self.by_count(part, awake[p], lambda q: q.places, p, place.fixed)
        ways += sorted(more, key=lambda w: -w[0])[:4]
        return [pair for _, pair in ways]

    @staticmethod
    def by_count(part, count, limits, at, weight):
        """Returns the pair of parts with more, and fewer, awake than a number that is not whole."""
        half = abs(count - round(count))
        if half < 1e-4:
            return []
        pair = part.child(), part.child()
        least, most = limits(part)[at]
        limits(pair[0])[at], limits(pair[1])[at] = (least, math.floor(count)), (math.floor(count) + 1, most)
        return [(half * weight, pair)]

    def unit_ways(self, part):
        """Returns pairs by whether a unit is on a kind of node, at a place, on processors
        alone: the largest units that are there by halves first."""
        columns, some = self.columns, self.program.x > 1e-7
        ids, x = self.program.live[some], self.program.x[some]
        found = []
        for i, u in enumerate(self.inst["units"]):
            size = max(m["work_us"] for m in u["modes"]) * u["per_s"] * 1e-6
            mode = columns.mode[ids, i]
            at = np.bincount(columns.place[ids], weights=x * (mode > 0), minlength=len(self.places))
            wheres = [(20, at[mine].sum(), (mine, i)) for mine in self.kinds]
            wheres += [(10, at[p], (p, i)) for p in range(len(self.places))]
            wheres.append((8, x[mode == 1].sum(), (slice(None), i, 0)))
            for weight, share, where in wheres:
                if abs(share - round(share)) > 1e-3:
                    found.append((abs(share - round(share)) * weight * size, where))
        found.sort(key=lambda way: -way[0])
        ways = []
        for _, where in found[:8]:
            out, only = part.child(), part.child()
            inside = np.zeros_like(part.barred)
            inside[where] = True
            out.barred |= inside
            everywhere = np.zeros_like(part.barred)
            everywhere[:, where[1]] = True
            only.barred |= everywhere & ~inside
            ways.append((out, only))
        return ways
