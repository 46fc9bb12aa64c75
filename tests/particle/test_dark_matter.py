"""Dark matter behind a portal: widths and couplings against numbers that were computed elsewhere, and their edges."""

import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from dirac_trace import algebra

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.particle import DiracDarkMatter, Leptophobic, ScalarDarkMatter, VectorPortal, VectorPortalYield

PORTALS = {
    "vector": VectorPortal(1e-4, 0.5),
    "yield": VectorPortalYield(1e-10, 0.5),
    "leptophobic": Leptophobic(1e-8, 0.5, 1e-6),
}


@pytest.mark.parametrize(
    ("kind", "width_MeV"),
    [(ScalarDarkMatter, 0.5176083281249513), (DiracDarkMatter, 4.554953287499572)],
)
def test_widths(kind, width_MeV):
    """Of a boson of 30 MeV to dark matter of 10 MeV for alpha_D = 0.5, and to electrons for epsilon = 1e-3."""
    particle = kind(10.0, VectorPortal(1e-3, 0.5), 3.0)
    assert float(particle.dark_width_MeV(particle.mediator_mass_MeV)) == pytest.approx(width_MeV, rel=1e-12)
    assert float(particle.visible_width_MeV) == pytest.approx(7.297348882228312e-08, rel=1e-9)
    assert float(particle.dark_branching_ratio) == pytest.approx(width_MeV / (width_MeV + 7.2973e-8), rel=1e-12)


def test_yield_is_that_of_its_mixing():
    """Y = epsilon^2 alpha_D (m_chi/m_V)^4, one way and back."""
    ratio = as_float(2.1)
    portal = VectorPortal(3e-4, 0.2)
    value = portal.relic_yield(ratio)
    assert float(value) == pytest.approx(3e-4**2 * 0.2 / 2.1**4, rel=1e-12)
    assert float(VectorPortalYield(value, 0.2).mixing(ratio)) == pytest.approx(3e-4, rel=1e-12)


def test_couplings():
    """A dark photon sees charges, a boson of baryon number nucleons alike, with a kinetic mixing charges, too."""
    ratio, charge = as_float(3.0), math.sqrt(4.0 * math.pi / 137.035999084)
    photon = VectorPortal(1e-4, 0.5).couplings(ratio)
    assert float(photon.proton) == pytest.approx(1e-4 * charge, rel=1e-9)
    assert (float(photon.neutron), float(photon.electron)) == (0.0, -float(photon.proton))
    assert float(photon.dark) == pytest.approx(math.sqrt(2.0 * math.pi), rel=1e-12)
    baryon = Leptophobic(1e-8, 0.3, 1e-3).couplings(ratio)
    assert float(baryon.neutron) == pytest.approx(math.sqrt(4.0 * math.pi * 1e-8), rel=1e-12)
    assert float(baryon.proton - baryon.neutron) == pytest.approx(1e-3 * charge, rel=1e-9)
    assert float(baryon.electron) == pytest.approx(-1e-3 * charge, rel=1e-9)


@pytest.mark.parametrize("kind", [ScalarDarkMatter, DiracDarkMatter])
@pytest.mark.parametrize("portal", list(PORTALS))
@pytest.mark.parametrize("ratio", [1.5, 2.0, 2.0001, 3.0, 1.0220 / 10.0])
def test_derivatives_are_finite(kind, portal, ratio, precision):
    """Also on both sides of 2 m_chi, at it, and where the boson has just the mass of two electrons."""

    def widths(mass, ratio, portal):
        particle = kind(mass, portal, ratio)
        return particle.width_MeV + particle.dark_branching_ratio + particle.couplings.proton

    build = {
        "vector": lambda: VectorPortal(1e-4, 0.5),
        "yield": lambda: VectorPortalYield(1e-10, 0.5),
        "leptophobic": lambda: Leptophobic(1e-8, 0.5, 1e-6),
    }[portal]
    gradients = jax.grad(widths, argnums=(0, 1, 2))(as_float(10.0), as_float(ratio), build())
    assert all(bool(jnp.isfinite(each)) for each in jax.tree.leaves(gradients))


