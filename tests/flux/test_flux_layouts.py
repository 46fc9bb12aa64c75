"""Tables of fluxes of programs and groups that name neither columns nor units, and fluxes by name."""

import equinox as eqx
import numpy as np
import pytest

from cevnsjax.cross_section import Coherent, ErlerSu, flux_averaged_cross_section
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import NAMED_FLUXES, TabulatedFlux, named_flux
from cevnsjax.target import compound

ENERGY = np.arange(0.0, 100.2, 0.2)  # MeV
KINDS = ("nu_e", "nu_mu", "nu_tau", "nu_e_bar", "nu_mu_bar", "nu_tau_bar")


def pinched(mean):
    """Per MeV."""
    return 1e9 * (ENERGY / mean) ** 3 * np.exp(-4.0 * ENERGY / mean)


fluence = eqx.filter_jit(lambda flux: flux.fluence_per_cm2)
MEANS = dict(zip(KINDS, (10.0, 14.0, 14.0, 12.0, 15.0, 15.0), strict=True))


def test_snowglobes(tmp_path):
    """GeV and neutrinos in each bin of 0.2 MeV: the flux of columns in MeV, but for E = 0."""
    rows = np.column_stack([1e-3 * ENERGY, *(0.2 * pinched(mean) for mean in MEANS.values())])
    np.savetxt(tmp_path / "burst.dat", rows, header="E(GeV) NuE NuMu NuTau aNuE aNuMu aNuTau", fmt="%.12e")
    read = TabulatedFlux.from_file(tmp_path / "burst.dat", 1.0, layout="snowglobes")
    columns = {name: pinched(mean)[1:] for name, mean in MEANS.items()}
    expected = TabulatedFlux.from_columns(ENERGY[1:], columns, 1.0)
    assert read.components == KINDS
    np.testing.assert_allclose(fluence(read), fluence(expected), rtol=1e-10)
    argon = Coherent({"sm": ErlerSu()}), compound("Ar")
    averages = [flux_averaged_cross_section(argon[0], flux, argon[1], 5.0) for flux in (read, expected)]
    np.testing.assert_allclose(*averages, rtol=1e-10)


def test_globes(tmp_path):
    """GeV and neutrinos per m^2 and GeV for each proton on target, as in the files of DUNE, comments and all."""
    per_m2_GeV = {name: 1e7 * pinched(mean) for name, mean in MEANS.items()}
    rows = np.column_stack([1e-3 * ENERGY, *per_m2_GeV.values()])
    np.savetxt(tmp_path / "flux.txt", rows, header="flux at 1297 km", fmt="%.12e")
    protons = 1.1e21
    read = TabulatedFlux.from_file(tmp_path / "flux.txt", protons, layout="globes")
    columns = {name: pinched(mean)[1:] for name, mean in MEANS.items()}
    expected = TabulatedFlux.from_columns(ENERGY[1:], columns, protons)
    assert read.components == KINDS
    np.testing.assert_allclose(fluence(read), fluence(expected), rtol=1e-10)
    argon = Coherent({"sm": ErlerSu()}), compound("Ar")
    averages = [flux_averaged_cross_section(argon[0], flux, argon[1], 5.0) for flux in (read, expected)]
    np.testing.assert_allclose(*averages, rtol=1e-10)


