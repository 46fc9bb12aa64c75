"""What every source must say of itself."""

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.errors import UnknownNameError

FLAVOURS = ("nu_e", "nu_mu", "nu_tau")
"""Order of the flavour axis everywhere in the package."""

POWERS = (0, -1, -2)
"""Powers of the neutrino energy whose truncated moments a flux provides: recoil cross sections are sums of them."""


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
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        """Energy below which there is nothing, MeV: zero unless a table begins somewhere."""
        return as_float(0.0)

    @property
    @abstractmethod
    def break_points_MeV(self) -> Float[Array, " panel"]:
        """Energies at which a moment is not smooth, increasing, MeV; the last one is the end point."""

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

    @abstractmethod
    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        """Truncated moments of the energy spectrum of each component, normalised to one neutrino.

        Parameters
        ----------
        minimum_energy_MeV
            Smallest neutrino energy that contributes, MeV, any shape.

        Returns
        -------
        Array
            Integral of f(E) E^p over E from the minimum energy up, MeV^p, for p in ``POWERS``; f integrates to one.
        """
