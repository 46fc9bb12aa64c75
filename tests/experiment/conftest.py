"""The independent calculation of the CsI counts, and experiments built in its convention."""

import dataclasses
import importlib.util
import math
import sys
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import Coherent, ErlerSu, TreeLevel
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.flux import GaussianPulse, PionDecayArrival, SharpPulse, SingleDecayArrival, Source
from cevnsjax.paths import set_paths
from cevnsjax.target import Helm, KleinNystrand, Material, Nuclide


@pytest.fixture(scope="session")
def oracle():
    """benchmarks/baselines.py: SciPy quadrature that shares no code with the package."""
    path = Path(__file__).parents[2] / "benchmarks" / "baselines.py"
    spec = importlib.util.spec_from_file_location("csi_oracle", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["csi_oracle"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def csi():
    return coherent_csi_2021()


@pytest.fixture(scope="session")
def in_convention_of(csi):
    """Function from the oracle's parameters to the same experiment of the package."""

    def build(p, gaussian=True):
        def form_factor(radius):
            if p.form_factor == "helm":
                return Helm(radius, p.helm_skin)
            return KleinNystrand(math.sqrt(0.6 * radius**2 + 6.0 * p.kn_range**2), p.kn_range)

        nuclides = {
            name: Nuclide(
                p.protons[i],
                p.neutrons[i],
                p.masses[i],
                form_factor(p.proton_radii[i]),
                form_factor(p.neutron_radii[i]),
            )
            for i, name in enumerate(("Cs133", "I127"))
        }
        target = Material(nuclides, dict.fromkeys(nuclides, 1.0), p.molar_mass)
        if p.g_p_e == p.g_p_mu:
            term = TreeLevel(0.25 - 0.5 * p.g_p_e)
        else:
            term = dataclasses.replace(
                ErlerSu(),
                proton_coupling_base=jnp.array(0.0),
                charge_radius_e=jnp.array(p.g_p_e),
                charge_radius_mu=jnp.array(p.g_p_mu),
                neutron_coupling=jnp.array(p.g_n_e),
            )
        if gaussian:
            arrival = PionDecayArrival(GaussianPulse(p.t0, p.pulse_sigma), p.tau_pi, p.tau_mu)
        else:
            arrival = SingleDecayArrival(SharpPulse(p.t0), p.tau_pi_sharp, p.tau_mu_sharp)
        experiment = dataclasses.replace(
            csi,
            target=target,
            interactions={"cevns": Coherent({"sm": term})},
            sources={"sns": Source(csi.sources["sns"].flux, arrival)},
            nuisances=tuple(p for p in csi.nuisances if p.name != "arrival_time"),  # a sharp pulse has no mean
        )
        paths = {
            "quenching.first_component": p.alpha0,
            "quenching.second_component": p.alpha1,
            "response.efficiency.shift": p.alpha_eff,
        }
        return set_paths(experiment, list(paths), [jnp.asarray(float(value)) for value in paths.values()])

    return build


@pytest.fixture(scope="session")
def energy_counts():
    """Counts [flavour, energy bin] of an experiment without its time window."""

    @eqx.filter_jit
    def counts(experiment):
        return experiment.spectrum("cevns", "sns").flat().events @ experiment.kernel("cevns", "sns")

    return lambda experiment: np.asarray(counts(experiment))
