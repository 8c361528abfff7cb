# SPDX-License-Identifier: Apache-2.0
"""PUSCH transmissions with Sionna: transport block to resource grid, and back.

Sionna (PyPI sionna-no-rt 2.2) is used for every step that it has. What it
lacks is here: a DM-RS sequence that counts from common resource block 0, the
base graph of TS 38.212 section 6.2.2, redundancy versions in its transmitter,
three ports without codebook, and joint detection of UEs whose grants differ.

A grant is a dictionary with the keys of nr:pusch of the recordings; a carrier
one with those of nr:carrier.
"""
import hashlib
import math
import warnings

import numpy as np
import torch
from sionna.phy.fec.crc import CRCDecoder, CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Demapper
from sionna.phy.mimo import lmmse_equalizer
from sionna.phy.nr import CarrierConfig, PUSCHConfig, PUSCHDMRSConfig, PUSCHTransmitter, TBConfig
from sionna.phy.nr import PUSCHLSChannelEstimator, pusch_config, tb_encoder
from sionna.phy.nr.utils import generate_prng_seq

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

SYMBOLS = 14
DECODERS = {}
K0 = {"bg1": (66, (0, 17, 33, 56)), "bg2": (50, (0, 13, 25, 43))}


class Config(PUSCHConfig):
    """A PUSCHConfig whose DM-RS sequence starts at PRB first_crb, and which
    takes three antenna ports."""

    first_crb = 0

    @property
    def num_antenna_ports(self):
        self._ifndef("num_antenna_ports", 1)
        return self._num_antenna_ports

    @num_antenna_ports.setter
    def num_antenna_ports(self, value):
        self._num_antenna_ports = value

    @property
    def dmrs_grid(self):
        skip = self.first_crb * (12 if self.dmrs.config_type == 1 else 8)
        pusch_config.generate_prng_seq = lambda n, c_init: generate_prng_seq(n + skip, c_init=c_init)[skip:]
        try:
            return super().dmrs_grid
        finally:
            pusch_config.generate_prng_seq = generate_prng_seq


def slots_per_frame(carrier):
    return 10 * carrier["subcarrier_spacing_khz"] // 15


