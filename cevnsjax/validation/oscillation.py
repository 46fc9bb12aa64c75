"""Survival of neutrinos of pions decaying at rest, averaged over their spectra, with one sterile neutrino."""

import functools
import math

import equinox as eqx
import jax.numpy as jnp

from cevnsjax.constants import OSCILLATION_PHASE_PER_EV2_M
from cevnsjax.flux import PionDecayAtRest, SterileOscillation
from cevnsjax.validation.published_number import PublishedNumber

_ROUNDED_PHASE = 1.267
_MIXING2 = (1.0 - math.sqrt(1.0 - 0.1)) / 2.0  # sin^2(2 theta) = 4 |U|^2 (1 - |U|^2) = 0.1


def _survival(component: str, electron_mixing2: float, muon_mixing2: float) -> float:
    """Fraction of a component that keeps its flavour; the mass splitting takes up the rounded constant of the phase."""
    flux = SterileOscillation(
        PionDecayAtRest(0.08, 1e23, 19.3),
        mass_splitting_eV2=_ROUNDED_PHASE / OSCILLATION_PHASE_PER_EV2_M,
        electron_mixing2=electron_mixing2,
        muon_mixing2=muon_mixing2,
    )
    moments = eqx.filter_jit(SterileOscillation.moments)(flux, jnp.zeros(1))
    return float(moments[flux.components.index(f"{component}_to_{component}"), 0, 0])


def _rows():
    # 200 Gauss-Legendre nodes in the energy give the two continua; their exact values end in ...88037 and ...49233
    rows = [
        ("nu_e", (_MIXING2, 0.0), 0.94855186392, 2e-8, "200 nodes in the energy: good to 2e-8"),
        ("nu_mu_bar", (0.0, _MIXING2), 0.95773948416, 1e-8, "200 nodes in the energy: good to 1e-8"),
        ("nu_mu", (0.0, _MIXING2), 0.94646374201, 1e-10, "one energy"),
    ]
    for component, mixings, value, tolerance, how in rows:
        yield PublishedNumber(
            id=f"dar-sterile-survival-{component.replace('_', '-')}",
            source=f"independent evaluation ({how})",
            convention=f"19.3 m; 1 eV^2; sin^2(2 theta) = 0.1; phase {_ROUNDED_PHASE} Delta m^2 L/E; no cross section",
            published=value,
            tolerance=tolerance,
            unit="1",
            compute=functools.partial(_survival, component, *mixings),
        )


OSCILLATION = tuple(_rows())
