# SPDX-License-Identifier: Apache-2.0
"""Which units earn most on one node, at given prices: a knapsack with six kinds of room.

Units that links or `apart` join are a family. A choice is a part of a family, in its modes, with
what it takes of the node and what it is worth; hops between units of a family are known within
a choice. A node takes at most one choice per family. What makes it more than a knapsack: the
time of all slots must fit the slack of the strictest unit that is chosen, and pairs of units may
cost fines, those of cuts (see bound.py).

The search goes depth first through the families, the largest first. What the families that are
left may bring is bounded by a table (dynamic programming) over one kind of room, and, where
that takes long, over two; the other kinds have prices (Lagrange multipliers). Weights are
rounded down in tables, so that a bound stays one.
"""
import numpy as np
from numba import njit

ROOMS = 6  # processors, slot, slot with accelerator, accelerator, its memory, memory
SLOT, BOTH = 1, 2
STEPS = 600  # of a table over one kind of room
GRID, GRID2 = 200, 100  # steps of one over two


@njit(cache=True)
def search(first, worth, use, slack, slack_acc, cap, prices, floor, masks, cuts, fines, effort, out):
    """Returns the worth of the best choices, or floor if none are worth more, and how many sets
    of choices were found, each worth more than floor and than the one before. They are written
    in turn into the rows of out, with -1 behind them.

    Choices of family f are first[f] to first[f+1]-1. Of each: worth, use [room], slack of its
    strictest unit on processors alone, of its strictest one with the accelerator (infinite if
    there is none), and the units as a mask of two words. Prices of room are where the search
    for better ones begins, and are changed in place. A cut is a mask of units, of which two or
    more cost its fine.

    Effort is [near, steps, most]: what is better by less than near is not looked for, so no
    choices are worth more than the answer and near. Near grows when more steps than most have
    been taken, which all searches with one effort count together."""
    id, kfirst = worthwhile(first, worth, use, slack, slack_acc, cap, masks, len(cuts) > 0)
    if len(id) == 0:
        out[0, :] = -1
        return max(0.0, floor), 1 if floor < 0 else 0
    enough = floor + effort[0]
    w, u = worth[id], use[id]
    if multipliers(kfirst, w, u, cap, prices, enough) <= enough:
        return floor, 0
    p = 0
    for q in range(3):
        if prices[q] * cap[q] > prices[p] * cap[p]:
            p = q
    net, rest = priced(w, u, cap, prices, p, p)
    sort(kfirst, net, id)
    w, u = worth[id], use[id]
    table = tables(kfirst, net, rounded(u[:, p], STEPS / cap[p]), np.zeros(len(id), np.int64), STEPS, 0)
    if table[0, STEPS, 0] + rest <= enough:
        return floor, 0
    return dive(kfirst, id, w, u, slack[id], slack_acc[id], cap, prices, p, table, floor, masks[id], cuts, fines, effort, out)


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
def dive(first, id, worth, use, slack, slack_acc, cap, prices, p, table, floor, masks, cuts, fines, effort, out):
    """The search itself: see search. Choices are those that are worthwhile, in order; p is the
    kind of room of the table. At depth d the first d families have been decided."""
    families = len(first) - 1
    p2 = -1  # the other kind of room that counts
    for q in range(ROOMS):
        if q != p and prices[q] > 0 and (p2 < 0 or prices[q] * cap[q] > prices[p2] * cap[p2]):
            p2 = q
    scale, grid, grid2 = STEPS / cap[p], 0.0, 0.0
    table2 = np.zeros((1, 1, 1))
    best, found, steps = floor, 0, 0
    next = np.zeros(families + 1, np.int64)  # choice to try
    pick = np.full(families + 1, -1, np.int64)
    value, fine = np.zeros(families + 1), np.zeros(families + 1)
    used = np.zeros((families + 1, ROOMS))
    strict, strict_acc = np.full(families + 1, np.inf), np.full(families + 1, np.inf)
    low, high = np.zeros(families + 1, np.uint64), np.zeros(families + 1, np.uint64)
    d = 0
    while d >= 0:
        if d == families:
            if value[d] - fine[d] > best + effort[0]:
                best = value[d] - fine[d]
                out[found % len(out), :] = -1
                n = 0
                for x in range(families):
                    if pick[x] >= 0:
                        out[found % len(out), n] = id[pick[x]]
                        n += 1
                found += 1
            d -= 1
            continue
        i, e = first[d] + next[d], d + 1
        if i > first[e]:
            d -= 1
            continue
        next[d] += 1
        steps += 1
        effort[1] += 1
        if effort[1] > effort[2]:
            effort[0] = max(0.25, 1.5 * effort[0])
            effort[2] *= 1.3
        if steps > 30000 and grid == 0.0 and p2 >= 0:
            grid, grid2 = GRID / cap[p], GRID2 / cap[p2]
            net, _ = priced(worth, use, cap, prices, p, p2)
            table2 = tables(first, net, rounded(use[:, p], grid), rounded(use[:, p2], grid2), GRID, GRID2)
        taken = i < first[e]
        pick[d] = i if taken else -1
        strict[e], strict_acc[e], value[e] = strict[d], strict_acc[d], value[d]
        low[e], high[e] = low[d], high[d]
        if taken:
            strict[e], strict_acc[e] = min(strict[d], slack[i]), min(strict_acc[d], slack_acc[i])
            value[e] += worth[i]
            low[e], high[e] = low[d] | masks[i, 0], high[d] | masks[i, 1]
        # Does it fit, and what may come of it: with the table, with that of two rooms.
        bound, bound2, left, left2 = value[e], value[e], 0.0, 0.0
        fits = True
        for q in range(ROOMS):
            used[e, q] = used[d, q] + use[i, q] if taken else used[d, q]
            have = cap[q]
            if q == SLOT:
                have = min(have, strict[e], strict_acc[e])
            elif q == BOTH and strict_acc[e] < np.inf:
                have = min(have, strict_acc[e])
            over = have - used[e, q]
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
        fine[e] = fine_of(low[e], high[e], cuts, fines) if taken and len(cuts) > 0 else fine[d]
        enough = best + effort[0] + fine[e]
        if bound + table[e, min(STEPS, int(left * scale + 1e-9)), 0] <= enough:
            continue
        if grid > 0.0 and bound2 + table2[e, min(GRID, int(left * grid + 1e-9)), min(GRID2, int(left2 * grid2 + 1e-9))] <= enough:
            continue
        d = e
        next[d] = 0
    return best, found
