"""Parameters that terms have in common: entries of matrices, one for each flavour, mass and coupling of a mediator."""

import re

import numpyro.distributions as dist

from cevnsjax.models.dipole_portal import FLAVOUR_NAMES, FLAVOUR_SYMBOLS
from cevnsjax.models.term_model import TermParameter

ENTRIES = {
    "ee": "ee",
    "mumu": "mumu",
    "tautau": "tautau",
    "emu": "emu_real",
    "emu_imag": "emu_imag",
    "etau": "etau_real",
    "etau_imag": "etau_imag",
    "mutau": "mutau_real",
    "mutau_imag": "mutau_imag",
}
"""Entries of a Hermitian matrix of flavours, by the end of a parameter's name."""

_PARTS = {"": "", "real": r"\mathrm{Re}\,", "imag": r"\mathrm{Im}\,"}


def entry_symbol(tex: str, entry: str) -> str:
    """TeX of a matrix entry.

    Parameters
    ----------
    tex
        Of the matrix, ``*`` where the flavours go.
    entry
        Like ``ee`` or ``emu_real``.
    """
    flavours, _, part = entry.partition("_")
    of = re.sub("mu|tau", lambda found: rf"\{found[0]} ", flavours).strip()
    return f"${_PARTS[part]}{tex.replace('*', of)}$"


def mediator(
    mass_MeV: tuple[float, float], coupling: tuple[float, float], particle: str = "Z'"
) -> tuple[TermParameter, ...]:
    """Mass and coupling of a mediator, which may be of any order of magnitude."""
    mass, strength = f"$m_{{{particle}}}$", f"$g_{{{particle}}}$"
    return (
        TermParameter("mass", dist.LogUniform(*mass_MeV), ("mass_MeV",), "MeV", "mass of the mediator", mass),
        TermParameter("coupling", dist.LogUniform(*coupling), ("coupling",), "", "coupling of the mediator", strength),
    )


def matrix(prefix: str, tex: str, leaf: str, size: float, unit: str, description: str) -> tuple[TermParameter, ...]:
    """One parameter for each entry of a Hermitian matrix."""
    return tuple(
        TermParameter(
            f"{prefix}_{name}",
            dist.Uniform(-size, size),
            (f"{leaf}.{entry}",),
            unit,
            f"{description}, {entry.replace('_', ' ')} entry",
            entry_symbol(tex, entry),
            0.0,
        )
        for name, entry in ENTRIES.items()
    )


def vector(prefix: str, tex: str, leaf: str, size: float, description: str) -> tuple[TermParameter, ...]:
    """One parameter common to all flavours, and one for each."""
    common = TermParameter(
        prefix,
        dist.Uniform(-size, size),
        tuple(f"{leaf}.{flavour}" for flavour in FLAVOUR_NAMES),
        "",
        f"{description}, the same for all flavours",
        f"${tex}$",
        0.0,
    )
    each = (
        TermParameter(
            f"{prefix}_{flavour}",
            dist.Uniform(-size, size),
            (f"{leaf}.{flavour}",),
            "",
            f"{description}, nu_{flavour}",
            f"${tex}({FLAVOUR_SYMBOLS[flavour]})$",
            0.0,
        )
        for flavour in FLAVOUR_NAMES
    )
    return (common, *each)
