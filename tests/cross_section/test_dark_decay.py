"""Decays of heavier dark matter in a detector: number and energies by quadrature, short and long lives."""

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.arrays import as_float
from cevnsjax.constants import ELECTRON_MASS_MEV
from cevnsjax.cross_section import DarkDecay, Recoil
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractDarkSource
from cevnsjax.particle import AbstractDarkMatter, DiracDarkMatter, InelasticDarkMatter, VectorPortal
from cevnsjax.target import compound

HBAR_C_MEV_M = 197.3269804e-15
ARGON = compound("Ar")
LINE_MEV, START_MEV, END_MEV, FLUENCE = 60.0, 20.0, 80.0, (3e5, 2e6)


class Beam(AbstractDarkSource):
    """A line, and a flat spectrum."""

    components: ClassVar[tuple[str, ...]] = ("line", "flat")
    dark_matter: AbstractDarkMatter

    @property
    def lowest_energy_MeV(self):
        return as_float(START_MEV)

    @property
    def break_points_MeV(self):
        return as_float([END_MEV])

    @property
    def fluence_per_cm2(self):
        return as_float(FLUENCE)

    @property
    def lines(self):
        return as_float([LINE_MEV]), as_float([[1.0], [0.0]])

    def density(self, energy_MeV):
        flat = jnp.full_like(energy_MeV, 1.0 / (END_MEV - START_MEV))
        return jnp.stack([jnp.zeros_like(flat), flat])


def beam(epsilon=1e-3, *, gap=4.0, heavier=True):
    return Beam(InelasticDarkMatter(10.0, VectorPortal(epsilon, 0.5), gap / 10.0, 3.0, heavier))


DECAY = DarkDecay(1.4, 2.0)


@eqx.filter_jit
def spectrum(decay, source):
    return decay.spectrum(decay.nodes(source, ARGON), source, ARGON)


def decaying(energy, epsilon):
    """Share of chi_2 of 14 MeV that decay within 2 m."""
    width = float(beam(epsilon).dark_matter.decay_width_MeV)
    rate = 14.0 * width / math.sqrt(energy**2 - 14.0**2) / HBAR_C_MEV_M
    return -math.expm1(-2.0 * rate)


@pytest.mark.parametrize("epsilon", [1e-7, 1e-3, 3e-3])
def test_number_of_decays(epsilon):
    """Fluence through a kilogram of 2 m, times the share that decays: of a line, and of a continuum by quadrature."""
    found = np.asarray(spectrum(DECAY, beam(epsilon)).total())
    per_cm2 = 1e3 / 1.4 / 200.0  # cm^2 that a kilogram of 2 m covers
    assert found[0] == pytest.approx(FLUENCE[0] * per_cm2 * decaying(LINE_MEV, epsilon), rel=1e-12)
    mean, _ = quad(decaying, START_MEV, END_MEV, args=(epsilon,), epsrel=1e-9, limit=200)
    assert found[1] == pytest.approx(FLUENCE[1] * per_cm2 * mean / (END_MEV - START_MEV), rel=2e-7)


def pair_spectrum(q, gap=4.0):
    """dGamma/dq, not normalised."""
    electron, total = ELECTRON_MASS_MEV, 20.0 + gap
    shape = (1.0 + 2.0 * electron**2 / q**2) * math.sqrt(1.0 - 4.0 * electron**2 / q**2)
    return q * shape * (gap**2 - q**2) ** 1.5 * math.sqrt(total**2 - q**2) * (total**2 + 2 * q**2) / (900.0 - q**2) ** 2


