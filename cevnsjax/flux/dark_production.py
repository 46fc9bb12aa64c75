"""Where dark matter is made: what every channel says, stopped negative pions, and bosons that go anywhere."""

from abc import abstractmethod
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_fraction, check_not_negative, gauss_legendre
from cevnsjax.constants import CHARGED_PION_MASS_MEV, NEUTRON_MASS_MEV, PROTON_MASS_MEV
from cevnsjax.flux import rapidity
from cevnsjax.flux.boson_production import AbstractIsotropicProduction
from cevnsjax.particle import AbstractDarkMatter

_NOWHERE = 1.0  # rapidity up to which there is nothing of a closed channel: at rest moments have no derivative


class Emission(eqx.Module):
    """Dark matter that one channel of production sends towards a detector, as a function of its rapidity.

    Attributes
    ----------
    edges
        Edges of the panels in rapidity.
    density
        4 pi times particles per proton, unit of rapidity and sr on the nodes of each panel, particles and antiparticles
        together, over the strength of the channel: for an isotropic source particles per proton and unit of rapidity.
    breaks
        Rapidities at which the density is not smooth, the last one its end.
    dark_width_MeV
        Width of V to dark matter, MeV: of V* its mean over what is made.
    """

    edges: Float[Array, " edge"]
    density: Float[Array, "panel node"]
    breaks: Float[Array, " break"]
    dark_width_MeV: Float[Array, ""]


class AbstractProduction(eqx.Module):
    """A way of making dark matter with protons on a target."""

    origin: eqx.AbstractVar[str]
    """When it is made: a component of the arrival times."""

    norm: eqx.AbstractVar[Float[Array, ""]]
    """Ratio to its prediction (1 nominally)."""

    def check(self, dark_matter: AbstractDarkMatter) -> None:
        """Refuse dark matter that it cannot describe: none, unless a channel knows better.

        Raises
        ------
        CevnsjaxError
            With what is the matter.
        """

    def prepared(self, cosine: Scalar, moving: Sequence[str]) -> "AbstractProduction":
        """Return the same with what does not move computed beforehand: nothing, unless a channel knows better.

        Parameters
        ----------
        cosine
            Of the angle between the beam and the direction of the detector, which stays.
        moving
            Paths of the leaves that may change afterwards.
        """
        return self

    @abstractmethod
    def strength(self, dark_matter: AbstractDarkMatter, dark_width_MeV: Scalar) -> Scalar:
        """What an emission is multiplied by: norm, couplings, and the share of V that decays to dark matter.

        Parameters
        ----------
        dark_matter
            What is made.
        dark_width_MeV
            That of the emission, MeV.
        """

    @abstractmethod
    def emission(self, dark_matter: AbstractDarkMatter, cosine: Scalar) -> Emission:
        """What is sent towards a detector.

        Parameters
        ----------
        dark_matter
            What is made.
        cosine
            Of the angle between the beam and the direction of the detector.
        """


