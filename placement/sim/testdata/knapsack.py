# SPDX-License-Identifier: Apache-2.0
"""Which units earn most on one node, at given prices: a knapsack with six kinds of room.

Units that links or `apart` join are a family. A choice is a part of a family, in its modes, with
what it takes of the node and what it is worth; hops between units of a family are known within
a choice. A node takes at most one choice per family. What makes it more than a knapsack: the
time of all slots must fit the slack of the strictest unit that is chosen, and pairs of units may
cost fines, those of cuts (see bound.py).

The search goes through the families, the largest first, and keeps sets of choices of those
that it has been through, as many as its width: those of which most may come, in a layer (a
beam). It is exact if no more are worth their while, and otherwise says what the others are
worth at most. What the families that are left may bring is bounded by a table (dynamic
programming) over one kind of room, and, where that lets too many through, over two; the other
kinds have prices (Lagrange multipliers). Weights are rounded down in tables, so that a bound
stays one.
"""
import numpy as np
from numba import njit

ROOMS = 6  # processors, slot, slot with accelerator, accelerator, its memory, memory
SLOT, BOTH = 1, 2
STEPS = 600  # of a table over one kind of room
GRID, GRID2 = 240, 160  # steps of one over two
FEW = 64  # sets of choices that are kept at first
SETS = 4  # sets of a layer that are completed
NEAR = 1e-9  # what is better by less is never looked for
WHOLE = 16.0  # watts: nor what is better by less than that over the width


@njit(cache=True)
def search(first, worth, use, slack, slack_acc, cap, prices, floor, masks, cuts, fines, width, out):
    """Returns the worth of the best choices found, or floor if none are worth more, what no
    choices are worth more than, and how many sets of choices were found, each worth more than
    floor. They are written into the rows of out, with -1 behind them; where there are more than
    rows, early ones make room.

    Choices of family f are first[f] to first[f+1]-1. Of each: worth, use [room], slack of its
    strictest unit on processors alone, of its strictest one with the accelerator (infinite if
    there is none), and the units as a mask of two words. Prices of room are where the search
    for better ones begins, and are changed in place. A cut is a mask of units, of which two or
    more cost its fine. Width is how many sets of choices are kept at a time, at most; what is
    better by a little (WHOLE over the width) is not looked for."""
    id, kfirst = worthwhile(first, worth, use, slack, slack_acc, cap, masks, len(cuts) > 0)
    if len(id) == 0:
        out[0, :] = -1
        return max(0.0, floor), max(0.0, floor), 1 if floor < 0 else 0
    w, u = worth[id], use[id]
    if multipliers(kfirst, w, u, cap, prices, floor) <= floor + NEAR:
        return floor, floor + NEAR, 0
    p = dearest(prices, cap, 3, -1)
    p2 = dearest(prices, cap, ROOMS, p)
    net, rest = priced(w, u, cap, prices, p, p)
    sort(kfirst, net, id)
    w, u, s, sa, m = worth[id], use[id], slack[id], slack_acc[id], masks[id]
    table = tables(kfirst, net, rounded(u[:, p], STEPS / cap[p]), np.zeros(len(id), np.int64), STEPS, 0)
    if table[0, STEPS, 0] + rest <= floor + NEAR:
        return floor, floor + NEAR, 0
    table2, near = np.zeros((1, 1, 1)), WHOLE / width
    found, some = 0, min(FEW, width)
    while True:
        rows = out[found:]
        floor, more, lost = layers(kfirst, w, u, s, sa, cap, prices, p, table, p2, table2, floor, near, m, cuts, fines, some, rows)
        more = min(more, len(rows))
        for k in range(more):
            for x in range(out.shape[1]):
                if rows[k, x] >= 0:
                    rows[k, x] = id[rows[k, x]]
        found += more
        if lost <= floor + near or some == width:
            return floor, max(floor + near, lost), found
        found = min(found, len(out) - SETS)
        if table2.shape[1] == 1:
            net, _ = priced(w, u, cap, prices, p, p2)
            table2 = tables(kfirst, net, rounded(u[:, p], GRID / cap[p]), rounded(u[:, p2], GRID2 / cap[p2]), GRID, GRID2)
        some = min(8 * some, width)


