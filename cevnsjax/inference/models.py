"""The models that can be asked for by name, with the parameters and priors that they offer."""

import dataclasses
import functools
import re

import equinox as eqx
import numpyro.distributions as dist

from cevnsjax.cross_section import (
    EARTH_NEUTRONS_PER_PROTON,
    NSI,
    Axial,
    BaryonMinusLeptons,
    ChargeRadius,
    DipolePortal,
    FlavourVector,
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
from cevnsjax.errors import ParameterError
from cevnsjax.flux import SterileOscillation
from cevnsjax.inference.model import Derived
from cevnsjax.inference.named_model import NamedModel, TermParameter, combine, term_model
from cevnsjax.parameter import Parameter
from cevnsjax.target import NeutronSkin

_FLAVOURS = ("e", "mu", "tau")
_ENTRIES = {
    "ee": "ee",
    "mumu": "mumu",
    "tautau": "tautau",
    "emu": "emu_real",
    "emu_imag": "emu_imag",
    "etau": "etau_real",
    "etau_imag": "etau_imag",
    "mutau": "mutau_real",
    "mutau_imag": "mutau_imag",
}


def _mediator(mass_MeV: tuple[float, float], coupling: tuple[float, float]) -> tuple[TermParameter, ...]:
    return (
        TermParameter("mass", dist.LogUniform(*mass_MeV), ("mass_MeV",), "MeV", "mass of the mediator"),
        TermParameter("coupling", dist.LogUniform(*coupling), ("coupling",), "", "coupling of the mediator"),
    )


def _matrix(symbol: str, leaf: str, size: float, unit: str, description: str) -> tuple[TermParameter, ...]:
    """One parameter for each entry of a Hermitian matrix."""
    return tuple(
        TermParameter(
            f"{symbol}_{name}",
            dist.Uniform(-size, size),
            (f"{leaf}.{entry}",),
            unit,
            f"{description}, {entry.replace('_', ' ')} entry",
        )
        for name, entry in _ENTRIES.items()
    )


def _vector(symbol: str, leaf: str, size: float, description: str) -> tuple[TermParameter, ...]:
    """One parameter common to all flavours, and one for each."""
    common = TermParameter(
        symbol,
        dist.Uniform(-size, size),
        tuple(f"{leaf}.{flavour}" for flavour in _FLAVOURS),
        "",
        f"{description}, the same for all flavours",
    )
    each = (
        TermParameter(
            f"{symbol}_{flavour}", dist.Uniform(-size, size), (f"{leaf}.{flavour}",), "", f"{description}, nu_{flavour}"
        )
        for flavour in _FLAVOURS
    )
    return (common, *each)


def _radii(experiment) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            f"{nucleon}_radius_{name}",
            # from half to twice the radius of a ball of nuclear density
            dist.Uniform(0.46 * isotope.mass_number ** (1 / 3), 1.86 * isotope.mass_number ** (1 / 3)),
            f"target.nuclides.{name}.{nucleon}_form_factor.rms_radius_fm",
            "fm",
            f"rms radius of the {nucleon}s of {name}",
        )
        for nucleon in ("neutron", "proton")
        for name, isotope in experiment.target.nuclides.items()
    )


def _neutron_radius_names(experiment) -> tuple[str, ...]:
    return tuple(f"neutron_radius_{name}" for name in experiment.target.nuclides)


def _with_neutron_skins(experiment):
    nuclides = {
        name: isotope
        if isinstance(isotope.neutron_form_factor, NeutronSkin)
        else dataclasses.replace(isotope, neutron_form_factor=NeutronSkin(isotope.proton_form_factor))
        for name, isotope in experiment.target.nuclides.items()
    }
    return eqx.tree_at(lambda e: e.target.nuclides, experiment, nuclides)


def _neutron_skins(experiment) -> tuple[Parameter, ...]:
    where = {
        name: f"target.nuclides.{name}.neutron_form_factor.skin_fm"
        for name, isotope in experiment.target.nuclides.items()
    }
    prior = dist.Uniform(-1.0, 1.5)
    return (
        Parameter("neutron_skin", prior, tuple(where.values()), "fm", "R_n - R_p, the same for all nuclides"),
        *(Parameter(f"neutron_skin_{name}", prior, path, "fm", f"R_n - R_p of {name}") for name, path in where.items()),
    )


