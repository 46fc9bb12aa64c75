"""Lindhard's quenching factor and its modification, against an independent calculation.

The references were computed twice without this package, in NumPy and in mpmath; they agree to 1e-12.
"""

import functools

import jax

from cevnsjax.arrays import as_float
from cevnsjax.quenching import ModifiedLindhard
from cevnsjax.validation.published_number import PublishedNumber

_SOURCE = "independent calculation (NumPy and mpmath agree to 1e-12)"


def _factor(k: float, q: float, recoil_energy_keV: float) -> float:
    return float(ModifiedLindhard(k, q, 32)(as_float(recoil_energy_keV))) / recoil_energy_keV


def _inverse_slope(q: float) -> float:
    return 1.0 / float(jax.grad(ModifiedLindhard(0.157, q, 32))(as_float(1.0)))


def _cutoff_eV(k: float, q: float, proton_number: int) -> float:
    return 1e3 * ModifiedLindhard(k, q, proton_number).cutoff_energy_keV()


def _offset_eV(q: float) -> float:
    return 1e3 * float(ModifiedLindhard(0.157, q, 32).offset_keV)


def _factor_rows():
    energies = (0.1, 0.3, 1.0, 10.0)
    rows = [
        (0.157, 0.0, (0.12586264282, 0.14572606714, 0.17099087092, 0.23410722816)),
        (0.153, -15e-5, (0.54709366958, 0.28389023922, 0.20976784066, 0.23375206982)),
    ]
    for k, q, values in rows:
        for energy, value in zip(energies, values, strict=True):
            yield PublishedNumber(
                id=f"quenching-ge-k-{k:g}-q-{q:g}-{energy:g}-keV",
                source=_SOURCE,
                convention=f"E_I/T of germanium, Z = 32; k = {k:g}, q = {q:g}; T = {energy:g} keV",
                published=value,
                tolerance=1e-8 * value,
                unit="1",
                compute=functools.partial(_factor, k, q, energy),
            )


def _slope_rows():
    for q in (0.0, -15e-5):
        yield PublishedNumber(
            id=f"quenching-ge-inverse-slope-q-{q:g}",
            source="independent calculation (closed form and finite differences agree to 1e-9)",
            convention=f"dT/dE_I of germanium at T = 1 keV; k = 0.157, q = {q:g} (any q gives the same)",
            published=5.161881145,
            tolerance=1e-8 * 5.161881145,
            unit="1",
            compute=functools.partial(_inverse_slope, q),
        )


def _cutoff_rows():
    rows = [
        ("ge", 32, 0.157, 1e-5, 26.821018663),
        ("ge", 32, 0.157, 4e-5, 90.986994077),
        ("ge", 32, 0.157, 1.5e-4, 292.0298418),
        ("si", 14, 0.15, 1e-4, 30.718048146),
    ]
    for name, proton_number, k, q, value in rows:
        yield PublishedNumber(
            id=f"quenching-{name}-cutoff-q-{q:g}",
            source="independent calculation (root finders of SciPy and mpmath agree)",
            convention=f"recoil below which E_I = 0; Z = {proton_number}, k = {k:g}, q = {q:g}",
            published=value,
            tolerance=1e-7 * value,
            unit="eV",
            compute=functools.partial(_cutoff_eV, k, q, proton_number),
        )


def _offset_rows():
    for q, value in ((-15e-5, 42.404313319), (1e-5, -2.8269542212)):
        yield PublishedNumber(
            id=f"quenching-ge-offset-q-{q:g}",
            source=_SOURCE,
            convention=f"E_I - T Q_L(T) of germanium, the same at every T; q = {q:g}",
            published=value,
            tolerance=1e-8 * abs(value),
            unit="eV",
            compute=functools.partial(_offset_eV, q),
        )


QUENCHING = (*_factor_rows(), *_slope_rows(), *_cutoff_rows(), *_offset_rows())
