"""Antineutrinos of each fission and of each neutron capture, from published tables."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_floats
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.tables import read_table

ISOTOPES = ("U235", "U238", "Pu239", "Pu241")
"""The isotopes whose fission powers a reactor."""

CONVERSION_THRESHOLD_MEV = 1.8
"""Below it there are no data behind the polynomials, which must not be extrapolated."""

_UNCORRELATED = "uncorrelated"
_MODES = ("effective_charge", "weak_magnetism", "normalisation")


class ReactorSpectra(eqx.Module):
    """Antineutrino spectra per fission of each isotope, and per capture of a neutron on U238.

    Errors of a spectrum S_i are modes: S_i(E) exp(sum_k x_k delta_ki(E)) with relative one-sigma shifts delta_ki on the
    knots and pulls x_k, each with a unit normal as its prior. To first order these are the linear modes of the
    covariance; the exponential keeps spectra positive.

    Attributes
    ----------
    isotopes
        Names of the isotopes, in the order of the rows of ``fission``.
    fission
        Antineutrinos per fission and MeV, shape ``[isotope, knot]``.
    capture
        Antineutrinos per capture and MeV, a row for each decay that follows; none where ``fission`` includes captures.
    modes
        Relative shift of ``fission`` by one sigma of each mode, shape ``[isotope, knot]`` each.
    pulls
        How many sigma each mode is pulled.
    """

    isotopes: tuple[str, ...] = eqx.field(static=True)
    fission: InterpolatedSpectra
    capture: InterpolatedSpectra | None = None
    modes: dict[str, Float[Array, "isotope knot"]] = eqx.field(converter=as_floats, default_factory=dict)
    pulls: dict[str, Float[Array, ""]] = eqx.field(converter=as_floats, default_factory=dict)

    def __check_init__(self):
        shape = self.fission.values_per_MeV.shape
        if shape[0] != len(self.isotopes):
            raise CevnsjaxError(f"fission must have one row for each of {self.isotopes}, got {shape[0]}.")
        if self.modes.keys() != self.pulls.keys():
            raise CevnsjaxError(
                f"modes and pulls must have the same names, got {list(self.modes)}, {list(self.pulls)}."
            )
        for name, mode in self.modes.items():
            if mode.shape != shape:
                raise CevnsjaxError(f"modes[{name!r}] must have the shape of fission, {shape}, got {mode.shape}.")

    @property
    def pulled_fission(self) -> InterpolatedSpectra:
        """Antineutrinos per fission and MeV with all pulls applied."""
        if not self.modes:
            return self.fission
        shift = sum(self.pulls[name] * mode for name, mode in self.modes.items())
        values = self.fission.values_per_MeV * jnp.exp(as_float(shift))
        return eqx.tree_at(lambda spectra: spectra.values_per_MeV, self.fission, values)

    def scaled_to(self, antineutrinos_per_fission: dict[str, float]) -> "ReactorSpectra":
        """Keep the shapes, and give each isotope (all of them) another number of antineutrinos per fission."""
        if antineutrinos_per_fission.keys() != set(self.isotopes):
            raise CevnsjaxError(
                f"antineutrinos_per_fission must name {self.isotopes}, got {tuple(antineutrinos_per_fission)}."
            )
        wanted = as_float([antineutrinos_per_fission[name] for name in self.isotopes])
        values = self.fission.values_per_MeV * (wanted / self.fission.totals())[:, None]
        return eqx.tree_at(lambda spectra: spectra.fission.values_per_MeV, self, values)

    def restricted(self, lowest_energy_MeV: float, highest_energy_MeV: float) -> "ReactorSpectra":
        """Cut off below and above two energies in MeV; spectra with modes are refused."""
        if self.modes:
            raise CevnsjaxError(
                "Spectra with modes cannot be restricted: their modes belong to the knots of the table."
            )
        limits = (lowest_energy_MeV, highest_energy_MeV)
        capture = None if self.capture is None else self.capture.restricted(*limits)
        return ReactorSpectra(self.isotopes, self.fission.restricted(*limits), capture)


class ExponentialPolynomials(eqx.Module):
    """S_i(E) = exp(sum_p a_ip E^p), zero below 1.8 MeV.

    P. Huber, Phys. Rev. C 84, 024617 (2011), Table III, for U235, Pu239 and Pu241; T. Mueller et al., Phys. Rev. C 83,
    054615 (2011), Table VI, for U238. Fitted from 2 to 8 MeV. They leave Huber's tables by up to 9 % (U235,
    8 MeV), 22 % (Pu239, 7.75 MeV) and 11 % (Pu241, 8 MeV): use the tables where high energies matter.
    The coefficients are those of public codes, not checked against the papers.

    Attributes
    ----------
    coefficients
        a_ip with E in MeV, shape ``[isotope, power]``.
    """

    coefficients: Float[Array, "isotope power"] = eqx.field(converter=as_float)

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "isotope *point"]:
        """Antineutrinos per fission and MeV at energies in MeV, a row for each isotope."""
        inside = energy_MeV >= CONVERSION_THRESHOLD_MEV
        energy = jnp.where(inside, energy_MeV, CONVERSION_THRESHOLD_MEV)
        powers = jnp.stack([energy**power for power in range(self.coefficients.shape[1])])
        return jnp.where(inside, jnp.exp(jnp.tensordot(self.coefficients, powers, axes=1)), 0.0)


def huber_mueller_polynomials() -> ExponentialPolynomials:
    """Read the polynomials of Huber and of Mueller et al., in the order of ``ISOTOPES``."""
    table = read_table("reactor/polynomials.csv", text_columns=["isotope"])
    assert tuple(table["isotope"]) == ISOTOPES
    powers = ["a0", *(f"a{power}_per_MeV{power}" for power in range(1, 6))]
    return ExponentialPolynomials(np.stack([table[name] for name in powers], axis=1))


def _captures() -> InterpolatedSpectra:
    table = read_table("reactor/capture_bestiole_2023.csv")
    return InterpolatedSpectra(table["energy_MeV"], np.stack([table["U239_per_MeV"], table["Np239_per_MeV"]]))


def _tabulated(file: str, logarithmic: bool) -> tuple[InterpolatedSpectra, dict[str, np.ndarray]]:
    table = read_table(f"reactor/{file}.csv")
    values = np.stack([table[f"{name}_per_fission_MeV"] for name in ISOTOPES])
    return InterpolatedSpectra(table["energy_MeV"], values, logarithmic), table.columns


def _bestiole(logarithmic: bool, uncorrelated: bool) -> ReactorSpectra:
    return ReactorSpectra(ISOTOPES, _tabulated("bestiole_2023", logarithmic)[0], _captures())


def _texono(logarithmic: bool, uncorrelated: bool) -> ReactorSpectra:
    yields = {"U235": 6.14, "U238": 7.08, "Pu239": 5.58, "Pu241": 6.42}
    return _bestiole(logarithmic, uncorrelated).scaled_to(yields)


def _vogel_engel(logarithmic: bool, uncorrelated: bool) -> ReactorSpectra:
    return ReactorSpectra(ISOTOPES, _tabulated("vogel_engel", logarithmic)[0], _captures())


def _huber_mueller(logarithmic: bool, uncorrelated: bool) -> ReactorSpectra:
    fission, columns = _tabulated("huber_mueller", logarithmic)
    shape = fission.values_per_MeV.shape

    def errors(kind: str) -> np.ndarray:
        return np.stack([columns.get(f"{name}_{kind}_relative", np.zeros(shape[1])) for name in ISOTOPES])

    modes = {name: errors(name) for name in _MODES}
    if uncorrelated:
        for isotope, knot in np.argwhere(errors(_UNCORRELATED)):
            mode = np.zeros(shape)
            mode[isotope, knot] = errors(_UNCORRELATED)[isotope, knot]
            modes[f"{ISOTOPES[isotope]}_{1e3 * columns['energy_MeV'][knot]:.0f}_keV"] = mode
    return ReactorSpectra(ISOTOPES, fission, _captures(), modes, dict.fromkeys(modes, 0.0))


def _huber_mueller_polynomials(logarithmic: bool, uncorrelated: bool) -> ReactorSpectra:
    knots = np.linspace(CONVERSION_THRESHOLD_MEV, 8.0, 311)
    values = huber_mueller_polynomials().density(as_float(knots))
    return ReactorSpectra(ISOTOPES, InterpolatedSpectra(knots, values, logarithmic), _captures())


def _kopeikin(logarithmic: bool, uncorrelated: bool) -> ReactorSpectra:
    table = read_table("reactor/kopeikin.csv")
    fission = InterpolatedSpectra(table["energy_MeV"], table["mixture_per_fission_MeV"][None], logarithmic)
    return ReactorSpectra(("mixture",), fission)


_SETS: dict[str, tuple[Callable[[bool, bool], ReactorSpectra], bool]] = {
    "bestiole-2023": (_bestiole, False),
    "texono": (_texono, False),
    "huber-mueller": (_huber_mueller, True),
    "huber-mueller-polynomials": (_huber_mueller_polynomials, True),
    "vogel-engel": (_vogel_engel, True),
    "kopeikin": (_kopeikin, True),
}

REACTOR_SPECTRA = tuple(_SETS)
"""Names of the sets that :func:`reactor_spectra` knows."""


def reactor_spectra(name: str, *, logarithmic: bool | None = None, uncorrelated: bool = False) -> ReactorSpectra:
    """Read a published set of spectra; captures of all but ``"kopeikin"`` have the shapes of BESTIOLE.

    ``"bestiole-2023"``
        Summation, 25 keV bins up to 12.5 MeV (L. Perisse et al., Phys. Rev. C 108, 055501 (2023)). No errors.
    ``"texono"``
        The shapes of BESTIOLE scaled to the 6.14, 7.08, 5.58 and 6.42 antineutrinos per fission of U235, U238, Pu239
        and Pu241 that TEXONO uses (H. T. Wong et al., Phys. Rev. D 75, 012001 (2007)).
    ``"huber-mueller"``
        Conversion from 2 to 8 MeV: P. Huber, Phys. Rev. C 84, 024617 (2011), for U235, Pu239 and Pu241, with the three
        correlated errors as modes; T. Mueller et al., Phys. Rev. C 83, 054615 (2011), for U238, without. Vogel and
        Engel below 2 MeV, zero above 8 MeV.
    ``"huber-mueller-polynomials"``
        :class:`ExponentialPolynomials` from 1.8 to 8 MeV, nothing below.
    ``"vogel-engel"``
        P. Vogel and J. Engel, Phys. Rev. D 39, 3378 (1989), below 2 MeV; Mueller et al. from 2 to 8 MeV. No errors.
    ``"kopeikin"``
        The fuel mixture of a power reactor, captures included, 10 keV to 9 MeV. Its isotope is called ``"mixture"``.

    Parameters
    ----------
    name
        One of the above.
    logarithmic
        Whether the logarithm of a density is interpolated; by default wherever knots are not bin averages (all but
        the first two).
    uncorrelated
        Whether ``"huber-mueller"`` also has a mode for the uncorrelated error on each knot of each isotope, with names
        such as ``"U235_8000_keV"``.

    Raises
    ------
    UnknownNameError
        If there is no such set.
    CevnsjaxError
        If the set has no uncorrelated errors.
    """
    if name not in _SETS:
        raise UnknownNameError("set of reactor spectra", name, _SETS)
    if uncorrelated and name != "huber-mueller":
        raise CevnsjaxError(f"Only 'huber-mueller' has uncorrelated errors, not {name!r}.")
    build, default = _SETS[name]
    return build(default if logarithmic is None else logarithmic, uncorrelated)
