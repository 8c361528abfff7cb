# SPDX-License-Identifier: Apache-2.0
"""The recordings that this recipe makes: one function each, found by name."""
import math
import zlib

from chain import Config
from radio import Channel
from record import DMRS, GRANT, Recording
from sionna.phy.nr.utils import decode_mcs_index

SCENARIOS = {}


def scenario(share=0.9, snr=None):
    """Registers a function that returns the arguments of Recording. share: the
    part of the transmissions that Sionna shall decode; snr: fixed SNR in dB."""
    def register(f):
        SCENARIOS[f.__name__.replace("_", "-")] = (f, share, snr)
        return f
    return register


def dmrs(**changes):
    return DMRS | changes


def layers(ports, **changes):
    """Non-codebook transmission on the given DM-RS ports."""
    n = len(ports)
    return {"num_layers": n, "num_antenna_ports": n, "dmrs": dmrs(dmrs_port_set=ports, **changes)}


def codebook(ports, n, tpmi, **changes):
    return {"num_layers": n, "num_antenna_ports": ports, "precoding": "codebook", "tpmi": tpmi,
            "dmrs": dmrs(dmrs_port_set=list(range(n)), **changes)}


def each(slots, *changes):
    return [(s, list(changes) or [{}]) for s in slots]


def make(name, draw=1):
    """Builds a recording and finds its SNR; other draws have other bits,
    channels and noise."""
    f, share, snr = SCENARIOS[name]
    if draw != 1:
        name = f"{name}/{draw}"
    seed = zlib.crc32(name.encode()) % 100000
    r = Recording(name.replace("/", "-"), f.__doc__, seed=seed, **f(seed))
    if snr is not None:
        return r, snr
    return r, r.search(guess(r), share)


def guess(r):
    """A little below what AWGN needs."""
    worst = -20.0
    for t, *_ in r.sent:
        g = t.grant
        order, rate = decode_mcs_index(g["mcs_index"], table_index=g["mcs_table"], is_pusch=True, transform_precoding=False)
        need = 10 * math.log10(2 ** (1.05 * float(order) * float(rate)) - 1)
        spare = r.clean.shape[0] / max(1, sum(x[0].grant["num_layers"] for x in r.sent if x[0].slot == t.slot))
        worst = max(worst, need - 10 * math.log10(max(1, spare)))
    return round(worst)


def one(seed, profile="TDLA30-10", ports=1, rx=2, delay=0.0, cfo=0.0, rnti=1001):
    return {rnti: Channel(profile, ports, rx, delay, cfo, seed)}


@scenario()
def type2_double_4layer(seed):
    """four layers on one CDM group of a double-symbol DM-RS of type 2"""
    return dict(carrier={}, grant=layers([0, 1, 6, 7], config_type=2, length=2, num_cdm_groups_without_data=1)
                | {"mcs_index": 11, "n_id": 77}, events=each(range(6)), channels=one(seed, ports=4, rx=4))


@scenario()
def type1_double_2layer(seed):
    """two layers told apart by the time code of a double-symbol DM-RS, 400 Hz Doppler"""
    return dict(carrier={"carrier_frequency_hz": 2.14e9}, grant=layers([0, 4], length=2) | {"mcs_index": 9},
                events=each(range(3, 11)), channels=one(seed, "TDLB100-400", 2, 4), datatype="ci8")


@scenario(share=0.7)
def type_a_position_3(seed):
    """first DM-RS in symbol 3, two additional positions, long delay spread"""
    return dict(carrier={"subcarrier_spacing_khz": 15, "n_size_grid": 25, "n_cell_id": 501},
                grant={"mcs_index": 8, "prb_size": 25, "dmrs": dmrs(type_a_position=3, additional_position=2, n_id=[501, 2])},
                events=each(range(8)), channels=one(seed, "TDLC300-100"))


@scenario()
def four_dmrs_fast(seed):
    """four DM-RS symbols against 600 Hz Doppler at 15 kHz"""
    return dict(carrier={"subcarrier_spacing_khz": 15}, grant={"mcs_index": 7, "dmrs": dmrs(additional_position=3)},
                events=each(range(8)), channels=one(seed, "TDLC300-600"))


