"""What does not follow when a detector becomes larger or runs longer."""

from cevnsjax.design.study import Study
from cevnsjax.experiment import Experiment, prediction
from cevnsjax.experiment.likelihood import PoissonLikelihood
from cevnsjax.reached import depends_on

_SIZES = "mass_kg", "exposure_days"


def unscaled(study: Study) -> list[str]:
    """Sentences on backgrounds and errors that stay as they are where a variable changes mass or time.

    Rates of backgrounds are proportional to both; templates that were recorded with the detector as it was are not, nor
    are published errors.

    Parameters
    ----------
    study
        The study.
    """
    several, said = len(study.built.parts) > 1, []
    for variable in study.variables:
        for path in variable.paths(study.built):
            for name, part in study.built.parts.items():
                own = path.removeprefix(f"experiments.{name}.") if several else path
                if own in _SIZES:
                    said += [f"{variable.name} moves {path}, but {what}." for what in _staying(part, own)]
    return said


def _staying(part: Experiment, path: str) -> list[str]:
    """What of an experiment does not depend on its mass, or time."""
    fixed = [
        name
        for name in part.backgrounds
        if not depends_on(lambda e, name=name: prediction.background(e, name), part, [path])
    ]
    found = [f"recorded backgrounds of {part.name} stay as they are ({', '.join(fixed)})"] if fixed else []
    if not isinstance(part.likelihood, PoissonLikelihood):
        found.append(f"the errors of {part.name} stay as they were published")
    return found
