"""The models that can be asked for by name, with the parameters and priors that they offer."""

import functools
from collections.abc import Iterator

import numpyro.distributions as dist

from cevnsjax.arrays import short
from cevnsjax.constants import WEAK_MIXING_ANGLE_SIN2
from cevnsjax.cross_section import (
    NSI,
    Axial,
    BaryonMinusLeptons,
    ChargeRadius,
    ElectronNSI,
    GeneralizedScalar,
    GeneralizedTensor,
    LightScalar,
    LightTensor,
    LightVector,
    MagneticMoment,
    Millicharge,
    MuonMinusTau,
    QuarkScalar,
    QuarkTensor,
)
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import Experiment, Joint
from cevnsjax.flux import AbstractSource
from cevnsjax.models.alp import ALP_MODELS
from cevnsjax.models.dark_models import DARK_MODELS
from cevnsjax.models.dipole_portal import dipole_parameters, with_dipole_portal
from cevnsjax.models.light_bosons import LIGHT_BOSON_MODELS
from cevnsjax.models.named_model import NamedModel, combine, jointly, together, with_electrons
from cevnsjax.models.nsi_in_matter import NSI_IN_MATTER
from cevnsjax.models.nuclear_radii import neutron_radius_names, neutron_skins, radii, with_neutron_skins
from cevnsjax.models.sterile import sterile_parameters, with_sterile_neutrino
from cevnsjax.models.term_families import ENTRIES, entry_symbol, matrix, mediator, vector
from cevnsjax.models.term_model import TermParameter, term_model
from cevnsjax.parameter import Parameter

WITH_ELECTRONS = "+electrons"
"""Ending of a model's name that adds neutrino-electron scattering, with the same new physics where it acts there."""
TOGETHER = ","
"""Between names of models that are taken together."""


def _mixing_angles(experiment) -> Iterator[str]:
    """Paths of the weak mixing angle in the terms of all interactions."""
    for name, interaction in experiment.interactions.items():
        for key, term in getattr(interaction, "terms", {}).items():
            if hasattr(term, "weak_mixing_angle_sin2"):
                yield f"interactions.{name}.terms.{key}.weak_mixing_angle_sin2"