@scenario()
def mapping_b_short(seed):
    """short allocations of mapping type B, from one symbol to seven"""
    kinds = [([4, 2], 0, 2), ([2, 4], 0, 1), ([7, 7], 1, 2), ([10, 4], 1, 1), ([0, 5], 1, 2), ([5, 1], 0, 1),
             ([11, 3], 3, 1), ([3, 6], 3, 2), ([1, 8], 2, 2), ([0, 10], 2, 1)]
    return dict(carrier={}, grant={"mapping_type": "B", "mcs_index": 6}, events=[
        (i, [{"symbol_allocation": s, "dmrs": dmrs(additional_position=a, num_cdm_groups_without_data=g)}])
        for i, (s, a, g) in enumerate(kinds)], channels=one(seed, rx=2))


@scenario()
def mapping_a_lengths(seed):
    """every length of mapping type A with every number of additional positions"""
    return dict(carrier={}, grant={"mcs_index": 9}, events=[
        (i, [{"symbol_allocation": [0, 4 + i], "dmrs": dmrs(additional_position=i % 4)}]) for i in range(11)],
                channels=one(seed, rx=2))


@scenario()
def mapping_b_double(seed):
    """double-symbol DM-RS in mapping type B of many lengths"""
    return dict(carrier={}, grant={"mapping_type": "B", "mcs_index": 7}, events=[
        (i, [{"symbol_allocation": s, "dmrs": dmrs(additional_position=1, length=2, dmrs_port_set=[p])}])
        for i, (s, p) in enumerate([([0, 5], 0), ([3, 7], 4), ([4, 8], 6), ([2, 9], 1), ([1, 10], 5), ([0, 12], 7), ([0, 14], 2)])],
                channels=one(seed, rx=2))


@scenario()
def data_beside_dmrs(seed):
    """one CDM group without data: data between the pilots"""
    return dict(carrier={}, grant={"mcs_index": 15, "dmrs": dmrs(num_cdm_groups_without_data=1, dmrs_port_set=[1])},
                events=each(range(8)), channels=one(seed, rx=2))


@scenario()
def type2_third_group(seed):
    """DM-RS type 2, third CDM group, n_SCID 1, sequence identity far from the cell's"""
    return dict(carrier={"n_cell_id": 1007}, grant={"mcs_index": 12, "n_rnti": 65535, "n_id": 1023, "dmrs": dmrs(
        config_type=2, num_cdm_groups_without_data=3, dmrs_port_set=[5], n_scid=1, n_id=[3, 65535])},
                events=each(range(8)), channels=one(seed, rx=2, rnti=65535))


@scenario()
def type2_two_groups(seed):
    """DM-RS type 2, three layers over two CDM groups, data in the third"""
    return dict(carrier={}, grant=layers([0, 1, 2], config_type=2) | {"mcs_index": 10},
                events=each(range(6)), channels=one(seed, ports=3, rx=4))


@scenario()
def crb_offset(seed):
    """carrier at CRB 107, allocation at PRB 5 of an odd grid, seven PRBs"""
    return dict(carrier={"n_size_grid": 25, "n_start_grid": 107}, grant={"prb_start": 5, "prb_size": 7, "mcs_index": 13},
                events=each(range(10)), channels=one(seed))


@scenario()
def crb_offset_type2(seed):
    """carrier at CRB 2199, DM-RS type 2, allocation at the last PRBs"""
    return dict(carrier={"n_size_grid": 33, "n_start_grid": 2199},
                grant={"prb_start": 20, "prb_size": 13, "mcs_index": 16, "dmrs": dmrs(config_type=2)},
                events=each(range(8)), channels=one(seed))


@scenario()
def one_prb(seed):
    """one PRB at changing places"""
    return dict(carrier={}, grant={"prb_size": 1}, events=[
        (i, [{"prb_start": (7 * i) % 24, "mcs_index": 4 + i % 8}]) for i in range(12)], channels=one(seed, rx=2))


