"""What figures show of a posterior: draws with labels, units and priors, from memory or from the file of a fit."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpyro.distributions as dist

from cevnsjax.errors import CevnsjaxError, OutputError, UnknownNameError
from cevnsjax.inference.prior_groups import prior_density
from cevnsjax.parameter import describe_prior
from cevnsjax.prior_texts import parse_prior
from cevnsjax.units import axis_label, unit_in_figures

if TYPE_CHECKING:
    from cevnsjax.inference.model import Model
    from cevnsjax.inference.posterior import Posterior

MODEL, NUISANCE, DERIVED = "model", "nuisance", "derived"
_LARGE, _SMALL = 1e5, 1e-2


@dataclass(frozen=True)
class Quantity:
    """A quantity that was sampled, or that follows from those.

    Attributes
    ----------
    name, label, unit
        How it is called on the command line and in figures, and its unit.
    role
        Whether it is of the model, a nuisance parameter of an experiment, or derived.
    prior
        Its prior; none of what is derived, and of one that cannot be written as a text.
    standard_model
        Its value in the Standard Model, where it has one.
    """

    name: str
    label: str
    unit: str = ""
    role: str = MODEL
    prior: dist.Distribution | None = None
    standard_model: float | None = None

    @property
    def is_logarithmic(self) -> bool:
        """Whether its prior is flat in its logarithm, which figures show then."""
        return isinstance(self.prior, dist.LogUniform)

    def to_attributes(self) -> dict[str, Any]:
        """Plain values for files."""
        prior = {} if self.prior is None else {"prior": describe_prior(self.prior)}
        value = {} if self.standard_model is None else {"standard_model": self.standard_model}
        return {"unit": self.unit, "label": self.label, "role": self.role, **prior, **value}

    @classmethod
    def from_attributes(cls, name: str, attributes: dict[str, Any]) -> "Quantity":
        """Quantity from what a file says of it."""
        try:
            prior = parse_prior(attributes["prior"]) if "prior" in attributes else None
        except CevnsjaxError:
            prior = None
        value = attributes.get("standard_model")
        return cls(
            name,
            str(attributes.get("label", name.replace("_", " "))),
            str(attributes.get("unit", "")),
            str(attributes.get("role", MODEL)),
            prior,
            None if value is None else float(value),
        )


@dataclass(frozen=True)
class Drawn:
    """Draws of a posterior, flat, with what figures say of them.

    Attributes
    ----------
    title
        Of what they are: experiment and model.
    quantities
        By name, those of the model first, then nuisance parameters, then what is derived.
    samples
        Draws ``[draw]`` by name.
    """

    title: str
    quantities: dict[str, Quantity]
    samples: dict[str, np.ndarray]

    @classmethod
    def of(cls, posterior: "Posterior") -> "Drawn":
        """What a posterior holds; what follows from its parameters is computed."""
        quantities = described(posterior.model)
        samples = posterior.samples | posterior.derived()
        return cls(
            _title(posterior.attributes, posterior.model.experiment.name),
            quantities,
            {name: np.asarray(samples[name], dtype=float).reshape(-1) for name in quantities},
        )

    @classmethod
    def read(cls, path: Path) -> "Drawn":
        """Read the ``posterior.nc`` of a fit.

        Raises
        ------
        OutputError
            If it cannot be read, or is no posterior.
        """
        import xarray

        try:
            with xarray.open_dataset(path, group="posterior", engine="h5netcdf") as stored:
                stored.load()
        except (OSError, ValueError, KeyError) as error:
            raise OutputError(f"The file {path} cannot be read as the posterior of a fit: {error}.") from None
        quantities = {str(name): Quantity.from_attributes(str(name), each.attrs) for name, each in stored.items()}
        samples = {str(name): np.asarray(each, dtype=float).reshape(-1) for name, each in stored.items()}
        return cls(_title(stored.attrs, path.parent.name), _ordered(quantities), samples)

    def choose(self, names: Iterable[str] | None, most: int) -> tuple[list[str], list[str]]:
        """Names of what is drawn, and of the parameters that are left out.

        Parameters
        ----------
        names
            What is wanted, parameters or what is derived; the first parameters if nothing is said.
        most
            How many parameters are drawn where nothing is said.

        Raises
        ------
        UnknownNameError
            If there is none of a name.
        """
        parameters = [name for name, each in self.quantities.items() if each.role != DERIVED]
        wanted = parameters[:most] if names is None else list(dict.fromkeys(names))
        for name in wanted:
            if name not in self.quantities:
                raise UnknownNameError("parameter of this posterior", name, self.quantities)
        return wanted, [name for name in parameters if name not in wanted]


def described(model: "Model") -> dict[str, Quantity]:
    """Everything that a posterior of a model holds, by name."""
    nuisances = {parameter.name for parameter in model.experiment.nuisances}
    parameters = {
        p.name: Quantity(p.name, p.label, p.unit, NUISANCE if p.name in nuisances else MODEL, p.prior, p.standard_model)
        for p in model.parameters
    }
    return _ordered(parameters | {d.name: Quantity(d.name, d.label, d.unit, DERIVED) for d in model.derived})


def _ordered(quantities: dict[str, Quantity]) -> dict[str, Quantity]:
    roles = (MODEL, NUISANCE, DERIVED)
    return dict(sorted(quantities.items(), key=lambda each: roles.index(each[1].role)))


def _title(attributes: dict[str, Any], experiment: str) -> str:
    options = attributes | json.loads(attributes.get("options", "{}"))
    model = options.get("model")
    name = str(options.get("experiment", experiment)).replace(",", ", ")
    return f"{name}, model {model}" if model else name


@dataclass(frozen=True)
class Scale:
    """How the values of a quantity are written in figures: as they are, over a power of ten, or as logarithms.

    Attributes
    ----------
    logarithmic
        Whether as logarithms to the base ten.
    power
        The power of ten that they are divided by.
    """

    logarithmic: bool = False
    power: int = 0

    @classmethod
    def of(cls, quantity: Quantity, samples: np.ndarray) -> "Scale":
        """The scale that makes draws readable numbers."""
        if quantity.is_logarithmic:
            return cls(logarithmic=True)
        largest = float(np.quantile(np.abs(samples), 0.99))
        return cls(power=0 if not largest or _SMALL <= largest < _LARGE else int(np.floor(np.log10(largest))))

    def values(self, values: Any) -> np.ndarray:
        """What is written in the place of values."""
        if self.logarithmic:
            return np.asarray(np.log10(values))
        return np.asarray(np.asarray(values, dtype=float) / 10.0**self.power)

    def density(self, prior: dist.Distribution, places: np.ndarray) -> np.ndarray:
        """Density of a prior in what is written, at places there."""
        values = 10.0**places if self.logarithmic else places * 10.0**self.power
        return prior_density(prior, values) * (np.log(10.0) * values if self.logarithmic else 10.0**self.power)

    def label(self, quantity: Quantity) -> str:
        """Label of an axis."""
        if self.logarithmic:
            unit = f" / {unit_in_figures(quantity.unit)}" if quantity.unit else ""
            return rf"$\log_{{10}}$({quantity.label}{unit})"
        factor = f"1e{self.power} " if self.power else ""
        return axis_label(quantity.label, f"{factor}{quantity.unit}" if quantity.unit else factor and f"1e{self.power}")
