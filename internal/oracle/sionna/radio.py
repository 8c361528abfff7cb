# SPDX-License-Identifier: Apache-2.0
"""Grids to samples and samples to grids: TS 38.211 sections 5.3.1 and 5.4,
Sionna's TDL channels in the time domain, delay, carrier offset, quantization.
"""
import numpy as np
import sionna.phy
from sionna.phy import SPEED_OF_LIGHT
from sionna.phy.channel.tr38901 import TDL

SYMBOLS = 14


class Layout:
    """Where the symbols of a slot lie."""

    def __init__(self, carrier, slot):
        n, mu = carrier["fft_size"], {15: 0, 30: 1, 60: 2, 120: 3}[carrier["subcarrier_spacing_khz"]]
        self.rate = n * carrier["subcarrier_spacing_khz"] * 1e3
        start, self.starts, self.prefixes = 0, [], []
        in_subframe = slot % 2**mu
        for l in range(in_subframe * SYMBOLS, (in_subframe + 1) * SYMBOLS):
            prefix = 144 * n // 2048 + (16 * n * 2**mu // 2048 if l % (7 * 2**mu) == 0 else 0)
            self.prefixes.append(prefix)
            self.starts.append(start)
            start += prefix + n
        self.length = start
        before = sum(Layout(carrier, s).length for s in range(slot - in_subframe, slot))
        # Seconds from the start of the subframe to the first sample after the prefix.
        self.times = (before + np.array(self.starts) + np.array(self.prefixes)) / self.rate
        self.useful = (np.array(self.starts) + np.array(self.prefixes)) / self.rate


def modulate(carrier, slot, grid):
    """[port, 14, subcarrier] to [port, samples]; unit power a subcarrier."""
    n, layout = carrier["fft_size"], Layout(carrier, slot)
    half = grid.shape[2] // 2
    out = np.zeros((grid.shape[0], layout.length), complex)
    for l in range(SYMBOLS):
        x = np.zeros((grid.shape[0], n), complex)
        x[:, :half], x[:, n - half:] = grid[:, l, half:], grid[:, l, :half]
        x = np.fft.ifft(x, axis=1) * np.sqrt(n)
        if carrier["phase_compensation"]:
            x *= np.exp(-2j * np.pi * carrier["carrier_frequency_hz"] * layout.times[l])
        p = layout.prefixes[l]
        at = layout.starts[l]
        out[:, at:at + p], out[:, at + p:at + p + n] = x[:, n - p:], x
    return out


def demodulate(carrier, slot, samples, start, delay):
    """[rx, samples] to [rx, 14, subcarrier] of the slot whose first sample is
    start. The window lies where the delay, in samples, puts it, a little early;
    the ramp of what remains is taken away."""
    n, layout = carrier["fft_size"], Layout(carrier, slot)
    half = 6 * carrier["n_size_grid"]
    begin = int(np.floor(delay)) - n // 64
    k = np.concatenate([np.arange(half), np.arange(-half, 0)])
    ramp = np.exp(2j * np.pi * k * (delay - begin) / n)
    out = np.zeros((samples.shape[0], SYMBOLS, 2 * half), complex)
    for l in range(SYMBOLS):
        at = start + layout.starts[l] + layout.prefixes[l] + begin
        x = np.fft.fft(samples[:, at:at + n], axis=1) / np.sqrt(n)
        if carrier["phase_compensation"]:
            x *= np.exp(2j * np.pi * carrier["carrier_frequency_hz"] * layout.times[l])
        x = np.concatenate([x[:, :half], x[:, n - half:]], axis=1) * ramp
        out[:, l] = np.concatenate([x[:, half:], x[:, :half]], axis=1)
    return out


def shift(x, samples):
    """x later by a number of samples, not necessarily whole: exact for band
    limited signals that are zero at both ends."""
    f = np.fft.fftfreq(x.shape[-1])
    return np.fft.ifft(np.fft.fft(x, axis=-1) * np.exp(-2j * np.pi * f * samples), axis=-1)


class Channel:
    """A channel of one UE over a whole recording: a profile such as TDLB100-400
    or AWGN, then a delay in samples and a carrier offset in Hz."""

    def __init__(self, profile, ports, antennas, delay=0.0, cfo=0.0, seed=1):
        self.profile, self.ports, self.antennas = profile, ports, antennas
        self.delay, self.cfo, self.seed = delay, cfo, seed

    def apply(self, x, carrier, rate):
        """[port, samples] to [rx, samples]."""
        n = x.shape[1]
        out = np.zeros((self.antennas, n), complex)
        if self.profile == "AWGN":
            rng = np.random.default_rng(self.seed)
            size = max(self.antennas, self.ports)
            q, _ = np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))
            h = q[:self.antennas, :self.ports]
            h = h * np.sqrt(self.antennas / np.sum(np.abs(h) ** 2, axis=0))
            if self.ports == 1:
                h = h / np.abs(h)
            out = h @ shift(x, self.delay)
        else:
            name, doppler = self.profile[3:].split("-")
            a, tau = self._taps(name, float(doppler), carrier, n / rate)
            step = n / (a.shape[-1] - 1)
            at = np.arange(n) / step
            low = np.minimum(at.astype(int), a.shape[-1] - 2)
            part = at - low
            for tap in range(len(tau)):
                late = shift(x, tau[tap] * rate + self.delay)
                for r in range(self.antennas):
                    for p in range(self.ports):
                        g = a[r, p, tap]
                        out[r] += late[p] * (g[low] * (1 - part) + g[low + 1] * part)
        return out * np.exp(2j * np.pi * self.cfo / rate * np.arange(n))

    def _taps(self, name, doppler, carrier, seconds):
        """Coefficients every 10 µs or less: linear interpolation between them
        errs by less than -70 dB at 500 Hz."""
        sionna.phy.config.seed = self.seed
        hz = carrier["carrier_frequency_hz"]
        steps = int(np.ceil(seconds / 10e-6)) + 2
        model = TDL(model=name, carrier_frequency=hz, min_speed=doppler * SPEED_OF_LIGHT / hz,
                    num_rx_ant=self.antennas, num_tx_ant=self.ports)
        a, tau = model(1, steps, (steps - 1) / seconds)
        return a[0, 0, :, 0].numpy(), tau[0, 0, 0].numpy()


def quantize(samples, datatype, backoff_db=14.0):
    """[rx, samples] to the bytes of a SigMF file, and the samples that these
    stand for; integers keep the given margin over the power of the samples that
    are not silent."""
    if datatype == "cf32_le":
        return interleave(samples).astype("<f4").tobytes(), samples
    top, kind = {"ci16_le": (32767, "<i2"), "ci8": (127, "i1")}[datatype]
    power = np.abs(samples) ** 2
    rms = np.sqrt(power[power > 0.01 * power.mean()].mean())
    scale = top * 10 ** (-backoff_db / 20) / rms
    iq = np.clip(np.rint(interleave(samples) * scale), -top - 1, top)
    back = (iq[..., 0] + 1j * iq[..., 1]).T / scale
    return iq.astype(kind).tobytes(), back


def interleave(samples):
    x = samples.T
    return np.stack([x.real, x.imag], axis=-1)