def _matter_combination(experiment, entry: tuple[int, int], reference: tuple[int, int] | None = None):
    """Real part of an entry of the NSI in the Earth's matter, less that of another entry."""
    matrix = experiment.interactions["cevns"].terms["nsi"].in_matter(EARTH_NEUTRONS_PER_PROTON)[0]
    return matrix[entry] - (0.0 if reference is None else matrix[reference])


_MATTER = (
    Derived("eps_ee_mumu_matter", functools.partial(_matter_combination, entry=(0, 0), reference=(1, 1))),
    Derived("eps_tautau_mumu_matter", functools.partial(_matter_combination, entry=(2, 2), reference=(1, 1))),
    Derived("eps_emu_matter", functools.partial(_matter_combination, entry=(0, 1))),
    Derived("eps_etau_matter", functools.partial(_matter_combination, entry=(0, 2))),
    Derived("eps_mutau_matter", functools.partial(_matter_combination, entry=(1, 2))),
)
"""What oscillations in matter see of NSI: LMA-Dark is near eps_ee - eps_mumu = -2."""


def _with_dipole_portal(experiment):
    if "dipole_portal" in experiment.interactions:
        return experiment
    added = {"dipole_portal": DipolePortal(10.0, FlavourVector.universal(1e-10))}
    return eqx.tree_at(lambda e: e.interactions, experiment, {**experiment.interactions, **added})


def _dipole_parameters(_) -> tuple[Parameter, ...]:
    where, moments = "interactions.dipole_portal.", tuple(f"moment.{flavour}" for flavour in _FLAVOURS)
    prior = dist.LogUniform(1e-12, 1e-6)
    return (
        Parameter("mass", dist.LogUniform(0.01, 60.0), f"{where}mass_MeV", "MeV", "mass of the heavy neutrino"),
        Parameter(
            "moment", prior, tuple(where + leaf for leaf in moments), "mu_B", "dipole moment, the same for all flavours"
        ),
        *(
            Parameter(f"moment_{flavour}", prior, where + leaf, "mu_B", f"dipole moment of nu_{flavour}")
            for flavour, leaf in zip(_FLAVOURS, moments, strict=True)
        ),
    )


def _with_sterile_neutrino(experiment):
    if isinstance(experiment.flux, SterileOscillation):
        return experiment
    if not hasattr(experiment.flux, "baseline_m"):
        raise ParameterError("The model 'sterile' needs a source at a distance; this flux has no baseline.")
    flux = SterileOscillation(experiment.flux, 1.0, experiment.flux.baseline_m)
    # what the experiment says of its flux is now said of the flux at the source
    nuisances = tuple(
        dataclasses.replace(p, where=tuple(re.sub(r"^flux\.", "flux.source.", path) for path in p.paths))
        for p in experiment.nuisances
    )
    return dataclasses.replace(experiment, flux=flux, nuisances=nuisances)


def _sterile_parameters(_) -> tuple[Parameter, ...]:
    names = {"electron": "e", "muon": "mu", "tau": "tau"}
    return (
        Parameter(
            "mass_splitting", dist.LogUniform(0.01, 100.0), "flux.mass_splitting_eV2", "eV^2", "Delta m^2_41, 3 + 1"
        ),
        *(
            Parameter(f"{name}_mixing2", dist.Uniform(0.0, 0.3), f"flux.{name}_mixing2", "", f"|U_{flavour}4|^2")
            for name, flavour in names.items()
        ),
        Parameter("path_spread", dist.HalfNormal(0.5), "flux.path_spread_m", "m", "spread of the path"),
    )


