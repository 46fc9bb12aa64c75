"""Dresden-II germanium (NCC-1701) at a power reactor: arXiv:2202.09672, Phys. Rev. Lett. 129, 211802 (2022).

Rates of the release with the reactor on (96.4 days) and off (25 days): counts per day and 10 eV in 2.924 kg, from 0.2
to 1.5 keVee, with its errors. Signal: 4.8e13 antineutrinos cm^-2 s^-1, those after neutron capture included, with the
shapes of BESTIOLE; Erler-Su couplings, Klein-Nystrand form factor (R_A = 1.2 A^(1/3) fm), spin-0 kinematics. Recoils
below 20 eV are left out: they ionise one or two pairs, and only the tail of the resolution lifts them to 0.2 keVee.

The continuum with the reactor off (a constant and an exponential) is part of that with the reactor on, to which
neutrons of the reactor add another one. Lines have their own areas, centroids and widths in both samples: Ge71 lives
for days, and its L1 line moves from 1.301 keV (off) to 1.293 keV (on), 13 standard deviations. Only Zn65, which lives
for months, is common.

The M shell of Ge71 lies at 0.158 keV and has 0.16 of the area of L1: its tail is 11 of 93 counts per day in the first
bin. Analyses of the release have it, and so does this one. The data with the reactor off, where Ge71 is twice as
strong, would rather do without it (chi2 lower by 15, but acceptable with it). The independent fits that
:mod:`cevnsjax.validation` reproduces leave it out.
"""

import dataclasses

import numpy as np
import numpyro.distributions as dist

from cevnsjax.cross_section import Coherent, ErlerSu
from cevnsjax.errors import UnknownNameError
from cevnsjax.experiment.axis import NO_TIMES, Axis
from cevnsjax.experiment.continuum import CaptureLine, ContinuumBackground, LineBackground, Satellite
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.likelihood import GaussianLikelihood
from cevnsjax.experiment.nuisances import flux_norm, nonzero, positive
from cevnsjax.flux import Reactor, Source, TotalFlux
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import AbstractQuenching, ModifiedLindhard, TabulatedQuenching
from cevnsjax.response import GaussianResponse, Resolution, TimeWindow
from cevnsjax.tables import Values, read_table, read_values
from cevnsjax.target import compound

_DAY_S = 86400.0
_THRESHOLD_KEV = 0.2
_RECOIL_FLOOR_KEV = 0.02
_ZINC_OFFSET_KEV = -0.201  # of the L1 shells of copper and gallium, which are left behind
_QUENCHING = {"iron-filter": "iron_filter_quenching", "photoneutron": "photoneutron_quenching"}
_LINDHARD_K = 0.162, 0.004


def dresden_ii(quenching: str | AbstractQuenching = "iron-filter", reactor_off: bool = True) -> Experiment:
    """Build the experiment with a tabulated quenching factor.

    Parameters
    ----------
    quenching
        The release's ``"iron-filter"`` or ``"photoneutron"`` quenching factor, or any other, which brings its own
        floor: a curve without a ``recoil_floor_keV`` of 0.02 counts smaller recoils too.
    reactor_off
        Whether the data with the reactor off are fitted too. Without them nothing tells the steady continuum from that
        of the neutrons, and there is only the latter.

    Raises
    ------
    UnknownNameError
        If there is no such quenching factor.
    """
    values, spectrum = read_values("dresden_ii/parameters.json"), read_table("dresden_ii/spectrum.csv")
    edges_keV = np.round(np.append(spectrum["energy_low_keVee"], 1.5), 3)
    states = ("on", "off") if reactor_off else ("on",)
    names = {"on": ("signal", "neutrons", "lines"), "off": ("off_lines",)}
    steady = ("steady",) if reactor_off else ()
    flux = Reactor(
        "bestiole-2023",
        TotalFlux(values["flux_per_cm2_s"]),
        _DAY_S,
        {isotope: values[f"share_{isotope}"] for isotope in ("U235", "U238", "Pu239", "Pu241")},
        values["captures_U238_per_fission"],
    )
    return Experiment(
        name="dresden-ii",
        sources={"reactor": Source.steady(flux)},
        target=compound("Ge"),
        mass_kg=values["mass_kg"],
        interactions={"cevns": Coherent({"sm": ErlerSu()})},
        quenching=_tabulated(quenching) if isinstance(quenching, str) else quenching,
        response=GaussianResponse(
            edges_keV,
            Resolution(values["resolution_noise_keVee"], values["fano_factor"], values["pair_energy_keVee"]),
        ),
        window=TimeWindow((0.0, 1.0)),
        signal_norm=1.0,
        backgrounds=_backgrounds(values, reactor_off),
        samples={f"reactor_{state}": (*names[state], *steady) for state in states},
        observed=np.stack([spectrum[f"{state}_rate_per_day"] for state in states])[:, :, None],
        axes=(Axis("energy_keVee", edges_keV), NO_TIMES),
        nuisances=_nuisances(values, reactor_off),
        quantity="counts per day and bin",
        unit="day^-1",
        likelihood=GaussianLikelihood(
            np.stack([spectrum[f"{state}_rate_error_per_day"] for state in states])[:, :, None]
        ),
    )