MODELS: dict[str, NamedModel] = {
    "nuisances": NamedModel(
        "nothing but what an experiment leaves free itself: backgrounds, and signals given as histograms",
        lambda experiment: experiment,
        lambda _: (),
        source=AbstractSource,
    ),
    "sm": NamedModel(
        "Standard Model with a free signal norm",
        lambda experiment: experiment,
        lambda _: (
            Parameter(
                "signal_norm",
                dist.Uniform(0.0, 3.0),
                "signal_norm",
                description="signal over its prediction",
                symbol="signal / prediction",
                standard_model=1.0,
            ),
        ),
        fixes_flux=True,
        source=AbstractSource,
    ),
    "sm-sw2": NamedModel(
        "Standard Model with a free weak mixing angle at zero momentum transfer",
        lambda experiment: experiment,
        lambda experiment: (
            Parameter(
                "weak_mixing_angle_sin2",
                dist.Uniform(0.0, 0.5),
                tuple(_mixing_angles(experiment)),
                description="sin^2 theta_W, MS-bar, Q = 0",
                symbol=r"$\sin^2\theta_W$",
                standard_model=WEAK_MIXING_ANGLE_SIN2,
            ),
        ),
    ),
    "sm-radii": NamedModel(
        "Standard Model with free radii of neutrons (and protons) of all nuclides",
        lambda experiment: experiment,
        radii,
        neutron_radius_names,
    ),
    "sm-neutron-skin": NamedModel(
        "Standard Model with a free neutron skin", with_neutron_skins, neutron_skins, ("neutron_skin",)
    ),
    "sm-axial": term_model(
        "Standard Model with the axial current on nuclei with spin",
        "axial",
        Axial,
        (
            TermParameter(
                "axial_coupling", dist.Normal(1.2756, 0.2), ("axial_coupling",), "", "g_A, reduced in nuclei", "$g_A$"
            ),
        ),
    ),
    "nsi": term_model(
        "vector non-standard interactions with up and down quarks",
        "nsi",
        NSI,
        (
            TermParameter(
                f"eps_{name}_{letter}",
                dist.Uniform(-1.0, 1.0),
                (f"{quark}.{entry}",),
                "",
                f"vector NSI coupling, {entry.replace('_', ' ')} entry, {quark} quark",
                entry_symbol(rf"\epsilon^{letter}_{{*}}", entry),
                0.0,
            )
            for quark, letter in (("up", "u"), ("down", "d"))
            for name, entry in ENTRIES.items()
        ),
        ("eps_ee_u", "eps_ee_d"),
        derived=NSI_IN_MATTER,
    ),
    "nsi-electrons": with_electrons(
        term_model(
            "non-standard interactions with electrons",
            "nsi",
            ElectronNSI,
            (
                *matrix("eps_left", r"\epsilon^{eL}_{*}", "left", 10.0, "", "NSI with left-handed electrons"),
                *matrix("eps_right", r"\epsilon^{eR}_{*}", "right", 10.0, "", "NSI with right-handed electrons"),
            ),
            ("eps_left_ee", "eps_right_ee"),
        )
    ),
    "generalized": combine(
        "scalar and tensor contact interactions, xi_S and xi_T",
        term_model("", "scalar", GeneralizedScalar, vector("xi_scalar", r"\xi_S", "xi", 3.0, "xi_S")),
        term_model("", "tensor", GeneralizedTensor, vector("xi_tensor", r"\xi_T", "xi", 3.0, "xi_T")),
        default_free=("xi_scalar", "xi_tensor"),
    ),
    "quark-operators": combine(
        "scalar and tensor quark operators with right-handed neutrinos",
        term_model(
            "",
            "quark_scalar",
            QuarkScalar,
            (
                *vector("c_nlqu", "C_{NLQu}", "c_nlqu", 0.1, "C_NLQu"),
                *vector("c_nldq", "C_{NLdQ}", "c_nldq", 0.1, "C_NLdQ"),
            ),
        ),
        term_model(
            "", "quark_tensor", QuarkTensor, vector("c_prime_nldq", "C'_{NLdQ}", "c_prime_nldq", 1.0, "C'_NLdQ")
        ),
        default_free=("c_nldq", "c_prime_nldq"),
    ),
    "zprime": term_model(
        "light vector boson, the same charge for all quarks and leptons",
        "zprime",
        functools.partial(LightVector, 100.0, 1e-5),
        mediator((0.01, 1e5), (1e-7, 1.0)),
    ),
    "zprime-b-l": term_model(
        "light vector boson of B - x_e L_e - x_mu L_mu - x_tau L_tau with x_tau = 3 - x_e - x_mu; B - L unless set",
        "zprime",
        functools.partial(BaryonMinusLeptons, 100.0, 1e-5),
        (
            *mediator((0.01, 1e5), (1e-7, 1.0)),
            TermParameter("x_e", dist.Uniform(-10.0, 10.0), ("x_e",), "", "charge of electron number", "$x_e$"),
            TermParameter("x_mu", dist.Uniform(-10.0, 10.0), ("x_mu",), "", "charge of muon number", r"$x_\mu$"),
        ),
        ("mass", "coupling"),
    ),
    "zprime-lmu-ltau": term_model(
        "light vector boson of L_mu - L_tau, reaching nuclei by kinetic mixing in loops",
        "zprime",
        functools.partial(MuonMinusTau, 100.0, 1e-4),
        mediator((0.01, 1e5), (1e-6, 1.0)),
    ),
    "scalar": term_model(
        "light scalar boson with universal quark couplings",
        "scalar",
        functools.partial(LightScalar, 100.0, 1e-5),
        mediator((0.01, 1e5), (1e-7, 1.0), r"\phi"),
    ),
    "tensor": term_model(
        "tensor interaction by a light mediator",
        "tensor",
        functools.partial(LightTensor, 100.0, 1e-5),
        mediator((0.01, 1e5), (1e-7, 1.0), "T"),
    ),
    "magnetic-moment": term_model(
        "magnetic and transition moments",
        "magnetic",
        MagneticMoment,
        matrix("moment", r"\mu_{*}", "moment", 1e-7, "mu_B", "magnetic moment"),
        ("moment_ee", "moment_mumu"),
    ),
    "charge-radius": term_model(
        "charge radii beyond those of the Standard Model",
        "charge_radius",
        ChargeRadius,
        matrix(
            "radius",
            r"\langle r^2_{*}\rangle",
            "squared_radius_1e32cm2",
            200.0,
            "1e-32 cm^2",
            "charge radius squared",
        ),
        ("radius_ee", "radius_mumu"),
    ),
    "millicharge": term_model(
        "electric charges of neutrinos",
        "millicharge",
        Millicharge,
        matrix("charge", "q_{*}", "charge", 1e-5, "e", "electric charge"),
        ("charge_ee", "charge_mumu"),
    ),
    "dipole-portal": NamedModel(
        "upscattering into a heavy neutrino by a dipole moment",
        with_dipole_portal,
        dipole_parameters,
        ("mass", "moment"),
    ),
    "sterile": NamedModel(
        "disappearance into a sterile neutrino over a short baseline, 3 + 1 flavours",
        with_sterile_neutrino,
        sterile_parameters,
        ("mass_splitting", "electron_mixing2", "muon_mixing2"),
    ),
    **ALP_MODELS,
    **DARK_MODELS,
    **LIGHT_BOSON_MODELS,
}
"""Models by name."""


def named_model(name: str, experiment: Experiment | Joint | None = None) -> NamedModel:
    """Look up a model; ``NAME+electrons`` is the same with neutrino-electron scattering, ``NAME,NAME`` is both.

    Parameters
    ----------
    name
        Name of the model, or names of several with commas between, all of whose parameters are offered.
    experiment
        What it is for: several experiments together have its parameters in common.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    ParameterError
        If it is no name, or a model is named twice.
    """
    if not isinstance(name, str):
        raise ParameterError(f"The name of a model must be a text, got {short(name)}.")
    names = [each.strip() for each in name.split(TOGETHER)]
    models = {each: _single(each) for each in names}
    for each in models:
        if names.count(each) > 1:
            raise ParameterError(f"The model {each!r} is named twice in {name!r}; name it once.")
    model = together(models) if len(models) > 1 else models[names[0]]
    return jointly(model) if isinstance(experiment, Joint) else model


def _single(name: str) -> NamedModel:
    base = name.removesuffix(WITH_ELECTRONS)
    if base not in MODELS:
        raise UnknownNameError("model", name, [f"{each}{WITH_ELECTRONS}" for each in MODELS] if "+" in name else MODELS)
    return MODELS[base] if base == name else with_electrons(MODELS[base])