@njit(cache=True)
def dearest(prices, cap, rooms, but):
    """Returns of the first so many kinds of room, but for one, that of which all costs most."""
    most = 0 if but != 0 else 1
    for q in range(rooms):
        if q != but and prices[q] * cap[q] > prices[most] * cap[most]:
            most = q
    return most


@njit(cache=True)
def worthwhile(first, worth, use, slack, slack_acc, cap, masks, fined):
    """Returns the choices that are worth anything and not worse in everything than another one
    of their family, and where each family begins in them: those that take most first."""
    families = len(first) - 1
    keep = np.zeros(len(worth), np.bool_)
    size = np.zeros(families)
    for f in range(families):
        for c in range(first[f], first[f + 1]):
            keep[c] = worth[c] > 1e-9
            for d in range(first[f], first[f + 1]):
                if not keep[c]:
                    break
                if d == c or worth[d] < worth[c] or worth[d] == worth[c] and d > c:
                    continue
                if slack[d] < slack[c] or slack_acc[d] < slack_acc[c] or (use[d] > use[c]).any():
                    continue
                if fined and ((masks[d, 0] & ~masks[c, 0]) != 0 or (masks[d, 1] & ~masks[c, 1]) != 0):
                    continue
                keep[c] = False
            if keep[c]:
                size[f] = max(size[f], use[c, 0] / cap[0], use[c, BOTH] / cap[BOTH])
    id = np.empty(keep.sum(), np.int64)
    begin = np.zeros((size > 0).sum() + 1, np.int64)
    n, k = 0, 0
    for f in np.argsort(-size):
        if size[f] == 0:
            break
        for c in range(first[f], first[f + 1]):
            if keep[c]:
                id[n] = c
                n += 1
        k += 1
        begin[k] = n
    return id[:n], begin


@njit(cache=True)
def relaxed(first, worth, use, cap, prices, left):
    """What choices are worth at most if room has prices; left becomes the room that is left."""
    left[:] = cap
    total = (prices * cap).sum()
    for f in range(len(first) - 1):
        most, at = 0.0, -1
        for c in range(first[f], first[f + 1]):
            v = worth[c]
            for q in range(ROOMS):
                v -= prices[q] * use[c, q]
            if v > most:
                most, at = v, c
        if at >= 0:
            total += most
            left -= use[at]
    return total


@njit(cache=True)
def multipliers(first, worth, use, cap, prices, floor):
    """Betters prices of room, in place, until the bound with them is not above floor, or cannot
    be made much lower. Returns the bound."""
    left = np.empty(ROOMS)
    least = relaxed(first, worth, use, cap, prices, left)
    v = relaxed(first, worth, use, cap, np.zeros(ROOMS), left)
    if v < least:
        prices[:] = 0
        least = v
    least = descend(first, worth, use, cap, prices, floor, least)
    if least <= floor:
        return least
    # Steps along a subgradient, since one price after the other may not suffice.
    now, pace = prices.copy(), 0.3
    total = relaxed(first, worth, use, cap, now, left)
    for _ in range(40):
        norm = 0.0
        for q in range(ROOMS):
            if now[q] > 0 or left[q] < 0:
                norm += (left[q] / cap[q]) ** 2
        if norm < 1e-12:
            break
        step = pace * max(total - max(floor, 0.0), 1e-6) / norm
        for q in range(ROOMS):
            now[q] = max(0.0, now[q] - step * left[q] / cap[q] / cap[q])
        total = relaxed(first, worth, use, cap, now, left)
        if total < least - 1e-9:
            least = total
            prices[:] = now
            if least <= floor:
                break
        else:
            pace *= 0.85
    return least


