"""COHERENT liquid argon: the fit of the released histograms, and the predicted signal in several conventions."""

import functools
import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import as_float
from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV
from cevnsjax.cross_section import Coherent, ErlerSu, TreeLevel
from cevnsjax.cross_section.term import AbstractVectorTerm
from cevnsjax.experiment import Experiment, coherent_lar, coherent_lar_templates
from cevnsjax.inference import Model, build_model, maximum
from cevnsjax.paths import get_path
from cevnsjax.response import AbstractResponse, DepositEfficiency, GaussianResponse, TabulatedEfficiency
from cevnsjax.tables import read_table
from cevnsjax.target import AbstractFormFactor, Helm, KleinNystrand, Material, nuclide
from cevnsjax.validation.published_number import PublishedNumber

_FIT = (
    "independent fit of the release arXiv:2006.12659; arXiv:2003.10630 has 159 +- 43, 553 +- 34, 10 +- 11, 3131 +- 23"
)
_COUNT = "independent calculation (0.1-keVee bins)"
_BASE = (
    "0 to 120 keVee, no time window; 24.4 kg of Ar40 at 39.948 g/mol, 27.5 m, 1.38e23 POT, 0.09 nu/POT/flavour; "
    "E_ee = T (0.246 + 0.00078 T), sigma = 0.58 sqrt(E_ee); "
)


def template_model() -> Model:
    """Four free norms of the released histograms, all shapes fixed."""
    experiment = coherent_lar_templates()
    shapes = [p.name for p in experiment.nuisances if not p.name.endswith("_events")]
    return build_model(experiment, "nuisances", fixed=shapes)


@functools.cache
def _fit(signal: bool):
    return maximum(template_model(), fixed=None if signal else {"cevns_events": 1e-9})


def _significance() -> float:
    return math.sqrt(2.0 * (_fit(True).log_density - _fit(False).log_density))


def convention_experiment(form_factor: AbstractFormFactor, term: AbstractVectorTerm) -> Experiment:
    """Build the experiment in the convention of the reference counts: all argon is Ar40, with its atomic mass."""
    argon = nuclide("Ar40", lambda _: form_factor, 39.9623831 * ATOMIC_MASS_UNIT_MEV)
    experiment = coherent_lar().with_interactions({"cevns": Coherent({"sm": term})})
    return eqx.tree_at(lambda e: e.target, experiment, Material({"Ar40": argon}, {"Ar40": 1.0}, 39.948))


@eqx.filter_jit
def _all_times(experiment: Experiment, response: AbstractResponse):
    events = experiment.spectrum("cevns", "sns").flat().events
    kernel = response.kernel(experiment.visible_energy_keV("cevns", "sns"))
    return jnp.matmul(events, kernel, precision="highest").sum(axis=0)


def _energies(experiment: Experiment, true_energy: bool = False) -> np.ndarray:
    """Events in the bins of energy, without a time window."""
    response: Any = get_path(experiment, "response.response")
    if true_energy:
        table = read_table("coherent_lar/efficiency.csv")
        deposits = np.asarray(experiment.quenching(as_float(table["recoil_energy_keVnr"])))
        passed = TabulatedEfficiency(deposits, table["efficiency"])
        response = DepositEfficiency(GaussianResponse(response.edges_keV, response.resolution), passed)
    return np.asarray(_all_times(experiment, response))


def _count(form_factor: AbstractFormFactor, term: AbstractVectorTerm, true_energy: bool = False) -> float:
    return float(_energies(convention_experiment(form_factor, term), true_energy).sum())


@functools.cache
def _shares(axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Fractions of the signal in bins of energy (axis 0, no time window) or of time (2): our own and the release's."""
    experiment = coherent_lar()
    own = _energies(experiment) if axis == 0 else experiment.project(experiment.signal().sum(axis=0), axis)
    released = experiment.project(coherent_lar_templates().contributions()["cevns"], axis)
    return np.asarray(own / own.sum()), np.asarray(released / released.sum())


def _shape(axis: int, index: int) -> float:
    own, released = _shares(axis)
    return float(own[index] / released[index])


def _rows():
    norms = {"cevns": 160.2, "prompt_brn": 552.1, "delayed_brn": 10.5, "steady_state": 3131.4}
    convention = (
        "12 x 8 x 10 bins, extended Poisson; histograms normalised to one; Gaussian priors 497 +- 160 (prompt BRN), "
        "33 +- 33 (delayed), 3152 +- 25 (steady state), none on CEvNS"
    )
    for name, value in norms.items():
        yield PublishedNumber(
            f"lar-fit-{name.replace('_', '-')}",
            _FIT,
            convention,
            value,
            0.5,
            "events",
            lambda name=name: _fit(True).values[f"{name}_events"],
        )
    yield PublishedNumber("lar-fit-significance", _FIT, convention, 3.88, 0.02, "sigma", _significance)
    tree, helm = TreeLevel(0.23857), Helm(3.45)
    wide = KleinNystrand.from_mass_number(40, 1.23)
    variants = [
        ("helm", "Helm R_rms = 3.45 fm; tree level, s_W^2 = 0.23857", 134.9, (helm, tree)),
        ("klein-nystrand-1.23", "Klein-Nystrand R_A = 1.23 A^(1/3); tree level", 130.2, (wide, tree)),
        ("radiative", "Helm R_rms = 3.45 fm; Erler-Su", 137.0, (helm, ErlerSu())),
        ("true-energy", "Helm; tree level; efficiency at the true recoil energy", 136.5, (helm, tree, True)),
    ]
    for label, text, value, arguments in variants:
        yield PublishedNumber(
            f"lar-count-{label}",
            _COUNT,
            _BASE + text,
            value,
            0.005 * value,
            "events",
            functools.partial(_count, *arguments),
        )
    source, own = (
        "release arXiv:2006.12659, CEvNS histogram",
        "default forward model, energies without a time window; fraction over the release's",
    )
    for index, label in enumerate(("0-10", "10-20", "20-30")):
        yield PublishedNumber(
            f"lar-shape-energy-{label}-keVee", source, own, 1.0, 0.10, "1", functools.partial(_shape, 0, index)
        )
    for index in range(1, 10):
        yield PublishedNumber(
            f"lar-shape-time-bin-{index + 1}", source, own, 1.0, 0.05, "1", functools.partial(_shape, 2, index)
        )


COHERENT_LAR = tuple(_rows())
