"""How dark matter excites a nuclear level: the operator that does it, folded with the current of dark matter."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_positive, gauss_legendre
from cevnsjax.constants import (
    AXIAL_COUPLING,
    CROSS_SECTION_MEV2,
    HBAR_C_MEV_FM,
    NEUTRON_MOMENT,
    NUCLEON_MASS_MEV,
    PROTON_MOMENT,
)
from cevnsjax.particle import AbstractElasticDarkMatter
from cevnsjax.target import AbstractFormFactor, NuclearLevels


class Transfers(eqx.Module):
    """Energies and momenta that are handed to a nucleus of mass M, on nodes of the four-momentum transfer.

    Attributes
    ----------
    is_open
        Whether the level can be reached, shape ``[*shape]``; where not, all below is that of another energy.
    energy_MeV, momentum_MeV
        E and p of what comes in, MeV, shape ``[*shape, 1]``.
    final_energy_MeV, transfer_MeV
        E' and w = E - E', which is E_x and the recoil, MeV, shape ``[*shape, node]``.
    q2_MeV2, momentum2_MeV2, perpendicular2_MeV2
        Q^2 = q^2 - w^2, q^2 and (p x q)^2/q^2, MeV^2, shape ``[*shape, node]``.
    weight_per_MeV2
        A sum with it is an integral over dQ^2/(Q^2 + m_V^2)^2, MeV^-2, shape ``[*shape, node]``.
    """

    is_open: Bool[Array, "*shape"]
    energy_MeV: Float[Array, "*shape 1"]
    momentum_MeV: Float[Array, "*shape 1"]
    final_energy_MeV: Float[Array, "*shape node"]
    transfer_MeV: Float[Array, "*shape node"]
    q2_MeV2: Float[Array, "*shape node"]
    momentum2_MeV2: Float[Array, "*shape node"]
    perpendicular2_MeV2: Float[Array, "*shape node"]
    weight_per_MeV2: Float[Array, "*shape node"]

    def total(self, integrand: Float[Array, "*shape node"]) -> Float[Array, "*shape"]:
        """Integral over dQ^2/(Q^2 + m_V^2)^2, MeV^-2 times the integrand; zero below threshold."""
        return jnp.where(self.is_open, (self.weight_per_MeV2 * integrand).sum(axis=-1), 0.0)


def threshold_energy_MeV(
    particle_mass_MeV: Scalar, excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar
) -> Float[Array, "*shape"]:
    """Smallest total energy with which a particle excites a nucleus of a mass M at rest, MeV.

    m (1 + E_x/M) + E_x (1 + E_x/(2 M)).
    """
    return particle_mass_MeV * (1.0 + excitation_MeV / mass_MeV) + _least_transfer_MeV(excitation_MeV, mass_MeV)


def place_transfers(
    energy_MeV: Float[Array, "*shape"],
    excitation_MeV: Float[Array, "*shape"],
    dark_matter: AbstractElasticDarkMatter,
    mass_MeV: Scalar,
    order: int,
) -> Transfers:
    """Place Gauss-Legendre nodes in ln(Q^2 + m_V^2), which resolve the pole of any mediator.

    Q^2 lies between those of forward and backward scattering in the centre of mass, exactly; with their product m^2
    (M*^2 - M^2)^2/s, nothing cancels in forward directions.

    Parameters
    ----------
    energy_MeV, excitation_MeV
        E and E_x, MeV, of one shape.
    dark_matter
        For the masses m of the particle and m_V of the mediator.
    mass_MeV
        M, MeV; infinite for no recoil.
    order
        Number of nodes.
    """
    mass, pole = dark_matter.mass_MeV, dark_matter.mediator_mass_MeV**2
    threshold = threshold_energy_MeV(mass, excitation_MeV, mass_MeV)
    is_open = energy_MeV > threshold
    energy = jnp.where(is_open, energy_MeV, threshold + 1.0)  # where it is closed, any energy that is not
    least = _least_transfer_MeV(excitation_MeV, mass_MeV)
    invariant = 1.0 + (2.0 * energy + mass**2 / mass_MeV) / mass_MeV  # s/M^2
    momentum = jnp.sqrt((energy - mass) * (energy + mass))
    incoming = momentum / jnp.sqrt(invariant)
    above = energy - threshold
    outgoing = jnp.sqrt(above * (above + 2.0 * mass * (1.0 + excitation_MeV / mass_MeV)) / invariant)
    kinetic, final_kinetic = (p**2 / (jnp.sqrt(p**2 + mass**2) + mass) for p in (incoming, outgoing))
    span = 4.0 * incoming * outgoing
    backward = 2.0 * (mass * (kinetic + final_kinetic) + kinetic * final_kinetic) + 0.5 * span
    forward = (2.0 * mass * least) ** 2 / (invariant * backward)

    abscissae, weights = map(as_float, gauss_legendre(order))
    rank = [1] * energy_MeV.ndim
    length = jnp.log1p(span / (forward + pole))[..., None]
    fraction = 0.5 * (1.0 + abscissae).reshape(*rank, -1)
    beyond = (forward + pole)[..., None] * jnp.expm1(length * fraction)
    q2 = forward[..., None] + beyond
    transfer = least[..., None] + 0.5 * q2 / mass_MeV
    momentum2 = q2 + transfer**2
    across = 0.25 * invariant[..., None] * beyond * (span[..., None] - beyond)
    return Transfers(
        is_open,
        energy[..., None],
        momentum[..., None],
        energy[..., None] - transfer,
        transfer,
        q2,
        momentum2,
        across / momentum2,
        0.5 * weights.reshape(*rank, -1) * length / (q2 + pole),
    )


def _least_transfer_MeV(excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar) -> Float[Array, "*shape"]:
    """(M*^2 - M^2)/(2 M): w at Q^2 = 0."""
    return excitation_MeV * (1.0 + 0.5 * excitation_MeV / mass_MeV)


class AbstractDarkTransition(eqx.Module):
    """sigma = (reach) x (strength)/(2 J_i + 1): kinematics and an operator, apart from couplings."""

    @abstractmethod
    def threshold_MeV(
        self, dark_matter: AbstractElasticDarkMatter, excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar
    ) -> Float[Array, "*shape"]:
        """Smallest total energy, MeV, for excitation energies (MeV) of a nucleus of a mass (MeV)."""

    @abstractmethod
    def reach(
        self,
        energy_MeV: Float[Array, "*shape"],
        excitation_MeV: Float[Array, "*shape"],
        dark_matter: AbstractElasticDarkMatter,
        mass_MeV: Scalar,
        form_factor: AbstractFormFactor,
        order: int,
    ) -> Float[Array, "*shape"]:
        """Cross section for couplings and squared matrix elements of one, 1e-40 cm^2; zero below threshold.

        Parameters
        ----------
        energy_MeV, excitation_MeV
            Total energies of dark matter, and of levels, MeV, of one shape.
        dark_matter
            For its masses and its current; couplings are part of the strength.
        mass_MeV
            Mass of the nucleus, MeV.
        form_factor
            Of the transition.
        order
            Nodes in the scattering angle.
        """

    @abstractmethod
    def strength(self, dark_matter: AbstractElasticDarkMatter, levels: NuclearLevels) -> Float[Array, " level"]:
        """Squared matrix element of the operator with couplings, g_D^2 included, with quenching."""


class AbstractGoldenRule(AbstractDarkTransition):
    """dsigma/dcos = (E/p) p' E'/(2 pi) g_D^2 W/[(2 J_i + 1) (Q^2 + m_V^2)^2], and recoil.

    W is the operator traced with the spin-averaged current l of dark matter. In invariants, and with the phase space of
    a nucleus that recoils, dsigma/dQ^2 = E E'/(4 pi p^2) (1 + w/M) g_D^2 W/[(2 J_i + 1) (Q^2 + m_V^2)^2].
    """

    @abstractmethod
    def contraction(self, dark_matter: AbstractElasticDarkMatter, at: Transfers) -> Float[Array, "*shape node"]:
        """W for a squared matrix element of one, without the form factor of the transition."""

    def threshold_MeV(
        self, dark_matter: AbstractElasticDarkMatter, excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar
    ) -> Float[Array, "*shape"]:
        return threshold_energy_MeV(dark_matter.mass_MeV, excitation_MeV, mass_MeV)

    def reach(
        self,
        energy_MeV: Float[Array, "*shape"],
        excitation_MeV: Float[Array, "*shape"],
        dark_matter: AbstractElasticDarkMatter,
        mass_MeV: Scalar,
        form_factor: AbstractFormFactor,
        order: int,
    ) -> Float[Array, "*shape"]:
        at = place_transfers(energy_MeV, excitation_MeV, dark_matter, mass_MeV, order)
        phase_space = at.final_energy_MeV * (1.0 + at.transfer_MeV / mass_MeV)
        transition = form_factor(jnp.sqrt(at.momentum2_MeV2) / HBAR_C_MEV_FM)
        flux = (CROSS_SECTION_MEV2 / (4.0 * math.pi)) * at.energy_MeV / at.momentum_MeV**2
        return at.total(flux * phase_space * transition**2 * self.contraction(dark_matter, at))


class GamowTeller(AbstractGoldenRule):
    """A mediator with axial couplings to nucleons: L = V_mu Nbar gamma^mu gamma5 (a_3 tau_3 + a_0)/2 N.

    a_3 = g_A (g_p - g_n) and a_0 = g_A^0 (g_p + g_n)/3: quarks have as axial charges what are vector charges in the
    portal. The literature takes it for dark photons (B. Dutta, W.-C. Huang and J. L. Newstead, arXiv:2302.10250), but a
    vector portal has no such coupling: see :class:`MagneticDipole`.

    W = (1/3) l.l* F_A^2 F^2(q) |<J_f||sum sigma (a_3 tau_3 + a_0)/2||J_i>|^2: transverse and longitudinal multipoles of
    one spin operator. The pion pole does not count, as the current of dark matter is conserved. The axial charge and
    [Y_2 sigma]_1 are left out.

    Attributes
    ----------
    axial_coupling
        g_A.
    isoscalar_axial_coupling
        g_A^0 = Delta u + Delta d, zero as in the literature unless given; a boson of baryon number needs it.
    axial_mass_MeV
        M_A of the dipole F_A = (1 + Q^2/M_A^2)^-2.
    """

    axial_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=AXIAL_COUPLING)
    isoscalar_axial_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    axial_mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=1026.0)

    def __check_init__(self):
        check_finite("axial_coupling", self.axial_coupling, "")
        check_finite("isoscalar_axial_coupling", self.isoscalar_axial_coupling, "")
        check_positive("axial_mass_MeV", self.axial_mass_MeV, "MeV")

    def contraction(self, dark_matter: AbstractElasticDarkMatter, at: Transfers) -> Float[Array, "*shape node"]:
        charge, transverse = dark_matter.current_tensor(
            at.energy_MeV, at.final_energy_MeV, at.q2_MeV2, at.perpendicular2_MeV2
        )
        axial = (1.0 + at.q2_MeV2 / self.axial_mass_MeV**2) ** -2
        return (transverse + charge * at.transfer_MeV**2 / at.momentum2_MeV2) * axial**2 / 3.0

    def strength(self, dark_matter: AbstractElasticDarkMatter, levels: NuclearLevels) -> Float[Array, " level"]:
        to = dark_matter.couplings
        isovector = 0.5 * self.axial_coupling * (to.proton - to.neutron)
        isoscalar = self.isoscalar_axial_coupling * (to.proton + to.neutron) / 6.0
        return to.dark**2 * levels.strength((isoscalar + isovector, isoscalar - isovector))


class MagneticDipole(AbstractGoldenRule):
    """M1 transitions by the vector couplings of a portal: j = i sigma x q (magnetic couplings)/(2 m_N), and orbits.

    W = (1/3) (q^2/(4 m_N^2)) l_T F^2(q) |<J_f||sum g l + mu sigma||J_i>|^2. Magnetic couplings are g_p mu_p + g_n mu_n
    of protons and g_p mu_n + g_n mu_p of neutrons, without strange quarks: of a dark photon those of a photon, so that
    the strength is epsilon^2 B(M1). Orbital momenta of neutrons follow from those of protons, as J excites nothing: L_n
    = -L_p - (S_p + S_n)/2. All share one form factor; J. D. Walecka, *Theoretical Nuclear and Subnuclear Physics*
    (1995), ch. 45. Multipoles without spins (C0, C2, E1 ...) are other levels, and left out.

    Attributes
    ----------
    proton_moment, neutron_moment
        mu_p and mu_n, nuclear magnetons.
    """

    proton_moment: Float[Array, ""] = eqx.field(converter=as_float, default=PROTON_MOMENT)
    neutron_moment: Float[Array, ""] = eqx.field(converter=as_float, default=NEUTRON_MOMENT)

    def __check_init__(self):
        check_finite("proton_moment", self.proton_moment, "nuclear magnetons")
        check_finite("neutron_moment", self.neutron_moment, "nuclear magnetons")

    def contraction(self, dark_matter: AbstractElasticDarkMatter, at: Transfers) -> Float[Array, "*shape node"]:
        _, transverse = dark_matter.current_tensor(
            at.energy_MeV, at.final_energy_MeV, at.q2_MeV2, at.perpendicular2_MeV2
        )
        return transverse * at.momentum2_MeV2 / (12.0 * NUCLEON_MASS_MEV**2)

    def strength(self, dark_matter: AbstractElasticDarkMatter, levels: NuclearLevels) -> Float[Array, " level"]:
        to = dark_matter.couplings
        of_proton = to.proton * self.proton_moment + to.neutron * (self.neutron_moment - 0.5)
        of_neutron = to.proton * self.neutron_moment + to.neutron * (self.proton_moment - 0.5)
        spins = of_proton * levels.proton_spin + of_neutron * levels.neutron_spin
        moment = (to.proton - to.neutron) * levels.proton_orbital + spins
        return to.dark**2 * levels.quenching * levels.relative_strength * moment**2
