# SPDX-License-Identifier: Apache-2.0
"""Writes the golden files of phy/nr, phy/dmrs, phy/sch and phy/pusch from a second
source of the tables of TS 38.211 and TS 38.214: Sionna (PyPI sionna-no-rt).

    python golden.py ROOT        # ROOT is the root of the repository

It writes, all CSV with one header line:

    phy/nr/testdata/dmrs_positions.csv  symbols of tables 6.4.1.1.3-3 and -4
    phy/nr/testdata/mcs.csv             tables 5.1.3.1-1 to -3
    phy/nr/testdata/tbs.csv             transport block sizes of random allocations
    phy/nr/testdata/overhead.csv        the same with xOverhead and the three tables
    phy/nr/testdata/lbrm.csv            TBS_LBRM of limited-buffer rate matching
    phy/sch/testdata/ratematch.csv      circular buffers with and without a limit
    phy/dmrs/testdata/dmrs.csv          elements of random DM-RS grids
    phy/pusch/testdata/precoding.csv    tables 6.3.1.5-1 to -7
"""
import csv
import os
import random
import sys

import numpy as np
from sionna.phy.nr import PUSCHConfig
from sionna.phy.nr.utils import calculate_tb_size, decode_mcs_index


def write(root, path, header, rows):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(header)
        w.writerows(rows)
    print(path, len(rows), "rows")


def dmrs_positions():
    """All durations, mappings, lengths, additional and type A positions. A
    combination without entry in the tables has no symbols."""
    for mapping in "AB":
        for length in (1, 2):
            for additional in range(4 if length == 1 else 2):
                for type_a in (2, 3) if mapping == "A" else (2,):
                    for ld in range(1, 15):
                        c = PUSCHConfig(mapping_type=mapping)
                        c.symbol_allocation = [0, ld]
                        c.dmrs.length = length
                        c.dmrs.additional_position = additional
                        c.dmrs.type_a_position = type_a
                        symbols = [l + lp for l in c.l_bar for lp in c.l_prime]
                        yield mapping, length, additional, type_a, ld, " ".join(map(str, symbols))


def mcs():
    for table in (1, 2, 3):
        for index in range(28 if table == 2 else 29):
            order, rate = decode_mcs_index(index, table_index=table, is_pusch=True, transform_precoding=False)
            yield table, index, int(order), round(float(rate) * 2048)


def tbs(rng):
    """Sizes for N'_RE below, at and above the cap of 156."""
    for _ in range(400):
        table = rng.choice((1, 2))
        index = rng.randrange(28)
        order, rate = decode_mcs_index(index, table_index=table, is_pusch=True, transform_precoding=False)
        prb, symbols, layers = rng.randint(1, 275), rng.randint(2, 14), rng.randint(1, 4)
        pilots = rng.choice((0, 4, 6, 8, 12, 16, 24))
        if 12 * symbols <= pilots:
            continue
        size = calculate_tb_size(int(order), float(rate), num_prbs=prb, num_ofdm_symbols=symbols,
                                 num_dmrs_per_prb=pilots, num_layers=layers)[0]
        yield table, index, 12 * symbols - pilots, prb, layers, int(size)


def overhead(rng):
    """Sizes with the overhead that higher layers configure."""
    for _ in range(300):
        table, index = rng.choice((1, 2, 3)), rng.randrange(28)
        order, rate = decode_mcs_index(index, table_index=table, is_pusch=True, transform_precoding=False)
        prb, symbols, layers = rng.randint(1, 275), rng.randint(3, 14), rng.randint(1, 4)
        pilots, extra = rng.choice((6, 12, 24)), rng.choice((0, 6, 12, 18))
        if 12 * symbols - pilots <= extra:
            continue
        size = calculate_tb_size(int(order), float(rate), num_prbs=prb, num_ofdm_symbols=symbols,
                                 num_dmrs_per_prb=pilots, num_ov=extra, num_layers=layers)[0]
        yield table, index, 12 * symbols - pilots, extra, prb, layers, int(size)


def lbrm_size(layers, order, prb):
    """TS 38.212 clause 5.4.2.1: 156 elements of every PRB at rate 948/1024."""
    limits = (32, 66, 107, 135, 162, 217, 273)
    n = next((limit for limit in limits if prb <= limit), 273)
    return int(calculate_tb_size(order, 948 / 1024, num_prbs=n, num_ofdm_symbols=13, num_dmrs_per_prb=0,
                                 num_layers=layers)[0])


def lbrm():
    for layers in (1, 2, 3, 4):
        for table in (1, 2):
            for prb in (1, 32, 33, 66, 67, 107, 108, 135, 136, 162, 163, 217, 218, 273, 275):
                yield layers, table, prb, lbrm_size(layers, (6, 8)[table - 1], prb)


