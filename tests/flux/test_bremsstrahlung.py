"""Bremsstrahlung of electrons against alplib, of protons against adaptive integrals, BdNMC's formula and its limits."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import dblquad, quad

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    ProtonBremsstrahlung,
    alp_bremsstrahlung,
    decay_at_rest_facility,
    proton_splitting,
)
from cevnsjax.flux.proton_bremsstrahlung import (
    proton_cross_section_mb,
    proton_splitting_integral,
    vector_coupling,
)
from cevnsjax.particle import DiracDarkMatter, Leptophobic, VectorPortal

M_P = 938.27208816
# alplib has m_e = 0.511, alpha = 1/137 and hbar c = 6.58212e-22 x 2.998e8 MeV m
UNIT = 0.511 / 0.51099895
ALPLIB = (137.035999084 / 137.0) ** 2 * (6.58212e-14 * 2.998 / 1.973269804e-13) ** 2


def dark(mass_MeV, portal=None):
    return DiracDarkMatter(as_float(mass_MeV) / 3.0, portal or VectorPortal(1e-3, 0.5), 3.0)


@pytest.mark.parametrize(
    ("energy", "electron", "mass", "published", "total"),
    [
        (5.0, 10.0, 0.1, 1.0522578764127821e-35, 1.0510320602427452e-34),
        (20.0, 50.0, 1.0, 1.0732853083434905e-37, None),
        (0.5, 1.0, 0.01, 1.15200515225885e-34, 1.1496941097443848e-34),
    ],
)
def test_alplib_alp(energy, electron, mass, published, total):
    """Its brem_dsigma_dea (cm^2/MeV) on tungsten and brem_sigma for g = 1e-6, with m_e = 0.511."""

    @jax.jit
    def section(share):
        # in units of its mass of an electron
        return alp_bremsstrahlung(share, as_float(mass / UNIT), as_float(1e-6), 74) * (1e-40 * ALPLIB / UNIT**2)

    assert float(section(as_float(energy / electron))) / electron == pytest.approx(published, rel=1e-6)
    if total is not None:
        ends = mass / electron, 1.0 - (mass / electron) ** 2
        abscissae, weights = np.polynomial.legendre.leggauss(200)
        logarithm = 0.5 * math.log(ends[1] / ends[0]) * weights
        share = ends[0] * (ends[1] / ends[0]) ** (0.5 * (1.0 + abscissae))
        assert (logarithm * share) @ np.asarray(section(as_float(share))) == pytest.approx(total, rel=1e-6)


def test_alp_bremsstrahlung_is_smooth(precision):
    """Where its series takes over, for no mass, and at both ends; finite with its derivatives."""

    def section(mass, share):
        return alp_bremsstrahlung(share, mass, as_float(1e-3), 74)

    slopes = jax.jit(jax.vmap(jax.value_and_grad(section, (0, 1))))
    at = 0.51099895 * 0.5 * math.sqrt(0.05 / 0.5)  # f = 0.05
    masses = jnp.asarray([0.0, 1e-9, at * (1 - 1e-5), at * (1 + 1e-5), 10.0, 0.1, 0.1])
    shares = jnp.asarray([0.5, 0.5, 0.5, 0.5, 0.5, 1e-3, 1.0])
    value, (by_mass, by_share) = slopes(masses, shares)
    for each in (value, by_mass, by_share):
        assert np.all(np.isfinite(each))
    np.testing.assert_allclose(value[2], value[3], rtol=3e-5)
    np.testing.assert_allclose(by_mass[2], by_mass[3], rtol=1e-3)


def splitting(z, transverse2, mass):
    """The formula as it is printed, in NumPy."""
    H = transverse2 + (1 - z) * mass**2 + z**2 * M_P**2
    inner = (1 + (1 - z) ** 2) / z - 2 * z * (1 - z) * ((2 * M_P**2 + mass**2) / H - z**2 * 2 * M_P**4 / H**2)
    inner += 2 * z * (1 - z) * (z + (1 - z) ** 2) * M_P**2 * mass**2 / H**2
    return (inner + 2 * z * (1 - z) ** 2 * mass**4 / H**2) / (2 * math.pi * H)


@pytest.mark.parametrize("mass", [1.0, 100.0, 800.0])
def test_splitting(mass):
    """Against the printed formula, and its integral over p_T^2 against SciPy's."""
    for z in (0.1, 0.5, 0.9):
        ours = proton_splitting(as_float(z), as_float(300.0**2), as_float(mass))
        assert float(ours) == pytest.approx(splitting(z, 300.0**2, mass), rel=1e-12)
        exact = quad(lambda t, z=z: splitting(z, t, mass), 0.0, 500.0**2, epsabs=0.0, epsrel=1e-11)[0]
        ours = proton_splitting_integral(as_float(z), as_float(500.0), as_float(mass))
        assert float(ours) == pytest.approx(exact, rel=1e-9)


