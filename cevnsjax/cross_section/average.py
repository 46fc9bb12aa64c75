"""Cross sections averaged over a flux, without a detector."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.cross_section.interaction import AbstractDeposit, AbstractScattering
from cevnsjax.cross_section.panels import Panels
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractSource
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material


def smallest_recoil_keV(dtype: np.dtype) -> float:
    """Where an average without a threshold begins, keV, for floats of a precision.

    The exchange of anything heavier than 1e-20 MeV has nothing below it in double precision, of 1e-4 MeV in single.
    """
    return 1e-60 if jnp.finfo(dtype).bits > 32 else 1e-18


@eqx.filter_jit
def recoil_spectrum(interaction: AbstractScattering, source: Any, target: Material, panels: Panels) -> Spectrum:
    """Recoils of a target on nodes placed for it; one program, where each step of it were one of its own."""
    return interaction.spectrum(interaction.nodes(source, target, panels), source, target)


@eqx.filter_jit
def _excitations(interaction: AbstractDeposit, source: Any, target: Material) -> Float[Array, " component"]:
    return interaction.spectrum(interaction.nodes(source, target), source, target).total()


def flux_averaged_cross_section(
    interaction: AbstractScattering | AbstractDeposit,
    source: AbstractSource,
    target: Material,
    threshold_keV: float = 0.0,
) -> Float[Array, " component"]:
    """Flux-averaged cross section per nucleus of the target, for each component of the source.

    Parameters
    ----------
    interaction, source, target
        What happens, what arrives, and what is hit.
    threshold_keV
        Smallest recoil that counts, keV; what ends in levels has none. What grows without end towards small recoils,
        as by exchange of a photon, needs one.

    Returns
    -------
    Array
        In 1e-40 cm^2, shape ``[component]``; for a mixture the mean over the nuclei of a formula unit.

    Raises
    ------
    CevnsjaxError
        If the threshold is negative.
    """
    if not threshold_keV >= 0.0:
        raise CevnsjaxError(f"threshold_keV must be zero or positive and in keV, got {threshold_keV}.")
    flux: Any = source  # of the kind that the interaction sees
    if isinstance(interaction, AbstractScattering):
        lowest_keV = threshold_keV if threshold_keV > 0.0 else smallest_recoil_keV(source.fluence_per_cm2.dtype)
        panels = Panels.of_all_recoils(source, lowest_keV, interaction.kinks_keV)
        events = recoil_spectrum(interaction, flux, target, panels).total()
    else:
        events = _excitations(interaction, flux, target)
    nuclei = sum(target.nuclei_per_kg(name) for name in target.nuclides)
    return events / (source.fluence_per_cm2 * 1e-20) / (as_float(nuclei) * 1e-20)
