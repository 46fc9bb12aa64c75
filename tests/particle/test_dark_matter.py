"""Dark matter behind a portal: widths and couplings against numbers that were computed elsewhere, and their edges."""

import math

import jax
import jax.numpy as jnp
import pytest

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
