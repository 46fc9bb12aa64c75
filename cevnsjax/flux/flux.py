"""What every source must say of what it sends."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.errors import UnknownNameError
from cevnsjax.flux.flux_nodes import FluxNodes, place_flux_nodes
from cevnsjax.flux.moments import POWERS, continuum_moments, energy_powers, line_moments

FLAVOURS = ("nu_e", "nu_mu", "nu_tau")
"""Order of the flavour axis everywhere in the package."""


def parse_neutrino(name: str) -> tuple[int, bool]:
    """Position on the flavour axis, and whether it is an antineutrino, of a name like ``"nu_mu_bar"``.

    Raises
    ------
    UnknownNameError
        If there is no such neutrino.
    """
    flavour = name.removesuffix("_bar")
    if flavour not in FLAVOURS:
        raise UnknownNameError("neutrino", name, (*FLAVOURS, *(f"{known}_bar" for known in FLAVOURS)))
    return FLAVOURS.index(flavour), name != flavour


class AbstractSource(eqx.Module):
    """What arrives at a detector: components, each with its energies."""

    particles: eqx.AbstractClassVar[str]
    """What arrives, for messages: ``"neutrinos"``."""

    components: eqx.AbstractVar[tuple[str, ...]]
    """Names of the components; ``nu_mu_bar`` is an antineutrino of flavour ``nu_mu``."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Component of the source that each component comes from, and whose arrival times it has."""
        return self.components

    @property
    def mass_MeV(self) -> Scalar | None:
        """Mass of what travels, MeV; none for what moves with the speed of light."""
        return None

    @property
    def mass_gain_MeV(self) -> Scalar | None:
        """By how much what travels is heavier after it is scattered, MeV, below zero if lighter; none: it stays."""
        return None

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        """Distances to the detector, m, and the share of the particles that comes over each; none if it has none."""
        return None

    @property
    def delay_us(self) -> Float[Array, " component"] | None:
        """How much later than light each component arrives, us; none for what moves with the speed of light."""
        return None

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        """Energy below which there is nothing, MeV: zero unless a table begins somewhere."""
        return as_float(0.0)

    @property
    @abstractmethod
    def break_points_MeV(self) -> Float[Array, " panel"]:
        """Energies at which a moment is not smooth, increasing, MeV; the last one is the end point."""

    @property
    def knots_MeV(self) -> Float[Array, " knot"] | None:
        """Energies at which a moment has a kink, MeV, where those are too many for break points; none by default."""
        return None

    @property
    def jumps(self) -> bool:
        """Whether the density jumps at its knots, as that of a histogram; no by default."""
        return False

    @property
    def roughness(self) -> float:
        """Error of spectra, in units of their largest bin, to which it is smooth between break points; 0: rounding."""
        return 0.0

    @property
    def panel_ends_MeV(self) -> Float[Array, " panel"]:
        """Break points, and every jump, MeV: no polynomial goes through one."""
        knots = self.knots_MeV if self.jumps else None
        return self.break_points_MeV if knots is None else knots[1:]

    @property
    @abstractmethod
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        """Particles of each component through a square centimetre over the exposure, cm^-2."""

    @property
    @abstractmethod
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        """Energies of the lines, MeV, and the fraction of each component that is in each line."""

    @abstractmethod
    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        """Energy spectrum of each component without its lines; with them it is normalised to one particle.

        Parameters
        ----------
        energy_MeV
            Energies, MeV, any shape.

        Returns
        -------
        Array
            MeV^-1, zero beyond the end point, smooth between break points.
        """

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        """Truncated moments of the energy spectrum of each component, normalised to one particle.

        Parameters
        ----------
        minimum_energy_MeV
            Smallest energy that contributes, MeV, any shape.

        Returns
        -------
        Array
            Integral of f(E) E^k/p^2 over E from the minimum energy up, k = 2, 1, 0, MeV^(k - 2); f integrates to one.
            Without a mass these are the moments of E^p for p in ``POWERS``. Taken from density and lines unless a
            source knows better.
        """

        def powers(energy_MeV):
            return energy_powers(energy_MeV, self.mass_MeV)

        lower = minimum_energy_MeV.reshape(-1)
        edges = jnp.concatenate([self.lowest_energy_MeV[None], self.break_points_MeV])
        moments = line_moments(lower, *self.lines, powers) + continuum_moments(self.density, edges, lower, powers)
        return moments.reshape(-1, len(POWERS), *minimum_energy_MeV.shape)

    def prepared(self, moving: Sequence[str]) -> "AbstractSource":
        """Return the same source with what does not move computed beforehand: nothing, unless a source knows better.

        Parameters
        ----------
        moving
            Paths of the leaves of the source that may change afterwards.
        """
        return self

    def nodes(
        self,
        threshold_MeV: Float[Array, "*shape"],
        order: int = 12,
        kinks_MeV: Float[Array, " kink"] | None = None,
        *,
        root: bool = False,
    ) -> FluxNodes:
        """Energies and weights above thresholds, on which any function of the energy is folded.

        Nodes move with the threshold, so that what vanishes there has a smooth fold. A threshold above the end point
        leaves weights of zero.

        Parameters
        ----------
        threshold_MeV
            Smallest energies that count, MeV, any shape.
        order
            Nodes between neighbouring break points: exact for polynomials of degree 2 order - 1.
        kinks_MeV
            Further break points: the knots of a table that is folded; none by default.
        root
            Whether what is folded begins like a root at the threshold, as cross sections of massive particles do: exact
            for the root times polynomials of degree order - 2.
        """
        breaks = self.panel_ends_MeV
        if kinks_MeV is not None:
            breaks = jnp.sort(jnp.concatenate([breaks, jnp.minimum(kinks_MeV, breaks[-1])]))
        edges = jnp.concatenate([self.lowest_energy_MeV[None], breaks])
        return place_flux_nodes(self.density, self.lines, edges, threshold_MeV, order, root=root)


class AbstractFlux(AbstractSource):
    """A neutrino source as seen by a detector: components of one flavour each."""

    particles: ClassVar[str] = "neutrinos"

    @property
    def antineutrinos(self) -> tuple[bool, ...]:
        """Whether each component is an antineutrino."""
        return tuple(name.endswith("_bar") for name in self.components)

    @property
    def flavour_indices(self) -> tuple[int, ...]:
        """Position of each component on the flavour axis, as it arrives at the detector."""
        return tuple(parse_neutrino(name)[0] for name in self.components)
