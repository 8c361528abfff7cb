# SPDX-License-Identifier: Apache-2.0
"""Nodes that are alike, at one site, and what units take of one of them together."""
import itertools
import math

import numpy as np

import check
from knapsack import BOTH, ROOMS, SETS, SLOT, search

SLACKS = 8  # slacks, the shortest ones, that are ranges by themselves; of others each has three
LIMITED = [q for q in range(ROOMS) if q not in (SLOT, BOTH)]  # by the node, not by its units


def families(inst):
    """Returns units that links or `apart` join, as lists of their numbers."""
    units = inst["units"]
    index = {u["id"]: i for i, u in enumerate(units)}
    of = {i: [i] for i in range(len(units))}
    pairs = [(e["from"], e["to"]) for e in inst["links"]]
    pairs += [(u["id"], other) for u in units for other in u.get("apart", [])]
    for a, b in pairs:
        mine, others = of[index[a]], of[index[b]]
        if mine is not others:
            mine += others
            for i in others:
                of[i] = mine
    return [sorted(members) for i, members in of.items() if i == min(members)]


def above(limit):
    """Returns the most that the checker lets pass."""
    return limit + check.TOLERANCE * max(1.0, abs(limit))


class Place:
    """Nodes that are alike, and the choices (see knapsack.py) that fit on one."""

    def __init__(self, inst, nodes, wires):
        """Nodes are numbers of nodes; of each wire the two units, and the watts if they are at
        two sites."""
        self.inst, self.nodes = inst, nodes
        self.node = node = inst["nodes"][nodes[0]]
        self.site = node["x_km"], node["y_km"]
        self.fixed = node["idle_w"] - node["sleep_w"]
        a, limits = node.get("accelerator"), inst["limits"]
        self.acc_w = a["idle_w"] if a else 0.0
        self.cap = np.ones(ROOMS)
        self.cap[0], self.cap[5] = above(limits["cpu"] * node["cores"]), above(node["memory_mb"])
        if a:
            self.cap[3], self.cap[4] = above(limits["accelerator"]), above(a["memory_mb"])
        self.index = {u["id"]: i for i, u in enumerate(inst["units"])}
        self.make()
        self.describe(wires)
        self.prices = {}  # of room, with which the next search begins
        self.out = np.empty((3 * SETS, 64), np.int64)

    def make(self):
        """Makes the choices: parts of families, as tuples of (unit, mode), that fit."""
        units = self.inst["units"]
        loads = {}
        for i, u in enumerate(units):
            for k in range(len(u["modes"])):
                l = check.load(self.inst, u, self.node, k)
                if l is not None:
                    loads[i, k] = l
        self.choices, self.family, taken = [], [], []
        for f, members in enumerate(families(self.inst)):
            options = [[None] + [k for k in range(len(units[i]["modes"])) if (i, k) in loads] for i in members]
            for modes in itertools.product(*options):
                chosen = tuple((i, k) for i, k in zip(members, modes) if k is not None)
                t = self.take(loads, chosen) if chosen else None
                if t is not None:
                    self.choices.append(chosen)
                    self.family.append(f)
                    taken.append(t)
        self.watts = np.array([t[0] for t in taken])
        self.use = np.array([t[1] for t in taken]).reshape(len(taken), ROOMS)
        self.slack, self.slack_acc = np.array([t[2] for t in taken]), np.array([t[3] for t in taken])

    def take(self, loads, chosen):
        """Returns what a part of a family takes: watts, rooms, slack of its strictest unit on
        processors alone, and with the accelerator. None if it does not fit."""
        units, node, hop, inst = self.inst["units"], self.node, self.inst["hop"], self.inst
        of = {i: dict(loads[i, k]) for i, k in chosen}
        for i in of:
            if any(self.index[o] in of for o in units[i].get("apart", [])):
                return None
        for e in inst["links"]:
            a, b = self.index[e["from"]], self.index[e["to"]]
            if (a in of) == (b in of):
                continue
            i = a if a in of else b
            micros = (hop["cpu_us"] + hop["cpu_us_per_kb"] * e["kb"]) / node["speed"]
            of[i]["cpu"] += micros * e["per_s"] * 1e-6
            if units[i]["slotted"]:
                of[i]["slot"] += micros
            if i == b:
                of[i]["slack"] -= hop["latency_us"] + hop["latency_us_per_kb"] * e["kb"]
        watts, use, slack, slack_acc = 0.0, np.zeros(ROOMS), math.inf, math.inf
        for i, l in of.items():
            watts += l["wire_w"] + (node["max_w"] - node["idle_w"]) * l["cpu"] / node["cores"]
            slot = l["slot"] / node["cores"]
            use += [l["cpu"], slot, slot + l["acc_slot"], l["acc"], l["acc_memory"], l["memory"]]
            if l["uses"]:
                watts += (node["accelerator"]["max_w"] - node["accelerator"]["idle_w"]) * l["acc"]
            if not units[i]["slotted"]:
                if above(l["slack"]) < 0:
                    return None
            elif l["uses"]:
                slack_acc = min(slack_acc, above(l["slack"]))
            else:
                slack = min(slack, above(l["slack"]))
        return (watts, use, slack, slack_acc) if self.fits(use, slack, slack_acc) else None

    def fits(self, use, slack, slack_acc):
        if any(use[q] > self.cap[q] for q in LIMITED):
            return False
        return use[SLOT] <= min(slack, slack_acc) and (slack_acc == math.inf or use[BOTH] <= slack_acc)

    def describe(self, wires):
        """Makes what searches and branches ask of choices."""
        n, units = len(self.choices), self.inst["units"]
        self.family = np.array(self.family, int)
        self.first = np.concatenate([[0], np.nonzero(np.diff(self.family))[0] + 1, [n]])
        self.number = {c: i for i, c in enumerate(self.choices)}
        self.home = {i: f for c, f in zip(self.choices, self.family) for i, _ in c}
        self.has = np.zeros((n, len(units)))
        self.item = np.zeros((n, len(units), max(len(u["modes"]) for u in units)), bool)
        self.masks = np.zeros((n, 2), np.uint64)
        for c, chosen in enumerate(self.choices):
            for i, k in chosen:
                self.has[c, i] = 1.0
                self.item[c, i, k] = True
                self.masks[c, i // 64] |= np.uint64(1 << (i % 64))
        self.acc = np.array([any(units[i]["modes"][k]["kind"] != "cpu" for i, k in c) for c in self.choices], bool)
        # Of each wire: 1 where the sender is chosen and the receiver is not, -1 the other way.
        self.wire = np.zeros((n, len(wires)))
        for e, (a, b, _) in enumerate(wires):
            self.wire[:, e] = self.has[:, a] - self.has[:, b]

    def find(self, chosen):
        """Returns the choices that a set of (unit, mode) is made of, or None if some part does
        not fit."""
        parts = {}
        for i, k in sorted(chosen):
            parts.setdefault(self.home.get(i), []).append((i, k))
        picks = [self.number.get(tuple(part)) for part in parts.values()]
        return None if None in picks else picks

    def total(self, picks):
        """Returns the watts of choices on one node, or None if they do not fit together."""
        if len(picks) == 0:
            return self.fixed
        if not self.fits(self.use[picks].sum(0), self.slack[picks].min(), self.slack_acc[picks].min()):
            return None
        return self.fixed + self.watts[picks].sum() + (self.acc_w if self.acc[picks].any() else 0.0)

    def best(self, units, wires, least, barred, cuts, fines, width):
        """Looks for sets of choices that are worth more than they take, by least and more, at
        prices of units and of wires. Returns the worth of the best set found, and what no set
        is worth more than (least if that is less), and the sets found. Barred choices are not
        taken; cuts, fines and width are those of the search."""
        worth = self.has @ units - self.watts - self.wire @ wires
        worth[barred] = -1.0
        most, limit, sets = least, least, []
        for acc in (False, True) if self.acc.any() else (False,):
            fixed = self.fixed + (self.acc_w if acc else 0.0)
            mine = worth if acc else np.where(self.acc, -1.0, worth)
            for k, (now, cap) in enumerate(self.ranges(mine, acc)):
                prices = self.prices.setdefault((acc, k), np.zeros(ROOMS))
                v, above, found = search(
                    self.first, now, self.use, self.slack, self.slack_acc, cap, prices,
                    most + fixed, self.masks, cuts, fines, width, self.out)
                most, limit = max(most, v - fixed), max(limit, above - fixed)
                sets += [row[row >= 0].copy() for row in self.out[:found]]
        return most, limit, sets

    def ranges(self, worth, acc):
        """Yields searches that find every set between them: in each the strictest unit, of
        those with the accelerator where there are some, is of one range of slack, which says
        how long slots may be. Of each the worth of choices, and the node's room."""
        live, strict = worth > 1e-9, self.slack_acc if acc else self.slack
        slacks = np.unique(strict[live & (strict < math.inf)])
        longest = max(s[live & (s < math.inf)].max(initial=1.0) for s in (self.slack, self.slack_acc))
        edges = [-1.0] + list(slacks[:SLACKS]) + list(slacks[SLACKS::3])
        for least, most in reversed(list(zip(edges, edges[1:] + [longest]))):
            cap = self.cap.copy()
            cap[SLOT], cap[BOTH] = most, most if acc else longest
            yield np.where(strict <= least, -1.0, worth), cap