MODELS: dict[str, NamedModel] = {
    "sm": NamedModel(
        "Standard Model with a free signal norm",
        lambda experiment: experiment,
        lambda _: (
            Parameter(
                "signal_norm", dist.Uniform(0.0, 3.0), "signal_norm", description="CEvNS rate over its prediction"
            ),
        ),
        excluded_nuisances=("neutrinos_per_proton",),
    ),
    "sm-sw2": NamedModel(
        "Standard Model with a free weak mixing angle at zero momentum transfer",
        lambda experiment: experiment,
        lambda _: (
            Parameter(
                "weak_mixing_angle_sin2",
                dist.Uniform(0.0, 0.5),
                "interactions.cevns.terms.sm.weak_mixing_angle_sin2",
                description="sin^2 theta_W, MS-bar, Q = 0",
            ),
        ),
    ),
    "sm-radii": NamedModel(
        "Standard Model with free radii of neutrons (and protons) of all nuclides",
        lambda experiment: experiment,
        _radii,
        _neutron_radius_names,
    ),
    "sm-neutron-skin": NamedModel(
        "Standard Model with a free neutron skin", _with_neutron_skins, _neutron_skins, ("neutron_skin",)
    ),
    "sm-axial": term_model(
        "Standard Model with the axial current on nuclei with spin",
        "axial",
        Axial,
        (TermParameter("axial_coupling", dist.Normal(1.2756, 0.2), ("axial_coupling",), "", "g_A, reduced in nuclei"),),
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
            )
            for quark, letter in (("up", "u"), ("down", "d"))
            for name, entry in _ENTRIES.items()
        ),
        ("eps_ee_u", "eps_ee_d"),
        derived=_MATTER,
    ),
    "generalized": combine(
        "scalar and tensor contact interactions, xi_S and xi_T",
        term_model("", "scalar", GeneralizedScalar, _vector("xi_scalar", "xi", 3.0, "xi_S")),
        term_model("", "tensor", GeneralizedTensor, _vector("xi_tensor", "xi", 3.0, "xi_T")),
        default_free=("xi_scalar", "xi_tensor"),
    ),
    "quark-operators": combine(
        "scalar and tensor quark operators with right-handed neutrinos",
        term_model(
            "",
            "quark_scalar",
            QuarkScalar,
            (*_vector("c_nlqu", "c_nlqu", 0.1, "C_NLQu"), *_vector("c_nldq", "c_nldq", 0.1, "C_NLdQ")),
        ),
        term_model("", "quark_tensor", QuarkTensor, _vector("c_prime_nldq", "c_prime_nldq", 1.0, "C'_NLdQ")),
        default_free=("c_nldq", "c_prime_nldq"),
    ),
    "zprime": term_model(
        "light vector boson, the same charge for all quarks and leptons",
        "zprime",
        functools.partial(LightVector, 100.0, 1e-5),
        _mediator((0.01, 1e5), (1e-7, 1.0)),
    ),
    "zprime-b-l": term_model(
        "light vector boson of B - x_e L_e - x_mu L_mu - x_tau L_tau with x_tau = 3 - x_e - x_mu; B - L unless set",
        "zprime",
        functools.partial(BaryonMinusLeptons, 100.0, 1e-5),
        (
            *_mediator((0.01, 1e5), (1e-7, 1.0)),
            TermParameter("x_e", dist.Uniform(-10.0, 10.0), ("x_e",), "", "charge of electron number"),
            TermParameter("x_mu", dist.Uniform(-10.0, 10.0), ("x_mu",), "", "charge of muon number"),
        ),
        ("mass", "coupling"),
    ),
    "zprime-lmu-ltau": term_model(
        "light vector boson of L_mu - L_tau, reaching nuclei by kinetic mixing in loops",
        "zprime",
        functools.partial(MuonMinusTau, 100.0, 1e-4),
        _mediator((0.01, 1e5), (1e-6, 1.0)),
    ),
    "scalar": term_model(
        "light scalar boson with universal quark couplings",
        "scalar",
        functools.partial(LightScalar, 100.0, 1e-5),
        _mediator((0.01, 1e5), (1e-7, 1.0)),
    ),
    "tensor": term_model(
        "tensor interaction by a light mediator",
        "tensor",
        functools.partial(LightTensor, 100.0, 1e-5),
        _mediator((0.01, 1e5), (1e-7, 1.0)),
    ),
    "magnetic-moment": term_model(
        "magnetic and transition moments",
        "magnetic",
        MagneticMoment,
        _matrix("moment", "moment", 1e-7, "mu_B", "magnetic moment"),
        ("moment_ee", "moment_mumu"),
    ),
    "charge-radius": term_model(
        "charge radii beyond those of the Standard Model",
        "charge_radius",
        ChargeRadius,
        _matrix("radius", "squared_radius_1e32cm2", 200.0, "1e-32 cm^2", "charge radius squared"),
        ("radius_ee", "radius_mumu"),
    ),
    "millicharge": term_model(
        "electric charges of neutrinos",
        "millicharge",
        Millicharge,
        _matrix("charge", "charge", 1e-5, "e", "electric charge"),
        ("charge_ee", "charge_mumu"),
    ),
    "dipole-portal": NamedModel(
        "upscattering into a heavy neutrino by a dipole moment",
        _with_dipole_portal,
        _dipole_parameters,
        ("mass", "moment"),
    ),
    "sterile": NamedModel(
        "disappearance into a sterile neutrino over a short baseline, 3 + 1 flavours",
        _with_sterile_neutrino,
        _sterile_parameters,
        ("mass_splitting", "electron_mixing2", "muon_mixing2"),
    ),
}
