"""Supernova models of snewpy: the real package where it is installed, and a stand-in with its interface."""

import sys
import types
from enum import IntEnum

import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import PinchedSpectrum, SupernovaBurst, SupernovaConversion, snewpy_fluence

ENERGY = np.linspace(0.5, 80.0, 160)
SECONDS, ERG_PER_S = 8.0, 5e51
MEANS, PINCHING = {"E": 12.0, "E_BAR": 15.0, "X": 16.0}, {"E": 2.5, "E_BAR": 3.7, "X": 1.8}


def burst(**luminosity):
    """The same burst from the formula: constant luminosity for some seconds."""
    spectra = [
        PinchedSpectrum(MEANS[s], PINCHING[s], luminosity.get(s, 1.0) * ERG_PER_S * SECONDS / 1e52) for s in MEANS
    ]
    return SupernovaBurst(*spectra, distance_kpc=10.0)


def per_cm2_MeV(flux):
    density = np.asarray(flux.fluence_per_cm2)[:, None] * np.asarray(flux.density(jnp.asarray(ENERGY)))
    total = {}
    for name, each in zip(flux.components, density, strict=True):
        final = name.split("_to_")[-1]
        total[final] = total.get(final, 0.0) + each
    return total


def pinched_model():
    """A model of snewpy's own class for pinched spectra, of constant luminosity."""
    pytest.importorskip("snewpy")
    from astropy.table import Table
    from snewpy.models.base import PinchedModel

    table = Table({"TIME": np.linspace(0.0, SECONDS, 50)})
    for species, mean in MEANS.items():
        table[f"L_NU_{species}"], table[f"E_NU_{species}"] = np.full(50, ERG_PER_S), np.full(50, mean)
        table[f"ALPHA_NU_{species}"] = np.full(50, PINCHING[species])
    return PinchedModel(table, {})


def test_snewpy_itself():
    found = per_cm2_MeV(snewpy_fluence(pinched_model(), 10.0, energy_MeV=ENERGY))
    for name, expected in per_cm2_MeV(burst()).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-7)


@pytest.mark.parametrize("ordering", ["normal", "inverted"])
def test_conversion_of_snewpy_itself(ordering):
    """Its AdiabaticMSW against `SupernovaConversion` with its angles: electron flavours, and the sum of the others."""
    model = pinched_model()
    from snewpy.flavor_transformation import AdiabaticMSW
    from snewpy.neutrino import MassHierarchy, MixingParameters

    hierarchy = MassHierarchy[ordering.upper()]
    theta12, theta13, _ = (
        np.sin(each.to_value("rad")) ** 2 for each in MixingParameters(hierarchy).get_mixing_angles()
    )
    found = per_cm2_MeV(snewpy_fluence(model, 10.0, transformation=AdiabaticMSW(mh=hierarchy), energy_MeV=ENERGY))
    expected = per_cm2_MeV(SupernovaConversion(burst(), ordering, theta12, theta13))
    for end in ("", "_bar"):
        np.testing.assert_allclose(found[f"nu_e{end}"], expected[f"nu_e{end}"], rtol=1e-7)
        others = [each[f"nu_mu{end}"] + each[f"nu_tau{end}"] for each in (found, expected)]
        np.testing.assert_allclose(*others, rtol=1e-7)


class Quantity:
    """As much of one of astropy as is used: its unit is that of what it is asked for."""

    def __init__(self, values):
        self.values = values

    def to_value(self, unit):
        assert unit == "1/(cm2 MeV)"
        return self.values


class Standin:
    """A model with the documented interface of snewpy: four species at three times."""

    def __init__(self, progenitor_mass=1.0):
        if progenitor_mass != 27.0:
            raise ValueError("Invalid parameter value")

    def get_time(self):
        return np.array([0.0, 1.0, 2.0])

    def get_flux(self, t, E, distance, flavor_xform):
        assert distance == 5.0
        flux = types.SimpleNamespace(flavor=np.array([0, 1, 2, 3]))
        strength = np.array([1.0, 2.0, 0.0, 3.0])[:, None, None]
        per_s = strength * np.ones((4, len(t), len(E)))
        flux.integrate = lambda axis: types.SimpleNamespace(
            flavor=flux.flavor, array=Quantity(per_s[:, :1] * (t[-1] - t[0]))
        )
        return flux


@pytest.fixture
def standin(monkeypatch):
    names = (
        "snewpy",
        "snewpy.flavor_transformation",
        "snewpy.neutrino",
        "snewpy.models",
        "snewpy.models.ccsn",
        "snewpy.models.base",
        "astropy",
        "astropy.units",
    )
    modules = {name: types.ModuleType(name) for name in names}
    modules["astropy.units"].MeV = modules["astropy.units"].kpc = 1.0
    modules["snewpy.flavor_transformation"].NoTransformation = lambda: None
    modules["snewpy.neutrino"].Flavor = IntEnum("Flavor", ["NU_E", "NU_X", "NU_E_BAR", "NU_X_BAR"], start=0)
    modules["snewpy.models.base"].SupernovaModel = Standin
    modules["snewpy.models.ccsn"].Standin = Standin
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


def test_a_model_by_name(standin):
    flux = snewpy_fluence("Standin", 5.0, parameters={"progenitor_mass": 27.0}, energy_MeV=[1.0, 2.0, 3.0])
    assert flux.components == ("nu_e", "nu_mu", "nu_tau", "nu_mu_bar", "nu_tau_bar")
    np.testing.assert_allclose(flux.fluence_per_cm2, 2.0 * 2.0 * np.array([1.0, 2.0, 2.0, 3.0, 3.0]), rtol=1e-14)


def test_messages(standin):
    with pytest.raises(UnknownNameError, match="did you mean 'Standin'"):
        snewpy_fluence("Standing", 5.0)
    with pytest.raises(CevnsjaxError, match=r"snewpy cannot build Standin with {}: Invalid parameter value"):
        snewpy_fluence("Standin", 5.0)
    with pytest.raises(CevnsjaxError, match="parameters go with the name"):
        snewpy_fluence(Standin(27.0), 5.0, parameters={"progenitor_mass": 27.0})
    with pytest.raises(CevnsjaxError, match="give the fluence to a SupernovaConversion"):
        snewpy_fluence(Standin(27.0), 5.0, transformation="AdiabaticMSW")
    with pytest.raises(CevnsjaxError, match="must be a supernova model of snewpy, or its name, got int"):
        snewpy_fluence(3, 5.0)
    with pytest.raises(CevnsjaxError, match="distance_kpc must be positive"):
        snewpy_fluence(Standin(27.0), 0.0)


def test_without_snewpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "astropy.units", None)
    monkeypatch.setitem(sys.modules, "snewpy.flavor_transformation", None)
    with pytest.raises(CevnsjaxError, match=r"need that package .*; install it with: pip install 'cevnsjax\[snewpy\]'"):
        snewpy_fluence("Bollig_2016", 10.0)
