"""Fluxes by name, for what does not depend on their strength: averages of cross sections."""

from collections.abc import Callable
from pathlib import Path

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.atmospheric import atmospheric_neutrinos
from cevnsjax.flux.flux import AbstractFlux
from cevnsjax.flux.line_sources import argon_37_source, chromium_51_source
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest
from cevnsjax.flux.reactor import Reactor, TotalFlux
from cevnsjax.flux.reactor_spectra import REACTOR_SPECTRA, reactor_spectra
from cevnsjax.flux.solar import solar_neutrinos
from cevnsjax.flux.tabulated import TabulatedFlux


def _reactor(spectra: str) -> Reactor:
    found = reactor_spectra(spectra)
    captures = 0.60 if found.capture is not None else 0.0
    if len(found.isotopes) == 1:  # of a mixture as it is in a reactor
        return Reactor(found, TotalFlux(1.0), 1.0, {found.isotopes[0]: 1.0}, captures)
    return Reactor(found, TotalFlux(1.0), 1.0, captures_per_fission=captures)


NAMED_FLUXES: dict[str, Callable[[], AbstractFlux]] = {
    "pion-decay-at-rest": lambda: PionDecayAtRest(1.0, 1e20, 20.0),
    "solar": lambda: solar_neutrinos(1.0, None),
    "atmospheric": lambda: atmospheric_neutrinos(1.0),
    "chromium-51": chromium_51_source,
    "argon-37": argon_37_source,
    **{f"reactor-{name}": (lambda name=name: _reactor(name)) for name in REACTOR_SPECTRA},
}
"""Functions that build the fluxes, by name; ``reactor-NAME`` is a reactor with the spectra of that name."""


def named_flux(name: str, component: str | None = None, layout: str | None = None) -> AbstractFlux:
    """Build a flux by name, or read one from a file.

    Parameters
    ----------
    name
        Of ``NAMED_FLUXES``, or the path of a file (with a point in its name) that :meth:`TabulatedFlux.from_file`
        reads.
    component
        What a file without names of its columns holds.
    layout
        Layout of a file that has neither names nor units, ``"snowglobes"`` for instance.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    CevnsjaxError
        If the file cannot be read, or something is said about a file where there is none.
    """
    if name in NAMED_FLUXES:
        for given in (component, layout):
            if given is not None:
                raise CevnsjaxError(f"The source {name} has neutrinos of its own, {given} goes with a file.")
        return NAMED_FLUXES[name]()
    if "." in Path(name).name or "/" in name:
        return TabulatedFlux.from_file(name, 1.0, component=component, layout=layout)
    raise UnknownNameError("source", name, NAMED_FLUXES)
