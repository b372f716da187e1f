"""Designs the filter of `ext/resample.pyx`: `python -m tests.reference.resample_design` prints its table.

The filter is one function of time, from which every pair of rates takes its coefficients. With time in samples of the
lower rate,

    h(t) = sum over k of b[k] * cos(pi * k * t / SPAN)   for |t| < SPAN, and 0 beyond

so its response at f (in cycles a sample of the lower rate) is linear in b, and the smallest ripple from the Nyquist
frequency up, under a bound on the ripple in the pass-band, is a linear programme. A windowed sinc has the
same ripple in both bands, which a telephone does not need: the best Kaiser window of this length has 74 dB in the
stop-band, this filter 102.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

SPAN = 29
"""Samples of the lower rate to each side: 3.63 ms at 8 kHz, and 160 coefficients at 22.05 kHz, a multiple of 32."""

TERMS = 40
"""Cosines up to 0.67 cycles a sample: far past the Nyquist frequency more of them gain nothing (0.1 dB for 4 more)."""

PASS_EDGE = 0.425
"""3.4 kHz at 8 kHz, the upper edge of the telephone's band (ITU-T G.712)."""

STOP_EDGE = 0.5
PASS_RIPPLE_DB = 0.03
STOP_UP_TO = 1.5
"""Beyond, the response falls by itself: h and its derivative are 0 at both ends."""

POINTS_A_LOBE = 16


def response(prototype: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain at frequencies in cycles a sample of the lower rate; real, as the filter is symmetrical."""
    lobes = 2 * SPAN * frequencies[:, None]
    orders = np.arange(len(prototype))[None, :]
    gains: NDArray[np.float64] = SPAN * (np.sinc(lobes - orders) + np.sinc(lobes + orders)) @ prototype
    return gains


def grid(low: float, high: float) -> NDArray[np.float64]:
    """Frequencies close enough that nothing hides between them."""
    return np.linspace(low, high, int((high - low) * 2 * SPAN * POINTS_A_LOBE) + 1)


def design() -> NDArray[np.float64]:
    """The b[k] with the least ripple in the stop-band."""
    ripple = 10 ** (PASS_RIPPLE_DB / 20) - 1
    terms = np.eye(TERMS)
    in_pass = np.stack([response(term, grid(0, PASS_EDGE)) for term in terms], axis=1)
    in_stop = np.stack([response(term, grid(STOP_EDGE, STOP_UP_TO)) for term in terms], axis=1)
    # Unknowns: b, and the ripple of the stop-band, which is to be least.
    unbound = np.zeros((len(in_pass), 1))
    bound = -np.ones((len(in_stop), 1))
    ends_in_zero = np.append((-1.0) ** np.arange(TERMS), 0.0)
    gain_of_a_constant = np.append(in_pass[0], 0.0)
    solution = linprog(
        np.append(np.zeros(TERMS), 1.0),
        A_ub=np.block([[in_pass, unbound], [-in_pass, unbound], [in_stop, bound], [-in_stop, bound]]),
        b_ub=np.concatenate(
            [np.full(len(in_pass), 1 + ripple), np.full(len(in_pass), ripple - 1), np.zeros(2 * len(in_stop))]
        ),
        A_eq=np.stack([ends_in_zero, gain_of_a_constant]),
        b_eq=[0.0, 1.0],
        bounds=[(None, None)] * TERMS + [(0, None)],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    prototype: NDArray[np.float64] = np.round(solution.x[:TERMS], 10)
    return prototype


def main() -> None:
    """Prints the table and what it achieves."""
    prototype = design()
    for first in range(0, TERMS, 5):
        print("    " + ", ".join(f"{value:.10f}" for value in prototype[first : first + 5]) + ",")
    in_pass = 20 * np.log10(np.abs(response(prototype, np.linspace(0, PASS_EDGE, 5000))))
    in_stop = 20 * np.log10(np.max(np.abs(response(prototype, np.linspace(STOP_EDGE, 10, 50000)))))
    print(f"pass-band {in_pass.min():+.4f} to {in_pass.max():+.4f} dB, stop-band {in_stop:.2f} dB")


if __name__ == "__main__":
    main()
