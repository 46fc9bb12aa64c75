"""Time of events of light bosons at a reactor, beside a Monte Carlo of the same in NumPy.

    python benchmarks/light_bosons.py [--quick] [--json FILE]

Bosons of the photons of a reactor of 1 MW in tungsten, seen by 4 kg of germanium at 2.25 m for 100 days: by the
Compton-like channels of a coupling to electrons, and by the Primakoff effect, its inverse and decays. Ours is the
number of events with its derivatives in mass and coupling, at many points in one call; the usual way, as of
github.com/athompson-git/alplib, has 200 bins of photons and draws energies of the boson in each. The figures mean
nothing without the machine that is printed with them.
"""

from __future__ import annotations

import functools
import json
import math
import statistics
import time
from pathlib import Path
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
import typer
from machine import console_headed_by, machine
from rich.table import Table
from scipy.interpolate import PchipInterpolator

from cevnsjax.cross_section import BosonDecay, InverseCompton, InversePrimakoff
from cevnsjax.flux import BosonFlux, ComptonEmission, ConeGeometry, PrimakoffEmission, reactor_photons
from cevnsjax.particle import Alp
from cevnsjax.paths import set_paths
from cevnsjax.tables import read_table
from cevnsjax.target import compound

ALPHA, ELECTRON_MEV, MEV2_CM2, HBAR_C_MEV_M = 1.0 / 137.035999084, 0.51099895, 3.893793721e-22, 1.973269804e-13
MASS_KG, DISTANCE_M, LENGTH_M, SECONDS, DENSITY = 4.0, 2.25, 0.2, 8.64e6, 5.323
ATOMS = 6.02214076e26 / 72.63 * MASS_KG
BINS = 200


# --------------------------------------------------------------------------------------------------------------------
# The usual way: it imports nothing of the package but the absorption of photons, a table


def sampled_compton(mass, coupling, absorption, samples, random):
    """Events of both channels of an electron coupling, and their statistical error."""
    edges = np.linspace(0.15, 10.0, BINS + 1)
    photon = 0.5 * (edges[1:] + edges[:-1])
    number = 0.58e18 * np.exp(-1.1 * photon) * np.diff(edges)
    s = ELECTRON_MEV**2 + 2.0 * ELECTRON_MEV * photon
    able = s > (ELECTRON_MEV + mass) ** 2
    photon, number, s, barn = photon[able], number[able], s[able], absorption(photon[able])
    root = np.sqrt((s - ELECTRON_MEV**2 + mass**2) ** 2 - 4.0 * s * mass**2)
    ends = [(s - ELECTRON_MEV**2 + mass**2 + sign * root) / (2.0 * s) for sign in (-1.0, 1.0)]
    x = ends[0][:, None] + (ends[1] - ends[0])[:, None] * random.random((photon.size, samples))
    inner = s[:, None] - ELECTRON_MEV**2 / (1.0 - x) - mass**2 / x
    above = (s - ELECTRON_MEV**2)[:, None]
    density = ALPHA * coupling**2 / 4.0 / above * x / (1.0 - x) * (x - 2.0 * mass**2 / above**2 * inner)
    chance = 74.0 * MEV2_CM2 * density * (ends[1] - ends[0])[:, None] / barn[:, None]
    energy = photon[:, None] * (1.0 - x) + mass**2 / (2.0 * ELECTRON_MEV)
    weight = number[:, None] * chance / samples * SECONDS
    seen = weight * _seen(energy, mass, coupling)
    return float(seen.sum()), float(np.sqrt((samples * seen.var(axis=1)).sum()))


def _seen(energy, mass, coupling):
    """Events of a boson of an energy, MeV."""
    momentum = np.sqrt(np.maximum(energy**2 - mass**2, 1e-30))
    velocity = math.sqrt(max(1.0 - (2.0 * ELECTRON_MEV / mass) ** 2, 0.0))
    rate = mass * coupling**2 * mass * velocity / (8.0 * math.pi) / momentum / HBAR_C_MEV_M
    volume = (3.0 * DISTANCE_M**2 * LENGTH_M + 3.0 * DISTANCE_M * LENGTH_M**2 + LENGTH_M**3) / 3.0 * 4.0 * math.pi * 1e4
    path = np.where(rate > 0.0, -np.expm1(-rate * LENGTH_M) / np.where(rate > 0.0, rate, 1.0), LENGTH_M)
    mean = np.exp(-rate * DISTANCE_M) * path / volume
    y, whole = 2.0 * ELECTRON_MEV * energy + mass**2, ELECTRON_MEV + energy
    cosine, weights = np.polynomial.legendre.leggauss(16)
    photon = y[..., None] / (2.0 * (whole[..., None] - momentum[..., None] * cosine))
    shape = 1.0 + 4.0 * (ELECTRON_MEV * photon / y[..., None]) ** 2 - 4.0 * ELECTRON_MEV * photon / y[..., None]
    across = (mass * momentum[..., None]) ** 2 * ELECTRON_MEV * photon * (1.0 - cosine**2)
    shape = photon * (shape - 4.0 * across / y[..., None] ** 3)
    section = coupling**2 * ALPHA / (4.0 * momentum * ELECTRON_MEV**2) * (shape @ weights)
    volume_cm3 = 1e3 * MASS_KG / DENSITY
    return mean * (32.0 * MEV2_CM2 * section * ATOMS + 1e-2 * rate * volume_cm3)