def test_honda(tmp_path):
    """Two blocks of directions, each with its solid angle, by hand."""
    energies = np.array([0.1, 0.2, 0.5])
    blocks = [("average flux in [cosZ = 0.00 -- 1.00, phi_Az =   0 -- 360]", 2.0), ("[cosZ =-1.00 -- 0.00]", 4.0)]
    text = ""
    for header, strength in blocks:
        text += header + "\n Enu(GeV)   NuMu       NuMubar    NuE        NuEbar   \n"
        text += "".join(f"{e} {strength} {2 * strength} {3 * strength} {4 * strength}\n" for e in energies)
    (tmp_path / "atmosphere.d").write_text(text)
    read = TabulatedFlux.from_file(tmp_path / "atmosphere.d", 10.0, layout="honda")
    assert read.components == ("nu_mu", "nu_mu_bar", "nu_e", "nu_e_bar")
    # 2 pi (2 + 4) per m^2, s and GeV, from 0.1 to 0.5 GeV in 10 s
    muons = 2.0 * np.pi * 6.0 * 1e-4 * 0.4 * 10.0
    np.testing.assert_allclose(fluence(read), muons * np.array([1.0, 2.0, 3.0, 4.0]), rtol=1e-12)
    np.testing.assert_allclose(read.spectra.energy_MeV, [100.0, 200.0, 500.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("layout", "text", "words"),
    [
        (None, "1 1 1 1 1 1 1\n", "7 columns without names.*or give the layout of the program"),
        ("snowglobe", "1 1", "did you mean 'snowglobes'"),
        ("snowglobes", "0.001 1 1 1 1 1\n0.002 1 1 1 1 1\n", "6 columns without names"),
        ("snowglobes", "0.001 1 1 1 1 1 1\n0.002 1 1 1 1 1 1\n0.005 1 1 1 1 1 1\n", "bins of one width"),
        (
            "snowglobes",
            "0.001 1 1 1 1 1 1\n0.002 1 1 -1 1 1 1\n",
            "line 2: no number may be negative, got -1 of nu_tau",
        ),
        ("globes", "0.001 1 1 1 1 1\n0.002 1 1 1 1 1\n", "6 columns without names"),
        ("globes", "1 1 1 1 1 1 1\n3 1 1 1 1 1 1\n2 1 1 1 1 1 1\n", "line 3: the energy must increase"),
        ("globes", "1 1 1 1 1 1 1\n2 1 1 1 1 1 1 -1\n", "line 2: 8 numbers where the rows above have 7"),
        ("globes", "1 0 0 0 0 0 0\n2 0 0 0 0 0 0\n", "the flux is zero in all rows"),
        (
            "honda",
            "[cosZ = 0 -- 1]\n0.1 1 1 1 1\n0.2 1 -1 1 1\n",
            "line 3: .* fluxes not be negative",
        ),
        ("honda", "[cosZ = 0 -- 1]\n0.2 1 1 1 1\n0.1 1 1 1 1\n", "line 3: energies must increase"),
        ("honda", "0.1 1 1 1 1\n", "five columns under a line with cosZ"),
        ("honda", "nothing\n", "no block of directions"),
        ("honda", "[cosZ = 0 -- 1]\n0.1 1 1 1\n", "line 2: Honda's tables have five columns"),
        ("honda", "[cosZ = 0 -- 1]\n0.1 1 1 1 1\n[cosZ = -1 -- 0]\n0.2 1 1 1 1\n", "different energies"),
    ],
)
def test_refused(tmp_path, layout, text, words):
    (tmp_path / "flux.dat").write_text(text)
    with pytest.raises(CevnsjaxError, match=words):
        TabulatedFlux.from_file(tmp_path / "flux.dat", 1.0, layout=layout)


def test_a_fluence_of_snowglobes_is_of_the_whole_exposure(tmp_path):
    (tmp_path / "burst.dat").write_text("0.0005 1 1 1 1 1 1\n0.001 1 1 1 1 1 1\n")
    with pytest.raises(CevnsjaxError, match="give exposure_s = 1, got 86400"):
        TabulatedFlux.from_file(tmp_path / "burst.dat", 86400.0, layout="snowglobes")


@pytest.mark.parametrize("name", NAMED_FLUXES)
def test_named_fluxes(name):
    assert np.all(np.asarray(fluence(named_flux(name))) > 0.0)


def test_named_flux_of_a_file(tmp_path):
    path = tmp_path / "flux.csv"
    path.write_text("1 1\n2 1\n")
    assert named_flux(str(path), "nu_e").components == ("nu_e",)
    path.write_text("0.0002 1 1 1 1 1 1\n0.0004 1 1 1 1 1 1\n")
    assert named_flux(str(path), layout="snowglobes").components == KINDS
    with pytest.raises(CevnsjaxError, match="a file of snowglobes names its neutrinos by their place"):
        named_flux(str(path), "nu_e", "snowglobes")
    with pytest.raises(CevnsjaxError, match="solar has neutrinos of its own, honda goes with a file"):
        named_flux("solar", layout="honda")
    with pytest.raises(UnknownNameError, match="did you mean 'reactor-texono'"):
        named_flux("reactor-texon")
