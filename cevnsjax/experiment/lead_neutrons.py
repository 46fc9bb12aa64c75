"""Neutrons that neutrinos set free in lead shielding: what was measured of them, as a prior."""

from cevnsjax.arrays import check_positive
from cevnsjax.experiment.nuisances import positive
from cevnsjax.parameter import Parameter

_SCALE = 0.29  # of MARLEY's prediction, +0.17 -0.16: COHERENT, Phys. Rev. D 108, 072001 (2023)
_ERROR = 0.165  # the mean of both errors


def lead_neutron_nuisance(
    predicted: float, where: str = "backgrounds.nin.events", name: str = "nin_events", unit: str = "events"
) -> Parameter:
    """Build a nuisance parameter for neutrons from lead, 0.29 +- 0.17 of what MARLEY predicts.

    COHERENT measured Pb(nu_e, xn) at 0.29 +0.17 -0.16 of MARLEY's cross section (Phys. Rev. D 108, 072001, 2023); the
    two errors are replaced by their mean. The release of CsI[Na] has its own number of events and prior, which
    :func:`cevnsjax.experiment.coherent_csi_2021` takes; this one is used where it is put in its place.

    Parameters
    ----------
    predicted
        What is predicted with MARLEY's cross section: events, or 1 for the ``scale`` of a reaction that has MARLEY's.
    where
        Path of the leaf that it sets.
    name
        Name of the parameter, that of the nuisance that it replaces.
    unit
        Unit of the prediction.

    Raises
    ------
    CevnsjaxError
        If the prediction is not positive.
    """
    check_positive("predicted", predicted, unit)
    prior = positive(_SCALE * predicted, _ERROR * predicted)
    return Parameter(name, prior, where, unit, "neutrino-induced neutrons, as measured in lead")