# --------------------------------------------------------------------------------------------------------------------
# Ours


def counts(channel: str):
    """Function of mass and coupling: events of the channels of one coupling."""
    photons, target = reactor_photons(1.0), compound("Ge")
    emission = {"electron": ComptonEmission, "photon": PrimakoffEmission}[channel](photons=photons, target="W")
    flux = BosonFlux(Alp(0.1), {channel: emission}, SECONDS, ConeGeometry(DISTANCE_M, LENGTH_M))
    interactions = ({"electron": InverseCompton(), "photon": InversePrimakoff()}[channel], BosonDecay(DENSITY))
    leaf = {"electron": "electron_coupling", "photon": "photon_coupling_per_GeV"}[channel]

    def events(mass, coupling):
        moved = set_paths(flux, ["boson.mass_MeV", f"boson.{leaf}"], [mass, coupling])
        nodes = interactions[0].nodes(moved, target)
        return MASS_KG * sum(each.spectrum(nodes, moved, target).total().sum() for each in interactions)

    return events


def of_photons(element):
    """Function of the energy of photons, MeV: their total cross section on an atom, cm^2."""
    table = read_table("photon_absorption.csv")
    curve = PchipInterpolator(np.log(table["energy_MeV"]), np.log(table[f"{element}_barn"]))
    return lambda energy: 1e-24 * np.exp(curve(np.log(energy)))


def with_derivatives(function):
    """Value and both derivatives, forwards: half of what backwards takes for two of them."""

    def both(mass, coupling):
        point, one, none = (mass, coupling), jnp.ones_like(mass), jnp.zeros_like(mass)
        value, by_mass = jax.jvp(function, point, (one, none))
        return value, (by_mass, jax.jvp(function, point, (none, one))[1])

    return both


def in_batches(function, masses, couplings):
    """Points by 64, as maps and samplers take them."""
    return jax.lax.map(lambda point: function(*point), (masses, couplings), batch_size=64)


def per_point(function, repeats: int):
    """Median and smallest seconds of a call that has been compiled."""
    jax.block_until_ready(function())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return statistics.median(times), min(times)


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures to a file")] = None,
    quick: Annotated[bool, typer.Option(help="few points: only shows that it works")] = False,
) -> None:
    """Print times per point, and how far both ways agree."""
    jax.config.update("jax_enable_x64", True)
    side = 8 if quick else 64
    grid = np.meshgrid(np.geomspace(1e-3, 5.0, side), np.geomspace(1e-9, 1e-3, side))
    masses, couplings = (jnp.asarray(each.ravel()) for each in grid)
    m = machine()
    figures = {"machine": m, "points": masses.size, "ours": {}, "usual": {}}
    console = console_headed_by(m)
    table = Table("", "ms per point", "smallest", "", title=f"{masses.size} points, events with both derivatives")
    for channel in ("electron", "photon"):
        events = counts(channel)
        program = jax.jit(functools.partial(in_batches, with_derivatives(events)))
        values, slopes = program(masses, couplings)
        finite = all(bool(jnp.all(jnp.isfinite(each))) for each in (values, *slopes))
        times = [1e3 * each / masses.size for each in per_point(lambda p=program: p(masses, couplings), 3)]
        figures["ours"][channel] = {"ms_per_point": times, "all_finite": finite}
        table.add_row(
            f"ours, {channel}", f"{times[0]:.4f}", f"{times[1]:.4f}", "all finite" if finite else "not finite"
        )
        if channel == "photon":
            continue
        absorption = of_photons("W")
        for samples in (100, 1000):
            for mass in (0.1, 0.5, 1.5):
                random = np.random.default_rng(1)
                start = time.perf_counter()
                found, error = sampled_compton(mass, 1e-6, absorption, samples, random)
                seconds = time.perf_counter() - start
                exact = float(events(jnp.asarray(mass), jnp.asarray(1e-6)))
                usual = {"seconds": seconds, "ratio": found / exact, "error": error / found}
                figures["usual"][f"{samples}, {mass}"] = usual
                words = f"{found / exact:.4f} of ours, +- {error / found:.4f}"
                table.add_row(f"NumPy, {samples} samples, {mass:g} MeV", f"{1e3 * seconds:.1f}", "", words)
    console.print(table)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