@scenario()
def one_prb_256qam(seed):
    """one PRB, 256QAM, four antennas"""
    return dict(carrier={}, grant={"prb_size": 1, "prb_start": 11, "mcs_table": 2, "mcs_index": 21},
                events=each(range(10)), channels=one(seed, "AWGN", rx=4, delay=3.3))


@scenario(share=0.8)
def few_prb_late(seed):
    """two to four PRBs, samples 9.7 late, long delay spread"""
    return dict(carrier={"subcarrier_spacing_khz": 15, "n_size_grid": 25}, grant={"mcs_index": 8}, events=[
        (i, [{"prb_start": 3 * i % 20, "prb_size": 2 + i % 3}]) for i in range(10)],
                channels=one(seed, "TDLC300-100", delay=9.7))


@scenario()
def fft_1536(seed):
    """100 PRB grid at 15 kHz with an FFT of 1536, narrow allocation far from the centre"""
    return dict(carrier={"subcarrier_spacing_khz": 15, "n_size_grid": 100, "fft_size": 1536},
                grant={"prb_start": 88, "prb_size": 11, "mcs_index": 17}, events=each(range(6)),
                channels=one(seed, delay=11.4, cfo=-120.0), datatype="cf32_le")


@scenario()
def fft_3072(seed):
    """245 PRB grid at 30 kHz with an FFT of 3072, allocation at PRB 0"""
    return dict(carrier={"n_size_grid": 245, "fft_size": 3072}, grant={"prb_size": 16, "mcs_index": 20},
                events=each(range(19, 24)), channels=one(seed, delay=30.2, cfo=310.0), start=1001)


@scenario()
def fft_384(seed):
    """24 PRB with an FFT of 384: 96 guard subcarriers"""
    return dict(carrier={"fft_size": 384}, grant={"mcs_index": 16}, events=each(range(8)),
                channels=one(seed, delay=2.5, cfo=-333.0))


@scenario()
def scs_60(seed):
    """60 kHz, slots over a half-subframe boundary, 4 antennas"""
    return dict(carrier={"subcarrier_spacing_khz": 60, "n_size_grid": 20, "fft_size": 256},
                grant={"prb_size": 20, "mcs_index": 18}, events=each(range(37, 47)),
                channels=one(seed, rx=4, delay=1.3, cfo=800.0), start=99)


@scenario()
def scs_120_compensated(seed):
    """120 kHz at 28 GHz, samples carry the rotation of TS 38.211 section 5.4"""
    return dict(carrier={"subcarrier_spacing_khz": 120, "n_size_grid": 32, "fft_size": 512,
                         "carrier_frequency_hz": 28.00032e9, "phase_compensation": True},
                grant={"prb_size": 32, "mcs_index": 14}, events=each(range(75, 85)),
                channels=one(seed, "TDLA30-300", delay=2.2, cfo=1500.0))


@scenario()
def scs_15_compensated(seed):
    """15 kHz, rotation of section 5.4 at 2.6354 GHz, mapping type B"""
    return dict(carrier={"subcarrier_spacing_khz": 15, "carrier_frequency_hz": 2.6354e9, "phase_compensation": True},
                grant={"mapping_type": "B", "symbol_allocation": [1, 13], "mcs_index": 19}, events=each(range(7)),
                channels=one(seed))


@scenario()
def scs_30_compensated_gap(seed):
    """rotation of section 5.4 at 3.70005 GHz, odd slots alone"""
    return dict(carrier={"carrier_frequency_hz": 3.70005e9, "phase_compensation": True},
                grant={"mcs_index": 17}, events=each(range(1, 17, 2)), channels=one(seed, delay=3.0, cfo=111.0))


@scenario()
def mcs_table_1(seed):
    """MCS 3 to 28 of table 1, one per slot"""
    return dict(carrier={}, grant={"prb_size": 15}, events=[(i, [{"mcs_index": i + 3}]) for i in range(26)],
                channels=one(seed, "AWGN"))


@scenario()
def mcs_table_2(seed):
    """MCS 1 to 27 of table 2, one per slot"""
    return dict(carrier={}, grant={"prb_size": 11, "mcs_table": 2}, events=[(i, [{"mcs_index": i + 2}]) for i in range(26)],
                channels=one(seed, "AWGN", rx=4))


