# SPDX-License-Identifier: Apache-2.0
"""Makes one SigMF recording of PUSCH slots with its answers."""
import hashlib
import json
import os

import numpy as np

from chain import Transmission, detect, sha256
from radio import Layout, demodulate, modulate, quantize

CARRIER = {
    "n_cell_id": 1, "subcarrier_spacing_khz": 30, "cyclic_prefix": "normal", "n_size_grid": 24, "n_start_grid": 0,
    "fft_size": 512, "carrier_frequency_hz": 3.5e9, "phase_compensation": False,
}
DMRS = {
    "config_type": 1, "length": 1, "additional_position": 1, "type_a_position": 2, "dmrs_port_set": [0],
    "num_cdm_groups_without_data": 2, "n_scid": 0, "n_id": [1, 1],
}
GRANT = {
    "n_rnti": 1001, "n_id": 1, "num_layers": 1, "num_antenna_ports": 1, "precoding": "non-codebook", "tpmi": 0,
    "transform_precoding": False, "mapping_type": "A", "symbol_allocation": [0, 14], "prb_start": 0, "prb_size": 24,
    "mcs_table": 1, "mcs_index": 14, "dmrs": DMRS, "rv": 0, "harq_process": 0, "new_data": True,
}


class Recording:
    """A recording before noise.

    events: (slot, [changes of the default grant, one per transmission]), in the
    order of the slots; channels: RNTI to radio.Channel; start: samples before
    the first slot."""

    def __init__(self, name, description, carrier, grant, events, channels, datatype="ci16_le", start=0, seed=1):
        self.name, self.description, self.datatype, self.seed = name, description, datatype, seed
        self.carrier, self.grant, self.channels = CARRIER | carrier, GRANT | grant, channels
        self.rng = np.random.default_rng(seed)
        self.slots, self.sent = [], []
        at, last = start, events[0][0]
        for slot, changes in events:
            at += sum(Layout(self.carrier, s).length for s in range(last, slot))
            last = slot
            length = Layout(self.carrier, slot).length
            self.slots.append((slot, at, length, changes))
        self.length = self.slots[-1][1] + self.slots[-1][2] + self.carrier["fft_size"] // 2
        self.rate = Layout(self.carrier, 0).rate
        self._transmit()

    def _transmit(self):
        waves, blocks, graphs = {}, {}, {}
        for slot, at, length, changes in self.slots:
            for change in changes:
                grant = self.grant | change
                key = (grant["n_rnti"], grant["harq_process"])
                t = Transmission(self.carrier, grant, slot, None if grant["new_data"] else graphs[key])
                graphs[key] = t.block.graph
                if grant["new_data"]:
                    blocks[key] = self.rng.integers(0, 2, t.block.size)
                x = modulate(self.carrier, slot, t.grid(blocks[key]))
                wave = waves.setdefault(grant["n_rnti"], np.zeros((self.channels[grant["n_rnti"]].ports, self.length), complex))
                wave[:x.shape[0], at:at + length] += x
                self.sent.append((t, change, blocks[key], at, length))
        antennas = next(iter(self.channels.values())).antennas
        self.clean = np.zeros((antennas, self.length), complex)
        for rnti, x in waves.items():
            self.clean += self.channels[rnti].apply(x, self.carrier, self.rate)
        w = self.rng.normal(size=(2,) + self.clean.shape)
        self.noise = (w[0] + 1j * w[1]) / np.sqrt(2)

    def receive(self, snr_db, failures=None):
        """The CRCs of Sionna's receiver, in the order of the transmissions;
        None as soon as there are more than the given number of failures."""
        no = 10 ** (-snr_db / 10)
        _, y = quantize(self.clean + np.sqrt(no) * self.noise, self.datatype)
        y = np.concatenate([np.zeros((y.shape[0], 64)), y, np.zeros((y.shape[0], 64))], axis=1)
        out, soft, i = [], {}, 0
        while i < len(self.sent):
            j = i + 1
            while j < len(self.sent) and shares(self.sent[i][0], self.sent[j][0]):
                j += 1
            group = [s[0] for s in self.sent[i:j]]
            ues = [self.channels[t.grant["n_rnti"]] for t in group]
            ref = ues[0]
            turned = y * np.exp(-2j * np.pi * ref.cfo / self.rate * np.arange(y.shape[1]))
            grid = demodulate(self.carrier, group[0].slot, turned, self.sent[i][3] + 64, ref.delay)
            layout = (self.carrier["fft_size"], Layout(self.carrier, group[0].slot).useful)
            left = [(u.delay - ref.delay, u.cfo - ref.cfo) for u in ues]
            for t, llr, sent in zip(group, detect(group, grid, no, left, layout), self.sent[i:j]):
                key = (t.grant["n_rnti"], t.grant["harq_process"])
                if t.grant["new_data"] or key not in soft:
                    soft[key] = t.block.empty()
                t.block.combine(soft[key], llr, t.grant["rv"])
                bits, ok = t.block.decode(soft[key])
                out.append(ok and np.array_equal(bits, sent[2]))
            if failures is not None and out.count(False) > failures:
                return None
            i = j
        return out

    def search(self, snr_db, share):
        """The lowest SNR in steps of 1 dB at which at least the share passes."""
        failures = int(len(self.sent) * (1 - share))
        while snr_db < 45 and self.receive(snr_db, failures) is None:
            snr_db += 1
        return snr_db

    def write(self, folder, snr_db):
        no = 10 ** (-snr_db / 10)
        data, _ = quantize(self.clean + np.sqrt(no) * self.noise, self.datatype)
        now, worse = self.receive(snr_db), self.receive(snr_db - 1)
        base = os.path.join(folder, self.name)
        with open(base + ".sigmf-data", "wb") as f:
            f.write(data)
        with open(base + ".sigmf-meta", "w") as f:
            json.dump(self.meta(data), f, indent=1)
        answers = [{
            "slot": t.slot, "rnti": t.grant["n_rnti"], "harq": t.grant["harq_process"], "tb_bits": t.block.size,
            "tb_sha256": sha256(bits), "decodable": bool(w and s), "sionna_crc": bool(s),
        } for (t, _, bits, _, _), s, w in zip(self.sent, now, worse)]
        with open(base + ".tb.json", "w") as f:
            json.dump({"recording": self.name, "transmissions": answers}, f, indent=1)
        print(f"{self.name:28s} SNR {snr_db:5.1f} dB  {len(now):3d} sent  Sionna {sum(now):3d}  decodable "
              f"{sum(a['decodable'] for a in answers):3d}  {len(data) / 1e6:.1f} MB", flush=True)

    def meta(self, data):
        hz = self.carrier["carrier_frequency_hz"]
        return {
            "global": {
                "core:datatype": self.datatype, "core:sample_rate": int(self.rate), "core:version": "1.2.5",
                "core:num_channels": self.clean.shape[0], "core:sha512": hashlib.sha512(data).hexdigest(),
                "core:description": self.description,
                "core:license": "https://creativecommons.org/publicdomain/zero/1.0/",
                "core:extensions": [{"name": "nr", "version": "1.0.0", "optional": False}],
                "nr:carrier": self.carrier, "nr:pusch": self.grant,
            },
            "captures": [{"core:sample_start": 0, "core:frequency": hz}],
            "annotations": [{
                "core:sample_start": at, "core:sample_count": length,
                "core:label": f"PUSCH rnti {t.grant['n_rnti']} slot {t.slot}", "nr:slot_number": t.slot,
                "nr:pusch": change,
            } for t, change, _, at, length in self.sent],
        }


def shares(a, b):
    """Whether two transmissions share resource elements."""
    return (a.slot == b.slot and a.first < b.first + b.width and b.first < a.first + a.width
            and a.start < b.start + b.length and b.start < a.start + a.length)