class PionCapture(AbstractProduction):
    """Negative pions that stop and are captured: pi- p -> n V, V -> chi chi, in the place of pi- p -> n gamma.

    At threshold V has one energy, [(m_pi + m_p)^2 - m_n^2 + m_V^2]/(2 (m_pi + m_p)), and goes anywhere; chi is a box
    between two energies. N = N_pi- P_n-gamma eps^2 (p_V/p_gamma) BR(V -> chi chi), eps the coupling to charges: the
    photon comes from the charge of the pion, and a boson of baryon number alone is left out. Two of these are made per
    boson.

    Attributes
    ----------
    captured_per_proton
        Pions that are captured per proton on target.
    photon_share
        P_n-gamma: share of captures with one photon and a neutron. 0.39 in hydrogen (Panofsky ratio 1.546), a few per
        cent in heavy nuclei (recalled); 1 where a code counts all.
    norm
        Ratio to the prediction.
    """

    origin: str = eqx.field(static=True, default="prompt", init=False)
    captured_per_proton: Float[Array, ""] = eqx.field(converter=as_float)
    photon_share: Float[Array, ""] = eqx.field(converter=as_float, default=0.02)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_not_negative("captured_per_proton", self.captured_per_proton, "pions per proton")
        check_fraction("photon_share", self.photon_share)
        check_not_negative("norm", self.norm, "")

    def boson_energy_MeV(self, dark_matter: AbstractDarkMatter) -> Scalar:
        """Energy of V, MeV; that of its mass where it is too heavy."""
        total = CHARGED_PION_MASS_MEV + PROTON_MASS_MEV
        mediator = dark_matter.mediator_mass_MeV
        energy = (total**2 - NEUTRON_MASS_MEV**2 + mediator**2) / (2.0 * total)
        return jnp.where(mediator < total - NEUTRON_MASS_MEV, energy, mediator)

    def strength(self, dark_matter: AbstractDarkMatter, dark_width_MeV: Scalar) -> Scalar:
        mixing = dark_matter.portal.charge_mixing(dark_matter.mass_ratio)
        return self.norm * mixing**2 * dark_matter.dark_share(dark_width_MeV)

    def emission(self, dark_matter: AbstractDarkMatter, cosine: Scalar) -> Emission:
        mass, mediator = dark_matter.arriving_mass_MeV, dark_matter.mediator_mass_MeV
        total = CHARGED_PION_MASS_MEV + PROTON_MASS_MEV
        neutron = as_float(NEUTRON_MASS_MEV)
        boson = rapidity.of_two_body(as_float(total), mediator, neutron)
        photon_MeV = (total**2 - NEUTRON_MASS_MEV**2) / (2.0 * total)
        chi = rapidity.of_two_body(mediator, mass, dark_matter.partner_mass_MeV)
        opens = (boson > 0.0) & (chi > 0.0)
        first = jnp.where(opens, jnp.abs(boson - chi), 0.0)
        last = jnp.where(opens, boson + chi, _NOWHERE)
        edges = jnp.linspace(first, last, rapidity.PANELS + 1)
        # p_V over the width 2 m sinh sinh of the box, in which sinh of V cancels
        box = mediator / (photon_MeV * 2.0 * mass * jnp.where(opens, jnp.sinh(chi), 1.0))
        particles = dark_matter.particles_per_boson * self.captured_per_proton * self.photon_share
        per_MeV = jnp.where(opens, particles * box, 0.0)
        density = per_MeV * mass * jnp.sinh(rapidity.nodes(edges))
        breaks = jnp.where(opens, edges[:: rapidity.PANELS], 0.0)
        return Emission(edges, density, breaks, dark_matter.dark_width_MeV(mediator))


class IsotropicBosons(AbstractProduction):
    """Bosons that are made in all directions alike, and decay: V -> chi chi, each V of one rapidity y.

    In the frame of V chi has one rapidity x*; in the laboratory it has dN/dw = N(y) sinh(w)/(sinh(y) sinh(x*)) between
    abs(y - x*) and y + x*, for two particles. V is on its mass shell.

    Attributes
    ----------
    bosons
        What makes them, as a distribution of their rapidity.
    origin
        ``"prompt"``, or ``"stopped_pion"`` for what waits for pions to decay.
    order
        Nodes in the rapidity of V for each rapidity of chi.
    """

    bosons: AbstractIsotropicProduction
    origin: str = eqx.field(static=True, default="prompt")
    order: int = eqx.field(static=True, default=16)

    @property
    def norm(self) -> Float[Array, ""]:
        return self.bosons.norm

    def strength(self, dark_matter: AbstractDarkMatter, dark_width_MeV: Scalar) -> Scalar:
        return dark_matter.dark_share(dark_width_MeV)  # of bosons that know their norm and their couplings

    def emission(self, dark_matter: AbstractDarkMatter, cosine: Scalar) -> Emission:
        mass, mediator = dark_matter.arriving_mass_MeV, dark_matter.mediator_mass_MeV
        chi = rapidity.of_two_body(mediator, mass, dark_matter.partner_mass_MeV)
        first, last = self.bosons.rapidity_range(dark_matter)
        opens = (chi > 0.0) & (last > first)
        edges = jnp.linspace(jnp.zeros_like(chi), jnp.where(opens, last + chi, _NOWHERE), rapidity.PANELS + 1)
        at = rapidity.nodes(edges)
        low = jnp.clip(jnp.abs(at - chi), first, last)
        high = jnp.clip(at + chi, first, last)
        abscissae, weights = map(as_float, gauss_legendre(self.order))
        boson = low[..., None] + 0.5 * (high - low)[..., None] * (1.0 + abscissae).reshape(1, 1, -1)
        moves = boson > 0.0
        density = self.bosons.boson_density(dark_matter, boson) / jnp.sinh(jnp.where(moves, boson, 1.0))
        folded = 0.5 * (high - low) * jnp.matmul(jnp.where(moves, density, 0.0), weights, precision="highest")
        share = 0.5 * dark_matter.particles_per_boson / jnp.sinh(jnp.where(opens, chi, 1.0))
        density = jnp.where(opens, share * jnp.sinh(at) * folded, 0.0)
        return Emission(edges, density, edges[-1:], dark_matter.dark_width_MeV(mediator))
