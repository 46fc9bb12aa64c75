"""Nuclear form factors: the Fourier transform of a spherical density, normalised to one at zero momentum transfer.

They multiply amplitudes; a rate contains the square. Every form factor is parametrised by its root-mean-square
radius, so that a measured radius, a neutron skin or a fit parameter means the same in all of them.
"""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive, power_series
from cevnsjax.constants import HBAR_C_MEV_FM, NUCLEON_MASS_MEV
from cevnsjax.errors import CevnsjaxError

HELM_SKIN_THICKNESS_FM = 0.9
KLEIN_NYSTRAND_RANGE_FM = 0.7
FERMI_DIFFUSENESS_FM = 0.52


def uniform_ball(x_squared: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """3 j_1(x)/x as a function of x^2: the form factor of a ball of uniform density, smooth through x = 0."""
    series = [3.0 * (-1) ** k * 2 * (k + 1) / math.factorial(2 * k + 3) for k in range(9)]
    return _with_series(x_squared, series, lambda x: 3.0 * (jnp.sin(x) - x * jnp.cos(x)) / x**3)


def _sinc(x_squared: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    series = [(-1) ** k / math.factorial(2 * k + 1) for k in range(10)]
    return _with_series(x_squared, series, lambda x: jnp.sin(x) / x)


def _inverse_sinhc(z_squared: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """z/sinh(z) as a function of z^2."""
    series = [1.0 / math.factorial(2 * k + 1) for k in range(10)]
    return 1.0 / _with_series(z_squared, series, lambda z: jnp.sinh(z) / z)


def _langevin(z_squared: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """(z coth z - 1)/z^2 as a function of z^2, 1/3 at zero: a quotient of two entire functions."""
    numerator = [2.0 * (k + 1) / math.factorial(2 * k + 3) for k in range(9)]
    ratio = _with_series(z_squared, numerator, lambda z: (z * jnp.cosh(z) - jnp.sinh(z)) / z**3)
    return ratio * _inverse_sinhc(z_squared)


def _with_series(argument, series, closed_form):
    """Use the power series in the argument below one, the closed form in its square root above; both guarded."""
    small = argument < 1.0
    root = jnp.sqrt(jnp.where(small, 1.0, argument))
    return jnp.where(small, power_series(jnp.where(small, argument, 0.0), series), closed_form(root))


def fade_out(value, slope, beyond: Float[Array, "*shape"], width) -> Float[Array, "*shape"]:
    """Go on smoothly where a form factor is no longer known: a straight line times a Gaussian, that ends at zero.

    Parameters
    ----------
    value, slope
        Value and derivative at the end of what is known, ``beyond = 0``; both go on without a jump.
    beyond
        Distance from there, zero or positive; the value itself is returned at zero.
    width
        Standard deviation of the Gaussian.
    """
    return (value + slope * beyond) * jnp.exp(-0.5 * (beyond / width) ** 2)


class AbstractFormFactor(eqx.Module):
    """A form factor F(q)."""

    @abstractmethod
    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Evaluate F.

        Parameters
        ----------
        momentum_transfer_per_fm
            q in fm^-1, any shape.

        Returns
        -------
        Array
            F(q), dimensionless, of the same shape, with F(0) = 1.
        """


class PointLike(AbstractFormFactor):
    """F = 1: a nucleus without structure."""

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.ones_like(momentum_transfer_per_fm)


class Helm(AbstractFormFactor):
    """F = 3 j_1(q R_0)/(q R_0) exp(-q^2 s^2/2), with R_0^2 = (5/3)(R_rms^2 - 3 s^2).

    R. H. Helm, Phys. Rev. 104, 1466 (1956).

    Attributes
    ----------
    rms_radius_fm
        Root-mean-square radius, fm.
    skin_thickness_fm
        Surface thickness s, fm.
    """

    rms_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)
    skin_thickness_fm: Float[Array, ""] = eqx.field(converter=as_float, default=HELM_SKIN_THICKNESS_FM)

    def __check_init__(self):
        check_positive("rms_radius_fm", self.rms_radius_fm, "fm")
        check_positive("skin_thickness_fm", self.skin_thickness_fm, "fm")

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        q2 = momentum_transfer_per_fm**2
        s2 = self.skin_thickness_fm**2
        diffraction_radius2 = (5.0 / 3.0) * (self.rms_radius_fm**2 - 3.0 * s2)
        return uniform_ball(q2 * diffraction_radius2) * jnp.exp(-0.5 * q2 * s2)

    @classmethod
    def lewin_smith(cls, mass_number: int) -> "Helm":
        """Helm form factor with the radius of Lewin and Smith, Astropart. Phys. 6, 87 (1996), eq. 4.11.

        R_0^2 = c^2 + (7/3) pi^2 a^2 - 5 s^2 with c = (1.23 A^(1/3) - 0.60) fm, a = 0.52 fm, s = 0.9 fm.
        """
        half_density_radius = 1.23 * mass_number ** (1 / 3) - 0.60
        return cls(math.sqrt(0.6 * (half_density_radius**2 + (7 / 3) * (math.pi * 0.52) ** 2)))


class OscillatorShell(AbstractFormFactor):
    """Nucleons in one major shell of a harmonic oscillator: what spins that flip within it are distributed like.

    F = L_N^(2)(2y)/L_N^(2)(0) exp(-y) with y = (q b/2)^2, N quanta and b^2 = R_rms^2/(N + 3/2): 1 - 2y/3 for the p
    shell, 1 - 4y/3 + y^2/3 for sd, times the exponential. Motion of the centre of mass is not corrected.

    Attributes
    ----------
    rms_radius_fm
        Root-mean-square radius of the shell, fm.
    quanta
        N.
    """

    rms_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)
    quanta: int = eqx.field(static=True)

    def __check_init__(self):
        check_positive("rms_radius_fm", self.rms_radius_fm, "fm")
        if self.quanta < 0:
            raise CevnsjaxError(f"quanta must be 0, 1, 2 ..., got {self.quanta}.")

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        y = 0.25 * momentum_transfer_per_fm**2 * self.rms_radius_fm**2 / (self.quanta + 1.5)
        n = self.quanta
        laguerre = [
            (-2.0) ** k * math.comb(n + 2, n - k) / (math.factorial(k) * math.comb(n + 2, n)) for k in range(n + 1)
        ]
        return power_series(y, laguerre) * jnp.exp(-y)

    @classmethod
    def from_mass_number(cls, mass_number: int) -> "OscillatorShell":
        """Valence shell of a nucleus with hbar omega = 45 A^(-1/3) - 25 A^(-2/3) MeV.

        J. Blomqvist and A. Molinari, Nucl. Phys. A 106, 545 (1968).
        """
        hbar_omega = 45.0 * mass_number ** (-1 / 3) - 25.0 * mass_number ** (-2 / 3)
        length2 = HBAR_C_MEV_FM**2 / (NUCLEON_MASS_MEV * hbar_omega)
        # Z = N closes shells at A = 4, 16, 40, 80 and 140
        quanta = sum(mass_number > closed for closed in (4, 16, 40, 80, 140))
        return cls(math.sqrt((quanta + 1.5) * length2), quanta)


class NeutronSkin(AbstractFormFactor):
    """The form factor of another density with a radius that is larger by a skin: R_n = R_p + skin.

    Attributes
    ----------
    core
        Form factor of the protons, of any kind that has an ``rms_radius_fm``.
    skin_fm
        Difference of the root-mean-square radii, fm.
    """

    core: AbstractFormFactor
    skin_fm: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        if not hasattr(self.core, "rms_radius_fm"):
            raise CevnsjaxError(f"A neutron skin needs a form factor with a radius, got {type(self.core).__name__}.")

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        thicker = eqx.tree_at(lambda f: f.rms_radius_fm, self.core, replace_fn=lambda radius: radius + self.skin_fm)
        return thicker(momentum_transfer_per_fm)


class KleinNystrand(AbstractFormFactor):
    """F = 3 j_1(q R_A)/(q R_A)/(1 + q^2 a^2), with R_A^2 = (5/3)(R_rms^2 - 6 a^2).

    S. Klein and J. Nystrand, Phys. Rev. C 60, 014903 (1999): a hard sphere folded with a Yukawa potential.

    Attributes
    ----------
    rms_radius_fm
        Root-mean-square radius, fm.
    range_fm
        Range a of the Yukawa potential, fm.
    """

    rms_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)
    range_fm: Float[Array, ""] = eqx.field(converter=as_float, default=KLEIN_NYSTRAND_RANGE_FM)

    def __check_init__(self):
        check_positive("rms_radius_fm", self.rms_radius_fm, "fm")
        check_positive("range_fm", self.range_fm, "fm")

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        q2 = momentum_transfer_per_fm**2
        a2 = self.range_fm**2
        sphere_radius2 = (5.0 / 3.0) * (self.rms_radius_fm**2 - 6.0 * a2)
        return uniform_ball(q2 * sphere_radius2) / (1.0 + q2 * a2)

    @classmethod
    def from_mass_number(cls, mass_number: int, radius_constant_fm: float = 1.2) -> "KleinNystrand":
        """Klein-Nystrand form factor with R_A = radius_constant_fm A^(1/3) (COHERENT papers use 1.2 and 1.23 fm)."""
        sphere_radius = radius_constant_fm * mass_number ** (1 / 3)
        return cls(math.sqrt(0.6 * sphere_radius**2 + 6.0 * KLEIN_NYSTRAND_RANGE_FM**2))


class SymmetrizedFermi(AbstractFormFactor):
    """Symmetrised Fermi density, with R_rms^2 = (3/5) c^2 + (7/5)(pi a)^2.

    D. W. L. Sprung and J. Martorell, J. Phys. A 30, 6525 (1997). The form below is their closed form with the powers
    of q divided out: F = (z/sinh z)[c^2 w(qc) + 3 pi^2 a^2 sinc(qc) (z coth z - 1)/z^2]/(c^2 + pi^2 a^2), z = pi q a,
    w(x) = 3 j_1(x)/x, whose only singular point is removable: c^2 = -(pi a)^2, at R_rms = 2 pi a/sqrt5, 1.461 fm.

    Attributes
    ----------
    rms_radius_fm
        Root-mean-square radius, fm.
    diffuseness_fm
        Surface diffuseness a, fm (surface thickness t = 4 a ln 3).
    """

    rms_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)
    diffuseness_fm: Float[Array, ""] = eqx.field(converter=as_float, default=FERMI_DIFFUSENESS_FM)

    def __check_init__(self):
        check_positive("rms_radius_fm", self.rms_radius_fm, "fm")
        check_positive("diffuseness_fm", self.diffuseness_fm, "fm")

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        q2 = momentum_transfer_per_fm**2
        surface2 = (math.pi * self.diffuseness_fm) ** 2
        half_density_radius2 = (5.0 / 3.0) * self.rms_radius_fm**2 - (7.0 / 3.0) * surface2
        total = half_density_radius2 + surface2
        x2, z2 = q2 * half_density_radius2, q2 * surface2
        density = half_density_radius2 * uniform_ball(x2) + 3.0 * surface2 * _sinc(x2) * _langevin(z2)
        removable = jnp.abs(total) < 0.5 * surface2
        quotient = jnp.where(
            removable,
            _fermi_mean(jnp.where(removable, q2 * total, 0.0), z2),
            density / jnp.where(removable, 1.0, total),
        )
        return _inverse_sinhc(z2) * quotient


def _fermi_mean(step, z2):
    """Quotient of the closed form where c^2 is near -(pi a)^2 and both sides vanish: the mean of the derivative.

    With u = x^2 it is half the mean of 3 sinc - (z coth z) w over u from -z^2 to -z^2 + step, by Gauss's rule, exact to
    rounding since both are entire functions of u.
    """
    abscissae, weights = np.polynomial.legendre.leggauss(5)
    cosh_ratio = 1.0 + z2 * _langevin(z2)
    mean = jnp.zeros_like(z2)
    for abscissa, weight in zip((0.5 * (1.0 + abscissae)).tolist(), (0.25 * weights).tolist(), strict=True):
        u = abscissa * step - z2
        mean = mean + weight * (3.0 * _sinc(u) - cosh_ratio * uniform_ball(u))
    return mean
