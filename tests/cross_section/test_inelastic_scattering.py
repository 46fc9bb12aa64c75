"""Two states of dark matter on nuclei and electrons: traces, quadrature in the other order, limits, derivatives."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from dirac_trace import METRIC, algebra, precisely, product
from flat_dark_source import FlatSource
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.arrays import as_float, tree_as_float
from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.cross_section import DarkElectron, DarkNucleus, Panels
from cevnsjax.particle import DiracDarkMatter, InelasticDarkMatter, VectorPortal
from cevnsjax.program import program
from cevnsjax.target import Nuclide, PointLike, compound

PORTAL = VectorPortal(1e-4, 0.5)
G2 = 4.0 * math.pi * FINE_STRUCTURE_CONSTANT * 1e-8 * 4.0 * math.pi * 0.5
LOWEST_KEV, SCALE_KEV = 0.5, 40.0
POINT = Nuclide(18, 22, 37215.5, PointLike(), PointLike())
ARGON = eqx.tree_at(lambda target: target.nuclides["Ar40"], compound("[Ar40]"), POINT)
ELECTRONS = DarkElectron.on(ARGON)


def pair(gap, *, heavier, lighter=30.0, boson=90.0):
    return InelasticDarkMatter(lighter, PORTAL, gap / lighter, boson / lighter, heavier)


@eqx.filter_jit
def cross_sections(energy_MeV, recoil_keV, dark_matter):
    return DarkNucleus().differential_cross_section(energy_MeV, recoil_keV, POINT, dark_matter)


@precisely
def traced(energy, recoil, arriving, leaving, target, boson):
    """dsigma/dT for couplings of one on what has no spin: |M|^2/(32 pi M p^2) from gamma matrices, MeV^-3."""
    e, t, m, out, big = map(mpmath.mpf, (energy, recoil, arriving, leaving, target))
    g, zero = algebra(), mpmath.mpf(0)
    momentum, taken = mpmath.sqrt(e**2 - m**2), mpmath.sqrt(t**2 + 2 * big * t)
    along = (momentum**2 + taken**2 - (e - t) ** 2 + out**2) / (2 * momentum)
    k, p = np.array([e, zero, zero, momentum]), np.array([big, zero, zero, zero])
    p_out = np.array([big + t, mpmath.sqrt(taken**2 - along**2), zero, along])
    k_out = k + p - p_out
    assert abs(product(k_out, k_out) - out**2) < 1e-20 * out**2
    lines = [(g.slash(k_out) + out * g.one) @ one @ (g.slash(k) + m * g.one) for one in g.gamma]
    dark = np.array([[np.trace(line @ two) / 2 for two in g.gamma] for line in lines])
    squared = np.sum(dark * np.multiply.outer(METRIC, METRIC) * np.multiply.outer(p + p_out, p + p_out))
    return float(
        mpmath.re(squared) / (2 * big * t + mpmath.mpf(boson) ** 2) ** 2 / (32 * mpmath.pi * big * momentum**2)
    )


def ends(energy, mass, arriving, leaving):
    """Smallest and largest recoil, by a boost from the centre of mass."""
    momentum = math.sqrt(energy**2 - arriving**2)
    s = mass**2 + arriving**2 + 2.0 * mass * energy
    target = (s + mass**2 - leaving**2) / (2.0 * math.sqrt(s))
    out = math.sqrt(max(target**2 - mass**2, 0.0))
    return [((energy + mass) * target + sign * momentum * out) / math.sqrt(s) - mass for sign in (-1.0, 1.0)]


@pytest.mark.parametrize("heavier", [False, True])
def test_traces(heavier):
    """Up and down on argon, and nothing outside of two recoils."""
    particle = pair(12.0, heavier=heavier)
    arriving, leaving = (42.0, 30.0) if heavier else (30.0, 42.0)
    for energy in (44.0, 75.0):
        low, high = ends(energy, 37215.5, arriving, leaving)
        recoils = np.array([0.999 * low, 1.001 * low, 0.5 * (low + high), 0.999 * high, 1.001 * high])
        found = cross_sections(jnp.full(5, energy), jnp.asarray(1e3 * recoils), particle)
        expected = [traced(energy, recoil, arriving, leaving, 37215.5, 90.0) for recoil in recoils[1:-1]]
        np.testing.assert_allclose(found[1:-1], 18.0**2 * G2 * CM2_MEV2 * 1e37 * np.array(expected), rtol=1e-8)
        assert float(found[0]) == float(found[-1]) == 0.0


@eqx.filter_jit
def events(interaction, source, target, panels, scale_keV):
    found = interaction.spectrum(interaction.nodes(source, target, panels), source, target).flat()
    return (found.events[0] * jnp.exp(-found.energy_keV / scale_keV)).sum()


def seen(interaction, source, scale_keV=SCALE_KEV):
    """Per kilogram of argon, by a detector that sees large recoils less and less."""
    panels = Panels.of_all_recoils(source, LOWEST_KEV, interaction.kinks_keV)
    return events(*tree_as_float((interaction, source, ARGON)), panels, scale_keV)


@pytest.mark.parametrize(
    ("heavier", "begin", "end"), [(False, 32.0, 90.0), (False, 46.0, 50.0), (True, 46.0, 90.0), (True, 43.0, 60.0)]
)
def test_spectrum(heavier, begin, end):
    """First over recoils between their ends for one energy, then over energies: from threshold or above."""
    particle = pair(12.0, heavier=heavier)
    arriving, leaving, mass = *((42.0, 30.0) if heavier else (30.0, 42.0)), 37215.5
    two, one, none = 1.0, 0.5 * (leaving**2 - arriving**2) / mass, 0.25 * ((leaving**2 - arriving**2) / 2 / mass) ** 2

    def integrand(recoil, energy):
        last = (
            -0.5 * mass * recoil
            - 0.25 * 144.0
            + none
            + 0.125 * recoil * (leaving - arriving) * (leaving + 3.0 * arriving) / mass
        )
        square = two * energy**2 - (recoil + one) * energy + last
        return square / (2.0 * mass * recoil + 8100.0) ** 2 * math.exp(-1e3 * recoil / SCALE_KEV)

    def of_energy(root):
        energy = start + root**2
        low, high = ends(energy, mass, arriving, leaving)
        low = max(low, 1e-3 * LOWEST_KEV)
        inner = quad(integrand, low, high, args=(energy,), epsabs=0.0, epsrel=1e-10)[0] if high > low else 0.0
        return 2.0 * root * inner / (energy**2 - arriving**2)

    start = max(begin, arriving, leaving + (leaving**2 - arriving**2) / (2.0 * mass) if not heavier else 0.0)
    total, _ = quad(of_energy, 1e-7, math.sqrt(end - start), epsabs=0.0, epsrel=1e-8, limit=200)
    per_kg = float(ARGON.nuclei_per_kg("Ar40")) * 1e12 * 18.0**2 * G2 * CM2_MEV2 * mass / (2.0 * math.pi)
    found = float(seen(DarkNucleus(), FlatSource(particle, begin, end)))
    assert found == pytest.approx(per_kg * total / (end - begin), rel=1e-6)


@pytest.mark.parametrize("interaction", [DarkNucleus(), ELECTRONS], ids=["nuclei", "electrons"])
def test_without_splitting(interaction):
    """Each state is a Dirac particle then; nearly so with a small splitting."""
    scale = SCALE_KEV if isinstance(interaction, DarkNucleus) else 3e3
    dirac = float(seen(interaction, FlatSource(DiracDarkMatter(30.0, PORTAL, 3.0), 32.0, 90.0), scale))
    for gap, tolerance in ((0.0, 1e-12), (1e-7, 1e-6)):
        up, down = (
            float(seen(interaction, FlatSource(pair(gap, heavier=h), 32.0, 90.0), scale)) for h in (False, True)
        )
        assert [up, down] == pytest.approx([dirac] * 2, rel=tolerance)


class Setting(eqx.Module):
    """All that can be moved."""

    source: FlatSource


@pytest.mark.parametrize("heavier", [False, True])
def test_derivatives(heavier):
    """Masses, splitting, couplings and ends of the source, by differences; on nuclei and on electrons."""
    up = FlatSource(pair(12.0, heavier=heavier), 43.0, 90.0)
    slopes = check_gradients(Setting(up), lambda setting: 1e6 * seen(DarkNucleus(), setting.source), atol=1e-7)
    assert slopes["source.dark_matter.splitting"] != 0.0
    assert slopes["source.end_MeV"] != 0.0


@program
@jax.vmap
def numbers_and_slopes(mass, splitting):
    panels = Panels(LOWEST_KEV, 1e4, (), (((1.0, 8),),) * 6)  # a few nodes, for what is finite or not

    def summed(mass, splitting):
        found = []
        for interaction, heavier in ((DarkNucleus(), False), (ELECTRONS, True)):
            pair = InelasticDarkMatter(mass, VectorPortal(as_float(1e-4), as_float(0.5)), splitting, 3.0, heavier)
            source = FlatSource(pair, 1.01 * pair.arriving_mass_MeV, as_float(90.0))
            found.append(events(*tree_as_float((interaction, source, ARGON)), panels, SCALE_KEV))
        return sum(found), jnp.stack(found)

    return jax.grad(summed, (0, 1), has_aux=True)(mass, splitting)


@pytest.mark.slow
def test_finite_everywhere(precision):
    """Up on nuclei and down on electrons: without splitting, on both sides of 2 m_e, beyond what can be scattered."""
    shifts = [0.0, 1e-9, 1e-4, *(2.0 * ELECTRON_MASS_MEV / 10.0 * (1 + e) for e in (-1e-6, 0.0, 1e-6)), 0.4, 2.5, 7.9]
    slopes, found = numbers_and_slopes(as_float(np.full(len(shifts), 10.0)), as_float(shifts))
    assert all(np.all(np.isfinite(values)) for values in (found, *slopes))
    assert np.all(found[0] > 0.0)
