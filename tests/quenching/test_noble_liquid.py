"""Thomas-Imel yields against mpmath and their limits."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.quenching import ConstantQuenching, ElectronQuenching, Lindhard, PhotonQuenching, ThomasImel

RECOIL = np.array([0.0, 1e-9, 1e-3, 0.5, 5.0, 50.0])
ARGON = ThomasImel(ConstantQuenching(0.25), 0.0195, 1.0, 0.1)


def exact(recoil):
    quanta = mpmath.mpf(0.25) * mpmath.mpf(recoil) / mpmath.mpf(0.0195)
    ions = quanta / 2
    box = ions * mpmath.mpf(0.1) / 4
    electrons = ions * (mpmath.log1p(box) / box if box else 1)
    return float(electrons), float(quanta - electrons)


def test_yields():
    electrons, photons = zip(*(exact(recoil) for recoil in RECOIL), strict=True)
    np.testing.assert_allclose(ARGON.electrons(jnp.asarray(RECOIL)), electrons, rtol=1e-14)
    np.testing.assert_allclose(ARGON.photons(jnp.asarray(RECOIL)), photons, rtol=1e-13)


def test_series_joins_the_logarithm():
    """xi = 0.01 at 0.01 * 4/0.1 ions: the two forms differ by rounding there."""
    edge = 0.4 * 2 * 0.0195 / 0.25
    recoil = np.array([edge * (1 - 1e-9), edge * (1 + 1e-9)])
    np.testing.assert_allclose(ARGON.electrons(jnp.asarray(recoil)), [exact(t)[0] for t in recoil], rtol=1e-14)


def test_quanta_are_conserved():
    """Electron- and photon-equivalent energies add up to Lindhard's energy."""
    xenon = ThomasImel.liquid_xenon()
    recoil = jnp.asarray(RECOIL)
    both = ElectronQuenching(xenon)(recoil) + PhotonQuenching(xenon)(recoil)
    np.testing.assert_allclose(both, Lindhard.for_nuclide(54, 131.293)(recoil), rtol=1e-13)
    np.testing.assert_allclose(ElectronQuenching(xenon)(recoil), 0.0138 * xenon.electrons(recoil), rtol=1e-13)


def test_messages():
    with pytest.raises(CevnsjaxError, match="energy_per_quantum_keV must be positive"):
        ThomasImel(ConstantQuenching(0.25), 0.0, 1.0, 0.1)
    with pytest.raises(CevnsjaxError, match="recombination must be positive"):
        ThomasImel(ConstantQuenching(0.25), 0.0195, 1.0, -0.1)