@scenario()
def base_graph_edge(seed):
    """payloads and rates about the borders of TS 38.212 section 6.2.2"""
    kinds = [(9, 1), (9, 2), (9, 20), (22, 7), (22, 9), (16, 11), (23, 6), (3, 3), (3, 24), (15, 13), (16, 12), (24, 5), (5, 24), (4, 24)]
    return dict(carrier={}, grant={}, events=[(i, [{"mcs_index": m, "prb_size": p}]) for i, (m, p) in enumerate(kinds)],
                channels=one(seed, "AWGN"))


@scenario(share=0.6)
def one_antenna(seed):
    """one antenna in fading"""
    return dict(carrier={}, grant={"mcs_index": 7}, events=each(range(0, 40, 3)),
                channels=one(seed, "TDLB100-400", rx=1))


@scenario()
def eight_antennas(seed):
    """eight antennas, four layers, 64QAM"""
    return dict(carrier={"n_size_grid": 16, "fft_size": 256}, grant=layers([0, 1, 2, 3]) | {"prb_size": 16, "mcs_index": 21},
                events=each(range(6)), channels=one(seed, ports=4, rx=8, delay=0.8))


@scenario()
def three_antennas(seed):
    """three antennas, three layers without codebook"""
    return dict(carrier={}, grant=layers([0, 1, 3]) | {"mcs_index": 6, "prb_size": 19}, events=each(range(8)),
                channels=one(seed, ports=3, rx=3))


@scenario()
def seven_antennas(seed):
    """seven antennas, two layers, 256QAM"""
    return dict(carrier={}, grant=layers([2, 3]) | {"mcs_table": 2, "mcs_index": 20, "prb_size": 9}, events=each(range(6)),
                channels=one(seed, "TDLA30-10", ports=2, rx=7))


def ues(seed, rx, *offsets, profile="TDLA30-10", ports=1):
    return {1001 + i: Channel(profile, ports, rx, d, f, seed + i) for i, (d, f) in enumerate(offsets)}


def user(i, ports, **changes):
    n = len(ports)
    return {"n_rnti": 1001 + i, "num_layers": n, "num_antenna_ports": n,
            "dmrs": dmrs(dmrs_port_set=ports, **changes.pop("dmrs", {}))} | changes


@scenario()
def two_ue_one_group(seed):
    """two UEs in one CDM group, different delays and carrier offsets"""
    return dict(carrier={}, grant={"mcs_index": 10}, events=each(range(6), user(0, [0]), user(1, [1], mcs_index=8)),
                channels=ues(seed, 4, (1.2, 150.0), (4.9, -120.0)))


@scenario()
def two_ue_two_groups(seed):
    """two UEs in two CDM groups, different delays and carrier offsets"""
    return dict(carrier={}, grant={"mcs_index": 13}, events=each(range(6), user(0, [0]), user(1, [2], mcs_index=11)),
                channels=ues(seed, 4, (2.0, 200.0), (7.5, -150.0)))


@scenario()
def three_ue(seed):
    """three UEs on the same PRBs, three modulations"""
    return dict(carrier={}, grant={}, events=each(range(6), user(0, [0], mcs_index=5), user(1, [1], mcs_index=11),
                                                   user(2, [2], mcs_index=17)),
                channels=ues(seed, 8, (0.4, 60.0), (1.5, -40.0), (3.1, 0.0)))


@scenario()
def four_ue_double(seed):
    """four UEs told apart by frequency and time codes of one CDM group"""
    d = {"length": 2, "num_cdm_groups_without_data": 1}
    return dict(carrier={}, grant={"mcs_index": 6}, events=each(range(5), *[
        user(i, [p], dmrs=d) for i, p in enumerate([0, 1, 4, 5])]), channels=ues(seed, 8, (0, 20), (1, -20), (2, 40), (2.5, 0)))


