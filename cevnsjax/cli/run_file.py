"""Settings of a run, from options and from files: TOML in, TOML back out of a finished run."""

import enum
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevnsjax.cli.common import DEFAULT_MODEL, Precision, results_folder, split_names
from cevnsjax.cli.settings import assignments, parse_numbers
from cevnsjax.errors import OutputError, ParameterError, UnknownNameError
from cevnsjax.schedule import Schedule, check_count, check_share

if TYPE_CHECKING:
    from cevnsjax.inference import AbstractSampler

LARGEST_SEED = 2**32 - 1

_TUNING = "target_acceptance", "max_tree_depth"
_UNSAID = {"warmup": int, "samples": int, "max_tree_depth": int, "target_acceptance": float}
"""Types of what is not given by default."""


class SamplerKind(enum.StrEnum):
    """Samplers by name."""

    hmc = "hmc"
    nuts = "nuts"


@dataclass(frozen=True)
class Sampler(Schedule):
    """How a posterior is sampled: how long, and with which random numbers.

    Attributes
    ----------
    seed
        Seed of all random numbers.
    kind
        Which sampler: ``"hmc"`` or ``"nuts"``.
    target_acceptance
        Acceptance probability that its step size is adapted to; its own by default.
    max_tree_depth
        Largest depth of a trajectory of NUTS (2^depth steps) after the warm-up; its own by default.
    """

    seed: int = 1
    kind: str = SamplerKind.hmc.value
    target_acceptance: float | None = None
    max_tree_depth: int | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.kind not in list(SamplerKind):
            raise ParameterError(f"kind must be one of {', '.join(SamplerKind)}, got {self.kind!r}.")
        if self.max_tree_depth is not None:
            check_count("max_tree_depth", self.max_tree_depth)
            if self.kind != SamplerKind.nuts:
                raise ParameterError("max_tree_depth is one of NUTS; give it with that sampler.")
        if self.target_acceptance is not None:
            check_share("target_acceptance", self.target_acceptance)
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ParameterError(f"seed must be between 0 and {LARGEST_SEED}, got {self.seed}.")

    @property
    def algorithm(self) -> "AbstractSampler":
        """The sampler itself."""
        from cevnsjax.inference import Hmc, Nuts

        given = {name: value for name in _TUNING if (value := getattr(self, name)) is not None}
        return (Hmc if self.kind == SamplerKind.hmc else Nuts)(**given)


ChainsOption = Annotated[int | None, typer.Option(help="Number of chains.", show_default=str(Sampler.chains))]
EssOption = Annotated[
    int | None,
    typer.Option(
        help="Effective sample size of every parameter, bulk and tails, at which sampling ends.",
        show_default=str(Sampler.ess),
    ),
]
SamplesOption = Annotated[
    int | None,
    typer.Option(help="Draws of each chain, in the place of --ess.", show_default="as many as --ess takes"),
]
WarmupOption = Annotated[int | None, typer.Option(help="Draws of the warm-up.", show_default="what the sampler needs")]


@dataclass(frozen=True)
class FitSettings:
    """Everything that a command is told; a map and a spectrum leave out what is of a fit alone.

    Attributes
    ----------
    experiment
        Name of the experiment, or names with commas between.
    model
        Name of the model.
    free, fix
        Parameters of the model that are free in the place of its default ones (none: those), nuisances held fixed.
    share
        Nuisance parameters that the experiments have in common.
    prior
        Other priors, as texts, by parameter name.
    set
        Numbers, by parameter name or path.
    sampler
        How it is sampled.
    precision
        ``"float64"`` or ``"float32"``.
    out
        Folder of the results; chosen from the names if empty.
    """

    experiment: str
    model: str = DEFAULT_MODEL
    free: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    share: tuple[str, ...] = ()
    prior: dict[str, str] = field(default_factory=dict)
    set: dict[str, float] = field(default_factory=dict)
    sampler: Sampler = field(default_factory=Sampler)
    precision: str = Precision.float64.value
    out: str = ""

    @property
    def folder(self) -> Path:
        """Folder of the results."""
        return Path(self.out) if self.out else results_folder("fit", self.experiment, self.model)


