"""Excitation of nuclear levels by dark matter as it was published: to reproduce numbers, not to compute with."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive
from cevnsjax.constants import CROSS_SECTION_MEV2, HBAR_C_MEV_FM
from cevnsjax.cross_section.dark_transition import AbstractDarkTransition, place_transfers
from cevnsjax.particle import AbstractElasticDarkMatter, ScalarDarkMatter
from cevnsjax.target import AbstractFormFactor, NuclearLevels


class TalkGamowTeller(AbstractDarkTransition):
    """The Gamow-Teller cross section of a talk of B. Dutta (2024) and of lightDM, the code of arXiv:2302.10250.

    dsigma/dcos = 2 (g_D g)^2 E' p'/(2 pi) (4 pi/(2 J_i + 1)) (g_A^2/(12 pi)) S l.l/(Q^2 + m_V^2)^2 with g = g_p - g_n.
    Beside :class:`GamowTeller` with the same S:

    - l.l is summed over spins of a Dirac fermion, not averaged, and there is a factor 2: 4 times as much, as in the
      elastic limit of the same multipoles beside the elastic formula of the talk;
    - E' p' has no E/p (E'/p for E E'/p^2 in the recoil energy): p/E times as much;
    - masses in the trace are misprinted: l.l = 3 - (p.p' + (3/4) m^2)/(E E') for a Dirac fermion has 3 m^2 in truth.
      At m = 10, E = 15, E' = 14 MeV and cos = 0.3 it is 2.4864, not 1.4149;
    - a scalar has l.l = p.p'/(E E'), not (p + p')^2/(4 E E');
    - the propagator of the talk is 1/(q^2 + m_V^2); that of lightDM has Q^2 = q^2 - w^2;
    - S = 2 B of their shell-model files, which is no isovector strength:
      :func:`cevnsjax.target.dutta_huang_newstead_pandey_levels` has it. Here it is ``isovector_strength``.

    E' is that of a nucleus that stays at rest, but for l.l, where it has lost q^2/(2 M). LightDM leaves out angles
    where that is below m, next to threshold, which is not done here.

    Attributes
    ----------
    axial_coupling
        g_A.
    energy_in_propagator
        Whether the propagator has -w^2, as in lightDM.
    """

    axial_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=1.27)
    energy_in_propagator: bool = eqx.field(static=True, default=True)

    def __check_init__(self):
        check_positive("axial_coupling", self.axial_coupling, "")

    def threshold_MeV(
        self, dark_matter: AbstractElasticDarkMatter, excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar
    ) -> Float[Array, "*shape"]:
        return dark_matter.mass_MeV + excitation_MeV

    def reach(
        self,
        energy_MeV: Float[Array, "*shape"],
        excitation_MeV: Float[Array, "*shape"],
        dark_matter: AbstractElasticDarkMatter,
        mass_MeV: Scalar,
        form_factor: AbstractFormFactor,
        order: int,
    ) -> Float[Array, "*shape"]:
        at = place_transfers(energy_MeV, excitation_MeV, dark_matter, as_float(math.inf), order)
        final = at.final_energy_MeV - 0.5 * at.momentum2_MeV2 / mass_MeV
        square = dark_matter.mass_MeV**2
        product = 0.5 * (at.momentum_MeV**2 + final**2 - square - at.momentum2_MeV2)
        if isinstance(dark_matter, ScalarDarkMatter):
            current = product / (at.energy_MeV * final)
        else:
            current = 3.0 - (product + 0.75 * square) / (at.energy_MeV * final)
        if not self.energy_in_propagator:
            inverse = at.q2_MeV2 + dark_matter.mediator_mass_MeV**2
            current = current * (inverse / (inverse + at.transfer_MeV**2)) ** 2
        transition = form_factor(jnp.sqrt(at.momentum2_MeV2) / HBAR_C_MEV_FM)
        # dQ^2 = 2 p p' dcos
        flux = (CROSS_SECTION_MEV2 / (6.0 * math.pi)) * at.final_energy_MeV / at.momentum_MeV
        return at.total(flux * transition**2 * current)

    def strength(self, dark_matter: AbstractElasticDarkMatter, levels: NuclearLevels) -> Float[Array, " level"]:
        to = dark_matter.couplings
        return (to.dark * self.axial_coupling * (to.proton - to.neutron)) ** 2 * levels.isovector_strength
