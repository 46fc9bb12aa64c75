"""Weak charges of nuclei in the sets of couplings that papers use, multiplied by hand from the printed couplings."""

import functools
from collections.abc import Callable

from cevnsjax.cross_section import ErlerSu, PDGLegacy, TreeLevel, weak_charge
from cevnsjax.cross_section.term import AbstractVectorTerm
from cevnsjax.flux import FLAVOURS
from cevnsjax.validation.published_number import PublishedNumber

_NUCLEI = {"Cs133": (55, 78), "Ar40": (18, 22)}
_HAND = "by hand from the couplings of "
_SETS: dict[str, tuple[Callable[[], AbstractVectorTerm], str, str, dict[str, tuple[float, ...]]]] = {
    "tree": (
        lambda: TreeLevel(0.23863),
        _HAND + "tree level, s_W^2 = 0.23863",
        "0.02274 and -0.5",
        {"Cs133": (-75.4986,), "Ar40": (-21.18136,)},
    ),
    "pdg-legacy": (
        lambda: PDGLegacy(0.2312),
        _HAND + "the PDG review before 2014, s_Z^2 = 0.2312",
        "0.030399388608 and -0.5122125",
        {"Cs133": (-76.56121725312,), "Ar40": (-21.442972010112,)},
    ),
    "erler-su": (
        ErlerSu,
        _HAND + "Erler and Su, PPNP 71, 119 (2013)",
        "0.0382 (nu_e), 0.0300 (nu_mu), 0.0255 (nu_tau) and -0.5117",
        {"Cs133": (-75.6232, -76.5252, -77.0202), "Ar40": (-21.1396, -21.4348, -21.5968)},
    ),
}


def _weak_charge(make_term: Callable[[], AbstractVectorTerm], nucleus: str, flavour: int) -> float:
    return float(weak_charge(make_term(), *_NUCLEI[nucleus])[flavour])


def _rows():
    for name, (make_term, source, couplings, charges) in _SETS.items():
        for nucleus, values in charges.items():
            for flavour, value in enumerate(values):
                alike = len(values) == 1
                neutrino = FLAVOURS[flavour]
                yield PublishedNumber(
                    id=f"weak-charge-{nucleus.lower()}-{name}" + ("" if alike else f"-{neutrino.replace('_', '-')}"),
                    source=source,
                    convention=f"{'every flavour' if alike else neutrino}; Q_W = 2 (Z g_V^p + N g_V^n); "
                    f"g_V^p and g_V^n are {couplings}",
                    published=value,
                    tolerance=1e-10 * abs(value),
                    unit="1",
                    compute=functools.partial(_weak_charge, make_term, nucleus, flavour),
                )


WEAK_CHARGES = tuple(_rows())
"""Q_W at zero momentum transfer."""
