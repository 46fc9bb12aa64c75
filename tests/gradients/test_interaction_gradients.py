"""Gradients of every term of every interaction: against differences, finite at the edges, in both precisions."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import (
    NSI,
    Axial,
    BaryonMinusLeptons,
    ChargeRadius,
    Coherent,
    DipolePortal,
    ElectronNSI,
    ElectronScattering,
    ElectronTreeLevel,
    ErlerSu,
    FlavourMatrix,
    FlavourVector,
    GeneralizedScalar,
    GeneralizedTensor,
    GeneralizedVector,
    LightScalar,
    LightTensor,
    LightVector,
    MagneticMoment,
    MajoranaMoment,
    Millicharge,
    MuonMinusTau,
    Panels,
    PDGLegacy,
    QuarkScalar,
    QuarkTensor,
    Recoil,
    Tomalak21,
    TreeLevel,
)
from cevnsjax.experiment import named_experiment
from cevnsjax.flux import AbstractBosonSource, PionDecayAtRest
from cevnsjax.inference import build_model
from cevnsjax.models import MODELS
from cevnsjax.paths import get_path, leaf_paths, set_paths
from cevnsjax.target import compound, nuclide

pytestmark = pytest.mark.usefixtures("standard_promotion")

ENTRIES = ("ee", "mumu", "tautau", "emu_real", "emu_imag", "etau_real", "etau_imag", "mutau_real", "mutau_imag")


def matrix(size):
    """Every entry different, none zero."""
    return FlavourMatrix(**{name: size * (0.3 + 0.1 * i) * (-1) ** i for i, name in enumerate(ENTRIES)})


def vector(size):
    return FlavourVector(size, -0.7 * size, 0.4 * size)


TERMS = {
    "tree": lambda: TreeLevel(0.235),
    "pdg-legacy": PDGLegacy,
    "erler-su": ErlerSu,
    "tomalak21": Tomalak21,
    "axial": Axial,
    "nsi": lambda: NSI(matrix(0.1), matrix(-0.07)),
    "zprime": lambda: LightVector(30.0, 4e-5, 0.5, -0.8, 1.2, vector(1.0)),
    "b-l": lambda: BaryonMinusLeptons(30.0, 4e-5, 0.6, 1.7),
    "mu-tau": lambda: MuonMinusTau(30.0, 4e-4),
    "light scalar": lambda: LightScalar(20.0, 2e-5, neutrino_couplings=vector(1.0)),
    "light tensor": lambda: LightTensor(20.0, 2e-5, 0.6, 0.5, vector(1.0)),
    "xi_S": lambda: GeneralizedScalar(vector(0.8)),
    "xi_V": lambda: GeneralizedVector(vector(0.2)),
    "xi_T": lambda: GeneralizedTensor(vector(0.6)),
    "quark scalar": lambda: QuarkScalar(vector(0.01), vector(-0.02)),
    "quark tensor": lambda: QuarkTensor(vector(0.3)),
    "charge radius": lambda: ChargeRadius(matrix(3.0)),
    "millicharge": lambda: Millicharge(matrix(1e-8)),
    "magnetic": lambda: MagneticMoment(matrix(1e-9)),
    "majorana": lambda: MajoranaMoment(*(1e-9 * x for x in (1.0, -2.0, 0.5, 0.7, -0.3, 0.9))),
    "electron tree": lambda: ElectronTreeLevel(0.235),
    "electron nsi": lambda: ElectronNSI(matrix(0.1), matrix(-0.07)),
}
ELECTRON = ("zprime", "b-l", "mu-tau", "light scalar", "charge radius", "millicharge", "magnetic", "majorana")
ON_NUCLEI = {name: build for name, build in TERMS.items() if not name.startswith("electron")}
ON_ELECTRONS = {name: TERMS[name] for name in (*ELECTRON, "electron tree", "electron nsi")}


def standard(name, build):
    """A term with the Standard Model to interfere with, and its opposite where scalars and tensors do."""
    terms = {"new": build()}
    if name not in ("tree", "pdg-legacy", "erler-su", "tomalak21"):
        terms["sm"] = TreeLevel()
    if name in ("xi_S", "light scalar", "quark scalar"):
        terms["other"] = GeneralizedTensor(vector(0.5))
    if name in ("xi_T", "light tensor", "quark tensor"):
        terms["other"] = GeneralizedScalar(vector(0.5))
    return terms


def interactions():
    """Every interaction by name, with the recoils (keV) of cross sections at 30 MeV, and a nuclide."""
    made = {f"nuclei, {name}": (lambda n=name, b=build: Coherent(standard(n, b))) for name, build in ON_NUCLEI.items()}
    for name, build in ON_ELECTRONS.items():
        made[f"electrons, {name}"] = lambda b=build: ElectronScattering.on(
            compound("CsI"), terms={"sm": ElectronTreeLevel(), "new": b()}
        )
    for mass in (3.0, 28.0, 40.0):
        made[f"dipole portal, {mass:g}"] = lambda m=mass: DipolePortal(m, vector(1e-9))
    return made


INTERACTIONS = interactions()


def everything_at_once():
    """All terms in one interaction: one program to compile, and every term has to live with the others."""
    electrons = {name: build() for name, build in ON_ELECTRONS.items()}
    return {
        "nuclei": Coherent({name: build() for name, build in ON_NUCLEI.items()}),
        "electrons": ElectronScattering.on(compound("CsI"), terms=electrons),
        "dipole portal": DipolePortal(3.0, vector(1e-9)),
    }


WITHOUT_INFLUENCE = {
    "nuclei": ("electron_charge", "electron_coupling"),
    "electrons": ("up_charge", "down_charge", "proton_coupling", "neutron_coupling"),
}


def free_leaves(interaction):
    paths = [path for path, leaf in leaf_paths(interaction) if jnp.shape(leaf) == ()]
    return [path for path in paths if "shells" not in path and ".sm." not in path and ".other." not in path]


def point_values(interaction, energies_MeV, recoils_keV):
    """dsigma/dT at each pair of energy and recoil, for a neutrino and an antineutrino of each flavour."""
    target = nuclide("Cs133")
    neutrinos = ("nu_e", "nu_mu_bar", "nu_tau")
    each = [interaction.differential_cross_section(energies_MeV, recoils_keV, target, of) for of in neutrinos]
    return jnp.concatenate(each)


def event_sum(interaction):
    """Events of a kilogram of CsI, weighted with the recoil so that the whole spectrum matters."""
    target, flux = compound("CsI"), PionDecayAtRest(0.08, 1e23, 20.0)
    panels = Panels.of_all_recoils(flux, 1e-6, interaction.kinks_keV)
    spectrum = interaction.spectrum(interaction.nodes(flux, target, panels), flux, target).flat()
    return (spectrum.events * (1.0 + 0.1 * spectrum.energy_keV)[None, :]).sum(axis=1)


def ordinary_places():
    """A few energies (MeV) and recoils (keV)."""
    return jnp.asarray([30.0, 30.0, 50.0, 50.0], dtype=float), jnp.asarray([1.0, 3.0, 4.0, 9.0], dtype=float)


def edge_places(interaction):
    """At the largest recoil of an energy, just beyond it, at a tiny recoil, and in the middle."""
    nucleus = interaction.recoil is Recoil.NUCLEUS
    recoiling = nuclide("Cs133").mass_MeV if nucleus else jnp.asarray(0.51099895, dtype=float)
    energies = jnp.asarray([30.0, 30.0, 30.0, 50.0], dtype=float)
    largest = 2e3 * energies**2 / (recoiling + 2.0 * energies)
    return energies, largest * jnp.asarray([1.0, 1.0000001, 1e-7, 0.5], dtype=float)


class Programs:
    """Cross sections at places and events over a flux, of the free leaves of an interaction; compiled once."""

    def __init__(self, interaction):
        self.paths = free_leaves(interaction)
        self.start = jnp.stack([get_path(interaction, path) for path in self.paths])

        def values(leaves, places):
            moved = set_paths(interaction, self.paths, list(leaves))
            return jnp.concatenate([point_values(moved, *places), event_sum(moved)])

        def pulled_back(leaves, places, cotangent):
            found, pull = jax.vjp(lambda each: values(each, places), leaves)
            return found, pull(cotangent)[0]

        self.values = values
        self.at_many = jax.jit(lambda points, places: jax.lax.map(lambda leaves: values(leaves, places), points))
        self.pulled_back = jax.jit(pulled_back)

    def with_jacobian(self, leaves, places):
        """Values and their Jacobian in reverse mode, row by row: that of all rows at once takes twice the compiling."""
        rows = np.eye(len(jax.eval_shape(self.values, leaves, places)), dtype=leaves.dtype)
        each = [self.pulled_back(leaves, places, row) for row in rows]
        return np.asarray(each[0][0]), np.stack([gradient for _, gradient in each])


@functools.cache
def programs_of(kind, precision):
    """Of all terms at once, for the tests of one precision, which must be that of now."""
    assert jnp.asarray(0.0, dtype=float).dtype == np.dtype(precision)
    return Programs(everything_at_once()[kind])


# --- against differences


def assert_gradients_are_differences(kind, programs, first=()):
    """Fourth order, 1e-5 of each derivative: cross sections at points, and events of a flux."""
    paths, places = programs.paths, ordinary_places()
    for point in first or (np.asarray(programs.start),):
        steps = 2e-3 * np.abs(point)
        assert np.all(steps > 0.0)
        offsets = np.concatenate([multiple * np.diag(steps) for multiple in (-2, -1, 1, 2)])
        moved = np.asarray(programs.at_many(jnp.asarray(point[None, :] + offsets), places))
        found, gradient = programs.with_jacobian(jnp.asarray(point), places)
        gradient = gradient.T
        far_below, below, above, far_above = moved.reshape(4, len(paths), -1)
        difference = (8 * (above - below) - (far_above - far_below)) / (12 * steps[:, None])
        rounding = 1e-14 * np.abs(found)[None, :] / steps[:, None]
        for i, path in enumerate(paths):
            error = np.abs(gradient[i] - difference[i])
            assert np.all(error <= 1e-5 * np.abs(difference[i]) + rounding[i]), path
            none = path.endswith(WITHOUT_INFLUENCE.get(kind, ()))
            assert np.any(gradient[i] != 0.0) != none, path


@pytest.mark.parametrize("kind", ["nuclei", "electrons"])
def test_every_leaf_against_differences(kind):
    programs = programs_of(kind, "float64")
    assert len(programs.paths) > 50
    assert_gradients_are_differences(kind, programs)


def test_dipole_portal_against_differences():
    """Below and above the threshold of the line."""
    masses = [np.array([mass, 1e-9, -0.7e-9, 0.4e-9]) for mass in (3.0, 28.0, 40.0)]
    programs = programs_of("dipole portal", "float64")
    assert programs.paths[0] == "mass_MeV"
    assert_gradients_are_differences("dipole portal", programs, masses)


@pytest.mark.slow
@pytest.mark.parametrize("name", INTERACTIONS)
def test_term_by_term_against_differences(name):
    """With the Standard Model alone, and what it interferes with: nothing drowns in larger terms."""
    assert_gradients_are_differences(name.split(",")[0], Programs(INTERACTIONS[name]()))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nuclei", "electrons", "dipole portal"])
def test_forward_mode_is_reverse_mode(kind):
    programs, places = programs_of(kind, "float64"), ordinary_places()
    forward = np.asarray(jax.jit(jax.jacfwd(programs.values))(programs.start, places))
    reverse = programs.with_jacobian(programs.start, places)[1]
    assert np.all(np.abs(reverse - forward) <= 1e-9 * np.abs(forward) + 1e-12 * np.abs(forward).max(axis=0))


# --- the edges


def zero_where(*endings):
    """Every leaf whose path ends in one of these."""
    return lambda path, value: 0.0 if path.endswith(endings) else value


def parts_of(*blocks):
    """Every leaf below one of these blocks is zero."""
    return lambda path, value: 0.0 if any(f".{block}." in path for block in blocks) else value


def masses_of(mass):
    return lambda path, value: mass if path.endswith("mass_MeV") else value


MATRICES = ("up", "down", "left", "right", "xi", "squared_radius_1e32cm2", "charge", "moment")
EDGES = {
    "ordinary": lambda path, value: value,
    "no coupling": zero_where(".coupling", "axial_coupling"),
    "no mass": masses_of(0.0),
    "mass of 1 keV": masses_of(1e-3),
    "huge mass": masses_of(1e5),
    "no mass and no coupling": zero_where(".mass_MeV", ".coupling"),
    "no charges": zero_where("_charge", "_coupling", "x_e", "x_mu"),
    "no matrices": parts_of(*MATRICES, "c_nlqu", "c_nldq", "c_prime_nldq", "majorana", "neutrino_charges"),
    "s_W^2 = 1/4": lambda path, value: 0.25 if path.endswith("weak_mixing_angle_sin2") else value,
    "s_W^2 = 0": zero_where("weak_mixing_angle_sin2"),
    "all zero": lambda path, value: 0.0,
    "strong": lambda path, value: 1.0 if path.endswith(".coupling") else value,
}


def assert_finite(kind, points, precision):
    """Values and gradients, for every set of leaves: of the sum of all values, which is finite where all are."""
    interaction, programs = everything_at_once()[kind], programs_of(kind, precision)
    places = edge_places(interaction)
    ones = np.ones(jax.eval_shape(programs.values, programs.start, places).shape, dtype=precision)
    for name, change in points.items():
        start = zip(programs.paths, np.asarray(programs.start), strict=True)
        leaves = [change(path, float(leaf)) for path, leaf in start]
        found, gradient = programs.pulled_back(jnp.asarray(leaves, dtype=float), places, ones)
        assert found.dtype == np.dtype(precision)
        assert np.all(np.isfinite(found)), name
        bad = [path for path, each in zip(programs.paths, np.asarray(gradient), strict=True) if not np.isfinite(each)]
        assert not bad, name


@pytest.mark.parametrize("kind", ["nuclei", "electrons"])
def test_finite_at_the_edges(kind, precision):
    assert_finite(kind, EDGES, precision)


def test_dipole_portal_at_the_edges(precision):
    """Masses at the thresholds of the line, of the end point and of the energy of the cross section, on Cs133."""
    nucleus = float(nuclide("Cs133").mass_MeV)
    energies = (139.57039**2 - 105.6583755**2) / (2 * 139.57039), 105.6583755 / 2, 30.0, 50.0
    masses = [nucleus * (np.sqrt(1 + 2 * energy / nucleus) - 1) for energy in energies]
    points = {f"{mass!r}": masses_of(mass) for mass in (0.0, 1e-10, 1e-3, 29.7, *masses, 1e5)}
    points["no moment"] = zero_where(".e", ".mu", ".tau")
    points["nothing"] = lambda path, value: 0.0
    assert_finite("dipole portal", points, precision)


# --- float32


@pytest.mark.parametrize("name", INTERACTIONS)
def test_cross_sections_in_float32(name):
    """Within 1e-5 of float64, for every term with the Standard Model."""

    def evaluate():
        return np.asarray(point_values(INTERACTIONS[name](), *ordinary_places()), dtype=float)

    with jax.enable_x64(False):
        single = evaluate()
    np.testing.assert_allclose(single, evaluate(), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nuclei", "electrons", "dipole portal"])
def test_events_and_gradients_in_float32(kind):
    """Of all terms at once: events within 1e-5, derivatives within 1e-4 of the largest for each leaf."""

    def evaluate(precision):
        programs = programs_of(kind, precision)
        return (each.astype(float) for each in programs.with_jacobian(programs.start, ordinary_places()))

    double, double_gradient = evaluate("float64")
    with jax.enable_x64(False):
        single, single_gradient = evaluate("float32")
    np.testing.assert_allclose(single, double, rtol=1e-5)
    # points and events have units of their own: each number in units of itself
    error, scale = (np.abs(g) / np.abs(double)[:, None] for g in (single_gradient - double_gradient, double_gradient))
    assert np.all(error.max(axis=0) <= 1e-4 * scale.max(axis=0))


# --- named models


OF_NEUTRINOS = [name for name, model in MODELS.items() if not issubclass(model.source, AbstractBosonSource)]
OF_NEUTRINOS += [f"{name}+electrons" for name in ("zprime", "scalar", "magnetic-moment")]


@functools.cache
def germanium():
    """A count, quick to compile; test_gradients.py has the spectra of CsI."""
    return named_experiment("coherent-ge-mini")


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_NEUTRINOS)
def test_densities_over_the_prior(name):
    """Log-density and its gradient are finite at 200 draws of the prior."""
    with jax.numpy_dtype_promotion("standard"):
        model = build_model(germanium(), name)
        values = jax.vmap(model.from_latent)(model.prior_latents(jax.random.key(5), 200))
        density, gradient = eqx.filter_jit(lambda m, v: m.log_density_and_gradient(v, batch_size=50))(model, values)
    assert np.all(np.isfinite(density))
    for key, each in gradient.items():
        assert np.all(np.isfinite(each)), key