@njit(cache=True)
def descend(first, worth, use, cap, prices, floor, total):
    """Betters one price after the other, by bisection: the bound is convex in each."""
    left = np.empty(ROOMS)
    for _ in range(4):
        before = total
        for q in range(ROOMS):
            if total <= floor:
                return total
            old = prices[q]
            relaxed(first, worth, use, cap, prices, left)
            if old == 0.0 and left[q] >= 0:
                continue
            low, high = 0.0, old
            if left[q] < 0:
                low, high = old, max(2 * old, total / cap[q])
            for _ in range(25):
                prices[q] = 0.5 * (low + high)
                relaxed(first, worth, use, cap, prices, left)
                if left[q] < 0:
                    low = prices[q]
                else:
                    high = prices[q]
            prices[q] = high
            v = relaxed(first, worth, use, cap, prices, left)
            if v < total:
                total = v
            else:
                prices[q] = old
        if total > before - 1e-4 * abs(before):
            break
    return total


@njit(cache=True)
def priced(worth, use, cap, prices, p, p2):
    """Returns what choices are worth less the price of their rooms, but for two, and the price
    of all that the node has of those."""
    net, rest = worth.copy(), 0.0
    for q in range(ROOMS):
        if q != p and q != p2:
            net -= prices[q] * use[:, q]
            rest += prices[q] * cap[q]
    return net, rest


@njit(cache=True)
def sort(first, net, id):
    """Sorts the choices of each family, the best first, in place."""
    for f in range(len(first) - 1):
        s = np.argsort(-net[first[f]:first[f + 1]]) + first[f]
        a, b = net[s].copy(), id[s].copy()
        net[first[f]:first[f + 1]] = a
        id[first[f]:first[f + 1]] = b


@njit(cache=True)
def rounded(use, scale):
    """Returns room in steps of a table, rounded down."""
    return np.floor(use * scale).astype(np.int64)


@njit(cache=True)
def tables(first, net, weight, weight2, steps, steps2):
    """Returns what choices of the families from each one on are worth at most, [family, steps
    of a kind of room, steps of another one]."""
    families = len(first) - 1
    table = np.zeros((families + 1, steps + 1, steps2 + 1))
    for f in range(families - 1, -1, -1):
        table[f] = table[f + 1]
        for i in range(first[f], first[f + 1]):
            if net[i] <= 0:
                continue
            for r in range(weight[i], steps + 1):
                row, rest = table[f, r, weight2[i]:], table[f + 1, r - weight[i]]
                for s in range(len(row)):
                    row[s] = max(row[s], net[i] + rest[s])
    return table


@njit(cache=True)
def fine_of(low, high, cuts, fines):
    """Returns the fines of cuts of which two units or more are in a mask."""
    total = 0.0
    for k in range(len(cuts)):
        a, b = low & cuts[k, 0], high & cuts[k, 1]
        if (a & (a - np.uint64(1))) != 0 or (b & (b - np.uint64(1))) != 0 or a != 0 and b != 0:
            total += fines[k]
    return total


