"""Which recoils are possible where a massive particle may become another one: chi + target -> chi' + target.

A particle of mass m arrives at a target of mass M at rest and leaves with mass m'. With Q^2 = 2 M T, k^2 = T^2 + 2 M T,
D = m'^2 - m^2, W = Q^2 + D and S^2 = W^2 + 4 m^2 Q^2 = [Q^2 + (m' - m)^2][Q^2 + (m' + m)^2], energy and momentum are
conserved from E = (T W + k S)/(2 Q^2) and p = (k W + T S)/(2 Q^2) up. For equal masses these are (T + k (1 + 4 m^2/Q^2)
^(1/2))/2 and (k + T (1 + 4 m^2/Q^2)^(1/2))/2. All is written as sums of what is positive.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar
from cevnsjax.particle.dark_matter import power_above_zero


def smallest_energy_MeV(
    recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, arriving_MeV: Scalar, gain_MeV: Scalar
) -> Float[Array, "*node"]:
    """Smallest energy of what arrives that gives a recoil, MeV.

    With a splitting it grows without bound for small recoils, too, and is smallest at :func:`recoil_at_threshold_MeV`.

    Parameters
    ----------
    recoil_MeV
        Recoil energies, MeV, above zero, any shape.
    mass_MeV
        Mass of the target.
    arriving_MeV, gain_MeV
        Mass of what arrives, and by how much what leaves is heavier: below zero if it is lighter.
    """
    plus, minus = _light_cone_MeV(recoil_MeV, mass_MeV, arriving_MeV, gain_MeV)
    return 0.5 * (plus + minus)


def smallest_momentum_MeV(
    recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, arriving_MeV: Scalar, gain_MeV: Scalar
) -> Float[Array, "*node"]:
    """Momentum of what arrives with :func:`smallest_energy_MeV`, MeV; parameters are the same.

    Below zero, where what arrives becomes lighter and the target recoils backwards; at zero it arrives at rest.
    """
    q2, gap, root = _invariants_MeV2(recoil_MeV, mass_MeV, arriving_MeV, gain_MeV)
    # by the product of the roots where the two terms have opposite signs
    short = jnp.sqrt(recoil_MeV * (recoil_MeV + 2.0 * mass_MeV))
    forward = gap > 0.0
    sum_of_both = short * jnp.abs(gap) + recoil_MeV * root
    gained = 2.0 * arriving_MeV * recoil_MeV
    backward = 0.5 * (gained - gap) * (gained + gap) / jnp.where(forward, 1.0, sum_of_both)
    return jnp.where(forward, 0.5 * sum_of_both / q2, backward)


def threshold_MeV(mass_MeV: Scalar, arriving_MeV: Scalar, gain_MeV: Scalar) -> Scalar:
    """Smallest energy of what arrives that gives any recoil, MeV: at rest if it does not become heavier."""
    rise = jnp.maximum(gain_MeV, 0.0)
    return arriving_MeV + rise * (1.0 + 0.5 * (2.0 * arriving_MeV + gain_MeV) / mass_MeV)


def recoil_at_threshold_MeV(mass_MeV: Scalar, arriving_MeV: Scalar, gain_MeV: Scalar) -> Scalar:
    """The one recoil that is possible at :func:`threshold_MeV`, MeV; zero for equal masses."""
    rise, fall = jnp.maximum(gain_MeV, 0.0), jnp.maximum(-gain_MeV, 0.0)
    return 0.5 * (rise + fall) * (2.0 * arriving_MeV + gain_MeV) / (mass_MeV + arriving_MeV + rise)


def recoil_limits_MeV(
    energy_MeV: Float[Array, "*point"], mass_MeV: Scalar, arriving_MeV: Scalar, gain_MeV: Scalar
) -> tuple[Float[Array, "*point"], Float[Array, "*point"]]:
    """Smallest and largest recoil that what arrives with some energy can give, MeV.

    Both are :func:`recoil_at_threshold_MeV` at and below threshold, with finite derivatives. T_+ T_- = D^2/(4 s), with
    s = (M + m)^2 + 2 M (E - m), and T_+ + T_- = [2 M p^2 - (E + M) D]/s.

    Parameters
    ----------
    energy_MeV
        Energies, MeV, any shape.
    mass_MeV
        Mass of the target.
    arriving_MeV, gain_MeV
        Mass of what arrives, and by how much what leaves is heavier.
    """
    # rise + fall for the absolute value: its derivative at equal masses is the mean of both sides
    rise, fall = jnp.maximum(gain_MeV, 0.0), jnp.maximum(-gain_MeV, 0.0)
    arriving, leaving, mass = arriving_MeV, arriving_MeV + gain_MeV, mass_MeV
    heavier, total = arriving + rise, arriving + leaving
    gap2 = (rise + fall) * total
    start = threshold_MeV(mass, arriving, gain_MeV)
    above = jnp.maximum(energy_MeV - start, 0.0)
    # kinetic energies, of what leaves if the target took none of it, and of what arrives
    left = above + fall * (1.0 + 0.5 * total / mass)
    kinetic = above + rise * (1.0 + 0.5 * total / mass)
    momenta = left * (left + 2.0 * leaving) * kinetic * (kinetic + 2.0 * arriving)
    s = (mass + arriving) ** 2 + 2.0 * mass * kinetic
    middle = (mass + heavier) * gap2 + above * (2.0 * mass * (above + 2.0 * heavier) + gap2)
    whole = middle + 2.0 * mass * power_above_zero(momenta, 0.5)
    some = whole > 0.0
    return jnp.where(some, 0.5 * gap2**2 / jnp.where(some, whole, 1.0), 0.0), 0.5 * whole / s


def _invariants_MeV2(
    recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, arriving_MeV: Scalar, gain_MeV: Scalar
) -> tuple[Float[Array, "*node"], Float[Array, "*node"], Float[Array, "*node"]]:
    """Q^2, W and S."""
    q2 = 2.0 * mass_MeV * recoil_MeV
    total = 2.0 * arriving_MeV + gain_MeV
    return q2, q2 + gain_MeV * total, jnp.sqrt((q2 + gain_MeV**2) * (q2 + total**2))


def _light_cone_MeV(
    recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, arriving_MeV: Scalar, gain_MeV: Scalar
) -> tuple[Float[Array, "*node"], Float[Array, "*node"]]:
    """E + p = (k + T)(S + W)/(2 Q^2) and E - p = (k - T)(S - W)/(2 Q^2), whose product is m^2."""
    q2, gap, root = _invariants_MeV2(recoil_MeV, mass_MeV, arriving_MeV, gain_MeV)
    stretch = recoil_MeV + jnp.sqrt(recoil_MeV * (recoil_MeV + 2.0 * mass_MeV))
    larger = root + jnp.abs(gap)
    smaller = 4.0 * arriving_MeV**2 * q2 / larger
    plus, minus = jnp.where(gap > 0.0, larger, smaller), jnp.where(gap > 0.0, smaller, larger)
    return 0.5 * stretch * plus / q2, 0.5 * minus / stretch