def test_energies():
    """Of a line: moments of the deposit, and how much of it is above some energies, by quadrature over q."""
    found = spectrum(DECAY, beam())
    energy, events = 1e-3 * np.asarray(found.energy_keV[-1]), np.asarray(found.events[0, -1])  # the line's
    assert np.asarray(found.events[0, :-1]).sum() == 0.0
    momentum = math.sqrt(LINE_MEV**2 - 14.0**2)

    def box(q):
        omega = (14.0**2 - 10.0**2 + q**2) / 28.0
        k = math.sqrt(omega**2 - q**2)
        return LINE_MEV * omega / 14.0, momentum * k / 14.0

    def mean(function):
        ends = (2.0 * ELECTRON_MASS_MEV, 4.0)
        above, below = (
            quad(f, *ends, epsrel=1e-10, limit=200)[0]
            for f in (lambda q: pair_spectrum(q) * function(*box(q)), pair_spectrum)
        )
        return above / below

    moments = [events @ energy**power / events.sum() for power in (1, 2, 4)]
    expected = [
        mean(lambda middle, _: middle),
        mean(lambda middle, half: middle**2 + half**2 / 3.0),
        mean(lambda middle, half: middle**4 + 2.0 * middle**2 * half**2 + half**4 / 5.0),
    ]
    assert moments == pytest.approx(expected, rel=2e-7)
    # a detector that resolves 10 %, which is a fifth of the width
    for level in (5.0, 10.0, 18.0, 24.0):
        seen = np.asarray([math.erf((each - level) / (0.1 * level)) for each in energy])
        smeared = mean(
            lambda middle, half, at=level: quad(lambda c: math.erf((middle + half * c - at) / (0.1 * at)), -1, 1)[0] / 2
        )
        assert events @ seen / events.sum() == pytest.approx(smeared, abs=3e-3)
    assert energy.min() > 0.0
    assert energy.max() < LINE_MEV


def test_what_does_not_decay():
    """A source of chi_1, and chi_2 without the room for a pair; of one state it is a mistake."""
    for source in (beam(heavier=False), beam(gap=1.0)):
        assert np.all(np.asarray(spectrum(DECAY, source).events) == 0.0)
    assert beam(heavier=False).mass_MeV == 10.0
    assert beam().mass_MeV == 14.0
    assert DarkDecay.recoil == Recoil.NONE
    dirac = Beam(DiracDarkMatter(10.0, VectorPortal(1e-3)))
    with pytest.raises(CevnsjaxError, match="Only InelasticDarkMatter decays in a detector, got a source of Dirac"):
        DECAY.nodes(dirac, ARGON)
    with pytest.raises(CevnsjaxError, match="density_g_per_cm3 must be positive"):
        DarkDecay(0.0, 1.0)
    with pytest.raises(CevnsjaxError, match="length_m must be positive"):
        DarkDecay(1.0, -1.0)
    with pytest.raises(CevnsjaxError, match="pair_nodes must be at least 1, got 0"):
        DarkDecay(1.0, 1.0, pair_nodes=0)


def test_gradients():
    """Of number and energies in masses, couplings and detector."""

    class Both(eqx.Module):
        decay: DarkDecay
        source: Beam

        def number(self):
            found = self.decay.spectrum(self.decay.nodes(self.source, ARGON), self.source, ARGON)
            return (found.events * jnp.sin(3e-5 * found.energy_keV)[None]).sum()

    check_gradients(Both(DarkDecay(1.4, 2.0, pair_nodes=4, angle_nodes=2), beam()), Both.number)


@jax.jit
@jax.vmap
def number_and_slopes(epsilon, splitting):
    def number(epsilon, splitting):
        pair = InelasticDarkMatter(as_float(10.0), VectorPortal(epsilon, as_float(0.5)), splitting, as_float(3.0), True)
        source = Beam(pair)
        decay = DarkDecay(1.4, 2.0, pair_nodes=4, angle_nodes=2)
        nodes = decay.nodes(source, ARGON)
        return jnp.stack([decay.spectrum(nodes, source, ARGON).events.sum(), 1e-3 * nodes.energy_keV.sum()])

    return number(epsilon, splitting), jax.jacfwd(number, (0, 1))(epsilon, splitting)


def test_finite_everywhere(precision):
    """Decay lengths from far below 1e-12 m to far above 1e12 m, at and beside 2 m_e, beyond the end of the flux."""
    electrons = 0.2 * ELECTRON_MASS_MEV
    shifts = [0.0, *(electrons * (1 + small) for small in (-1e-6, 0.0, 1e-6)), 0.11, 0.4, 2.9, 7.5]
    points = np.asarray([(epsilon, shift) for epsilon in (0.0, *np.geomspace(1e-12, 1e4, 17)) for shift in shifts])
    found, slopes = number_and_slopes(*map(as_float, points.T))
    assert all(np.all(np.isfinite(values)) for values in (found, *slopes))
    assert np.all(np.asarray(found)[:, 0] >= 0.0)
    width = float(beam(1.0).dark_matter.decay_width_MeV)
    lengths = HBAR_C_MEV_M / (width * points[points[:, 1] == 0.4, 0][1:] ** 2)
    assert lengths.min() < 1e-12
    assert lengths.max() > 1e12
