"""What arrives, and when."""

from cevnsjax.flux.alp_bremsstrahlung import alp_bremsstrahlung
from cevnsjax.flux.alp_emission import (
    AbstractEmission,
    LevelEmission,
    M1Emission,
    NuclearLine,
    alp_width_MeV,
    boron_capture,
    hydrogen_capture,
)
from cevnsjax.flux.alp_flux import AbstractAlpSource, AlpFlux, TabulatedAlpFlux, fissions_per_s
from cevnsjax.flux.arrivals import (
    AbstractArrival,
    ExponentialArrival,
    HistogramArrival,
    PionDecayArrival,
    PromptArrival,
    SingleDecayArrival,
    SteadyArrival,
)
from cevnsjax.flux.associated_emission import AssociatedEmission
from cevnsjax.flux.atmospheric import atmospheric_neutrinos
from cevnsjax.flux.background_times import AbstractTimeDistribution, ExponentialTimes, HistogramTimes
from cevnsjax.flux.boosted import BoostedDarkMatter
from cevnsjax.flux.boson_bremsstrahlung import BremsstrahlungEmission, boson_bremsstrahlung
from cevnsjax.flux.boson_emission import AbstractBosonEmission, ComptonEmission, PrimakoffEmission
from cevnsjax.flux.boson_flux import BosonFlux
from cevnsjax.flux.boson_production import AbstractBosonProduction, AbstractIsotropicProduction
from cevnsjax.flux.boson_source import AbstractBosonSource
from cevnsjax.flux.catalogue import NAMED_FLUXES, named_flux
from cevnsjax.flux.cosmic_rays import CosmicRays, cosmic_rays
from cevnsjax.flux.dark_beams import DARK_BEAMS, DarkBeam, dark_beam, facility_dark_matter
from cevnsjax.flux.dark_flux import DarkFlux
from cevnsjax.flux.dark_production import AbstractProduction, Emission, IsotropicBosons, PionCapture
from cevnsjax.flux.dark_source import AbstractDarkSource
from cevnsjax.flux.detector_geometry import (
    AbstractDetectorGeometry,
    BoxGeometry,
    ConeGeometry,
    CylinderGeometry,
    SphereGeometry,
)
from cevnsjax.flux.diffuse_supernova import CoreCollapseHistory, DiffuseSupernovae
from cevnsjax.flux.facilities import (
    DECAY_AT_REST_FACILITIES,
    DecayAtRestFacility,
    decay_at_rest_facility,
    facility_neutrinos,
)
from cevnsjax.flux.flux import FLAVOURS, AbstractFlux, AbstractSource, parse_neutrino
from cevnsjax.flux.flux_nodes import FluxNodes
from cevnsjax.flux.fusion_neutrons import FusionNeutrons, fusion_line, fusion_neutrons
from cevnsjax.flux.halo import HaloWimps, StandardHalo
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.line_profile import AbstractLineProfile, GaussianProfile, RecoilProfile, ThermalProfile
from cevnsjax.flux.line_sources import LineSource, argon_37_source, chromium_51_source
from cevnsjax.flux.meson_cells import MesonCells, beam_pions, beams_with_pions
from cevnsjax.flux.meson_emission import (
    NeutralMesonEmission,
    StoppedMesonEmission,
    eta_emission,
    pion_emission,
    stopped_pion_emission,
)
from cevnsjax.flux.moments import POWERS, energy_powers
from cevnsjax.flux.mono_energetic import MonoEnergetic
from cevnsjax.flux.neutral_mesons import AbstractNeutralMeson, Eta, NeutralPion
from cevnsjax.flux.neutrons import AbstractNeutronFlux, ExponentialNeutrons
from cevnsjax.flux.oscillation import SterileOscillation
from cevnsjax.flux.photon_spectrum import (
    AbstractPhotonSpectrum,
    ExponentialPhotons,
    PhotonSpectrum,
    TabulatedPhotons,
    reactor_photons,
    target_photons,
)
from cevnsjax.flux.photon_target import PhotonTarget
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest
from cevnsjax.flux.positron_emission import ResonantEmission, track_length_per_MeV
from cevnsjax.flux.proton_bremsstrahlung import ProtonBremsstrahlung, proton_splitting
from cevnsjax.flux.pulses import AbstractPulse, GaussianPulse, RectangularPulse, SharpPulse, TriangularPulse
from cevnsjax.flux.reactor import AbstractStrength, Reactor, ThermalPower, TotalFlux
from cevnsjax.flux.reactor_spectra import (
    ExponentialPolynomials,
    ReactorSpectra,
    huber_mueller_polynomials,
    reactor_spectra,
)
from cevnsjax.flux.reweighted_photons import ReweightedPhotons, beam_photons
from cevnsjax.flux.secondary_spectra import pair_electrons, pair_positrons, pion_photons
from cevnsjax.flux.snewpy_models import snewpy_fluence
from cevnsjax.flux.solar import SolarNeutrinos, solar_neutrinos
from cevnsjax.flux.solar_oscillation import SolarOscillation
from cevnsjax.flux.source import Source, sources_of
from cevnsjax.flux.stopped_mesons import StoppedMesons, stopped_pions
from cevnsjax.flux.supernova import PinchedSpectrum, SupernovaBurst
from cevnsjax.flux.supernova_conversion import SupernovaConversion
from cevnsjax.flux.tabulated import TabulatedFlux