@njit(cache=True)
def layers(first, worth, use, slack, slack_acc, cap, prices, p, table, p2, table2, floor, near, masks, cuts, fines, width, out):
    """The search itself: see search. Choices are those that are worthwhile, in order; p and p2
    are the kinds of room of the tables, of which the second one may be empty. Returns the worth
    of the best choices, how many sets were found, and what those that were let go of are worth
    at most."""
    families, wide, found = len(first) - 1, table2.shape[1] > 1, 0
    scale, grid, grid2 = STEPS / cap[p], GRID / cap[p], GRID2 / cap[p2]
    lost = -np.inf
    value, fine, used = np.zeros(1), np.zeros(1), np.zeros((1, ROOMS))
    strict, strict_acc = np.full(1, np.inf), np.full(1, np.inf)
    mask, pick = np.zeros((1, 2), np.uint64), np.full((1, families), -1, np.int16)
    for f in range(families):
        room, n = len(value) * (first[f + 1] - first[f] + 1), 0
        parent, choice = np.empty(room, np.int64), np.empty(room, np.int64)
        bounds, fined = np.empty(room), np.empty(room)
        for l in range(len(value)):
            for i in range(first[f], first[f + 1] + 1):
                taken = i < first[f + 1]
                v, least, least_acc, fee = value[l], strict[l], strict_acc[l], fine[l]
                if taken:
                    v, least, least_acc = v + worth[i], min(least, slack[i]), min(least_acc, slack_acc[i])
                # Does it fit, and what may come of it: with the table, with that of two rooms.
                bound, bound2, left, left2, fits = v, v, 0.0, 0.0, True
                for q in range(ROOMS):
                    have = cap[q]
                    if q == SLOT:
                        have = min(have, least, least_acc)
                    elif q == BOTH:
                        have = min(have, least_acc)
                    over = have - used[l, q]
                    if taken:
                        over -= use[i, q]
                    if over < 0:
                        fits = False
                        break
                    if q == p:
                        left = over
                    else:
                        bound += prices[q] * over
                        if q == p2:
                            left2 = over
                        else:
                            bound2 += prices[q] * over
                if not fits:
                    continue
                bound += table[f + 1, min(STEPS, int(left * scale + 1e-9)), 0]
                if wide:
                    bound2 += table2[f + 1, min(GRID, int(left * grid + 1e-9)), min(GRID2, int(left2 * grid2 + 1e-9))]
                    bound = min(bound, bound2)
                if f == families - 1:
                    bound = v
                if bound - fee <= floor + near:
                    continue
                if taken and len(cuts) > 0:
                    fee = fine_of(mask[l, 0] | masks[i, 0], mask[l, 1] | masks[i, 1], cuts, fines)
                if bound - fee > floor + near:
                    parent[n], choice[n], bounds[n], fined[n] = l, i, bound - fee, fee
                    n += 1
        best = np.argsort(-bounds[:n])
        if n > width:
            lost = max(lost, bounds[best[width]])
            n = width
        best = best[:n]
        parent, choice, fine = parent[best], choice[best], fined[best]
        value, used, strict, strict_acc = value[parent], used[parent], strict[parent], strict_acc[parent]
        mask, pick = mask[parent], pick[parent]
        for k in range(n):
            i = choice[k]
            if i == first[f + 1]:
                continue
            value[k] += worth[i]
            used[k] += use[i]
            strict[k], strict_acc[k] = min(strict[k], slack[i]), min(strict_acc[k], slack_acc[i])
            mask[k, 0] |= masks[i, 0]
            mask[k, 1] |= masks[i, 1]
            pick[k, f] = i
        for k in range(min(n, SETS)):
            row = pick[k].copy()
            v = complete(first, f + 1, worth, use, slack, slack_acc, cap, prices, row)
            v -= fines_of(row, masks, cuts, fines)
            if v > floor:
                floor = v
                some = row[row >= 0]
                out[found % len(out), :] = -1
                out[found % len(out), : len(some)] = some
                found += 1
    return floor, found, lost


@njit(cache=True)
def complete(first, f, worth, use, slack, slack_acc, cap, prices, pick):
    """Adds to a set, whose choice of each family pick has, one of each family from f on that
    fits: first of what is worth its room, then of anything. Returns what the set is worth."""
    value, used, strict, strict_acc = 0.0, np.zeros(ROOMS), np.inf, np.inf
    for g in range(f):
        if pick[g] >= 0:
            value += worth[pick[g]]
            used += use[pick[g]]
            strict, strict_acc = min(strict, slack[pick[g]]), min(strict_acc, slack_acc[pick[g]])
    for least in (0.0, -np.inf):
        for g in range(f, len(first) - 1):
            if pick[g] >= 0:
                continue
            most = least
            for i in range(first[g], first[g + 1]):
                net = worth[i] - (prices * use[i]).sum()
                least_slot, least_both = min(strict, slack[i]), min(strict_acc, slack_acc[i])
                if net <= most or (used + use[i] > cap).any():
                    continue
                if used[SLOT] + use[i, SLOT] <= min(least_slot, least_both) and used[BOTH] + use[i, BOTH] <= least_both:
                    most, pick[g] = net, i
            if pick[g] >= 0:
                value += worth[pick[g]]
                used += use[pick[g]]
                strict, strict_acc = min(strict, slack[pick[g]]), min(strict_acc, slack_acc[pick[g]])
    return value


@njit(cache=True)
def fines_of(pick, masks, cuts, fines):
    """Returns the fines of a set."""
    low, high = np.uint64(0), np.uint64(0)
    for i in pick:
        if i >= 0:
            low, high = low | masks[i, 0], high | masks[i, 1]
    return fine_of(low, high, cuts, fines)
