"""Reactors: the flux formula by hand, moments against quadrature, every leaf against differences."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import (
    POWERS,
    Reactor,
    ReactorSpectra,
    ThermalPower,
    TotalFlux,
    huber_mueller_polynomials,
    reactor_spectra,
)
from cevnsjax.paths import get_path, leaf_paths, set_paths
from cevnsjax.tables import read_table

ISOTOPES = ("U235", "U238", "Pu239", "Pu241")
DRESDEN = {"U235": 0.58, "U238": 0.08, "Pu239": 0.29, "Pu241": 0.05}
ENERGIES_MEV = np.array([202.36, 205.99, 211.12, 214.26])
TEXONO = np.array([0.55, 0.07, 0.32, 0.06])
MOMENTS = jax.jit(lambda flux, energy: flux.moments(energy))
DENSITY = jax.jit(lambda flux, energy: flux.density(energy))
FLUENCE = jax.jit(lambda flux: flux.fluence_per_cm2)
PULLED = jax.jit(lambda spectra: spectra.pulled_fission.values_per_MeV)
FLUX = jax.jit(lambda flux: flux.flux_per_cm2_s)


@pytest.fixture(scope="module")
def conus():
    return Reactor("bestiole-2023", ThermalPower(3.9, 17.1), 86400.0)


def test_kind(conus):
    assert conus.components == conus.origins == ("nu_e_bar",)
    assert conus.antineutrinos == (True,)
    assert [part.shape for part in conus.lines] == [(0,), (1, 0)]
    breaks = np.asarray(jax.jit(lambda flux: flux.break_points_MeV)(conus))
    assert breaks.shape == (13,)
    assert np.all(np.diff(breaks) > 0)
    assert breaks[-1] == 12.5
    assert 1.275 in breaks


def test_moments_and_density():
    """Against SciPy on the tables themselves, 0.5 GW at 10 m for a day."""
    flux = Reactor("bestiole-2023", ThermalPower(0.5, 10.0), 86400.0, DRESDEN, 0.7)
    table, decays = read_table("reactor/bestiole_2023.csv"), read_table("reactor/capture_bestiole_2023.csv")
    knots = table["energy_MeV"]
    fission = sum(fraction * table[f"{name}_per_fission_MeV"] for name, fraction in DRESDEN.items())
    capture = decays["U239_per_MeV"] + decays["Np239_per_MeV"]

    def per_fission(energy):
        return np.interp(energy, knots, fission) + 0.7 * np.interp(energy, decays["energy_MeV"], capture, right=0.0)

    starts = np.array([0.02, 0.61, 1.0, 1.806, 5.5, 9.3])
    edges = np.union1d(np.union1d(knots, decays["energy_MeV"]), [*starts, 1.275 + 1e-9])
    pieces = [
        [quad(lambda e, p=p: per_fission(e) * e**p, *pair, epsrel=1e-11)[0] for pair in itertools.pairwise(edges)]
        for p in POWERS
    ]
    total = sum(pieces[0])
    expected = [[sum(row[np.searchsorted(edges, start) :]) / total for start in starts] for row in pieces]
    np.testing.assert_allclose(MOMENTS(flux, jnp.asarray(starts))[0], expected, rtol=1e-8)
    np.testing.assert_allclose(DENSITY(flux, jnp.asarray(starts))[0], per_fission(starts) / total, rtol=1e-8)
    energy = sum(fraction * e for fraction, e in zip(DRESDEN.values(), ENERGIES_MEV, strict=True))
    fissions = 0.5e9 / (1.602176634e-13 * energy) / (4 * np.pi * 1000.0**2)
    np.testing.assert_allclose(FLUENCE(flux), [86400 * fissions * total], rtol=1e-8)


def test_cores_add_up():
    """Each core by itself."""
    both = FLUX(Reactor("vogel-engel", ThermalPower(8.5, [72.0, 102.0], [0.4, 0.6]), 1.0))
    first, second = (
        FLUX(Reactor("vogel-engel", ThermalPower(power, distance), 1.0))
        for power, distance in ((3.4, 72.0), (5.1, 102.0))
    )
    np.testing.assert_allclose(both, first + second, rtol=1e-13)


def test_total_flux():
    """Dresden-II's way: 4.8e13 over the mixture of a table between 0.02 and 10 MeV, without captures."""
    spectra = reactor_spectra("vogel-engel", logarithmic=False)
    flux = Reactor(spectra.restricted(0.02, 10.0), TotalFlux(4.8e13), 10.0, DRESDEN, 0.0)
    np.testing.assert_allclose(FLUENCE(flux), [4.8e14], rtol=1e-14)
    table = read_table("reactor/vogel_engel.csv")
    knots = table["energy_MeV"]
    mixture = sum(fraction * table[f"{name}_per_fission_MeV"] for name, fraction in DRESDEN.items())
    grid = np.union1d([0.02], knots[knots > 0.02])
    total = np.trapezoid(np.interp(grid, knots, mixture), grid)
    above = np.trapezoid(mixture[knots >= 2.0], knots[knots >= 2.0])
    np.testing.assert_allclose(MOMENTS(flux, jnp.array([0.0, 2.0, 8.0]))[0, 0], [1.0, above / total, 0.0], rtol=1e-10)
    beyond = jnp.array([9.0])
    with pytest.warns(UserWarning, match=r"outside the table \(0.02 to 8 MeV\)"):
        assert jax.jit(lambda: flux.density(beyond))()[0, 0] == 0.0


