"""The public names, frozen: a change here is a decision, and belongs in CHANGELOG.md."""

import importlib

import pytest

API = {
    "cevnsjax": [
        "Model",
        "Panels",
        "Parameter",
        "Schedule",
        "Spectrum",
        "build_model",
        "cross_section",
        "experiment",
        "flux",
        "inference",
        "maximum",
        "profile_interval",
        "quenching",
        "response",
        "sample",
        "target",
        "validation",
    ],
    "cevnsjax.target": [
        "AbstractFormFactor",
        "ElectronShells",
        "Helm",
        "KleinNystrand",
        "Material",
        "NeutronSkin",
        "NuclearSpin",
        "Nuclide",
        "PointLike",
        "SymmetrizedFermi",
        "atoms_per_formula_unit",
        "compound",
        "electron_shells",
        "nuclide",
        "shells_per_formula_unit",
    ],
    "cevnsjax.flux": [
        "AbstractArrival",
        "AbstractFlux",
        "AbstractPulse",
        "AbstractTimeDistribution",
        "ExponentialTimes",
        "FLAVOURS",
        "GaussianPulse",
        "HistogramTimes",
        "InterpolatedSpectra",
        "MonoEnergetic",
        "POWERS",
        "PionDecayArrival",
        "PionDecayAtRest",
        "SharpPulse",
        "SingleDecayArrival",
        "SterileOscillation",
        "TabulatedFlux",
        "parse_neutrino",
    ],
    "cevnsjax.cross_section": [
        "AbstractAxialTerm",
        "AbstractElectronTerm",
        "AbstractInteraction",
        "AbstractMagneticTerm",
        "AbstractMomentumTransfer",
        "AbstractScalarTerm",
        "AbstractTensorTerm",
        "AbstractTerm",
        "AbstractVectorKinematics",
        "AbstractVectorTerm",
        "Axial",
        "BaryonMinusLeptons",
        "ChargeRadius",
        "Coherent",
        "DipolePortal",
        "EARTH_NEUTRONS_PER_PROTON",
        "ElectronNSI",
        "ElectronScattering",
        "ElectronTreeLevel",
        "ErlerSu",
        "FlavourMatrix",
        "FlavourVector",
        "FourMomentum",
        "GeneralizedScalar",
        "GeneralizedTensor",
        "GeneralizedVector",
        "HeavyNucleus",
        "LightScalar",
        "LightTensor",
        "LightVector",
        "MagneticMoment",
        "MajoranaMoment",
        "Millicharge",
        "MuonMinusTau",
        "NSI",
        "PDGLegacy",
        "QuarkScalar",
        "QuarkTensor",
        "RecoilNodes",
        "SpinHalf",
        "SpinZero",
        "ThreeMomentum",
        "Tomalak21",
        "TreeLevel",
        "flux_averaged_cross_section",
        "nucleon_scalar_couplings",
        "nucleon_tensor_couplings",
        "weak_charge",
    ],
    "cevnsjax.quenching": ["AbstractQuenching", "ConstantQuenching", "PolynomialQuenching"],
    "cevnsjax.response": [
        "AbstractEfficiency",
        "AbstractResponse",
        "GammaPhotoElectrons",
        "SigmoidEfficiency",
        "TabulatedResponse",
        "TimeWindow",
    ],
    "cevnsjax.experiment": [
        "AbstractBackground",
        "AbstractLikelihood",
        "Axis",
        "CaptureLine",
        "ContinuumBackground",
        "EXPERIMENTS",
        "Experiment",
        "GaussianLikelihood",
        "Joint",
        "LineBackground",
        "MeasuredBackground",
        "NO_TIMES",
        "PoissonLikelihood",
        "Scattering",
        "SimulatedBackground",
        "TemplateBackground",
        "TemplateVariation",
        "coherent_csi_2021",
        "freeze",
        "merge_parameter",
        "named_experiment",
        "poisson_log_likelihood",
    ],
    "cevnsjax.inference": [
        "InterruptedScan",
        "MODELS",
        "Maximum",
        "Model",
        "NamedModel",
        "Posterior",
        "ProfileInterval",
        "ProfileMap",
        "Schedule",
        "build_model",
        "maximum",
        "named_model",
        "plot_corner",
        "plot_prediction",
        "plot_profile_map",
        "plot_spectrum",
        "profile_interval",
        "profile_map",
        "sample",
        "significance",
    ],
    "cevnsjax.validation": ["Comparison", "PUBLISHED", "PublishedNumber", "compare"],
}


@pytest.mark.parametrize("name", API)
def test_public_names(name):
    module = importlib.import_module(name)
    assert sorted(module.__all__) == API[name]
    for public in module.__all__:
        assert getattr(module, public) is not None


def test_importing_changes_no_configuration():
    """A new interpreter imports everything and leaves JAX's configuration as it was."""
    import subprocess
    import sys

    code = (
        "import jax; before = dict(jax.config.values); import cevnsjax, importlib\n"
        f"[importlib.import_module(name) for name in {list(API)!r}]\n"
        "assert dict(jax.config.values) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name_is_an_attribute_error():
    import cevnsjax

    with pytest.raises(AttributeError, match="no_such_name"):
        _ = cevnsjax.no_such_name