def read_toml(path: Path) -> dict[str, Any]:
    """Content of a TOML file.

    Raises
    ------
    OutputError
        If it cannot be read.
    ParameterError
        If it is no TOML.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"The file {path} cannot be read: {getattr(error, 'strerror', error)}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"The file {path} is not valid TOML: {error}.") from None
    return content


def read_settings(path: Path, experiment: str | None = None) -> FitSettings:
    """Read a TOML file with the keys of :class:`FitSettings`; an experiment named beside it takes precedence.

    Raises
    ------
    OutputError
        If it cannot be read.
    CevnsjaxError
        If it is no TOML, or a key or the type of a value is wrong; the message names the key.
    """
    content = read_toml(path)
    return settings_from(content | ({} if experiment is None else {"experiment": experiment}), str(path))


def settings_of_run(run: Path) -> FitSettings:
    """Settings of a finished fit, from its ``run.json``.

    Raises
    ------
    OutputError
        If it cannot be read, or is none.
    CevnsjaxError
        If a setting in it cannot be.
    """
    try:
        given = dict(json.loads(run.read_text(encoding="utf-8"))["settings"])
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"The file {run} cannot be read: {getattr(error, 'strerror', error)}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"The file {run} is not the run.json of a fit.") from error
    return settings_from(given, str(run))


def settings_from(content: dict[str, Any], file: str) -> FitSettings:
    """Settings from nested dictionaries, as they stand in a file.

    Raises
    ------
    CevnsjaxError
        If a key or the type of a value is wrong; the message names the file and the key.
    """
    if isinstance(content.get("experiment"), list):
        content = content | {"experiment": ",".join(map(str, content["experiment"]))}
    values = _checked(content, FitSettings("?"), file, "")
    if not values.get("experiment"):
        raise ParameterError(f"{file} names no experiment; give experiment = 'NAME'.")
    if "sampler" in values:
        values["sampler"] = _sampler(values["sampler"], file)
    for name in ("free", "fix", "share"):
        if not all(isinstance(each, str) for each in values.get(name, ())):
            raise ParameterError(f"{file}: {name} must be a list of names, got {list(values[name])}.")
    for name in ("prior", "set"):
        values[name] = _flat(values.get(name, {}))
    for name, text in values["prior"].items():
        if not isinstance(text, str):
            raise ParameterError(f"{file}: prior.{name} must be a text like 'Normal(0, 1)', got {text!r}.")
    for name, number in values["set"].items():
        number_given = isinstance(number, int | float) and not isinstance(number, bool)
        if not number_given or not abs(number) <= sys.float_info.max:
            raise ParameterError(f"{file}: set.{name} must be a finite number, got {number!r}.")
    values["set"] = {name: float(number) for name, number in values["set"].items()}
    if values.get("precision", "float64") not in list(Precision):
        raise ParameterError(f"{file}: precision must be one of {', '.join(Precision)}, got {values['precision']!r}.")
    return FitSettings(**values)


def _sampler(content: dict[str, Any], file: str) -> Sampler:
    values = _checked(content, Sampler(), file, "sampler.")
    try:
        return Sampler(**values)
    except ParameterError as error:
        raise ParameterError(f"{file}: sampler.{error}") from None


def _checked(content: dict[str, Any], default: Any, file: str, prefix: str) -> dict[str, Any]:
    """Values by field name; refuses unknown keys, and types other than those of the default values."""
    known = {each.name: getattr(default, each.name) for each in fields(default)}
    values: dict[str, Any] = {}
    for name, value in content.items():
        if name not in known:
            raise UnknownNameError(f"key in {file}", prefix + name, {prefix + each for each in known})
        if known[name] is None and content[name] is None:
            continue
        kind = _UNSAID[name] if known[name] is None else type(known[name])
        wanted = {tuple: list, Sampler: dict, float: int | float}.get(kind, kind)
        if isinstance(value, bool) or not isinstance(value, wanted):
            kinds = {list: "a list of names", dict: "a table", str: "a text", int: "a whole number"}
            kinds |= {int | float: "a number"}
            raise ParameterError(f"{file}: {prefix}{name} must be {kinds[wanted]}, got {value!r}.")
        values[name] = kind(value) if kind in (tuple, float) else value
    return values


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    """Entries of tables within tables by names with dots, which a key without quotation marks is read as."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        within = {f"{name}.{key}": each for key, each in _flat(value).items()} if isinstance(value, dict) else None
        flat |= within or {name: value}
    return flat


def settings_given(
    file: Path | None,
    experiment: str | None,
    *,
    model: str | None = None,
    free: Iterable[str] | None = None,
    fix: Iterable[str] | None = None,
    share: Iterable[str] | None = None,
    prior: Iterable[str] | None = None,
    set_values: Iterable[str] | None = None,
    precision: Precision | None = None,
    out: str | None = None,
    sampler: Mapping[str, Any] | None = None,
) -> FitSettings:
    """Settings of a command: those of a file, with what its options say in their place.

    Priors and numbers (``prior`` and ``set``) stand beside those of other names.

    Raises
    ------
    CevnsjaxError
        If nothing names an experiment, or a value cannot be.
    """
    if file is None and experiment is None:
        raise ParameterError("Name an experiment, or give --settings FILE with one.")
    if out is not None and not str(out).strip():
        raise ParameterError("--out needs the name of a folder, got nothing.")
    settings = FitSettings(str(experiment)) if file is None else read_settings(file, experiment)
    given: dict[str, Any] = {
        "model": model,
        "free": tuple(split_names(free)) or None,
        "fix": tuple(split_names(fix)) or None,
        "share": tuple(split_names(share)) or None,
        "prior": settings.prior | assignments("--prior", prior),
        "set": settings.set | parse_numbers(set_values),
        "precision": precision and str(precision),
        "out": out,
    }

    def stated(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value is not None}

    return replace(settings, **stated(given), sampler=replace(settings.sampler, **stated(sampler or {})))


def write_settings(settings: FitSettings) -> str:
    """TOML text of the settings, without what is empty."""
    import tomli_w

    def given(values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value not in ("", (), {}, None)}

    content = given(asdict(settings) | {"sampler": given(asdict(settings.sampler))})
    return tomli_w.dumps(content, multiline_strings=False)