def test_no_coupling():
    """Zero couplings have finite derivatives, and no boson decays."""
    for portal in (VectorPortal(0.0, 0.0), VectorPortalYield(0.0, 0.5), Leptophobic(0.0, 0.0)):
        particle = ScalarDarkMatter(10.0, portal)
        gradients = jax.grad(lambda p: p.couplings.proton**2 + p.dark_branching_ratio)(particle)
        assert all(bool(jnp.isfinite(each)) for each in jax.tree.leaves(gradients))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ScalarDarkMatter(-1.0, VectorPortal(1e-4)), "mass_MeV"),
        (lambda: DiracDarkMatter(1.0, VectorPortal(1e-4), 0.0), "mass_ratio"),
        (lambda: VectorPortal(float("nan")), "epsilon"),
        (lambda: VectorPortal(1e-4, -0.1), "alpha_D"),
        (lambda: VectorPortalYield(-1e-10), "Y"),
        (lambda: VectorPortalYield(1e-10, 0.0), "alpha_D"),
        (lambda: Leptophobic(-1e-8), "alpha_B"),
    ],
)
def test_bad_numbers_are_refused(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()


ENERGY_MEV, FINAL_MEV, COSINE = 15.0, 14.0, 0.3


def current_tensor(particle, energy, final, cosine):
    """l_00 and l.l* of the package."""
    mass = float(particle.mass_MeV)
    momenta = [math.sqrt(each**2 - mass**2) for each in (energy, final)]
    momentum2 = momenta[0] ** 2 + momenta[1] ** 2 - 2.0 * momenta[0] * momenta[1] * cosine
    transfer2 = (energy - final) ** 2
    across = (momenta[0] * momenta[1]) ** 2 * (1.0 - cosine**2) / momentum2
    charge, transverse = particle.current_tensor(*map(as_float, (energy, final, momentum2 - transfer2, across)))
    return float(charge), float(transverse + transfer2 / momentum2 * charge)


@mpmath.workdps(40)
def explicit_tensor(kind, mass, energy, final, cosine):
    """The same by traces of gamma matrices, or from p + p': the diagonal of l_mu l_nu*, which is all that counts."""
    m, c, energies = mpmath.mpf(mass), mpmath.mpf(cosine), (mpmath.mpf(energy), mpmath.mpf(final))
    k, k_out = (mpmath.sqrt(each**2 - m**2) for each in energies)
    p = np.array([energies[0], 0, 0, k])
    p_out = np.array([energies[1], k_out * mpmath.sqrt(1 - c**2), 0, k_out * c])
    if kind is ScalarDarkMatter:
        diagonal = [(p[i] + p_out[i]) ** 2 for i in range(4)]
    else:
        g = algebra()
        lines = g.slash(p) + m * g.one, g.slash(p_out) + m * g.one
        diagonal = [np.trace(lines[1] @ vertex @ lines[0] @ g.bar(vertex)) / 2 for vertex in g.gamma]
    values = [mpmath.re(each) / (4 * energies[0] * energies[1]) for each in diagonal]
    return float(values[0]), float(sum(values[1:]))


@pytest.mark.parametrize("kind", [ScalarDarkMatter, DiracDarkMatter])
@pytest.mark.parametrize("mass", [1e-6, 0.3, 10.0, 13.99])
def test_current_tensor_is_that_of_traces(kind, mass):
    """At and between forward and backward scattering; without a mass, at any velocity, and almost at rest."""
    particle = kind(mass, PORTALS["vector"])
    for cosine in (-1.0, -0.6, COSINE, 0.99, 1.0):
        found = current_tensor(particle, ENERGY_MEV, FINAL_MEV, cosine)
        assert found == pytest.approx(explicit_tensor(kind, mass, ENERGY_MEV, FINAL_MEV, cosine), rel=1e-10)


def test_current_tensor_of_a_fermion():
    """Sums over spins at m = 10 MeV that were computed elsewhere, and neutrinos for m = 0: l.l = (3 - cos)/2."""
    heavy = current_tensor(DiracDarkMatter(10.0, PORTALS["vector"]), ENERGY_MEV, FINAL_MEV, COSINE)
    assert [2.0 * each for each in heavy] == pytest.approx([1.6326826, 1.4149364], rel=1e-7)
    light = current_tensor(DiracDarkMatter(1e-7, PORTALS["vector"]), ENERGY_MEV, FINAL_MEV, COSINE)
    assert light == pytest.approx((0.5 * (1.0 + COSINE), 0.5 * (3.0 - COSINE)), rel=1e-12)


@pytest.mark.parametrize("kind", [ScalarDarkMatter, DiracDarkMatter])
def test_charge_scatters_elastically(kind):
    """The golden rule for a charge, E E' l_00, is the elastic cross section on a nucleus of spin zero."""
    energy, recoil, nucleus = 75.0, 0.05, 37224.7
    particle = kind(30.0, PORTALS["vector"])
    q2 = as_float(2.0 * nucleus * recoil)
    charge, _ = particle.current_tensor(as_float(energy), as_float(energy - recoil), q2, as_float(0.0))
    powers = particle.recoil_coefficients(as_float(recoil), as_float(nucleus), False)
    elastic = float(powers @ as_float([energy**2, energy, 1.0]))
    assert float(charge) * energy * (energy - recoil) == pytest.approx(elastic, rel=1e-12)
