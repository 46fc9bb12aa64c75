"""Vector bosons from leptonic decays of charged mesons, M+ -> l+ nu V."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, gauss_legendre, is_concrete
from cevnsjax.constants import (
    CHARGED_KAON_LIFETIME_US,
    CHARGED_KAON_MASS_MEV,
    CHARGED_PION_LIFETIME_US,
    CHARGED_PION_MASS_MEV,
    ELECTRON_MASS_MEV,
    FERMI_CONSTANT_PER_MEV2,
    HBAR_MEV_US,
    KAON_DECAY_CONSTANT_MEV,
    MUON_MASS_MEV,
    PION_DECAY_CONSTANT_MEV,
    UP_DOWN_QUARK_MIXING,
    UP_STRANGE_QUARK_MIXING,
)
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.particle.portal import ELEMENTARY_CHARGE, AbstractPortal

_LEPTONS_MEV = {"electron": ELECTRON_MASS_MEV, "muon": MUON_MASS_MEV}
_MESONS = {
    "pion": (CHARGED_PION_MASS_MEV, PION_DECAY_CONSTANT_MEV, UP_DOWN_QUARK_MIXING, CHARGED_PION_LIFETIME_US),
    "kaon": (CHARGED_KAON_MASS_MEV, KAON_DECAY_CONSTANT_MEV, UP_STRANGE_QUARK_MIXING, CHARGED_KAON_LIFETIME_US),
}


class MesonCouplings(eqx.Module):
    """Couplings of a vector boson to what takes part in M+ -> l+ nu, in units of the charge of a proton.

    Attributes
    ----------
    lepton, meson, contact
        g_l of the antilepton that is emitted, g_M of the meson, g_c of the vertex with both and the boson, which a
        derivative coupling of the meson has with any charge of its own. The boson's current is conserved where all
        three are the same, g_c = g_M = g_l; else its longitudinal part grows like 1/m_V^2.
    """

    lepton: Float[Array, ""] = eqx.field(converter=as_float)
    meson: Float[Array, ""] = eqx.field(converter=as_float)
    contact: Float[Array, ""] = eqx.field(converter=as_float)

    @classmethod
    def of_portal(cls, portal: AbstractPortal, mass_ratio: Scalar) -> "MesonCouplings":
        """Couplings behind a portal, for a ratio m_V/m_chi of masses.

        A dark photon sees electric charges, which meson and antilepton have alike: e epsilon for all three. Mesons
        and leptons have no baryon number, so that a leptophobic boson has nothing but its kinetic mixing.
        """
        charge = ELEMENTARY_CHARGE * portal.charge_mixing(mass_ratio)
        return cls(charge, charge, charge)


class ChargedMeson(eqx.Module):
    """A charged pseudoscalar meson, L = (G_F/sqrt2) f V_qq' d_mu M nubar gamma^mu (1 - gamma5) l and h.c.

    Attributes
    ----------
    mass_MeV
        M, MeV.
    decay_constant_MeV
        f, MeV; f_pi = 130.2 MeV.
    quark_mixing
        V_ud or V_us.
    lifetime_us
        Mean life, us.
    """

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    decay_constant_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    quark_mixing: Float[Array, ""] = eqx.field(converter=as_float)
    lifetime_us: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        for name, unit in (("mass_MeV", "MeV"), ("decay_constant_MeV", "MeV"), ("lifetime_us", "us")):
            check_positive(name, getattr(self, name), unit)
        check_positive("quark_mixing", self.quark_mixing, "")

    @property
    def width_MeV(self) -> Scalar:
        """Total width, MeV."""
        return HBAR_MEV_US / self.lifetime_us


class ChargedMesonDecay(eqx.Module):
    r"""M+ -> l+ nu V by emission from the lepton (IB1), the meson (IB2) and the vertex (IB3).

    With p, l, n, k for meson, antilepton, neutrino and boson, and D_l = (l + k)^2 - m_l^2, D_M = (p - k)^2 - M^2,

        M^mu = (G_F V f/sqrt2) ubar(n) {- g_l pslash (1 - gamma5) [m_l - lslash - kslash] gamma^mu/D_l
                                        + g_M (2 p - k)^mu (pslash - kslash) (1 - gamma5)/D_M
                                        - g_c gamma^mu (1 - gamma5)} v(l)
             = (G_F V f/sqrt2) ubar(n) (1 + gamma5) {(g_l - g_c) gamma^mu - m_l [g_l kslash gamma^mu/D_l + J^mu]} v(l),

    J = 2 g_l l/D_l + g_M (2 p - k)/D_M, by the Dirac equation: everything but g_l - g_c is as small as the mass of the
    lepton, and k_mu M^mu vanishes for g_l = g_M = g_c. Summed over polarisations, - g_{mu nu} + k_mu k_nu/m_V^2, and
    spins it is the closed form in ``_reduced``. Emission that depends on the structure of the meson is left out.

    The boson of the Lagrangian V_mu J^mu is that of C. E. Carlson and B. C. Rislow, Phys. Rev. D 86, 035013 (2012), and
    B. Dutta et al., Phys. Rev. Lett. 129, 111803 (2022).

    Attributes
    ----------
    meson
        What decays.
    lepton_mass_MeV
        m_l, MeV.
    order
        Gauss-Legendre nodes, for the boson's energy on either side of its middle and for the lepton's. With 24 widths
        are within 1e-8 for any couplings and bosons of 0.01 MeV or more.
    """

    meson: ChargedMeson
    lepton_mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    order: int = eqx.field(static=True, default=24)

    def __check_init__(self):
        check_positive("lepton_mass_MeV", self.lepton_mass_MeV, "MeV")
        if is_concrete(self.lepton_mass_MeV) and is_concrete(self.meson.mass_MeV):
            lepton, meson = float(self.lepton_mass_MeV), float(self.meson.mass_MeV)
            if lepton >= meson:
                raise CevnsjaxError(f"A meson of {meson:g} MeV does not decay to a lepton of {lepton:g} MeV.")

    def rapidity_limit(self, boson_mass_MeV: Scalar) -> Scalar:
        """Largest rapidity of a boson (m_V, MeV) as the meson sees it, arcosh of E/m_V; zero where it is too heavy."""
        mass, is_open = self._open_mass(boson_mass_MeV)
        energy = (self.meson.mass_MeV - mass) ** 2 - self.lepton_mass_MeV**2  # 2 M (E - m_V)
        half = jnp.sqrt(energy / (4.0 * self.meson.mass_MeV * mass))
        return jnp.where(is_open, 2.0 * jnp.arcsinh(half), 0.0)

    def squared_amplitude(
        self,
        couplings: MesonCouplings,
        boson_mass_MeV: Scalar,
        boson_energy_MeV: Float[Array, "*point"],
        lepton_energy_MeV: Float[Array, "*point"],
    ) -> Float[Array, "*point"]:
        """|M|^2 summed over spins and polarisations at a point of the Dalitz plot (E_V, E_l), dimensionless."""
        meson = self.meson.mass_MeV
        neutrino = meson - boson_energy_MeV - lepton_energy_MeV
        propagator = meson**2 - 2.0 * meson * neutrino - self.lepton_mass_MeV**2
        remaining = meson**2 + boson_mass_MeV**2 - 2.0 * meson * boson_energy_MeV - self.lepton_mass_MeV**2
        reduced = self._reduced(couplings, boson_mass_MeV, boson_energy_MeV, remaining, propagator)
        return 4.0 * self._strength_per_MeV**2 * reduced

    def boson_density(
        self, couplings: MesonCouplings, boson_mass_MeV: Scalar, rapidity: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        """Bosons of each meson per unit of rapidity in its rest frame, (1/Gamma) dGamma/dE_V dE_V/dy; zero outside.

        Parameters
        ----------
        couplings
            g_l, g_M and g_c.
        boson_mass_MeV
            m_V, MeV.
        rapidity
            y, E_V = m_V cosh y.
        """
        mass, is_open = self._open_mass(boson_mass_MeV)
        limit = self.rapidity_limit(boson_mass_MeV)
        inside = is_open & (rapidity > 0.0) & (rapidity < limit)
        safe = jnp.where(inside, rapidity, 0.5 * limit)
        energy, momentum, remaining = self._at_rapidity(mass, limit, safe)
        return jnp.where(inside, momentum * self._energy_density(couplings, mass, energy, momentum, remaining), 0.0)

    def branching_ratio(self, couplings: MesonCouplings, boson_mass_MeV: Scalar) -> Scalar:
        """Share of mesons that decay so; zero for a boson (m_V, MeV) of m_M - m_l or more."""
        return self.boson_nodes(couplings, boson_mass_MeV)[1].sum()

    def boson_nodes(
        self, couplings: MesonCouplings, boson_mass_MeV: Scalar
    ) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """Energies of the boson for a meson at rest, MeV, and the share of mesons that each stands for."""
        meson, lepton = self.meson.mass_MeV, self.lepton_mass_MeV
        mass, is_open = self._open_mass(boson_mass_MeV)
        limit = jnp.where(is_open, self.rapidity_limit(boson_mass_MeV), 1.0)
        abscissae, weights = map(as_float, gauss_legendre(self.order))
        # In rapidity up to half of the largest kinetic energy, then in the logarithm of W, the mass of lepton and
        # neutrino: the spectrum falls within m_l^2/(2 M) of its end, which is a keV beside electrons.
        largest = 2.0 * mass * jnp.sinh(0.5 * limit) ** 2
        half = jnp.arcsinh(0.5 * jnp.sqrt(largest / mass))
        slow = self._at_rapidity(mass, limit, half * (1.0 + abscissae))
        width = 0.5 * jnp.log1p(meson * largest / lepton**2)
        remaining = lepton**2 * jnp.expm1(width * (1.0 + abscissae))
        kinetic = largest - remaining / (2.0 * meson)
        fast = mass + kinetic, jnp.sqrt(kinetic * (kinetic + 2.0 * mass)), remaining
        energy, momentum, rest = (jnp.concatenate(each) for each in zip(slow, fast, strict=True))
        density = self._energy_density(couplings, mass, energy, momentum, rest)
        energy_steps = half * slow[1] * weights, width * (remaining + lepton**2) / (2.0 * meson) * weights
        return energy, jnp.where(is_open, density * jnp.concatenate(energy_steps), 0.0)

    def width_MeV(self, couplings: MesonCouplings, boson_mass_MeV: Scalar) -> Scalar:
        """Partial width, MeV."""
        return self.meson.width_MeV * self.branching_ratio(couplings, boson_mass_MeV)

    @property
    def _strength_per_MeV(self) -> Scalar:
        """G_F V f, MeV^-1."""
        return FERMI_CONSTANT_PER_MEV2 * self.meson.quark_mixing * self.meson.decay_constant_MeV

    def _open_mass(self, boson_mass_MeV: Scalar) -> tuple[Scalar, Bool[Array, ""]]:
        """A mass (MeV) for which the decay is open, and whether that is the one given."""
        largest = self.meson.mass_MeV - self.lepton_mass_MeV
        is_open = boson_mass_MeV < largest
        return jnp.where(is_open, boson_mass_MeV, 0.5 * largest), is_open

    def _at_rapidity(
        self, mass: Scalar, limit: Scalar, rapidity: Float[Array, "*point"]
    ) -> tuple[Float[Array, "*point"], Float[Array, "*point"], Float[Array, "*point"]]:
        """Energy and momentum of the boson, and W^2 - m_l^2 without the cancellation at the largest rapidity."""
        ends = jnp.sinh(0.5 * (limit + rapidity)) * jnp.sinh(0.5 * (limit - rapidity))
        return mass * jnp.cosh(rapidity), mass * jnp.sinh(rapidity), 4.0 * self.meson.mass_MeV * mass * ends

    def _energy_density(
        self,
        couplings: MesonCouplings,
        mass: Scalar,
        energy: Float[Array, "*point"],
        momentum: Float[Array, "*point"],
        remaining: Float[Array, "*point"],
    ) -> Float[Array, "*point"]:
        """(1/Gamma) dGamma/dE_V, MeV^-1; `remaining` is W^2 - m_l^2 of lepton and neutrino."""
        meson, lepton = self.meson.mass_MeV, self.lepton_mass_MeV
        squared, doubled = remaining + lepton**2, remaining + 2.0 * lepton**2
        # l k lies between total - difference and total + difference; their product has no cancellation
        total = (meson * energy - mass**2) * doubled / (2.0 * squared)
        difference = meson * momentum * remaining / (2.0 * squared)
        product = ((mass * doubled) ** 2 + (2.0 * meson * momentum * lepton) ** 2) / (4.0 * squared)
        largest = mass**2 + 2.0 * (total + difference)
        smallest = mass**2 + 2.0 * product / (total + difference)
        # D_l in its logarithm: the amplitude has powers of it from D_l to 1/D_l^2
        abscissae, weights = map(as_float, gauss_legendre(self.order))
        half_width = 0.5 * jnp.log1p(4.0 * difference / smallest)
        steps = jnp.exp(jnp.multiply.outer(half_width, abscissae))
        propagator = jnp.sqrt(largest * smallest)[..., None] * steps
        reduced = self._reduced(couplings, mass, energy[..., None], remaining[..., None], propagator)
        scale = self._strength_per_MeV**2 / (32.0 * math.pi**3 * self.meson.width_MeV * self.meson.mass_MeV**2)
        return scale * half_width * ((reduced * propagator) @ weights)

    def _reduced(
        self,
        couplings: MesonCouplings,
        mass: Scalar,
        energy: Float[Array, "*#point"],
        remaining: Float[Array, "*#point"],
        propagator: Float[Array, "*point"],
    ) -> Float[Array, "*point"]:
        """|M|^2/(2 G_F V f)^2, MeV^2: the closed form, from D_l (`propagator`) and W^2 - m_l^2 (`remaining`)."""
        meson, lepton = self.meson.mass_MeV, self.lepton_mass_MeV
        g_l, g_M = couplings.lepton, couplings.meson
        uncompensated, charge = g_l - couplings.contact, g_l - g_M
        # products of momenta
        lk = 0.5 * (propagator - mass**2)
        nl = 0.5 * remaining
        nk = meson * energy - mass**2 - lk
        by_lepton, by_meson = g_l / propagator, g_M / (mass**2 - 2.0 * meson * energy)  # g_l/D_l, g_M/D_M
        lq = 2.0 * (nl + lepton**2) + lk  # l (2 p - k)
        nq = 2.0 * nl + nk
        # products with J
        lJ = 2.0 * lepton**2 * by_lepton + lq * by_meson
        nJ = 2.0 * nl * by_lepton + nq * by_meson
        kJ = 2.0 * lk * by_lepton - g_M
        JJ = (
            4.0 * lepton**2 * by_lepton**2
            + 4.0 * lq * by_lepton * by_meson
            + (4.0 * meson * (meson - energy) + mass**2) * by_meson**2
        )
        transverse = 2.0 * nk * lk - nl * mass**2
        magnetic = 2.0 * by_lepton**2 * transverse - 2.0 * by_lepton * (nk * lJ - nJ * lk + nl * kJ) - JJ * nl
        longitudinal = uncompensated**2 * transverse + lepton**2 * charge * (charge * nl + 2.0 * uncompensated * nk)
        return (
            2.0 * uncompensated * (uncompensated * nl - lepton**2 * (4.0 * nk * by_lepton + nJ))
            + lepton**2 * magnetic
            + longitudinal / mass**2
        )


def charged_meson_decay(meson: str, lepton: str) -> ChargedMesonDecay:
    """Build the decay of a "pion" or "kaon" to an "electron" or "muon", with the numbers of the PDG.

    Raises
    ------
    UnknownNameError
        If there is no such meson or lepton.
    """
    if meson not in _MESONS:
        raise UnknownNameError("charged meson", meson, _MESONS)
    if lepton not in _LEPTONS_MEV:
        raise UnknownNameError("lepton of a meson's decay", lepton, _LEPTONS_MEV)
    return ChargedMesonDecay(ChargedMeson(*_MESONS[meson]), _LEPTONS_MEV[lepton])