def ratematch(rng):
    """N_cb and k_0 of TS 38.212 clause 5.4.2.1, written from the clause, for
    transport blocks that Sionna sizes; the base graph and the code blocks are
    those of clauses 6.2.2 and 5.2.2."""
    lifting = sorted(a * 2**j for a in (2, 3, 5, 7, 9, 11, 13, 15) for j in range(8) if a * 2**j <= 384)
    for _ in range(400):
        table, index = rng.choice((1, 2, 3)), rng.randrange(28)
        order, rate = decode_mcs_index(index, table_index=table, is_pusch=True, transform_precoding=False)
        order, rate = int(order), float(rate)
        prb, layers, rv = rng.choice((1, 3, 11, 52, 106, 273)), rng.randint(1, 4), rng.randrange(4)
        tbs = int(calculate_tb_size(order, rate, num_prbs=prb, num_ofdm_symbols=14, num_dmrs_per_prb=24,
                                    num_layers=layers)[0])
        graph = 2 if tbs <= 292 or tbs <= 3824 and rate <= 0.67 or rate <= 0.25 else 1
        bits, largest = tbs + (24 if tbs > 3824 else 16), (8448, 3840)[graph - 1]
        blocks = 1 if bits <= largest else -(-bits // (largest - 24))
        kprime = bits // blocks + (24 if blocks > 1 else 0)
        kb = 22 if graph == 1 else 10 if bits > 640 else 9 if bits > 560 else 8 if bits > 192 else 6
        z = next(v for v in lifting if kb * v >= kprime)
        n = (66, 50)[graph - 1] * z
        own = lbrm_size(layers, 8 if table == 2 else 6, prb)
        limit = rng.choice((0, own, own, lbrm_size(rng.randint(layers, 4), 8, max(prb, rng.choice((1, 106, 273))))))
        ncb = n if limit == 0 else min(n, limit * 3 // (2 * blocks))  # floor(TBS_LBRM / (C * 2/3))
        start = ((0, 17, 33, 56), (0, 13, 25, 43))[graph - 1][rv]
        k0 = start * ncb // ((66, 50)[graph - 1] * z) * z
        yield tbs, round(rate * 2048), order, rv, limit, graph, blocks, z, ncb, k0


def dmrs(rng):
    """Two elements per symbol of the DM-RS of random configurations."""
    for _ in range(120):
        c = PUSCHConfig()
        c.carrier.subcarrier_spacing = rng.choice((15, 30, 60, 120))
        c.carrier.slot_number = rng.randrange(c.carrier.num_slots_per_frame)
        c.carrier.n_size_grid = rng.randint(1, 40)
        c.mapping_type = rng.choice("AB")
        c.symbol_allocation = [0, 14]
        d = c.dmrs
        d.config_type = rng.choice((1, 2))
        d.length = rng.choice((1, 2))
        d.additional_position = rng.randrange(2)
        groups = d.config_type + 1
        d.num_cdm_groups_without_data = groups
        d.n_scid = rng.randrange(2)
        d.n_id = [rng.randrange(65536), rng.randrange(65536)]
        port = rng.randrange(2 * groups * d.length)
        d.dmrs_port_set = [port]
        grid = c.dmrs_grid[0]
        for l in c.dmrs_symbol_indices:
            used = np.flatnonzero(grid[:, l])
            for k in (rng.choice(used), used[-1]):
                x = grid[k, l] * np.sqrt(2 / groups)
                yield (c.carrier.subcarrier_spacing, c.carrier.slot_number, c.carrier.n_size_grid, d.config_type,
                       d.length, groups, d.n_scid, d.n_id[d.n_scid], port, l,
                       c.dmrs_symbol_indices.index(l) % d.length, int(k), round(x.real), round(x.imag))


def precoding():
    """Entries over the scale: 0, 1, -1, j or -j, and the squared scale."""
    for ports, layers, count in ((2, 1, 6), (4, 1, 28), (2, 2, 3), (4, 2, 22), (4, 3, 7), (4, 4, 5)):
        for tpmi in range(count):
            c = PUSCHConfig(precoding="codebook", num_antenna_ports=ports, num_layers=layers, tpmi=tpmi)
            w = c.precoding_matrix
            scale = np.abs(w).max()
            for p in range(ports):
                for v in range(layers):
                    x = w[p, v] / scale
                    yield ports, layers, tpmi, p, v, round(x.real), round(x.imag), round(1 / scale**2)


def main(root):
    rng = random.Random(38211)
    write(root, "phy/nr/testdata/dmrs_positions.csv",
          ["mapping", "length", "additional", "type_a", "ld", "symbols"], list(dmrs_positions()))
    write(root, "phy/nr/testdata/mcs.csv", ["table", "index", "order", "rate2048"], list(mcs()))
    write(root, "phy/nr/testdata/tbs.csv", ["table", "index", "re", "prb", "layers", "size"], list(tbs(rng)))
    extra = random.Random(38214)
    write(root, "phy/nr/testdata/overhead.csv", ["table", "index", "re", "overhead", "prb", "layers", "size"], list(overhead(extra)))
    write(root, "phy/nr/testdata/lbrm.csv", ["layers", "table", "prb", "size"], list(lbrm()))
    write(root, "phy/sch/testdata/ratematch.csv",
          ["tbs", "rate2048", "order", "rv", "tbs_lbrm", "graph", "blocks", "z", "ncb", "k0"], list(ratematch(extra)))
    write(root, "phy/dmrs/testdata/dmrs.csv",
          ["scs", "slot", "prb", "type", "length", "groups", "scid", "nid", "port", "symbol", "lprime", "k", "re", "im"],
          list(dmrs(rng)))
    write(root, "phy/pusch/testdata/precoding.csv",
          ["ports", "layers", "tpmi", "port", "layer", "re", "im", "norm"], list(precoding()))


if __name__ == "__main__":
    main(sys.argv[1])