__all__ = [
    "DARK_BEAMS",
    "DECAY_AT_REST_FACILITIES",
    "FLAVOURS",
    "NAMED_FLUXES",
    "POWERS",
    "AbstractAlpSource",
    "AbstractArrival",
    "AbstractBosonEmission",
    "AbstractBosonProduction",
    "AbstractBosonSource",
    "AbstractDarkSource",
    "AbstractDetectorGeometry",
    "AbstractEmission",
    "AbstractFlux",
    "AbstractIsotropicProduction",
    "AbstractLineProfile",
    "AbstractNeutralMeson",
    "AbstractNeutronFlux",
    "AbstractPhotonSpectrum",
    "AbstractProduction",
    "AbstractPulse",
    "AbstractSource",
    "AbstractStrength",
    "AbstractTimeDistribution",
    "AlpFlux",
    "AssociatedEmission",
    "BoostedDarkMatter",
    "BosonFlux",
    "BoxGeometry",
    "BremsstrahlungEmission",
    "ComptonEmission",
    "ConeGeometry",
    "CoreCollapseHistory",
    "CosmicRays",
    "CylinderGeometry",
    "DarkBeam",
    "DarkFlux",
    "DecayAtRestFacility",
    "DiffuseSupernovae",
    "Emission",
    "Eta",
    "ExponentialArrival",
    "ExponentialNeutrons",
    "ExponentialPhotons",
    "ExponentialPolynomials",
    "ExponentialTimes",
    "FluxNodes",
    "FusionNeutrons",
    "GaussianProfile",
    "GaussianPulse",
    "HaloWimps",
    "HistogramArrival",
    "HistogramTimes",
    "InterpolatedSpectra",
    "IsotropicBosons",
    "LevelEmission",
    "LineSource",
    "M1Emission",
    "MesonCells",
    "MonoEnergetic",
    "NeutralMesonEmission",
    "NeutralPion",
    "NuclearLine",
    "PhotonSpectrum",
    "PhotonTarget",
    "PinchedSpectrum",
    "PionCapture",
    "PionDecayArrival",
    "PionDecayAtRest",
    "PrimakoffEmission",
    "PromptArrival",
    "ProtonBremsstrahlung",
    "Reactor",
    "ReactorSpectra",
    "RecoilProfile",
    "RectangularPulse",
    "ResonantEmission",
    "ReweightedPhotons",
    "SharpPulse",
    "SingleDecayArrival",
    "SolarNeutrinos",
    "SolarOscillation",
    "Source",
    "SphereGeometry",
    "StandardHalo",
    "SteadyArrival",
    "SterileOscillation",
    "StoppedMesonEmission",
    "StoppedMesons",
    "SupernovaBurst",
    "SupernovaConversion",
    "TabulatedAlpFlux",
    "TabulatedFlux",
    "TabulatedPhotons",
    "ThermalPower",
    "ThermalProfile",
    "TotalFlux",
    "TriangularPulse",
    "alp_bremsstrahlung",
    "alp_width_MeV",
    "argon_37_source",
    "atmospheric_neutrinos",
    "beam_photons",
    "beam_pions",
    "beams_with_pions",
    "boron_capture",
    "boson_bremsstrahlung",
    "chromium_51_source",
    "cosmic_rays",
    "dark_beam",
    "decay_at_rest_facility",
    "energy_powers",
    "eta_emission",
    "facility_dark_matter",
    "facility_neutrinos",
    "fissions_per_s",
    "fusion_line",
    "fusion_neutrons",
    "huber_mueller_polynomials",
    "hydrogen_capture",
    "named_flux",
    "pair_electrons",
    "pair_positrons",
    "parse_neutrino",
    "pion_emission",
    "pion_photons",
    "proton_splitting",
    "reactor_photons",
    "reactor_spectra",
    "snewpy_fluence",
    "solar_neutrinos",
    "sources_of",
    "stopped_pion_emission",
    "stopped_pions",
    "target_photons",
    "track_length_per_MeV",
]
