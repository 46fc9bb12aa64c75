"""Pions that stop and decay: a prompt nu_mu line, and nu_e and nu_mu_bar from the muon's decay."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.constants import CHARGED_PION_MASS_MEV, MUON_MASS_MEV
from cevnsjax.flux.flux import AbstractFlux
from cevnsjax.flux.moments import POWERS
from cevnsjax.flux.paths import one_path


class PionDecayAtRest(AbstractFlux):
    """Neutrinos from pi+ -> mu+ nu_mu and mu+ -> e+ nu_e nu_mu_bar, both at rest.

    Spectra per decay, unit normalised, x = 2E/m_mu (L. Michel; see C. Giunti and C. W. Kim, *Fundamentals of Neutrino
    Physics and Astrophysics*, 2007): nu_mu is a line at (m_pi^2 - m_mu^2)/(2 m_pi), nu_e has 12 x^2 (1 - x),
    nu_mu_bar 2 x^2 (3 - 2x). The moments below are their integrals from x to 1 with the powers of (1 - x) factored
    out, so that they keep their relative accuracy up to the end point, in float32 too.

    Attributes
    ----------
    neutrinos_per_proton
        Neutrinos of each of the three flavours per proton on target.
    protons_on_target
        Protons on target over the exposure.
    baseline_m
        Distance from source to detector, m.
    pion_mass_MeV, muon_mass_MeV
        Masses, MeV.
    norm
        Ratio of the flux to its nominal value (1 nominally): the flux uncertainty that experiments at one source share.
    """

    components: tuple[str, ...] = eqx.field(static=True, default=("nu_mu", "nu_e", "nu_mu_bar"), init=False)
    neutrinos_per_proton: Float[Array, ""] = eqx.field(converter=as_float)
    protons_on_target: Float[Array, ""] = eqx.field(converter=as_float)
    baseline_m: Float[Array, ""] = eqx.field(converter=as_float)
    pion_mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=CHARGED_PION_MASS_MEV)
    muon_mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=MUON_MASS_MEV)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        for name, unit in {
            "neutrinos_per_proton": "neutrinos per proton",
            "protons_on_target": "protons",
            "baseline_m": "m",
            "pion_mass_MeV": "MeV",
            "muon_mass_MeV": "MeV",
            "norm": "",
        }.items():
            check_positive(name, getattr(self, name), unit)

    @property
    def line_energy_MeV(self) -> Float[Array, ""]:
        """Energy of the prompt nu_mu, MeV."""
        return (self.pion_mass_MeV**2 - self.muon_mass_MeV**2) / (2.0 * self.pion_mass_MeV)

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.baseline_m)

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return jnp.stack([self.line_energy_MeV, 0.5 * self.muon_mass_MeV])

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        protons_per_cm2 = self.protons_on_target / (4e4 * math.pi * self.baseline_m**2)
        return jnp.full((3,), self.norm * self.neutrinos_per_proton * protons_per_cm2)

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return self.line_energy_MeV[None], as_float([[1.0], [0.0], [0.0]])

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        scale = 0.5 * self.muon_mass_MeV
        x = jnp.clip(energy_MeV / scale, 0.0, 1.0)
        inside = jnp.where(energy_MeV <= scale, 1.0 / scale, 0.0)
        return jnp.stack([jnp.zeros_like(x), inside * 12.0 * x**2 * (1.0 - x), inside * 2.0 * x**2 * (3.0 - 2.0 * x)])

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        scale = 0.5 * self.muon_mass_MeV
        x = jnp.minimum(minimum_energy_MeV / scale, 1.0)
        line = self.line_energy_MeV
        above_line = jnp.where(minimum_energy_MeV <= line, 1.0, 0.0)
        nu_mu = [above_line * line**power for power in POWERS]
        nu_e = [
            (1.0 - x) ** 2 * (1.0 + 2.0 * x + 3.0 * x**2),
            (1.0 - x) ** 2 * (2.0 + 4.0 * x) / scale,
            (1.0 - x) ** 2 * 6.0 / scale**2,
        ]
        nu_mu_bar = [
            (1.0 - x) * (1.0 + x + x**2 - x**3),
            (1.0 - x) * (5.0 + 5.0 * x - 4.0 * x**2) / (3.0 * scale),
            (1.0 - x) * (4.0 - 2.0 * x) / scale**2,
        ]
        return jnp.stack([jnp.stack(nu_mu), jnp.stack(nu_e), jnp.stack(nu_mu_bar)])
