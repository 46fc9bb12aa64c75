"""Sources with a few lines."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import POWERS, LineSource, MonoEnergetic, argon_37_source, chromium_51_source

moments_of = eqx.filter_jit(lambda source, lower_MeV: source.moments(lower_MeV))


def test_moments():
    """Of several lines the weighted sum of those of each; any shape."""
    source = LineSource(("nu_e",), [1.0, 2.0, 4.0], [1.0, 2.0, 1.0], 3.0)
    minimum = jnp.array([[0.0, 1.0, 1.5], [2.5, 4.0, 5.0]])
    found = moments_of(source, minimum)
    assert found.shape == (1, len(POWERS), 2, 3)
    expected = sum(
        weight * moments_of(MonoEnergetic("nu_e", energy), minimum)
        for energy, weight in ((1.0, 0.25), (2.0, 0.5), (4.0, 0.25))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert np.all(np.asarray(source.density(minimum)) == 0.0)
    np.testing.assert_allclose(source.fluence_per_cm2, [3.0])


def test_sources():
    """Mean energies: 51Cr 720 keV, 37Ar 811 keV."""
    for source, mean in ((chromium_51_source(), 0.7157), (argon_37_source(), 0.8112)):
        energy, fraction = source.lines
        np.testing.assert_allclose(fraction.sum(), 1.0)
        np.testing.assert_allclose((energy * fraction[0]).sum(), mean, rtol=1e-3)


def test_gradients():
    found = check_gradients(
        chromium_51_source(2.0), lambda s: (s.fluence_per_cm2[:, None] * s.moments(jnp.array([0.1]))[0]).sum()
    )
    assert found.keys() == {"neutrinos_per_cm2"}
    energies = chromium_51_source().energy_MeV

    def inverse_energy(energies):
        return LineSource(("nu_e",), energies, jnp.ones(4)).moments(jnp.array([0.1]))[0, 1].sum()

    slope = jax.jit(jax.grad(inverse_energy))(energies)
    np.testing.assert_allclose(slope, -0.25 / np.asarray(energies) ** 2, rtol=1e-12)


def test_bad_input():
    with pytest.raises(CevnsjaxError, match="one kind of neutrino"):
        LineSource(("nu_e", "nu_mu"), [1.0], [1.0])
    with pytest.raises(UnknownNameError, match="neutrino"):
        LineSource(("electron",), [1.0], [1.0])
    with pytest.raises(CevnsjaxError, match="intensity must be zero or positive, one above zero"):
        LineSource(("nu_e",), [1.0, 2.0], [0.0, 0.0])
    with pytest.raises(CevnsjaxError, match="energy_MeV must be finite and increase"):
        LineSource(("nu_e",), [2.0, 1.0], [1.0, 1.0])
    with pytest.raises(CevnsjaxError, match="energy_MeV must be positive"):
        LineSource(("nu_e",), [0.0, 1.0], [1.0, 1.0])
