"""Recoil densities against finite differences of counts above a threshold."""

import copy
import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import Coherent, DipolePortal, ElectronScattering, ErlerSu, FlavourVector, Panels
from cevnsjax.flux import PionDecayAtRest
from cevnsjax.target import compound

FLUX, TARGET = PionDecayAtRest(0.08, 1e23, 20.0), compound("CsI")
ARGON = compound("[Ar40]")


@eqx.filter_jit
def total_above(lowest_keV, interaction, panels):
    """Events above a recoil, which is an argument of the program, by the nodes of the interaction on panels from it."""
    panels = copy.copy(panels)
    object.__setattr__(panels, "lowest_recoil_keV", lowest_keV)  # no number yet, which is what Panels ask for
    return interaction.spectrum(interaction.nodes(FLUX, ARGON, panels), FLUX, ARGON).total()


@eqx.filter_jit
def density_of(interaction, recoil_keV, target):
    return interaction.recoil_density(recoil_keV, FLUX, target)


@pytest.mark.parametrize(
    ("interaction", "recoils"),
    [
        (Coherent({"sm": ErlerSu()}), (5.0, 40.0, 90.0)),
        (DipolePortal(12.0, FlavourVector.universal(1e-9)), (5.0, 40.0, 90.0)),
        (ElectronScattering.on(ARGON), (0.2, 2.0, 5.0)),
    ],
    ids=["coherent", "dipole portal", "electrons"],
)
def test_density_is_the_slope_of_the_counts(interaction, recoils):
    density = np.asarray(density_of(interaction, jnp.array(recoils), ARGON))
    assert density.shape == (3, 3)
    for i, recoil in enumerate(recoils):
        step = 1e-3 * recoil
        kinks = [kink for kink in np.asarray(interaction.kinks_keV) if kink > recoil + 2 * step]
        # equal for all recoils, but for the kinks
        panels = dataclasses.replace(Panels.of_all_recoils(FLUX, recoil, kinks), lowest_recoil_keV=1e-3)
        above = [np.asarray(total_above(jnp.array(recoil + k * step), interaction, panels)) for k in (-2, -1, 1, 2)]
        slope = -(above[0] - 8 * above[1] + 8 * above[2] - above[3]) / (12 * step)
        np.testing.assert_allclose(density[:, i], slope, rtol=2e-6, atol=1e-9 * density.max())


def test_mixture_adds_up():
    one = Coherent({"sm": ErlerSu()})
    recoil = jnp.array([1.0, 10.0])
    whole = np.asarray(density_of(one, recoil, TARGET))
    each = [np.asarray(density_of(one, recoil, compound(f"[{name}]"))) for name in ("Cs133", "I127")]
    masses = np.array([132.905, 126.904])
    np.testing.assert_allclose(whole, (each[0] * masses[0] + each[1] * masses[1]) / masses.sum(), rtol=1e-5)
