"""The cross section that reactor spectra are measured with."""

import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.cross_section import inverse_beta_decay_cross_section_cm2

THRESHOLD_MEV = 939.56542052 - 938.27208816 + 0.51099895


def test_threshold():
    energies = jnp.array([0.0, 1.0, THRESHOLD_MEV - 1e-9, THRESHOLD_MEV + 1e-6, 4.0])
    found = np.asarray(inverse_beta_decay_cross_section_cm2(energies))
    np.testing.assert_array_equal(found[:3], 0.0)
    assert np.all(found[3:] > 0.0)
    slopes = jax.jit(jax.vmap(jax.grad(inverse_beta_decay_cross_section_cm2)))(energies)
    assert np.all(np.isfinite(slopes))


def test_static_nucleon_limit():
    """2 pi^2 p_e E_e/(m_e^5 f tau_n): P. Vogel and J. Beacom (1999) at zeroth order, 879 s and f = 1.7152.

    Recoil and weak magnetism take a few E/M off it.
    """
    energy = np.array([2.0, 3.0, 5.0])
    positron, electron = energy - 1.29333236, 0.51099895
    seconds = 879.4 / 6.582119569e-22  # in MeV^-1
    static = 2 * np.pi**2 * np.sqrt(positron**2 - electron**2) * positron / (electron**5 * 1.7152 * seconds)
    static *= (197.3269804e-13) ** 2
    found = np.asarray(inverse_beta_decay_cross_section_cm2(jnp.asarray(energy)))
    missing = 1.0 - found / static
    assert np.all((missing > 0.0) & (missing < 10.0 * energy / 938.9)), missing
    assert np.all(np.diff(missing) > 0.0)