def configure(carrier, grant, slot):
    """The Sionna configuration of one transmission: its carrier is the
    allocation alone."""
    d = grant["dmrs"]
    n = slots_per_frame(carrier)
    c = Config(
        carrier_config=CarrierConfig(
            n_cell_id=carrier["n_cell_id"], subcarrier_spacing=carrier["subcarrier_spacing_khz"],
            n_size_grid=grant["prb_size"], slot_number=slot % n, frame_number=slot // n % 1024),
        pusch_dmrs_config=PUSCHDMRSConfig(
            config_type=d["config_type"], length=d["length"], additional_position=d["additional_position"],
            type_a_position=d["type_a_position"], num_cdm_groups_without_data=d["num_cdm_groups_without_data"],
            dmrs_port_set=d["dmrs_port_set"], n_scid=d["n_scid"], n_id=d["n_id"]),
        tb_config=TBConfig(mcs_table=grant["mcs_table"], mcs_index=grant["mcs_index"], n_id=grant["n_id"]),
        mapping_type=grant["mapping_type"], symbol_allocation=grant["symbol_allocation"], n_rnti=grant["n_rnti"],
        num_layers=grant["num_layers"], num_antenna_ports=grant["num_antenna_ports"], precoding=grant["precoding"],
        tpmi=grant["tpmi"])
    c.first_crb = carrier["n_start_grid"] + grant["prb_start"]
    return c


def base_graph(size, rate):
    """TS 38.212 section 6.2.2: payload size and rate of the MCS table."""
    if size <= 292 or (size <= 3824 and rate <= 0.67) or rate <= 0.25:
        return "bg2"
    return "bg1"


class Encoder(LDPC5GEncoder):
    """Sionna's encoder with a base graph that is given and a circular buffer
    that may be read beyond rate 1/3 or 1/5."""

    def __init__(self, k, graph, n=None):
        self._graph = graph
        super().__init__(k, n if n else math.ceil(k / 0.6), bg=graph)

    def _sel_basegraph(self, k, r, bg_=None):
        return self._graph


def select_bits(enc, e, rv, order):
    """Positions in the circular buffer without filler bits of the e bits of a
    code block, bit selection and interleaving of TS 38.212 section 5.4.2."""
    columns, starts = K0[enc._graph]
    n_cb = columns * enc.z
    filler = range(enc.k - 2 * enc.z, enc.k_ldpc - 2 * enc.z)
    k0 = starts[rv] * n_cb // (columns * enc.z) * enc.z
    out, j = [], k0
    while len(out) < e:
        if j % n_cb not in filler:
            at = j % n_cb
            out.append(at if at < filler.start else at - len(filler))
        j += 1
    return np.array(out).reshape(order, e // order).T.reshape(-1)


class Block:
    """The coding of one transport block: segmentation, CRC, LDPC, and the bits
    of each redundancy version."""

    def __init__(self, config, grant, graph=None):
        rate = float(config.tb.target_coderate)
        self.size, self.coded, self.layers = config.tb_size, config.num_coded_bits, config.num_layers
        self.order = int(config.tb.num_bits_per_symbol)
        self.graph = graph or base_graph(self.size, rate)
        crc = "CRC24A" if self.size > 3824 else "CRC16"
        length = 24 if self.size > 3824 else 16
        most = 8448 if self.graph == "bg1" else 3840
        total = self.size + length
        self.blocks = 1 if total <= most else math.ceil(total / (most - 24))
        self.payload = total // self.blocks
        self.tb_crc = CRCEncoder(crc, k=self.size)
        self.tb_check = CRCDecoder(self.tb_crc)
        self.cb_crc = CRCEncoder("CRC24B", k=self.payload) if self.blocks > 1 else None
        self.encoder = Encoder(self.payload + (24 if self.blocks > 1 else 0), self.graph)
        self.encoder._n = self.encoder.n_cb_comp
        units = self.coded // (self.layers * self.order)
        short = self.blocks - units % self.blocks
        self.lengths = [self.layers * self.order * (units // self.blocks + (r >= short)) for r in range(self.blocks)]
        assert sum(self.lengths) == self.coded and self.payload * self.blocks == total
        init = grant["n_rnti"] * 2**15 + grant["n_id"]
        self.scrambling = np.array(generate_prng_seq(self.coded, c_init=init)).astype(int)
        self.maps = {}

    def positions(self, rv):
        if rv not in self.maps:
            made = {e: select_bits(self.encoder, e, rv, self.order) for e in set(self.lengths)}
            self.maps[rv] = [made[e] for e in self.lengths]
        return self.maps[rv]

    def encode(self, bits, rv):
        """Coded, rate matched and scrambled bits."""
        u = self.tb_crc(torch.tensor(bits, dtype=torch.float32)[None])
        u = u.reshape(self.blocks, self.payload)
        if self.cb_crc:
            u = self.cb_crc(u)
        full = self.encoder(u).numpy().astype(int)
        out = np.concatenate([full[r][at] for r, at in enumerate(self.positions(rv))])
        return out ^ self.scrambling

    def empty(self):
        return np.zeros((self.blocks, self.encoder.n_cb_comp))

    def combine(self, soft, llr, rv):
        """Adds soft bits, positive for 1 as in Sionna, to the buffers."""
        llr = llr * (1 - 2 * self.scrambling)
        at = 0
        for r, position in enumerate(self.positions(rv)):
            np.add.at(soft[r], position, llr[at:at + len(position)])
            at += len(position)

    def decode(self, soft, iterations=20):
        """Bits and CRC after Sionna's belief propagation."""
        extent = max(self.payload, int(np.max(np.nonzero(soft.any(axis=0))[0])) + 1)
        extent = max(extent, self.encoder.k - 2 * self.encoder.z)
        key = (self.graph, self.encoder.k, extent, iterations)
        if key not in DECODERS:
            if len(DECODERS) > 40:
                DECODERS.clear()
            enc = Encoder(self.encoder.k, self.graph)
            enc._n = extent
            DECODERS[key] = LDPC5GDecoder(enc, num_iter=iterations, hard_out=True, return_infobits=True)
        u = DECODERS[key](torch.tensor(soft[:, :extent], dtype=torch.float32))
        bits, ok = self.tb_check(u[:, :self.payload].reshape(1, -1))
        return bits[0].numpy().astype(np.uint8), bool(ok.reshape(-1)[0])


class Transmission:
    """One PUSCH transmission of one UE; graph is the base graph of the initial
    transmission where this is another one."""

    def __init__(self, carrier, grant, slot, graph=None):
        self.carrier, self.grant, self.slot = carrier, grant, slot
        self.config = configure(carrier, grant, slot)
        self.block = Block(self.config, grant, graph)
        patched = tb_encoder.LDPC5GEncoder
        tb_encoder.LDPC5GEncoder = lambda k, n, num_bits_per_symbol=1, **kw: _plain(k, n, self.block.graph)
        try:
            self.tx = PUSCHTransmitter(self.config, return_bits=False)
        finally:
            tb_encoder.LDPC5GEncoder = patched
        self.first = 12 * grant["prb_start"]
        self.width = 12 * grant["prb_size"]
        self.start, self.length = grant["symbol_allocation"]
        self.estimator = None

    def grid(self, bits):
        """Resource grid [port, 14, subcarrier of the carrier] of the transport
        block."""
        coded = self.block.encode(bits, self.grant["rv"])
        if self.grant["rv"] == 0 and self.block.coded <= sum([self.block.encoder.n_cb_comp] * self.block.blocks):
            own = self.tx._tb_encoder(torch.tensor(bits, dtype=torch.float32)[None, None])
            assert np.array_equal(own.numpy().reshape(-1).astype(int), coded), "rate matching differs from Sionna's"
        x = self.tx._mapper(torch.tensor(coded, dtype=torch.float32)[None, None])
        x = self.tx._resource_grid_mapper(self.tx._layer_mapper(x))
        if self.tx._precoder is not None:
            x = self.tx._precoder(x)
        x = x[0, 0].numpy()
        out = np.zeros((x.shape[0], SYMBOLS, 12 * self.carrier["n_size_grid"]), complex)
        out[:, self.start:self.start + self.length, self.first:self.first + self.width] = x
        return out

    def estimate(self, y, no):
        """LS channel estimate with linear interpolation, [rx, layer, symbol,
        subcarrier], and its error variance."""
        if self.estimator is None:
            d, positions = self.grant["dmrs"], len(self.config.l_bar)
            self.estimator = PUSCHLSChannelEstimator(self.tx.resource_grid, d["length"], positions - 1,
                                                     d["num_cdm_groups_without_data"], interpolation_type="lin")
        h, err = self.estimator(torch.tensor(y[None, None], dtype=torch.complex64), torch.tensor(no, dtype=torch.float32))
        shape = h[0, 0, :, 0].shape
        return h[0, 0, :, 0].numpy(), np.broadcast_to(err.numpy()[0, 0, :, 0], shape)

    def data_mask(self):
        """[symbol, subcarrier], true where data is."""
        mask = self.config.dmrs_mask[:, self.start:self.start + self.length]
        return ~mask.T


def _plain(k, n, graph):
    enc = Encoder(k, graph, None)
    enc._n, enc._coderate = int(n), k / n
    return enc


def detect(transmissions, y, no, offsets, layout):
    """Soft bits of UEs that share their PRBs: LS estimates, linear
    interpolation, LMMSE, max-log, all with known noise, delay and offset.

    y: [rx, 14, subcarrier]; offsets: (delay in samples, offset in Hz) of each
    UE that is left in y; layout: (fft size, start time of each symbol in s)."""
    fft, times = layout
    first = transmissions[0]
    rows = slice(first.start, first.start + first.length)
    y = y[:, rows, first.first:first.first + first.width]
    k = np.arange(first.width)
    estimates, spread = [], 0
    for t, (delay, hertz) in zip(transmissions, offsets):
        ramp = np.exp(-2j * np.pi * delay * k / fft)[None, :] * np.exp(2j * np.pi * hertz * times[rows])[:, None]
        h, err = t.estimate(y * ramp.conj(), no)
        estimates.append(h * ramp)
        spread = spread + err.sum(axis=1)
    h = np.concatenate(estimates, axis=1)
    mask = first.data_mask()
    ym = torch.tensor(y[:, mask].T, dtype=torch.complex64)
    hm = torch.tensor(np.moveaxis(h[:, :, mask], -1, 0), dtype=torch.complex64)
    s = torch.diag_embed(torch.tensor(no + np.broadcast_to(spread, y.shape)[:, mask].T)).to(torch.complex64)
    x, no_eff = lmmse_equalizer(ym, hm, s)
    out, at = [], 0
    for t in transmissions:
        v = t.grant["num_layers"]
        demap = Demapper("maxlog", "qam", t.block.order)
        out.append(demap(x[:, at:at + v].reshape(-1), no_eff[:, at:at + v].reshape(-1)).numpy())
        at += v
    return out


def sha256(bits):
    return hashlib.sha256(np.packbits(np.asarray(bits, np.uint8)).tobytes()).hexdigest()
