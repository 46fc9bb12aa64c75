"""Dark matter from neutral mesons that decay in flight."""

import math
from abc import abstractmethod
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import (
    Scalar,
    as_float,
    check_fraction,
    check_not_negative,
    check_positive,
    gauss_legendre,
    is_concrete,
)
from cevnsjax.constants import ETA_MASS_MEV, ETA_TO_PHOTONS, NEUTRAL_PION_MASS_MEV, NEUTRAL_PION_TO_PHOTONS
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import rapidity
from cevnsjax.flux.boosts import STEPS, boosted
from cevnsjax.flux.dark_production import AbstractProduction, Emission
from cevnsjax.flux.meson_cells import MesonCells
from cevnsjax.particle import AbstractDarkMatter, AbstractPortal
from cevnsjax.particle.dark_matter import power_above_zero
from cevnsjax.reached import depends_on

_SMALLEST_RATIO = 1e-36  # a branching ratio that float32 can be divided by
_FLOOR = 1e-12  # of a squared mass: what is closed has no width at all


class AbstractNeutralMeson(AbstractProduction):
    """A pseudoscalar meson P that decays in flight: P -> gamma V*, V* -> chi chi.

    The invariant mass sqrt(s) of the pair is integrated over,

    dBR/ds = 2 B(P -> gamma gamma) eps^2 (1 - s/M^2)^3 sqrt(s) Gamma_chi(s)/(pi [(s - m_V^2)^2 + s Gamma_V(s)^2]),

    with widths at s: at m_V, as in BdNMC, the pole of a fermion at threshold would have no width. So nothing happens at
    m_V = 2 m_chi or m_V = M: above 2 m_chi that is the pole, whose integral is 2 B eps^2 (1 - m_V^2/M^2)^3 BR(V -> chi
    chi), and a few per cent from its surroundings. Gamma_V is Gamma_chi here, times the share that the mean Gamma_chi
    of all pairs has in the sum with the width to what is visible: exact for a pole, and the couplings that make V do
    not change the shape. V is transverse: chi has the angular law of its helicity in the frame of V, unless
    ``isotropic`` says otherwise, as most codes do. In the frame of the meson a pair of one s is a box in the energy of
    chi; the boost to the laboratory adds rapidities.

    Nodes in s are placed in arcsinh((s - m_V^2)/w), w = m_V Gamma_V, on both sides of the pole and closer to it. Boosts
    do not know of masses: they take steps of rapidity in the frame of the meson to nodes of rapidity in the laboratory,
    and are computed once.

    For alpha_D above 1e-3 the defaults are good to 1e-3; narrower poles are taken to be as wide as that.
    """

    mesons: eqx.AbstractVar[MesonCells]
    mass_MeV: eqx.AbstractVar[Float[Array, ""]]
    photon_branching_ratio: eqx.AbstractVar[Float[Array, ""]]
    isotropic: eqx.AbstractVar[bool]
    masses: eqx.AbstractVar[int]
    boosts: eqx.AbstractVar[Float[Array, "cell node step"] | None]

    @abstractmethod
    def mixing(self, portal: AbstractPortal, mass_ratio: Scalar) -> Scalar:
        """eps: amplitude of gamma V over that of a second photon."""

    def pairs(self, dark_matter: AbstractDarkMatter) -> tuple[Float[Array, " s"], Float[Array, " s"]]:
        """Invariant masses sqrt(s) of the pairs, MeV, and the branching ratio of each node over the strength."""
        mass, mediator = self.mass_MeV, dark_matter.mediator_mass_MeV
        width = dark_matter.dark_width_MeV(mediator)
        threshold = (dark_matter.arriving_mass_MeV + dark_matter.partner_mass_MeV) ** 2
        end = jnp.maximum(mass**2, threshold * (1.0 + 1e-6))  # where it is closed, weights are zero
        # a pole that is too narrow for the nodes is widened at the same integral
        broad = jnp.maximum(width, _narrowest_width_MeV(dark_matter))
        has_width = width > 0.0
        factor = jnp.where(has_width, broad / jnp.where(has_width, width, 1.0), 1.0)
        scale = mediator * broad + jnp.maximum(threshold - mediator**2, 0.0) + _FLOOR * mediator**2
        low = jnp.arcsinh((threshold - mediator**2) / scale)
        high = jnp.arcsinh((end - mediator**2) / scale)
        # from the pole, or from the threshold above it, up; and from the pole down to threshold
        middle = jnp.clip(0.0, low, high)
        abscissae, weights = map(as_float, gauss_legendre(self.masses // 2))
        part = 0.5 * (1.0 + abscissae)
        down, up = part**2 * (3.0 - 2.0 * part), part**2  # square roots at threshold are smooth in its root
        place = jnp.concatenate([middle + (low - middle) * down, middle + (high - middle) * up])
        steps = 3.0 * part * (1.0 - part) * weights, part * weights
        length = jnp.concatenate([(middle - low) * steps[0], (high - middle) * steps[1]])
        s = jnp.clip(mediator**2 + scale * jnp.sinh(place), threshold, end)
        virtuality = jnp.sqrt(s)
        dark = factor * dark_matter.dark_width_MeV(virtuality)
        # all in units of the scale, and over cosh^2: in float32 their squares would be none, or without bound
        stretch = jnp.cosh(place)
        damping = (virtuality * dark / scale / stretch) ** 2 + (_FLOOR * mediator**2 / scale / stretch) ** 2
        pole = jnp.tanh(place) ** 2 + damping
        photons = 2.0 * self.photon_branching_ratio * power_above_zero(1.0 - s / mass**2, 3.0)
        decays = (virtuality * dark / scale) / (math.pi * pole * stretch)
        return virtuality, photons * decays * length

    def branching_ratio(self, dark_matter: AbstractDarkMatter) -> Scalar:
        """Branching ratio of P -> gamma chi chi."""
        virtuality, ratio = self.pairs(dark_matter)
        width_MeV = _mean_width_MeV(dark_matter, virtuality, ratio)
        return self._share(dark_matter, width_MeV) * ratio.sum()

    def strength(self, dark_matter: AbstractDarkMatter, dark_width_MeV: Scalar) -> Scalar:
        return self.norm * self._share(dark_matter, dark_width_MeV)

    def _share(self, dark_matter: AbstractDarkMatter, dark_width_MeV: Scalar) -> Scalar:
        return self.mixing(dark_matter.portal, dark_matter.mass_ratio) ** 2 * dark_matter.dark_share(dark_width_MeV)

    def prepared(self, cosine: Scalar, moving: Sequence[str]) -> "AbstractNeutralMeson":
        if self.boosts is not None or depends_on(lambda meson: meson._boosts(cosine), self, moving):
            return self
        return eqx.tree_at(lambda m: m.boosts, self, self._boosts(cosine), is_leaf=lambda leaf: leaf is None)

    def _boosts(self, cosine: Scalar) -> Float[Array, "cell node step"]:
        return boosted(self.mesons.kinetic_energy_MeV / self.mass_MeV, self.mesons.angular_moments, cosine)

    def emission(self, dark_matter: AbstractDarkMatter, cosine: Scalar) -> Emission:
        kernel = self._boosts(cosine) if self.boosts is None else self.boosts
        pairs, largest = self.pairs(dark_matter), self._largest_rapidity(dark_matter)
        # lighter than the steps reach: nothing, said by NaN where the mass is traced
        at_rest = jnp.where(largest <= STEPS[-1], self._at_rest(dark_matter, *pairs), jnp.nan)
        # the boosts of many masses are one product: they meet first
        cells = jnp.matmul(kernel.reshape(-1, at_rest.shape[0]), at_rest, precision="highest")
        density = jnp.matmul(self.mesons.tilted_per_proton, cells.reshape(kernel.shape[:2]), precision="highest")
        edges = as_float(rapidity.EDGES)
        momentum = jnp.sinh(rapidity.nodes(edges))  # over the mass
        end = jnp.minimum(largest + self._rapidities.max(), edges[-1])
        width_MeV = _mean_width_MeV(dark_matter, *pairs)
        return Emission(edges, momentum * density.reshape(momentum.shape), end[None], width_MeV)

    def check(self, dark_matter: AbstractDarkMatter) -> None:
        largest = self._largest_rapidity(dark_matter)
        if is_concrete(largest) and float(largest) > STEPS[-1]:
            lightest = float(self.mass_MeV) / (2.0 * math.cosh(STEPS[-1]))
            raise CevnsjaxError(
                f"Dark matter of {float(dark_matter.arriving_mass_MeV):g} MeV is too light for mesons that decay in "
                f"flight, which are followed down to {lightest:.2g} MeV."
            )

    def _largest_rapidity(self, dark_matter: AbstractDarkMatter) -> Scalar:
        """Of what is made by a meson at rest."""
        mass, partner = dark_matter.arriving_mass_MeV, dark_matter.partner_mass_MeV
        return rapidity.of_two_body(self.mass_MeV, mass, partner)

    @property
    def _rapidities(self) -> Float[Array, " cell"]:
        return jnp.arccosh(1.0 + self.mesons.kinetic_energy_MeV / self.mass_MeV)

    def _at_rest(
        self, dark_matter: AbstractDarkMatter, virtuality: Float[Array, " s"], ratio: Float[Array, " s"]
    ) -> Float[Array, " step"]:
        """Integrals of dN/d(E/m) over steps of rapidity, for a meson at rest."""
        mass, partner = dark_matter.arriving_mass_MeV, dark_matter.partner_mass_MeV
        boson = jnp.log(jnp.maximum(self.mass_MeV / virtuality, 1.0))  # rapidity of V*
        chi = rapidity.of_two_body(virtuality, mass, partner)  # of chi in the frame of V*
        half_width = jnp.sinh(boson) * jnp.sinh(chi)  # of the box in the energy, over the mass
        opens = half_width > 0.0
        half_width = jnp.where(opens, half_width, 1.0)[:, None]
        per_energy = (0.5 * dark_matter.particles_per_boson) * jnp.where(opens, ratio / half_width[:, 0], 0.0)
        inside = jnp.clip(as_float(STEPS)[None], jnp.abs(boson - chi)[:, None], (boson + chi)[:, None])
        length = jnp.diff(inside, axis=1)
        if not self.isotropic:
            middle = (jnp.cosh(boson) * jnp.cosh(chi))[:, None]
            cosine = jnp.clip((as_float(np.cosh(STEPS))[None] - middle) / half_width, -1.0, 1.0)
            low, high = cosine[:, :-1], cosine[:, 1:]
            square = (low**2 + low * high + high**2) / 3.0  # mean of cos^2 in what is left of a step
            length = length * (1.0 + dark_matter.alignment(virtuality)[:, None] * (square - 1.0 / 3.0))
        return jnp.matmul(per_energy, length, precision="highest")


class NeutralPion(AbstractNeutralMeson):
    """pi0 -> gamma V*: see :class:`AbstractNeutralMeson`.

    Attributes
    ----------
    mesons
        Pions that a proton makes.
    mass_MeV
        Mass, MeV.
    photon_branching_ratio
        B(pi0 -> gamma gamma); 1 where a code leaves it out.
    norm
        Ratio to the prediction.
    isotropic
        Leave out the helicity of V.
    masses
        Nodes of the invariant mass.
    boosts
        What boosts to the laboratory are worth, computed beforehand where nothing that they depend on moves.
    """

    origin: str = eqx.field(static=True, default="prompt", init=False)
    mesons: MesonCells
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=NEUTRAL_PION_MASS_MEV)
    photon_branching_ratio: Float[Array, ""] = eqx.field(converter=as_float, default=NEUTRAL_PION_TO_PHOTONS)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    isotropic: bool = eqx.field(static=True, default=False)
    masses: int = eqx.field(static=True, default=24)
    boosts: Float[Array, "cell node step"] | None = eqx.field(default_factory=lambda: None, init=False)

    def __check_init__(self):
        _check_meson(self)

    def mixing(self, portal: AbstractPortal, mass_ratio: Scalar) -> Scalar:
        return portal.pion_mixing(mass_ratio)


class Eta(AbstractNeutralMeson):
    """eta -> gamma V*: see :class:`AbstractNeutralMeson`; for beams above 1.3 GeV.

    Attributes
    ----------
    mesons
        Etas that a proton makes.
    mass_MeV
        Mass, MeV.
    photon_branching_ratio
        B(eta -> gamma gamma).
    norm
        Ratio to the prediction.
    isotropic
        Leave out the helicity of V.
    masses
        Nodes of the invariant mass.
    boosts
        What boosts to the laboratory are worth, computed beforehand where nothing that they depend on moves.
    """

    origin: str = eqx.field(static=True, default="prompt", init=False)
    mesons: MesonCells
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=ETA_MASS_MEV)
    photon_branching_ratio: Float[Array, ""] = eqx.field(converter=as_float, default=ETA_TO_PHOTONS)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    isotropic: bool = eqx.field(static=True, default=False)
    masses: int = eqx.field(static=True, default=24)
    boosts: Float[Array, "cell node step"] | None = eqx.field(default_factory=lambda: None, init=False)

    def __check_init__(self):
        _check_meson(self)

    def mixing(self, portal: AbstractPortal, mass_ratio: Scalar) -> Scalar:
        return portal.eta_mixing(mass_ratio)


