"""Measurement errors of an accuracy class, a pure function of a seed and a counter.

The gain error is constant for one meter (it is what a calibration leaves) and enters the energy;
the jitter changes every second and touches displayed values only. Both together stay inside the class.

Source: accuracy classes A, B and C of EN 50470-3 (2 %, 1 %, 0.5 % at reference conditions).
"""

from hashlib import blake2b

ACCURACY_PPM = {"exact": 0, "A": 20_000, "B": 10_000, "C": 5_000}
_GAIN_COUNTER = -1


def gain_error_ppm(seed: int, accuracy_ppm: int) -> int:
    """Constant gain error [ppm] of the meter with this seed, within 0.4 of its class."""
    return hashed(seed, _GAIN_COUNTER, accuracy_ppm * 2 // 5)


def jitter_ppm(seed: int, counter: int, accuracy_ppm: int) -> int:
    """Error [ppm] of the displayed value number `counter`, within 0.5 of the class."""
    return hashed(seed, counter, accuracy_ppm // 2)


def hashed(seed: int, counter: int, span: int) -> int:
    """Whole number in -span..span, the same for the same seed and counter on every machine."""
    digest = blake2b(f"{seed}:{counter}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (2 * span + 1) - span


def with_error(value: int, error_ppm: int) -> int:
    """`value` with a relative error [ppm], symmetrical about zero."""
    magnitude = abs(value) * (1_000_000 + error_ppm) // 1_000_000
    return magnitude if value >= 0 else -magnitude