def dresden_ii_lindhard(reactor_off: bool = True) -> Experiment:
    """Build the experiment with the modified Lindhard quenching factor, whose k and q are nuisance parameters.

    k has the measurement 0.162 +- 0.004 (A. Bonhomme et al., arXiv:2202.03754) as its prior, which was made above
    0.4 keV where an offset matters less; that of q is flat, from an offset of +142 eV to -28 eV.

    Parameters
    ----------
    reactor_off
        As of :func:`dresden_ii`.
    """
    lindhard = ModifiedLindhard(_LINDHARD_K[0], 0.0, proton_number=32, recoil_floor_keV=_RECOIL_FLOOR_KEV)
    experiment = dresden_ii(lindhard, reactor_off)
    quenching = (
        Parameter(
            "quenching_k",
            nonzero(*_LINDHARD_K),
            "quenching.k",
            description="electronic stopping in Lindhard's quenching factor",
            symbol="$k$",
        ),
        Parameter(
            "quenching_q",
            dist.Uniform(-5e-4, 1e-4),
            "quenching.q",
            description="offset of the quenching factor; -1e-5 is +2.83 eV",
            symbol="$q$",
        ),
    )
    return dataclasses.replace(experiment, name="dresden-ii-lindhard", nuisances=(*quenching, *experiment.nuisances))


def _tabulated(name: str) -> TabulatedQuenching:
    if name not in _QUENCHING:
        raise UnknownNameError("quenching factor", name, _QUENCHING)
    table = read_table("dresden_ii/quenching.csv")
    return TabulatedQuenching(table["recoil_energy_keVnr"], table[_QUENCHING[name]], _RECOIL_FLOOR_KEV)


def _backgrounds(values: Values, reactor_off: bool):
    """Start values are roughly what a fit gives."""
    reference_keV = values["line_L1_keVee"]
    germanium = {
        "L2": Satellite(values["line_L2_over_L1"], values["line_L2_keVee"] - reference_keV),
        "M": Satellite(values["line_M_over_L1"], values["line_M_keVee"] - reference_keV),
    }

    def lines(events: float, centroid_keV: float, width_keV: float) -> LineBackground:
        each = {"Ge71": CaptureLine(events, satellites=germanium), "Zn65": CaptureLine(9.0, _ZINC_OFFSET_KEV)}
        return LineBackground(centroid_keV, width_keV, each)

    def continuum(*numbers: float) -> ContinuumBackground:
        return ContinuumBackground(*numbers, reference_energy_keV=_THRESHOLD_KEV)

    if not reactor_off:
        return {"neutrons": continuum(1.35e3, 6.5e3, 0.26), "lines": lines(1.48e3, 1.293, 0.0695)}
    return {
        "neutrons": continuum(1.03e3, 4.9e3, 0.29),
        "steady": continuum(3.0e2, 1.6e3, 0.20),
        "lines": lines(1.48e3, 1.293, 0.0695),
        "off_lines": lines(3.20e3, 1.301, 0.0675),
    }


def _nuisances(values: Values, reactor_off: bool) -> tuple[Parameter, ...]:
    def continuum(name: str, constant: float, exponential: float, description: str) -> tuple[Parameter, ...]:
        where, unit = f"backgrounds.{name}", "day^-1 keV^-1"
        return (
            Parameter(
                f"{name}_constant",
                dist.Uniform(0.0, constant),
                f"{where}.constant_per_keV",
                unit,
                f"{description}, constant",
            ),
            Parameter(
                f"{name}_exponential",
                dist.Uniform(0.0, exponential),
                f"{where}.exponential_per_keV",
                unit,
                f"{description}, exponential at 0.2 keV",
            ),
            Parameter(
                f"{name}_decay_energy",
                dist.Uniform(0.02, 1.0),
                f"{where}.decay_energy_keV",
                "keV",
                f"{description}, decay of the exponential",
            ),
        )

    def lines(name: str, where: str, description: str) -> tuple[Parameter, ...]:
        where = f"backgrounds.{where}"
        return (
            Parameter(
                f"{name}_area",
                dist.Uniform(0.0, 6e3),
                f"{where}.lines.Ge71.events",
                "day^-1",
                f"Ge71 L1 line, {description}",
            ),
            Parameter(
                f"{name}_centroid",
                dist.Uniform(1.25, 1.35),
                f"{where}.centroid_keV",
                "keV",
                f"centroid of the Ge71 L1 line, {description}",
            ),
            Parameter(
                f"{name}_width",
                dist.Uniform(0.05, 0.1),
                f"{where}.width_keV",
                "keV",
                f"standard deviation of the lines, {description}",
            ),
        )

    samples = ("lines", "off_lines") if reactor_off else ("lines",)
    ratio = values["line_M_over_L1"]
    on = (
        flux_norm("reactor", values["flux_relative_uncertainty"], "flux of antineutrinos, 4.8e13 cm^-2 s^-1,"),
        *continuum("neutrons", 3e3, 2e4, "neutrons of the reactor"),
        *lines("line", "lines", "reactor on"),
        Parameter(
            "zinc_area",
            dist.Uniform(0.0, 100.0),
            tuple(f"backgrounds.{each}.lines.Zn65.events" for each in samples),
            "day^-1",
            "Zn65 L1 line",
        ),
        Parameter(
            "m_shell_ratio",
            positive(ratio, ratio * values["line_M_over_L1_relative_uncertainty"]),
            tuple(f"backgrounds.{each}.lines.Ge71.satellites.M.fraction" for each in samples),
            description="area of the Ge71 M line over that of L1",
        ),
    )
    off = (*continuum("steady", 1e3, 1e4, "steady background"), *lines("off_line", "off_lines", "reactor off"))
    return (*on, *off) if reactor_off else on
