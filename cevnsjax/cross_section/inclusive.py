"""Reactions whose cross section is a table in the neutrino energy."""

import functools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_knots, check_positive, is_concrete
from cevnsjax.cross_section.flux_averages import flux_averaged_measurements
from cevnsjax.cross_section.reaction import AbstractReaction
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import AbstractFlux, FluxNodes, parse_neutrino
from cevnsjax.tables import Table, read_table

_ORDER = 4  # between neighbouring knots
_FLUX_AVERAGES_ONLY = ("Fe56", "I127")


class TabulatedReaction(AbstractReaction):
    """A reaction with its cross section on knots, linear between them.

    Zero below the first knot, constant above the last: choose that beyond the end point of the flux.

    Attributes
    ----------
    target
        The nuclide that is hit, like ``"Pb208"``.
    neutrinos
        What reacts, like ``("nu_e",)``.
    charged
        Whether the neutrino becomes a charged lepton.
    missing_MeV
        Energy that goes into masses, MeV.
    knots_MeV
        Neutrino energies, MeV, increasing, shape ``[knot]``.
    values
        Cross section per nucleus at the knots, 1e-40 cm^2, zero or positive, shape ``[knot]``.
    scale
        Ratio of the cross section to its nominal value (1 nominally).
    """

    target: str = eqx.field(static=True)
    neutrinos: tuple[str, ...] = eqx.field(static=True)
    charged: bool = eqx.field(static=True)
    missing_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    knots_MeV: Float[Array, " knot"] = eqx.field(converter=as_float)
    values: Float[Array, " knot"] = eqx.field(converter=as_float)
    scale: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        for neutrino in self.neutrinos:
            parse_neutrino(neutrino)
        check_positive("missing_MeV", self.missing_MeV, "MeV")
        check_knots("knots_MeV", self.knots_MeV, "MeV", "values", self.values)
        check_positive("knots_MeV", self.knots_MeV, "MeV")
        if is_concrete(self.values) and not np.all(np.asarray(self.values) >= 0.0):
            worst = int(np.argmin(np.asarray(self.values)))
            raise CevnsjaxError(
                f"values must not be negative, got {self.values[worst]:g} at {self.knots_MeV[worst]:g} MeV."
            )

    @property
    def threshold_MeV(self) -> Float[Array, ""]:
        """The first knot, below which the table says nothing, MeV."""
        return self.knots_MeV[0]

    def unscaled_cross_section(self, neutrino_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        inside = neutrino_energy_MeV >= self.threshold_MeV
        return jnp.where(inside, jnp.interp(neutrino_energy_MeV, self.knots_MeV, self.values), 0.0)

    def on_nodes(self, flux: AbstractFlux) -> tuple[FluxNodes, Float[Array, " node"]]:
        nodes = flux.nodes(self.threshold_MeV, _ORDER, self.knots_MeV)
        return nodes, self.unscaled_cross_section(nodes.energy_MeV)


@functools.cache
def _reactions() -> Table:
    texts = ("reaction", "target", "current", "neutrinos", "formula")
    return read_table("nuclear/inclusive_reactions.csv", columns=(*texts, "missing_MeV"), text_columns=texts)


@functools.cache
def _cross_sections() -> Table:
    columns = ("reaction", "energy_MeV", "cross_section_1e42cm2")
    return read_table("nuclear/inclusive_cross_sections.csv", columns=columns, text_columns=("reaction",))


def inclusive_reactions() -> dict[str, str]:
    """Return the names that :func:`inclusive_reaction` knows, with the formula of each reaction."""
    table = _reactions()
    return dict(zip(table["reaction"].tolist(), table["formula"].tolist(), strict=True))


def inclusive_reaction(name: str) -> TabulatedReaction:
    """Look up a table of an inclusive cross section, as SNOwGLoBES collects them.

    Good to 5 to 30 %: give ``scale`` a prior. Tables of neutral currents are of nu_e, and serve for all other
    neutrinos; the interference of weak magnetism, of opposite sign for antineutrinos, is then wrong.

    Parameters
    ----------
    name
        The target, as in ``"H2"``, ``"C12"``, ``"O16"``, with what tells reactions of one target apart, as in
        ``"C12-nu_e_bar"``, ``"C12-15.11"``, ``"Pb208-2n"``; see :func:`inclusive_reactions`.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    CevnsjaxError
        If only averages over a flux are known, as of 56Fe and 127I.
    """
    if name in _FLUX_AVERAGES_ONLY:
        known = "; ".join(str(each) for each in flux_averaged_measurements() if each.target == name)
        raise CevnsjaxError(
            f"There is no cross section of {name} as a function of energy, only flux averages are known: {known}."
        )
    table, cross_sections = _reactions(), _cross_sections()
    names = table["reaction"].tolist()
    if name not in names:
        raise UnknownNameError("inclusive reaction", name, names)
    row, knots = names.index(name), cross_sections["reaction"] == name
    return TabulatedReaction(
        target=str(table["target"][row]),
        neutrinos=tuple(str(table["neutrinos"][row]).split()),
        charged=bool(table["current"][row] == "charged"),
        missing_MeV=table["missing_MeV"][row],
        knots_MeV=cross_sections["energy_MeV"][knots],
        values=1e-2 * cross_sections["cross_section_1e42cm2"][knots],
    )