def test_fractions_are_relative_once_they_float(conus):
    """Only ratios count: captures are per fission."""
    paths = [f"fission_fractions.{name}" for name in ISOTOPES]
    other = set_paths(conus, paths, [1.7 * get_path(conus, path) for path in paths])
    np.testing.assert_allclose(FLUX(other), FLUX(conus), rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "pull"), [("effective_charge", 1.3), ("weak_magnetism", -0.8), ("normalisation", 2.0)]
)
def test_pulls_shift_the_knots(name, pull):
    spectra = reactor_spectra("huber-mueller")
    table = read_table("reactor/huber_mueller.csv")
    pulled = eqx.tree_at(lambda s: s.pulls[name], spectra, jnp.asarray(pull))
    values = np.asarray(PULLED(pulled))
    for row, isotope in enumerate(ISOTOPES):
        error = 0.0 if isotope == "U238" else table[f"{isotope}_{name}_relative"]
        expected = table[f"{isotope}_per_fission_MeV"] * np.exp(pull * error)
        np.testing.assert_allclose(values[row], expected, rtol=1e-13)


def test_errors_add_up_to_those_of_huber():
    """The total errors printed in Huber's tables (mean of both sides; effective charge is one-sided)."""
    spectra = reactor_spectra("huber-mueller", uncorrelated=True)
    assert len(spectra.modes) == 3 + 3 * 25
    total = np.sqrt(sum(np.asarray(mode) ** 2 for mode in spectra.modes.values()))
    knots = np.asarray(spectra.fission.energy_MeV)
    for isotope, energy, printed in (("U235", 4.0, 0.0214), ("U235", 8.0, 0.0719), ("Pu239", 8.0, 0.2906)):
        found = total[ISOTOPES.index(isotope), np.searchsorted(knots, energy)]
        np.testing.assert_allclose(found, printed, rtol=0.02)
    assert spectra.modes["Pu239_8000_keV"][2, -1] > 0.2


def test_gradients_of_every_leaf():
    """Against differences, along a random direction in each leaf."""
    flux = Reactor("huber-mueller", ThermalPower(3.9, [17.0, 21.0], [0.7, 0.3]), 3600.0)
    pulls = [f"spectra.pulls.{name}" for name in flux.spectra.pulls]
    flux = set_paths(flux, pulls, [jnp.asarray(pull) for pull in (0.5, -0.7, 1.1)])
    # starting points off the knots, whose position is a leaf too
    starts = jnp.array([0.01, 0.9, 3.1, 7.6])

    @jax.jit
    def summary(leaves):
        whole = set_paths(flux, list(leaves), list(leaves.values()))
        return jnp.append(whole.moments(starts)[0].ravel(), whole.flux_per_cm2_s / 1e13)

    leaves = {path: np.asarray(leaf) for path, leaf in leaf_paths(flux)}  # no device array: eager sums compile
    assert {"strength.baseline_m", "captures_per_fission", "fission_fractions.U238", "norm"} <= leaves.keys()
    derivative = jax.jit(lambda tangents: jax.jvp(summary, (leaves,), (tangents,))[1])
    generator = np.random.default_rng(1)
    zeros = jax.tree.map(np.zeros_like, leaves)
    for path, leaf in leaves.items():
        if path == "exposure_s":
            continue  # in the fluence alone
        # zeros of a table stay zero, where the kind of interpolation changes
        direction = np.asarray(generator.uniform(0.2, 1.0, leaf.shape) * leaf)
        step = 1e-5
        up, down = (
            np.asarray(summary({**leaves, path: np.asarray(leaf + sign * step * direction)})) for sign in (1, -1)
        )
        along = derivative({**zeros, path: direction})
        assert np.any(along)
        np.testing.assert_allclose(along, (up - down) / (2 * step), rtol=1e-5, atol=1e-7)


def test_gradients_are_finite_at_the_edges(precision):
    flux = Reactor(
        "huber-mueller", ThermalPower(3.9, 17.1), 1.0, {"U235": 1.0, "U238": 0.0, "Pu239": 0.0, "Pu241": 0.0}, 0.0
    )
    starts = jnp.array([0.0, 0.007813, 1.275, 2.0, 8.0, 20.0], dtype=float)
    gradients = jax.jit(jax.grad(lambda f, y: f.moments(y).sum(), argnums=(0, 1)))(flux, starts)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradients))