def _check_meson(meson: AbstractNeutralMeson) -> None:
    check_positive("mass_MeV", meson.mass_MeV, "MeV")
    check_fraction("photon_branching_ratio", meson.photon_branching_ratio)
    check_not_negative("norm", meson.norm, "")


def _mean_width_MeV(
    dark_matter: AbstractDarkMatter, virtuality_MeV: Float[Array, " s"], ratio: Float[Array, " s"]
) -> Scalar:
    """Width of V* to dark matter, MeV, mean over all pairs; zero where there are none."""
    some = ratio > _SMALLEST_RATIO
    # by logarithms: in float32 what is divided by must not be squared
    logarithm = jnp.where(some, jnp.log(jnp.where(some, ratio, 1.0)), -jnp.inf)
    share = jnp.where(some, jax.nn.softmax(jnp.where(some.any(), logarithm, 0.0)), 0.0)
    return (share * dark_matter.dark_width_MeV(virtuality_MeV)).sum()


def _narrowest_width_MeV(dark_matter: AbstractDarkMatter) -> Scalar:
    """Width that a coupling alpha_D of 1e-3 would give."""
    coupling = dark_matter.couplings.dark
    some = coupling > 0.0
    scale = jnp.where(some, 4e-3 * math.pi / jnp.where(some, coupling, 1.0) ** 2, 0.0)
    return scale * dark_matter.dark_width_MeV(dark_matter.mediator_mass_MeV)