@scenario()
def two_ue_two_layers(seed):
    """two UEs with two layers each, codebook over four and two ports"""
    a = codebook(4, 2, 9) | {"n_rnti": 1001}
    b = codebook(2, 2, 2) | {"n_rnti": 1002, "dmrs": dmrs(dmrs_port_set=[2, 3])}
    return dict(carrier={}, grant={"mcs_index": 8}, events=each(range(5), a, b),
                channels={1001: Channel("TDLA30-10", 4, 8, 0.7, 50.0, seed), 1002: Channel("TDLB100-400", 2, 8, 2.2, -50.0, seed + 1)})


@scenario()
def two_ue_type2_data(seed):
    """two UEs in two CDM groups of type 2, data in the third"""
    d = {"config_type": 2, "num_cdm_groups_without_data": 2}
    return dict(carrier={}, grant={"mcs_index": 9}, events=each(range(6), user(0, [0], dmrs=d), user(1, [3], dmrs=d)),
                channels=ues(seed, 4, (5.0, 90.0), (0.5, -10.0)))


@scenario(snr=11.0)
def harq_interleaved(seed):
    """three processes in turn, redundancy versions 0 2 3 1, several code blocks"""
    return dict(carrier={}, grant={"mcs_index": 18}, events=[
        (i, [{"harq_process": (3, 7, 15)[i % 3], "rv": (0, 2, 3, 1)[i // 3], "new_data": i < 3}]) for i in range(12)],
                channels=one(seed, "TDLA30-10", rx=2))


@scenario(snr=-3.5)
def harq_chase(seed):
    """redundancy version 0 four times, then 1 and 3: soft bits add up"""
    order = [0, 0, 0, 0, 1, 3]
    return dict(carrier={}, grant={"mcs_index": 9}, events=[
        (i, [{"harq_process": i // 6, "rv": order[i % 6], "new_data": i % 6 == 0}]) for i in range(12)],
                channels=one(seed, "TDLA30-10", rx=2))


@scenario(snr=3.0)
def harq_two_ue(seed):
    """two UEs with the same process number, retransmissions in other allocations of the same size"""
    events = []
    for i in range(4):
        rv = (0, 2, 3, 1)[i]
        events.append((i, [
            {"n_rnti": 1001, "mcs_index": 15, "prb_size": 10, "prb_start": (0, 2, 1, 0)[i], "rv": rv, "new_data": i == 0},
            {"n_rnti": 1002, "mcs_index": 15, "prb_size": 10, "prb_start": 13 - i % 2, "rv": rv, "new_data": i == 0}]))
    return dict(carrier={}, grant={}, events=events, channels={
        1001: Channel("TDLA30-10", 1, 2, 0, 0, seed), 1002: Channel("TDLB100-400", 1, 2, 1.5, 30, seed + 1)})


@scenario(snr=7.0)
def harq_adapted(seed):
    """retransmissions of the same size with an MCS on the other side of a base graph's border"""
    a, b = {"mcs_index": 24, "prb_size": 4}, {"mcs_index": 16, "prb_size": 7}
    return dict(carrier={}, grant={}, events=[
        (i, [(a if i % 2 == 0 else b) | {"harq_process": i // 2, "rv": (0, 2)[i % 2], "new_data": i % 2 == 0}])
        for i in range(8)], channels=one(seed, "AWGN"))


def sweep(ports, n, count, mcs, **changes):
    return [(i, [codebook(ports, n, i) | {"mcs_index": mcs} | changes]) for i in range(count)]


@scenario(share=0.75)
def codebook_1_of_4(seed):
    """one layer over four ports, TPMI 0 to 27"""
    return dict(carrier={"n_size_grid": 12, "fft_size": 256}, grant={"prb_size": 12}, events=sweep(4, 1, 28, 8),
                channels=one(seed, ports=4, rx=2))


@scenario(share=0.75)
def codebook_2_of_4(seed):
    """two layers over four ports, TPMI 0 to 21"""
    return dict(carrier={"n_size_grid": 12, "fft_size": 256}, grant={"prb_size": 12}, events=sweep(4, 2, 22, 7),
                channels=one(seed, ports=4, rx=4))


@scenario(share=0.75)
def codebook_3_and_4(seed):
    """three layers over four ports, TPMI 0 to 6, then four layers, TPMI 0 to 4"""
    more = [(7 + i, c) for i, c in sweep(4, 4, 5, 5)]
    return dict(carrier={"n_size_grid": 12, "fft_size": 256}, grant={"prb_size": 12}, events=sweep(4, 3, 7, 7) + more,
                channels=one(seed, ports=4, rx=8))


@scenario(share=0.75)
def codebook_2_ports(seed):
    """one layer over two ports, TPMI 0 to 5, then two layers, TPMI 0 to 2"""
    more = [(6 + i, c) for i, c in sweep(2, 2, 3, 5)]
    return dict(carrier={"n_size_grid": 12, "fft_size": 256}, grant={"prb_size": 12}, events=sweep(2, 1, 6, 12) + more,
                channels=one(seed, ports=2, rx=4))


@scenario()
def frame_wrap(seed):
    """slots over the end of frame 1023, with gaps, first sample 12345"""
    return dict(carrier={}, grant={"mcs_index": 11}, events=each([20470, 20477, 20479, 20480, 20481, 20490]),
                channels=one(seed, delay=1.0), start=12345)


@scenario()
def early(seed):
    """samples 2.6 early"""
    return dict(carrier={}, grant={"mcs_index": 15}, events=each(range(8)), channels=one(seed, delay=-2.6), start=200)


@scenario()
def very_late(seed):
    """samples 20 late: more than half of the cyclic prefix"""
    return dict(carrier={}, grant={"mcs_index": 15}, events=each(range(8)), channels=one(seed, delay=20.3, cfo=-420.0))


@scenario()
def large_cfo(seed):
    """900 Hz carrier offset at 30 kHz"""
    return dict(carrier={}, grant={"mcs_index": 9, "dmrs": dmrs(additional_position=2)}, events=each(range(8)),
                channels=one(seed, delay=0.5, cfo=900.0))


@scenario()
def low_snr(seed):
    """MCS 3, four antennas, far below 0 dB"""
    return dict(carrier={}, grant={"mcs_index": 3}, events=each(range(8)), channels=one(seed, "TDLB100-400", rx=4, delay=5.5))


@scenario()
def eight_bit_64qam(seed):
    """64QAM in 8-bit samples"""
    return dict(carrier={}, grant={"mcs_index": 22, "prb_size": 12, "prb_start": 3}, events=each(range(8)),
                channels=one(seed, rx=2), datatype="ci8")


@scenario()
def mixed_slots(seed):
    """each slot another thing: UEs apart, UEs together, layers, mapping types, DM-RS types"""
    return dict(carrier={"n_size_grid": 51, "fft_size": 1024, "n_start_grid": 3}, grant={"mcs_index": 8, "prb_size": 20}, events=[
        (6, [user(0, [0]), user(1, [0], prb_start=25, prb_size=26, mcs_index=15)]),
        (7, [user(0, [0]), user(1, [2])]),
        (8, [user(1, [0, 1], mapping_type="B", symbol_allocation=[2, 10])]),
        (9, [user(0, [0], mapping_type="B", symbol_allocation=[0, 7]), user(1, [0], mapping_type="B", symbol_allocation=[7, 7])]),
        (11, [user(0, [4], dmrs={"config_type": 2, "num_cdm_groups_without_data": 3}), user(1, [1], prb_start=20, prb_size=31)]),
        (12, [user(0, [0, 1], prb_size=51, mcs_index=5), user(1, [2], prb_size=51, mcs_index=5)])],
                channels=ues(seed, 4, (1.1, 70.0), (3.8, -35.0), ports=2))


@scenario()
def wide_two_layers(seed):
    """106 PRB, two layers, many code blocks"""
    return dict(carrier={"n_size_grid": 106, "fft_size": 2048}, grant=layers([0, 1]) | {"prb_size": 106, "mcs_index": 12},
                events=each(range(2)), channels=one(seed, "TDLB100-400", 2, 4))


@scenario()
def one_dmrs_256qam(seed):
    """one DM-RS symbol, 256QAM, static channel with delay"""
    return dict(carrier={}, grant={"mcs_table": 2, "mcs_index": 24, "prb_size": 8, "dmrs": dmrs(additional_position=0)},
                events=each(range(8)), channels=one(seed, "AWGN", rx=2, delay=6.6))
