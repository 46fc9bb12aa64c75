"""Vector bosons radiated by fast protons."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, is_concrete
from cevnsjax.constants import PROTON_MASS_MEV
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.boson_production import AbstractBosonProduction
from cevnsjax.particle import AbstractDarkMatter

SLOWEST_PROTON_MEV = 8000.0
"""Least kinetic energy of protons whose bremsstrahlung is computed, MeV: that of MiniBooNE's beam."""

# residues, masses (GeV) and widths (GeV) of rho, rho', rho'' and of omega, omega', omega''
_ISOVECTOR = (
    (0.6165340033101271, 0.77, 0.15),
    (0.22320420111672623, 1.25, 0.3),
    (-0.33973820442685326, 1.45, 0.5),
)
_ISOSCALAR = (
    (1.0117544786579074, 0.77, 0.0085),
    (-0.8816565944110686, 1.25, 0.3),
    (0.3699021157531611, 1.45, 0.5),
)


class ProtonBremsstrahlung(AbstractBosonProduction):
    r"""p + A -> p V + X by protons of high energy, V in forward direction.

    d^2N/(dz dp_T^2) = |g F_1(m_V^2)|^2/(4 pi) sigma_pp(s')/sigma_pp(s) w(z, p_T^2), with w of :func:`proton_splitting`,
    z the share of the proton's momentum along the beam, g F_1 the time-like Dirac form factor (:func:`vector_coupling`)
    and s' = 2 m_p (E - E_V) what is left for the collision: J. Bluemlein and J. Brunner, Phys. Lett. B 731, 320 (2014);
    P. deNiverville et al., Phys. Rev. D 95, 035006 (2017). The code of the latter, BdNMC, has a quarter of w ("divide
    by 4?"), and for baryon number a quarter of that. The integral over p_T is closed, with s' at p_T = 0.

    Valid for E, E_V and E - E_V all far above m_p, m_V and p_T. At the 0.8 to 3 GeV of spallation sources it does not
    apply, their protons having hardly more energy than mass: it is refused below 8 GeV.

    Attributes
    ----------
    proton_energy_MeV
        Kinetic energy of the beam, MeV, 8000 or more.
    smallest_share, largest_share
        Range of z; BdNMC takes 0.3 to 0.7 for a beam of 8 GeV.
    transverse_limit_MeV
        Largest p_T, MeV; 200 there, and no more than m_p.
    norm
        Ratio of the production to its prediction (1 nominally).
    """

    proton_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    smallest_share: Float[Array, ""] = eqx.field(converter=as_float, default=0.3)
    largest_share: Float[Array, ""] = eqx.field(converter=as_float, default=0.7)
    transverse_limit_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=200.0)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("proton_energy_MeV", self.proton_energy_MeV, "MeV")
        if is_concrete(self.proton_energy_MeV) and self.proton_energy_MeV < SLOWEST_PROTON_MEV:
            raise CevnsjaxError(
                f"Proton bremsstrahlung is known for protons far faster than they are heavy, from "
                f"{SLOWEST_PROTON_MEV:g} MeV on; it does not apply to a beam of {float(self.proton_energy_MeV):g} MeV."
            )
        low, high = self.smallest_share, self.largest_share
        if is_concrete(low) and is_concrete(high) and not 0.0 < low < high < 1.0:
            raise CevnsjaxError(
                "smallest_share and largest_share must be between 0 and 1, the smaller one first, got "
                f"{float(low):g} and {float(high):g}."
            )
        limit = self.transverse_limit_MeV
        check_positive("transverse_limit_MeV", limit, "MeV")
        if is_concrete(limit) and limit > PROTON_MASS_MEV:
            raise CevnsjaxError(f"transverse_limit_MeV must be up to {PROTON_MASS_MEV:.0f} MeV, got {float(limit):g}.")
        check_not_negative("norm", self.norm, "")

    @property
    def momentum_MeV(self) -> Scalar:
        """Momentum of the beam, MeV."""
        return jnp.sqrt(self.proton_energy_MeV * (self.proton_energy_MeV + 2.0 * PROTON_MASS_MEV))

    def share_density(self, dark_matter: AbstractDarkMatter, share: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Bosons per proton and share z of its momentum, dN/dz, up to the largest p_T."""
        mass = dark_matter.mediator_mass_MeV
        real, imaginary = vector_coupling(dark_matter)
        energy = self.proton_energy_MeV + PROTON_MASS_MEV
        left = energy - jnp.sqrt(mass**2 + (share * self.momentum_MeV) ** 2)
        # a proton that keeps less than its mass is far from where this holds
        remains = left > PROTON_MASS_MEV
        before, after = (2.0 * PROTON_MASS_MEV * each for each in (energy, jnp.where(remains, left, energy)))
        collisions = proton_cross_section_mb(after) / proton_cross_section_mb(before)
        strength = self.norm * (real**2 + imaginary**2) / (4.0 * math.pi)
        splitting = proton_splitting_integral(share, self.transverse_limit_MeV, mass)
        return jnp.where(remains, strength * collisions * splitting, 0.0)

    def rapidity_range(self, dark_matter: AbstractDarkMatter) -> tuple[Scalar, Scalar]:
        per_mass = self.momentum_MeV / dark_matter.mediator_mass_MeV
        return jnp.arcsinh(self.smallest_share * per_mass), jnp.arcsinh(self.largest_share * per_mass)

    def boson_density(
        self, dark_matter: AbstractDarkMatter, rapidity: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        mass = dark_matter.mediator_mass_MeV
        share = mass * jnp.sinh(rapidity) / self.momentum_MeV
        inside = (share >= self.smallest_share) & (share <= self.largest_share)
        density = self.share_density(dark_matter, jnp.where(inside, share, self.smallest_share))
        return jnp.where(inside, density * mass * jnp.cosh(rapidity) / self.momentum_MeV, 0.0)


def proton_splitting(
    share: Float[Array, "*point"], transverse_squared_MeV2: Float[Array, "*point"], boson_mass_MeV: Scalar
) -> Float[Array, "*point"]:
    """w(z, p_T^2) in MeV^-2, for z, p_T^2 (MeV^2) and m_V (MeV).

    w = (2 pi H)^-1 {(1 + (1-z)^2)/z - 2 z (1-z) [(2 m_p^2 + m_V^2)/H - 2 z^2 m_p^4/H^2] + 2 z (1-z) [z + (1-z)^2] m_p^2
    m_V^2/H^2 + 2 z (1-z)^2 m_V^4/H^2}, H = p_T^2 + (1-z) m_V^2 + z^2 m_p^2.
    """
    first, second, third, start = _splitting_terms(share, boson_mass_MeV)
    H = transverse_squared_MeV2 + start
    return (first / H + second / H**2 + third / H**3) / (2.0 * math.pi)


def proton_splitting_integral(
    share: Float[Array, "*point"], transverse_limit_MeV: Scalar, boson_mass_MeV: Scalar
) -> Float[Array, "*point"]:
    """Integral of w(z, p_T^2) over p_T^2 up to the square of a limit in MeV: see :func:`proton_splitting`."""
    first, second, third, start = _splitting_terms(share, boson_mass_MeV)
    length = transverse_limit_MeV**2
    end = start + length
    once = length / (start * end)  # integral of 1/H^2
    return (first * jnp.log1p(length / start) + once * (second + 0.5 * third * (1.0 / start + 1.0 / end))) / (
        2.0 * math.pi
    )


def _splitting_terms(z: Float[Array, "*point"], boson_mass_MeV: Scalar) -> tuple[Float[Array, "*point"], ...]:
    """What multiplies 1/H, 1/H^2 and 1/H^3 in 2 pi w, and H at p_T = 0."""
    mass2, proton2, left = boson_mass_MeV**2, PROTON_MASS_MEV**2, 1.0 - z
    second = -2.0 * z * left * (2.0 * proton2 + mass2)
    third = 2.0 * z * left * (2.0 * z**2 * proton2**2 + (z + left**2) * proton2 * mass2 + left * mass2**2)
    return (1.0 + left**2) / z, second, third, left * mass2 + z**2 * proton2


def vector_coupling(dark_matter: AbstractDarkMatter) -> tuple[Scalar, Scalar]:
    """Real and imaginary part of g F_1 of a proton at q^2 = m_V^2: vector dominance of A. Faessler et al., 0910.5589.

    (g_p - g_n) F^rho + (g_p + g_n) F^omega, each of three poles whose residues add up to 1/2. Their widths are
    constant, so that a proton has 1.01 of its charge at q^2 = 0.
    """
    couplings = dark_matter.couplings
    squared = (1e-3 * dark_matter.mediator_mass_MeV) ** 2
    rho, omega = _poles(squared, _ISOVECTOR), _poles(squared, _ISOSCALAR)
    vector, scalar = couplings.proton - couplings.neutron, couplings.proton + couplings.neutron
    return vector * rho[0] + scalar * omega[0], vector * rho[1] + scalar * omega[1]


def _poles(squared: Scalar, poles: tuple[tuple[float, float, float], ...]) -> tuple[Scalar, Scalar]:
    """Real and imaginary part of the sum of f m^2/(m^2 - q^2 - i m Gamma)."""
    real, imaginary = jnp.zeros_like(squared), jnp.zeros_like(squared)
    for residue, mass, width in poles:
        away, decay = mass**2 - squared, mass * width
        scale = residue * mass**2 / (away**2 + decay**2)
        real, imaginary = real + scale * away, imaginary + scale * decay
    return real, imaginary


def proton_cross_section_mb(squared_energy_MeV2: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """Total cross section of two protons in mb, from s in MeV^2: a fit of the COMPETE collaboration, as in BdNMC.

    sigma = H ln^2(s/s_0) + P + R_1 (s/s_0)^-eta_1 - R_2 (s/s_0)^-eta_2, sqrt(s_0) = 2 m_p + 2.2127 GeV.
    """
    H, P, R1, R2, eta1, eta2, M = 0.2704, 34.49, 12.98, 7.38, 0.451, 0.549, 2212.7
    ratio = squared_energy_MeV2 / (2.0 * PROTON_MASS_MEV + M) ** 2
    return H * jnp.log(ratio) ** 2 + P + R1 * ratio**-eta1 - R2 * ratio**-eta2