def test_photon_splitting():
    """A massless boson at p_T far above m_p: (1 + (1-z)^2)/z over 2 pi p_T^2."""
    z, transverse2 = as_float([0.1, 0.3, 0.7, 0.9]), jnp.full(4, 1e16)
    found = 2 * math.pi * transverse2 * proton_splitting(z, transverse2, as_float(1e-3))
    np.testing.assert_allclose(found, (1 + (1 - z) ** 2) / z, rtol=1e-8)


@pytest.mark.parametrize("mass", [30.0, 400.0])
def test_bosons_per_proton(mass):
    """Against a double integral of the whole formula by SciPy, sigma_pp(s') without p_T as is stated."""
    production, energy = ProtonBremsstrahlung(8000.0), 8000.0 + M_P
    momentum = math.sqrt(energy**2 - M_P**2)
    real, imaginary = (float(each) for each in vector_coupling(dark(mass)))

    def cross_section(left):
        ratio = 2 * M_P * left / (2 * M_P + 2212.7) ** 2
        return 0.2704 * math.log(ratio) ** 2 + 34.49 + 12.98 * ratio**-0.451 - 7.38 * ratio**-0.549

    def density(transverse2, z):
        left = energy - math.sqrt(mass**2 + (z * momentum) ** 2)
        return cross_section(left) / cross_section(energy) * splitting(z, transverse2, mass)

    exact = dblquad(density, 0.3, 0.7, 0.0, 200.0**2, epsrel=1e-9)[0] * (real**2 + imaginary**2) / (4 * math.pi)
    assert float(production.bosons_per_proton(dark(mass), 32)) == pytest.approx(exact, rel=1e-8)


def test_form_factor():
    """Charge and baryon number of a proton at q^2 = 0, but for the 1 to 2 % that constant widths add; and the poles."""
    charge = 1e-3 * math.sqrt(4 * math.pi / 137.035999084)
    real, _ = vector_coupling(dark(1e-3))
    assert float(real) == pytest.approx(charge, rel=0.02)
    real, _ = vector_coupling(dark(1e-3, Leptophobic(1e-4)))
    assert float(real) == pytest.approx(math.sqrt(4 * math.pi * 1e-4), rel=0.02)
    # the poles in complex numbers
    poles = [(0.6165340033101271, 0.77, 0.15), (0.22320420111672623, 1.25, 0.3), (-0.33973820442685326, 1.45, 0.5)]
    poles += [(1.0117544786579074, 0.77, 0.0085), (-0.8816565944110686, 1.25, 0.3), (0.3699021157531611, 1.45, 0.5)]
    form = sum(f * m**2 / (m**2 - 0.7**2 - 1j * m * width) for f, m, width in poles)
    real, imaginary = vector_coupling(dark(700.0))
    assert complex(float(real), float(imaginary)) == pytest.approx(charge * form, rel=1e-9)


def test_cross_section():
    """The LHC's total cross sections at 7 and 8 TeV, 98.6 +- 2.2 and 101.7 +- 2.9 mb of TOTEM, to two errors."""
    found = proton_cross_section_mb(as_float([7e6, 8e6]) ** 2)
    np.testing.assert_array_less(np.abs(np.asarray(found) - [98.6, 101.7]), 2 * np.array([2.2, 2.9]))


def test_gradients():
    """Of every number of the beam, and of the dark matter, against differences."""
    pair = (ProtonBremsstrahlung(12000.0), dark(200.0, Leptophobic(1e-6, 0.5, 1e-4)))
    check_gradients(pair, lambda both: 1e9 * both[0].bosons_per_proton(both[1], 16), skip=("1.portal.alpha_chi",))


def test_edges(precision):
    """Finite for bosons from light to far too heavy, on both sides of the resonances."""
    production = ProtonBremsstrahlung(8000.0)
    masses = as_float([0.1, 10.0, 770.0, 3000.0, 20000.0])
    count = jax.jit(jax.vmap(jax.value_and_grad(lambda m: production.bosons_per_proton(dark(m), 16))))
    values, gradients = count(masses)
    assert bool(jnp.all(jnp.isfinite(values) & jnp.isfinite(gradients)))
    low, high = production.rapidity_range(dark(100.0))
    outside = production.boson_density(dark(100.0), jnp.stack([0.99 * low, 1.01 * high]))
    np.testing.assert_array_equal(outside, 0.0)


@pytest.mark.parametrize("facility", ["sns", "jsns2"])
def test_slow_protons_are_refused(facility):
    energy = decay_at_rest_facility(facility).proton_energy_MeV
    with pytest.raises(CevnsjaxError, match=f"does not apply to a beam of {energy:g} MeV"):
        ProtonBremsstrahlung(energy)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((8000.0, 0.7, 0.3), "smallest_share"),
        ((8000.0, 0.3, 1.0), "smallest_share"),
        ((8000.0, 0.3, 0.7, 2000.0), "transverse_limit_MeV"),
        ((8000.0, 0.3, 0.7, 200.0, -1.0), "norm"),
        ((float("nan"),), "proton_energy_MeV"),
    ],
)
def test_bad_numbers_are_refused(numbers, message):
    with pytest.raises(CevnsjaxError, match=message):
        ProtonBremsstrahlung(*numbers)
