"""Design variables that are fractions: of isotopes, of materials in a mixture, of the time without the source."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import Scalar
from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV, ELECTRON_MASS_MEV
from cevnsjax.design.variable import AbstractVariable
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.paths import get_path
from cevnsjax.target import Material, Nuclide
from cevnsjax.target.formula import molar_mass_g_per_mol, nuclei_in_formula

_SAME_MIXTURE = 1e-5
"""Difference from a mixture, of the largest content of a nuclide, that is rounding."""


@dataclass(frozen=True, kw_only=True)
class AbstractFraction(AbstractVariable):
    """A fraction: what it is of, and what is beside it, are there in all designs."""

    def __post_init__(self):
        super().__post_init__()
        if not 0.0 < self.low < self.high < 1.0:
            raise ParameterError(
                f"{self.name!r} is a fraction, whose bounds must lie between 0 and 1 and be neither of them, got "
                f"{self.low:g} and {self.high:g}."
            )


@dataclass(frozen=True, kw_only=True)
class Enrichment(AbstractFraction):
    """The fraction of one isotope among the nuclei of its element; the others keep their ratios.

    Attributes
    ----------
    nuclide
        Which, like ``"Ge76"``.
    target
        Path of the material.
    """

    nuclide: str
    target: str = "target"

    def _isotopes(self, experiment: Any) -> dict[str, Nuclide]:
        """All isotopes of the element, the one itself first."""
        material = get_path(experiment, self.target)
        if self.nuclide not in material.nuclides:
            raise UnknownNameError("nuclide in this material", self.nuclide, material.nuclides)
        own = material.nuclides[self.nuclide]
        same = {
            name: each
            for name, each in material.nuclides.items()
            if each.proton_number == own.proton_number and name != self.nuclide
        }
        if not same:
            raise CevnsjaxError(f"{self.nuclide} is the only isotope of its element here: it has no other fraction.")
        return {self.nuclide: own, **same}

    def paths(self, experiment: Any) -> tuple[str, ...]:
        counts = (f"{self.target}.nuclei_per_formula_unit.{name}" for name in self._isotopes(experiment))
        return *counts, f"{self.target}.molar_mass_g_per_mol"

    def leaves(self, value: Scalar, experiment: Any) -> tuple[Scalar, ...]:
        material = get_path(experiment, self.target)
        isotopes = self._isotopes(experiment)
        before = jnp.stack([material.nuclei_per_formula_unit[name] for name in isotopes])
        rest = before.sum() - before[0]
        after = [before.sum() * value, *(before[1:] * (1.0 - value) * before.sum() / rest)]
        masses = [_atomic_mass_u(each) for each in isotopes.values()]
        gained = sum((new - old) * mass for new, old, mass in zip(after, before, masses, strict=True))
        return *after, material.molar_mass_g_per_mol + gained

    def nominal(self, experiment: Any) -> float:
        counts = get_path(experiment, self.target).nuclei_per_formula_unit
        isotopes = self._isotopes(experiment)
        return float(counts[self.nuclide]) / sum(float(counts[name]) for name in isotopes)


def _atomic_mass_u(nuclide: Nuclide) -> Scalar:
    return (nuclide.mass_MeV + nuclide.proton_number * ELECTRON_MASS_MEV) / ATOMIC_MASS_UNIT_MEV


@dataclass(frozen=True, kw_only=True)
class MassFraction(AbstractFraction):
    """The fraction of the mass of a target that is one material, the rest being another; the mass itself stays.

    A formula unit of the molar mass M holds M (w c/m + (1 - w) c'/m') nuclei of each nuclide at a mass fraction w, with
    c and c' nuclei in the formula units of both materials, whose molar masses are m and m': M is kept, so is the mass.

    Attributes
    ----------
    material, rest
        Formulas of both, like ``"D2O"`` and ``"H2O"``. The target must be a mixture of them: any formula that has the
        nuclides of both, like ``"(CsI)0.5(NaI)0.5"``.
    target
        Path of the target.
    """

    material: str
    rest: str
    target: str = "target"

    def _per_gram(self, target: Material) -> np.ndarray:
        """Moles of each nuclide of the target in a gram of either material, shape ``[2, nuclide]``.

        Raises
        ------
        CevnsjaxError
            If these have other nuclides than the target.
        """
        both = [nuclei_in_formula(formula) for formula in (self.material, self.rest)]
        wanted = set(both[0]) | set(both[1])
        if wanted != set(target.nuclides):
            raise CevnsjaxError(
                f"{self.name!r} needs a target of {self.material} and {self.rest} with the nuclides "
                f"{', '.join(sorted(wanted))}, got {', '.join(sorted(target.nuclides))}; its formula may be "
                f"({self.material})0.5({self.rest})0.5."
            )
        moles = [{name: count / molar_mass_g_per_mol(each) for name, count in each.items()} for each in both]
        return np.array([[each.get(name, 0.0) for name in target.nuclides] for each in moles])

    def paths(self, experiment: Any) -> tuple[str, ...]:
        nuclides = get_path(experiment, self.target).nuclides
        return tuple(f"{self.target}.nuclei_per_formula_unit.{name}" for name in nuclides)

    def leaves(self, value: Scalar, experiment: Any) -> tuple[Scalar, ...]:
        target = get_path(experiment, self.target)
        return tuple(
            target.molar_mass_g_per_mol * (value * one + (1.0 - value) * other)
            for one, other in self._per_gram(target).T.tolist()
        )

    def nominal(self, experiment: Any) -> float:
        target = get_path(experiment, self.target)
        one, other = self._per_gram(target)
        counts = np.array([float(target.nuclei_per_formula_unit[name]) for name in target.nuclides])
        found = counts / float(target.molar_mass_g_per_mol)
        apart, largest = one - other, max(one.max(), other.max())
        if np.abs(apart).max() < _SAME_MIXTURE * largest:
            raise ParameterError(f"{self.name!r} needs two materials, got {self.material} and {self.rest}.")
        fraction = float((found - other) @ apart / (apart @ apart))
        is_between = -_SAME_MIXTURE <= fraction <= 1.0 + _SAME_MIXTURE
        if not is_between or np.abs(other + fraction * apart - found).max() > _SAME_MIXTURE * largest:
            raise CevnsjaxError(f"The target is no mixture of {self.material} and {self.rest}, as {self.name!r} needs.")
        return fraction


@dataclass(frozen=True, kw_only=True)
class SourceOff(AbstractFraction):
    """The fraction f of a fixed live time T that is spent with the source off, to measure the background.

    With the source on T (1 - f) (s + b) events are expected, at rates s of the signal and b of backgrounds, and T f b
    with the source off: ``exposure_days`` is T (1 - f), and the ratio of times of the sample without a source
    f/(1 - f). Both samples are in the likelihood, so norms (and shapes) of backgrounds are known from the second one
    beside their priors, which must not have been measured with it.

    In one bin, with a background of which nothing else is known, the estimate of s has the variance
    ((s + b)/(1 - f) + b/f)/T, least at f = sqrt(b)/(sqrt(b) + sqrt(s + b)): a half where the signal is small, nothing
    where the background is. It is N_on + alpha^2 N_off of T.-P. Li and Y.-Q. Ma, Astrophys. J. 272, 317 (1983), over
    the square of T (1 - f), with alpha = (1 - f)/f.

    Attributes
    ----------
    sample
        Name of the sample that is taken with the source off, one of the experiment's ``time_ratios``.
    experiment
        Name of the experiment, where there are several.
    """

    sample: str
    experiment: str = ""

    def _part(self, experiment: Any) -> Any:
        """The experiment that has the sample; refused if that is none without a source."""
        part = get_path(experiment, f"experiments.{self.experiment}") if self.experiment else experiment
        if len(part.parts) > 1:
            raise ParameterError(f"{self.name!r} needs experiment = one of {', '.join(part.parts)}.")
        if self.sample not in part.time_ratios:
            raise UnknownNameError(f"sample in the time_ratios of {part.name}", self.sample, part.time_ratios)
        if "signal" in part.samples[self.sample]:
            raise CevnsjaxError(f"The sample {self.sample!r} has a signal: it is not taken with the source off.")
        return part

    def paths(self, experiment: Any) -> tuple[str, ...]:
        self._part(experiment)
        beginning = f"experiments.{self.experiment}." if self.experiment else ""
        return f"{beginning}exposure_days", f"{beginning}time_ratios.{self.sample}"

    def leaves(self, value: Scalar, experiment: Any) -> tuple[Scalar, ...]:
        part = self._part(experiment)
        days = part.exposure_days * (1.0 + part.time_ratios[self.sample])
        return days * (1.0 - value), value / (1.0 - value)

    def nominal(self, experiment: Any) -> float:
        ratio = float(self._part(experiment).time_ratios[self.sample])
        return ratio / (1.0 + ratio)