def test_single_precision(conus):
    starts = np.array([0.0, 0.5, 1.9, 6.3, 9.1, 11.0])  # as many as above: the same program
    expected, flux = np.asarray(MOMENTS(conus, jnp.asarray(starts))), float(FLUX(conus))
    with jax.enable_x64(False):
        single = Reactor("bestiole-2023", ThermalPower(3.9, 17.1), 86400.0)
        moments = MOMENTS(single, jnp.asarray(starts, dtype=float))
        assert moments.dtype == jnp.float32
        np.testing.assert_allclose(moments, expected, rtol=5e-6)
        np.testing.assert_allclose(FLUX(single), flux, rtol=5e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fission_fractions": {**DRESDEN, "U235": 0.5}}, "fission_fractions must not be negative and sum to one"),
        ({"fission_fractions": {**DRESDEN, "U238": -0.08, "U235": 0.74}}, "fission_fractions must not be negative"),
        (
            {"fission_fractions": {"U235": 1.0}},
            "must name the isotopes of the spectra, U235, U238, Pu239, Pu241, got U235",
        ),
        ({"captures_per_fission": -0.1}, "captures_per_fission must be zero or positive, got -0.1"),
        ({"exposure_s": 0.0}, "exposure_s must be positive"),
        ({"norm": np.nan}, "norm must be positive"),
    ],
)
def test_errors(change, message):
    arguments = {"spectra": "vogel-engel", "strength": TotalFlux(1e13), "exposure_s": 1.0, **change}
    with pytest.raises(CevnsjaxError, match=message):
        Reactor(**arguments)


def test_errors_of_parts():
    with pytest.raises(UnknownNameError, match="did you mean 'bestiole-2023'"):
        Reactor("bestiole", TotalFlux(1e13), 1.0)
    with pytest.raises(CevnsjaxError, match="Only 'huber-mueller' has uncorrelated errors"):
        reactor_spectra("vogel-engel", uncorrelated=True)
    with pytest.raises(CevnsjaxError, match="total_flux_per_cm2_s must be positive"):
        TotalFlux(-1.0)
    with pytest.raises(CevnsjaxError, match="baseline_m must be positive"):
        ThermalPower(1.0, 0.0)
    with pytest.raises(CevnsjaxError, match="power_shares must not be negative and sum to one"):
        ThermalPower(1.0, [10.0, 20.0], [0.5, 0.6])
    with pytest.raises(CevnsjaxError, match="one entry for each core"):
        ThermalPower(1.0, [10.0, 20.0])
    energies = dict(zip(ISOTOPES[:3], ENERGIES_MEV, strict=False))
    with pytest.raises(CevnsjaxError, match="has no Pu241"):
        Reactor("vogel-engel", ThermalPower(1.0, 10.0, energy_per_fission_MeV=energies), 1.0)
    with pytest.raises(CevnsjaxError, match="with modes cannot be restricted"):
        reactor_spectra("huber-mueller").restricted(1.0, 3.0)
    spectra = reactor_spectra("vogel-engel")
    with pytest.raises(CevnsjaxError, match="must name"):
        spectra.scaled_to({"U235": 6.0})
    with pytest.raises(CevnsjaxError, match="one row for each"):
        ReactorSpectra(("U235",), spectra.fission)
    with pytest.raises(CevnsjaxError, match="the same names"):
        ReactorSpectra(ISOTOPES, spectra.fission, None, {"tilt": spectra.fission.values_per_MeV})
    with pytest.raises(CevnsjaxError, match="must have the shape of fission"):
        ReactorSpectra(ISOTOPES, spectra.fission, None, {"tilt": np.ones((4, 2))}, {"tilt": 0.0})


def test_kopeikin_holds_the_captures():
    with pytest.raises(CevnsjaxError, match="must be 0 for spectra that include the captures"):
        Reactor("kopeikin", TotalFlux(1e13), 1.0, {"mixture": 1.0})
    flux = Reactor(
        "kopeikin", ThermalPower(3.0, 10.0, energy_per_fission_MeV={"mixture": 205.0}), 1.0, {"mixture": 1.0}, 0.0
    )
    # end point of U239: a step of 0.6 captures times the last branches
    below, above = (
        DENSITY(flux, jnp.array([1.185, 1.19]))[0]
        * FLUX(flux)
        / jax.jit(lambda f: f.strength.fissions_per_cm2_s(f.fission_fractions))(flux)
    )
    np.testing.assert_allclose([below, above], [2.80, 2.24], rtol=1e-10)


def test_polynomials_stop_at_the_threshold():
    polynomials = huber_mueller_polynomials()
    energies = jnp.array([0.1, 1.7999, 1.8, 8.0])
    density = np.asarray(DENSITY(polynomials, energies))
    np.testing.assert_array_equal(density[:, :2], 0.0)
    assert np.all(density[:, 2:] > 0.0)
    slopes = jax.jit(jax.jacrev(lambda p, e: p.density(e), argnums=(0, 1)))(polynomials, energies)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slopes))
    # each coefficient multiplies a power of the energy
    np.testing.assert_allclose(slopes[0].coefficients[0, 3, 0], density[0, 3] * 8.0 ** np.arange(6), rtol=1e-12)
