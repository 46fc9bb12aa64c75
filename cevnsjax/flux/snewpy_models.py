"""Simulated supernovae through snewpy (S. Baxter et al., Astrophys. J. 925, 107 (2022)), where it is installed."""

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from cevnsjax.arrays import check_edges, check_positive
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.tabulated import TabulatedFlux

# of snewpy 1 (NU_X is each of two flavours) and 2
_COMPONENTS = {
    "NU_E": ("nu_e",),
    "NU_X": ("nu_mu", "nu_tau"),
    "NU_MU": ("nu_mu",),
    "NU_TAU": ("nu_tau",),
    "NU_E_BAR": ("nu_e_bar",),
    "NU_X_BAR": ("nu_mu_bar", "nu_tau_bar"),
    "NU_MU_BAR": ("nu_mu_bar",),
    "NU_TAU_BAR": ("nu_tau_bar",),
}
_ENERGIES_MEV = 0.2 * np.arange(1, 501)


def snewpy_fluence(
    model: Any,
    distance_kpc: float,
    *,
    parameters: Mapping[str, Any] | None = None,
    transformation: Any = None,
    energy_MeV: Any = None,
) -> TabulatedFlux:
    """Fluence of a supernova model of snewpy, integrated over all of its times.

    The flux at the snapshots of the simulation is integrated by trapezoids, as snewpy does.

    Parameters
    ----------
    model
        A model of snewpy (an object with ``get_time`` and ``get_flux``), or the name of a class of
        ``snewpy.models.ccsn`` like ``"Bollig_2016"``: snewpy then fetches its files.
    distance_kpc
        Distance, kpc.
    parameters
        What that class takes, like ``{"progenitor_mass": 27.0}``: numbers are in the unit that the class lists.
    transformation
        A flavour transformation of snewpy, like ``AdiabaticMSW()``. By default neutrinos are as emitted, for
        `SupernovaConversion`.
    energy_MeV
        Energies on which the fluence is tabulated, MeV; by default every 0.2 MeV up to 100 MeV.

    Returns
    -------
    TabulatedFlux
        cm^-2 MeV^-1 of the whole burst (``exposure_s`` is 1); components without neutrinos are left out.

    Raises
    ------
    CevnsjaxError
        If snewpy is not installed, has no such model, or cannot build it.
    """
    try:
        units = importlib.import_module("astropy.units")
        without = importlib.import_module("snewpy.flavor_transformation").NoTransformation
        flavours = importlib.import_module("snewpy.neutrino").Flavor
    except ImportError as error:
        raise CevnsjaxError(
            f"Models of snewpy need that package ({error}); install it with: pip install 'cevnsjax[snewpy]'."
        ) from None
    check_positive("distance_kpc", distance_kpc, "kpc")
    energies = check_edges("energy_MeV", _ENERGIES_MEV if energy_MeV is None else energy_MeV, "MeV")
    if isinstance(model, str):
        model = _named_model(model, parameters or {})
    elif parameters:
        raise CevnsjaxError("parameters go with the name of a model; this one is built already.")
    if isinstance(transformation, str):
        raise CevnsjaxError(
            f"transformation is an object of snewpy.flavor_transformation, got {transformation!r}; for adiabatic "
            "conversion leave it out and give the fluence to a SupernovaConversion."
        )
    if not all(callable(getattr(model, name, None)) for name in ("get_time", "get_flux")):
        raise CevnsjaxError(f"model must be a supernova model of snewpy, or its name, got {type(model).__name__}.")
    flux = model.get_flux(
        model.get_time(),
        energies * units.MeV,
        distance=distance_kpc * units.kpc,
        flavor_xform=without() if transformation is None else transformation,
    )
    fluence = flux.integrate("time")
    per_cm2_MeV = np.asarray(fluence.array.to_value("1/(cm2 MeV)"), dtype=float)[:, 0, :]
    columns: dict[str, np.ndarray] = {}
    for flavour, column in zip(fluence.flavor, per_cm2_MeV, strict=True):
        name = getattr(flavour, "name", None) or flavours(int(flavour)).name
        if name not in _COMPONENTS and np.any(column > 0.0):
            raise CevnsjaxError(f"The model has neutrinos {name!r}; only {', '.join(_COMPONENTS)} can be detected.")
        columns |= {component: column for component in _COMPONENTS.get(name, ()) if np.any(column > 0.0)}
    if not columns:
        raise CevnsjaxError("The model sends no neutrinos at these energies.")
    return TabulatedFlux.from_columns(energies, columns, 1.0)


def _named_model(name: str, parameters: Mapping[str, Any]) -> Any:
    """Build a model of snewpy by the name of its class; numbers get the units that the class lists."""
    models = importlib.import_module("snewpy.models.ccsn")
    base = importlib.import_module("snewpy.models.base").SupernovaModel
    known = {each: made for each, made in vars(models).items() if isinstance(made, type) and issubclass(made, base)}
    if name not in known:
        raise UnknownNameError("supernova model of snewpy", name, [each for each in known if not each.startswith("_")])
    allowed = getattr(known[name], "param", None)
    allowed = allowed if isinstance(allowed, Mapping) else {}
    given = {key: _with_unit(value, allowed.get(key)) for key, value in parameters.items()}
    try:
        return known[name](**given)
    except Exception as error:  # of snewpy, of the network, of a file
        raise CevnsjaxError(f"snewpy cannot build {name} with {dict(parameters)}: {error}") from None


def _with_unit(value: Any, allowed: Any) -> Any:
    """A number in the unit of the values that are allowed, if they have one."""
    unit = getattr(allowed, "unit", None)
    return value if unit is None or isinstance(value, str) else value * unit
