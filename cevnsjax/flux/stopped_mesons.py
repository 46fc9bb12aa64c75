"""Vector bosons from charged mesons that decay at rest."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive
from cevnsjax.flux.boson_production import AbstractIsotropicProduction
from cevnsjax.flux.facilities import decay_at_rest_facility
from cevnsjax.particle import AbstractDarkMatter, ChargedMesonDecay, MesonCouplings, charged_meson_decay


class StoppedMesons(AbstractIsotropicProduction):
    """M+ -> l+ nu V of mesons at rest: N(y) = mesons per proton x (1/Gamma) dGamma/dy.

    Positive mesons stop and decay, negative ones are captured by nuclei. Both leptons are two productions. Beside
    electrons the spectrum falls in its last keV, which moments by 64 nodes in rapidity know to 1e-4.

    Attributes
    ----------
    decay
        Meson and lepton; the couplings are those of the portal, :meth:`cevnsjax.particle.MesonCouplings.of_portal`.
    mesons_per_proton
        Positive mesons that stop, per proton on target.
    norm
        Ratio of the production to its prediction (1 nominally).
    """

    decay: ChargedMesonDecay
    mesons_per_proton: Float[Array, ""] = eqx.field(converter=as_float)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("mesons_per_proton", self.mesons_per_proton, "")
        check_not_negative("norm", self.norm, "")

    def rapidity_range(self, dark_matter: AbstractDarkMatter) -> tuple[Scalar, Scalar]:
        high = self.decay.rapidity_limit(dark_matter.mediator_mass_MeV)
        return jnp.zeros_like(high), high

    def boson_density(
        self, dark_matter: AbstractDarkMatter, rapidity: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        couplings = MesonCouplings.of_portal(dark_matter.portal, dark_matter.mass_ratio)
        share = self.decay.boson_density(couplings, dark_matter.mediator_mass_MeV, rapidity)
        return self.norm * self.mesons_per_proton * share


def stopped_pions(facility: str, lepton: str) -> StoppedMesons:
    """Build the pions that stop at a facility, one for each muon neutrino of it, and decay to an "electron" or "muon".

    Raises
    ------
    UnknownNameError
        If there is no such facility or lepton.
    """
    per_proton = decay_at_rest_facility(facility).neutrinos_per_proton
    return StoppedMesons(decay=charged_meson_decay("pion", lepton), mesons_per_proton=per_proton)
