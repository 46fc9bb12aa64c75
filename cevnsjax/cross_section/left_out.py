"""Interactions that are asked for by name and are not there, and why."""

_PAIRS = (
    "external pair conversion, B + N -> e+ e- N, is left out: it needs the squared amplitude of two particles to "
    "three, and what other codes have, a table of argon scaled by Z^2 at the nearest lower mass, jumps 1e6-fold "
    "between 0.4 and 1.1 MeV"
)

LEFT_OUT: dict[str, str] = {"pairconversion": _PAIRS, "pairproduction": _PAIRS, "betheheitler": _PAIRS}
"""Reasons by parts of names, in small letters and digits alone."""
