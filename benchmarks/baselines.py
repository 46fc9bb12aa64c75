"""Independent reference calculations and "usual way" speed baselines for the COHERENT CsI[Na] 2021 counts.

Nothing here imports cevnsjax: the formulas are written out again, with SciPy quadrature or mpmath, so that the
package can be compared with them. JAX is imported only inside :func:`make_grid_jax`.

* Oracles: :func:`energy_counts_quad` (1e-10 per bin or better), :func:`energy_counts_mpmath_bin` (25 digits),
  :func:`time_fractions_quad` (1e-10).
* Speed baselines, with the accuracy such code has in practice: :func:`counts_nested_quad`, :func:`counts_grid_numpy`,
  :func:`make_grid_jax`.

Flavour order everywhere: nu_mu, nu_e, nubar_mu. Units: MeV, fm, cm, microseconds, keV electron equivalent,
photo-electrons.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import mpmath
import numpy as np
from mpmath.calculus.quadrature import GaussLegendre
from numpy.typing import NDArray
from scipy import integrate, special
from scipy.interpolate import CubicSpline

Array = NDArray[Any]  # float64; NumPy scalars and 0-d arrays included

FLAVOURS = ("nu_mu", "nu_e", "nubar_mu")
PE_EDGES: Array = np.array([0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])
TIME_EDGES: Array = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 2.0, 4.0, 6.0])

QUENCHING = (0.0554628, 4.30681, -111.707, 840.384)
QUENCHING_PC0 = (0.0613632 - 0.0554628, 3.51547 - 4.30681, -85.5548 + 111.707, 595.562 - 840.384)
QUENCHING_PC1 = (0.055413 - 0.0554628, 3.93597 - 4.30681, -93.1045 + 111.707, 630.092 - 840.384)
EFFICIENCY = (1.32045, 0.285979, 10.8646, -0.333322)
EFFICIENCY_SHIFT = (1.3439 - 1.32045, 0.285366 - 0.285979, 9.84596 - 10.8646, -0.356364 + 0.333322)

CS, IODINE = 0, 1


@dataclass(frozen=True)
class CsIParameters:
    """Everything the prediction depends on; the defaults are the "first convention" (total 314.6).

    ``proton_radii`` and ``neutron_radii`` are the rms radii (fm) for ``form_factor="helm"`` and the sharp radii R_A for
    ``"klein_nystrand"``; ``"none"`` ignores them. Per-nuclide tuples are ordered Cs133, I127.
    """

    mass_kg: float = 14.6
    molar_mass: float = 259.81
    avogadro: float = 6.02214076e23
    nu_per_pot: float = 0.0848
    pot: float = 3.198e23
    distance_cm: float = 1930.0
    protons: tuple[int, int] = (55, 53)
    neutrons: tuple[int, int] = (78, 74)
    masses: tuple[float, float] = (132.90545 * 931.49410242, 126.90447 * 931.49410242)
    m_pi: float = 139.57039
    m_mu: float = 105.6583755
    fermi: float = 1.1663788e-11
    hbar_c: float = 197.3269804
    g_p_e: float = 0.5 - 2 * 0.23857
    g_p_mu: float = 0.5 - 2 * 0.23857
    g_n_e: float = -0.5
    g_n_mu: float = -0.5
    eps_ee_u: float = 0.0
    eps_ee_d: float = 0.0
    eps_mumu_u: float = 0.0
    eps_mumu_d: float = 0.0
    eps_emu_u: complex = 0.0
    eps_emu_d: complex = 0.0
    form_factor: str = "helm"
    proton_radii: tuple[float, float] = (5.104, 5.050)
    neutron_radii: tuple[float, float] = (5.104, 5.050)
    helm_skin: float = 0.9
    kn_range: float = 0.7
    alpha0: float = 0.0
    alpha1: float = 0.0
    alpha_eff: float = 0.0
    fano_rate: float = 0.0749
    fano_shape: float = 9.56
    t0: float = 0.45
    pulse_sigma: float = 0.15
    tau_pi_sharp: float = 0.026
    tau_mu_sharp: float = 2.197
    tau_pi: float = 0.026033
    tau_mu: float = 2.19698
    time_slope: float = 0.0494
    time_start: float = 0.52

    @property
    def line_energy(self) -> float:
        """Energy of the prompt nu_mu line in MeV."""
        return (self.m_pi**2 - self.m_mu**2) / (2 * self.m_pi)

    @property
    def michel_end(self) -> float:
        """End point of the Michel spectra in MeV."""
        return self.m_mu / 2

    @property
    def fluence(self) -> float:
        """Time-integrated neutrinos per cm^2 and flavour."""
        return self.nu_per_pot * self.pot / (4 * math.pi * self.distance_cm**2)

    @property
    def nuclei(self) -> float:
        """Number of Cs nuclei (equal to the number of I nuclei)."""
        return self.mass_kg * 1000 / self.molar_mass * self.avogadro

    @property
    def quenching(self) -> tuple[float, ...]:
        """Coefficients a, b, c, d of the quenching polynomial (MeV in, MeV out)."""
        rows = zip(QUENCHING, QUENCHING_PC0, QUENCHING_PC1, strict=True)
        return tuple(n + self.alpha0 * p0 + self.alpha1 * p1 for n, p0, p1 in rows)

    @property
    def efficiency(self) -> tuple[float, ...]:
        """Coefficients a, b, c, d of the efficiency curve in reconstructed photo-electrons."""
        return tuple(n + self.alpha_eff * s for n, s in zip(EFFICIENCY, EFFICIENCY_SHIFT, strict=True))


# --------------------------------------------------------------------------------------------------------------------
# Physics in double precision


def end_point(energy: float, mass: float) -> float:
    """Largest recoil energy T = 2 E^2 / (M + 2 E)."""
    return 2 * energy**2 / (mass + 2 * energy)


def bessel_ratio(x: Array) -> Array:
    """3 j1(x)/x, by its series below 0.5 where the closed form cancels."""
    small = np.abs(x) < 0.5
    y = np.where(small, x * x / 2, 0.0)
    series = 1 - y / 5 * (1 - y / (2 * 7) * (1 - y / (3 * 9) * (1 - y / (4 * 11) * (1 - y / (5 * 13)))))
    z = np.where(small, 1.0, x)
    return np.where(small, series, 3 * (np.sin(z) - z * np.cos(z)) / z**3)


def form_factor(p: CsIParameters, recoil: Array, mass: float, radius: float) -> Array:
    """Form factor F (an amplitude) at momentum transfer q = sqrt(2 M T)."""
    q = np.sqrt(2 * mass * recoil) / p.hbar_c
    if p.form_factor == "helm":
        box = math.sqrt(5 / 3 * (radius**2 - 3 * p.helm_skin**2))
        return bessel_ratio(q * box) * np.exp(-((q * p.helm_skin) ** 2) / 2)
    if p.form_factor == "klein_nystrand":
        return bessel_ratio(q * radius) / (1 + (q * p.kn_range) ** 2)
    if p.form_factor == "none":
        return np.ones_like(q)
    raise ValueError(f"unknown form factor {p.form_factor!r}")


def charge_squared(p: CsIParameters, recoil: Array, nuclide: int, flavour: int) -> Array:
    """Squared weak charge, summed over outgoing flavours: |Q_aa|^2 + |Q_emu|^2."""
    mass = p.masses[nuclide]
    zf = p.protons[nuclide] * form_factor(p, recoil, mass, p.proton_radii[nuclide])
    nf = p.neutrons[nuclide] * form_factor(p, recoil, mass, p.neutron_radii[nuclide])
    if FLAVOURS[flavour] == "nu_e":
        g_p, g_n, up, down = p.g_p_e, p.g_n_e, p.eps_ee_u, p.eps_ee_d
    else:
        g_p, g_n, up, down = p.g_p_mu, p.g_n_mu, p.eps_mumu_u, p.eps_mumu_d
    same = zf * (g_p + 2 * up + down) + nf * (g_n + up + 2 * down)
    mixed = zf * (2 * p.eps_emu_u + p.eps_emu_d) + nf * (p.eps_emu_u + 2 * p.eps_emu_d)
    return same**2 + np.abs(mixed) ** 2


def michel(p: CsIParameters, energy: Array, flavour: int) -> Array:
    """Unit-normalised nu_e or nubar_mu spectrum per MeV."""
    norm, offset = (192.0, 0.5) if FLAVOURS[flavour] == "nu_e" else (64.0, 0.75)
    return norm * energy**2 / p.m_mu**3 * (offset - energy / p.m_mu)


def flux_kinematics(p: CsIParameters, recoil: Array, mass: float, flavour: int) -> Array:
    """Integral over E of the unit spectrum times [1 - T/E - M T/(2 E^2)].

    The bracket is (E - E1)(E - E2)/E^2 with E1 the minimum energy, so the Michel integrand is a cubic in E. The
    two-point Gauss-Legendre rule integrates a cubic exactly, here as a sum of positive terms: no cancellation near
    the end point.
    """
    root = np.sqrt(recoil * recoil + 2 * mass * recoil)
    low, other = (recoil + root) / 2, (recoil - root) / 2
    if FLAVOURS[flavour] == "nu_mu":
        line = p.line_energy
        return np.where(low < line, (line - low) * (line - other) / line**2, 0.0)
    half = np.maximum(p.michel_end - low, 0.0) / 2
    norm, offset = (192.0, 0.5) if FLAVOURS[flavour] == "nu_e" else (64.0, 0.75)
    total = np.zeros_like(low)
    for node in (-1 / math.sqrt(3), 1 / math.sqrt(3)):
        energy = low + half * (1 + node)
        total = total + (energy - low) * (energy - other) * (offset - energy / p.m_mu)
    return norm / p.m_mu**3 * half * total


def rate_prefactor(p: CsIParameters, nuclide: int) -> float:
    """Nuclei x fluence x G_F^2 M/pi (hbar c)^2 in counts per MeV of recoil, before bracket and charge."""
    section = p.fermi**2 * p.masses[nuclide] / math.pi * p.hbar_c**2 * 1e-26
    return p.nuclei * p.fluence * section


def recoil_spectrum(p: CsIParameters, recoil: Array, nuclide: int, flavour: int) -> Array:
    """dN/dT in counts per MeV, before the detector response and the time window."""
    bracket = flux_kinematics(p, recoil, p.masses[nuclide], flavour)
    return rate_prefactor(p, nuclide) * bracket * charge_squared(p, recoil, nuclide, flavour)


def ionisation(p: CsIParameters, recoil: Array) -> Array:
    """Electron-equivalent energy in keV of a recoil in MeV, floored just above zero."""
    a, b, c, d = p.quenching
    return np.maximum(1000 * recoil * (a + recoil * (b + recoil * (c + recoil * d))), 1e-9)


def efficiency(p: CsIParameters, pe: Array) -> Array:
    """Energy efficiency in reconstructed photo-electrons, clipped at zero."""
    a, b, c, d = p.efficiency
    return np.maximum(a / (1 + np.exp(-b * (pe - c))) + d, 0.0)


def efficiency_zero(p: CsIParameters) -> float:
    """Reconstructed photo-electrons below which the clipped efficiency vanishes."""
    a, b, c, d = p.efficiency
    return c - math.log(-a / d - 1) / b


# --------------------------------------------------------------------------------------------------------------------
# 1. Accurate energy bins


@lru_cache(maxsize=8)
def _legendre(order: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(order)


def bin_response(p: CsIParameters, ion_kev: Array, pe_bin: int, order: int = 48) -> Array:
    """Integral over one PE bin of efficiency(x) x gamma density(x | E_ee), by Gauss-Legendre.

    The bin starts at the zero of the efficiency where that lies inside: the integrand is then analytic, and 48 and 96
    nodes agree to 1e-13 of the largest response.
    """
    low, high = max(PE_EDGES[pe_bin], efficiency_zero(p)), PE_EDGES[pe_bin + 1]
    ion = np.asarray(ion_kev, dtype=float)[..., None]
    if high <= low:
        return np.zeros(ion.shape[:-1])
    nodes, weights = _legendre(order)
    x = (low + high) / 2 + (high - low) / 2 * nodes
    shape = 1 + p.fano_shape * ion
    rate = p.fano_rate / ion * shape
    log_density = shape * np.log(rate) - special.gammaln(shape) + (shape - 1) * np.log(x) - rate * x
    return np.exp(log_density) @ (weights * (high - low) / 2 * efficiency(p, x))


def break_points(p: CsIParameters, nuclide: int) -> list[float]:
    """Recoil energies (MeV) at which the outer integral is split: fixed fractions and both end points."""
    last = end_point(p.michel_end, p.masses[nuclide])
    points = {fraction * last for fraction in (0.0, 0.04, 0.08, 0.13, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)}
    return sorted(points | {end_point(p.line_energy, p.masses[nuclide])})


def energy_counts_quad(parameters: CsIParameters, epsrel: float = 1e-12, tolerance: float = 1e-10) -> Array:
    """Counts [flavour, PE bin] without time window or time efficiency, by adaptive quadrature over the recoil energy.

    Raises if the quadrature's own error estimate exceeds ``tolerance`` relative to any count.
    """
    p = parameters
    counts, errors = np.zeros((3, 9)), np.zeros((3, 9))
    for nuclide in (CS, IODINE):
        points = break_points(p, nuclide)

        def integrand(t: float, n: int = nuclide) -> Array:
            recoil = np.asarray(t)
            ion = ionisation(p, recoil)
            spectra = [recoil_spectrum(p, recoil, n, flavour) for flavour in range(3)]
            return np.outer(spectra, [bin_response(p, ion, pe_bin) for pe_bin in range(9)])

        # roughly, so that the adaptive rule sees every bin in units of itself; some are empty
        x, weights = _legendre(12)
        halves = [((a + b) / 2, (b - a) / 2) for a, b in itertools.pairwise(points)]
        rough = sum(w * half * integrand(c + half * t) for c, half in halves for t, w in zip(x, weights, strict=True))
        scale = np.where(rough > 0.0, rough, 1.0)
        for a, b in itertools.pairwise(points):
            value, error = integrate.quad_vec(
                lambda t, f=integrand, scale=scale: f(t) / scale, a, b, epsabs=0.1 * epsrel, epsrel=epsrel, norm="max"
            )[:2]
            counts += scale * value
            errors += rough * error
    if np.any(errors > tolerance * np.abs(counts)):
        raise ArithmeticError(f"quadrature error {np.max(errors / np.maximum(np.abs(counts), 1e-300)):.1e}")
    return counts


def energy_counts_mpmath_bin(
    parameters: CsIParameters, pe_bin: int, digits: int = 25, flavours: Sequence[int] = (0, 1, 2), pe_degree: int = 6
) -> list[Any]:
    """Counts of one PE bin per flavour in ``digits`` digits, written separately from the double-precision functions.

    The energy integral uses the antiderivative of the cubic (in extra digits, since it cancels near the end point), the
    PE integral a fixed rule of 3 x 2^(pe_degree - 1) nodes, the recoil integral mpmath's adaptive Gauss-Legendre, which
    must reach a relative error estimate of 10^(5 - digits). Returns mpmath numbers; divide them inside
    ``mpmath.workdps(digits)`` to keep their digits.
    """
    mp, p = mpmath.mp, parameters
    with mpmath.workdps(digits + 12):
        real = mp.mpf
        m, m_pi = real(p.m_mu), real(p.m_pi)
        line = (m_pi**2 - m**2) / (2 * m_pi)
        qa, qb, qc, qd = (real(c) for c in p.quenching)
        ea, eb, ec, ed = (real(c) for c in p.efficiency)
        start = mp.ln(1 / (-ea / ed - 1)) / eb + ec
        low, high = max(real(PE_EDGES[pe_bin]), start), real(PE_EDGES[pe_bin + 1])
        rule = GaussLegendre(mp).calc_nodes(pe_degree, mp.prec)
        pe = [((low + high) / 2 + (high - low) / 2 * x, w * (high - low) / 2) for x, w in rule]
        pe = [(mp.ln(x), x, w * (ea / (1 + mp.exp(-eb * (x - ec))) + ed)) for x, w in pe]

        @cache
        def response(t: Any) -> Any:
            ion = 1000 * (qa * t + qb * t**2 + qc * t**3 + qd * t**4)
            shape = 1 + real(p.fano_shape) * ion
            rate = real(p.fano_rate) / ion * shape
            total = mp.fsum(w * mp.exp((shape - 1) * lx - rate * x) for lx, x, w in pe)
            return total * mp.exp(shape * mp.ln(rate) - mp.loggamma(shape))

        def amplitude(q: Any, radius: float) -> Any:
            if p.form_factor == "none":
                return real(1)
            helm = p.form_factor == "helm"
            r = mp.sqrt(real(5) / 3 * (real(radius) ** 2 - 3 * real(p.helm_skin) ** 2)) if helm else real(radius)
            x = q * r
            ball = 3 * (mp.sin(x) / x - mp.cos(x)) / x**2
            if helm:
                return ball * mp.exp(-((q * real(p.helm_skin)) ** 2) / 2)
            return ball / (1 + (q * real(p.kn_range)) ** 2)

        def spectrum(t: Any, nuclide: int, flavour: int) -> Any:
            big = real(p.masses[nuclide])
            first = (t + mp.sqrt(t**2 + 2 * big * t)) / 2
            if flavour == 0:
                bracket = 1 - t / line - big * t / (2 * line**2) if first < line else real(0)
            else:
                k = real(1) / 2 if flavour == 1 else real(3) / 4

                def primitive(e: Any) -> Any:
                    linear = -k * t + big * t / (2 * m)
                    return -(e**4) / (4 * m) + e**3 / 3 * (k + t / m) + e**2 / 2 * linear - k * big * t / 2 * e

                bracket = (192 if flavour == 1 else 64) / m**3 * (primitive(m / 2) - primitive(first))
            q = mp.sqrt(2 * big * t) / real(p.hbar_c)
            zf = p.protons[nuclide] * amplitude(q, p.proton_radii[nuclide])
            nf = p.neutrons[nuclide] * amplitude(q, p.neutron_radii[nuclide])
            e = flavour == 1
            up, down = (p.eps_ee_u, p.eps_ee_d) if e else (p.eps_mumu_u, p.eps_mumu_d)
            g_p, g_n = real(p.g_p_e if e else p.g_p_mu), real(p.g_n_e if e else p.g_n_mu)
            same = zf * (g_p + 2 * real(up) + real(down)) + nf * (g_n + real(up) + 2 * real(down))
            off_u, off_d = mp.mpmathify(complex(p.eps_emu_u)), mp.mpmathify(complex(p.eps_emu_d))
            mixed = zf * (2 * off_u + off_d) + nf * (off_u + 2 * off_d)
            return big * bracket * (same**2 + abs(mixed) ** 2)

        fluence = real(p.nu_per_pot) * real(p.pot) / (4 * mp.pi * real(p.distance_cm) ** 2)
        number = real(p.mass_kg) * 1000 / real(p.molar_mass) * real(p.avogadro)
        common = fluence * number * real(p.fermi) ** 2 / mp.pi * real(p.hbar_c) ** 2 / real(10) ** 26
        results = []
        for flavour in flavours:
            total = real(0)
            for nuclide in (CS, IODINE):
                big = real(p.masses[nuclide])
                ends = [2 * e**2 / (big + 2 * e) for e in (line, m / 2)]
                inside = [ends[1] * real(f) for f in ("0.08", "0.2", "0.5")]
                points = sorted([real(0), *inside, *ends])
                if flavour == 0:
                    points = [t for t in points if t <= ends[0]]
                mp.dps -= 12  # quad stops at this precision; the integrand keeps its guard digits through workdps below

                def integrand(t: Any, n: int = nuclide, f: int = flavour) -> Any:
                    with mpmath.workdps(digits + 12):
                        return spectrum(t, n, f) * response(t)

                value, error = mp.quad(integrand, points, method="gauss-legendre", error=True, maxdegree=8)
                mp.dps += 12
                if error > real(10) ** (5 - digits) * abs(value):
                    raise ArithmeticError(f"mpmath quadrature error {mp.nstr(error, 3)} of {mp.nstr(value, 3)}")
                total += value
            results.append(common * total)
        return results


# --------------------------------------------------------------------------------------------------------------------
# 2. Time bins


def time_efficiency(p: CsIParameters, t: float) -> float:
    """Time efficiency, one before ``time_start`` and falling exponentially after."""
    return math.exp(-p.time_slope * max(t - p.time_start, 0.0))


def decay_density(p: CsIParameters, t: float, flavour: int, gaussian: bool) -> float:
    """Density per microsecond of the neutrino's delay after the proton, t >= 0."""
    if not gaussian:
        tau = p.tau_pi_sharp if FLAVOURS[flavour] == "nu_mu" else p.tau_mu_sharp
        return math.exp(-t / tau) / tau
    if FLAVOURS[flavour] == "nu_mu":
        return math.exp(-t / p.tau_pi) / p.tau_pi
    return (math.exp(-t / p.tau_mu) - math.exp(-t / p.tau_pi)) / (p.tau_mu - p.tau_pi)


def arrival_density(p: CsIParameters, t: float, flavour: int, gaussian: bool) -> float:
    """Arrival-time density: the decay alone after t0, or its convolution with the Gaussian pulse done by quadrature."""
    if not gaussian:
        return decay_density(p, t - p.t0, flavour, gaussian) if t >= p.t0 else 0.0

    def integrand(delay: float) -> float:
        z = (t - delay - p.t0) / p.pulse_sigma
        pulse = math.exp(-z * z / 2) / (p.pulse_sigma * math.sqrt(2 * math.pi))
        return pulse * decay_density(p, delay, flavour, gaussian)

    low = max(0.0, t - p.t0 - 9 * p.pulse_sigma)
    high = t - p.t0 + 9 * p.pulse_sigma
    if high <= low:
        return 0.0
    inner = {low + 4 * p.tau_pi, low + 15 * p.tau_pi, t - p.t0}
    points = sorted({low, high} | {x for x in inner if low < x < high})
    parts = (integrate.quad(integrand, a, b, epsabs=1e-15, epsrel=1e-12) for a, b in itertools.pairwise(points))
    return sum(part[0] for part in parts)


def time_fractions_quad(parameters: CsIParameters, gaussian: bool) -> Array:
    """Fraction [flavour, time bin] of the neutrinos in each bin, time efficiency included, by adaptive quadrature.

    Good to 1e-10 relative, or 1e-14 absolute for the nearly empty late prompt bins.
    """
    p = parameters
    result = np.zeros((3, len(TIME_EDGES) - 1))
    kinks = {p.time_start} if gaussian else {p.time_start, p.t0, *(p.t0 + n * p.tau_pi_sharp for n in (5, 15, 40))}
    for flavour in (0, 1):
        for i, (start, stop) in enumerate(itertools.pairwise(TIME_EDGES)):
            points = sorted({float(start), float(stop)} | {k for k in kinks if start < k < stop})
            for a, b in itertools.pairwise(points):
                if not gaussian and b <= p.t0:
                    continue  # before the sharp start; a <= t0 < b cannot occur, t0 is a split point
                result[flavour, i] += integrate.quad(
                    lambda t, f=flavour: arrival_density(p, t, f, gaussian) * time_efficiency(p, t),
                    a,
                    b,
                    epsabs=1e-14,
                    epsrel=1e-11,
                    limit=200,
                )[0]
    result[2] = result[1]
    return result


# --------------------------------------------------------------------------------------------------------------------
# 3. and 4. The usual ways, NumPy and SciPy


def _sub_bins(pe_bin: int, width: float = 0.1) -> Array:
    count = round((PE_EDGES[pe_bin + 1] - PE_EDGES[pe_bin]) / width)
    return np.linspace(PE_EDGES[pe_bin], PE_EDGES[pe_bin + 1], count + 1)


def cdf_response(p: CsIParameters, ion_kev: Array, pe_bin: int) -> Array:
    """Response of a bin from gammainc differences in 0.1-PE sub-bins times the efficiency at each sub-bin's centre."""
    edges = _sub_bins(pe_bin)
    ion = np.asarray(ion_kev)[..., None]
    shape = 1 + p.fano_shape * ion
    cdf = special.gammainc(shape, p.fano_rate / ion * shape * edges)
    return np.diff(cdf, axis=-1) @ efficiency(p, (edges[:-1] + edges[1:]) / 2)


def counts_nested_quad(parameters: CsIParameters) -> tuple[Array, int]:
    """Counts [flavour, PE bin] as commonly written: ``quad`` over T of a ``quad`` over E, one bin at a time.

    Default ``quad`` tolerances, no splitting. Response: gamma CDF differences in 0.1-PE sub-bins times the efficiency
    at the sub-bin centre. The nu_mu line needs no inner integral. Also returns the number of calls of the innermost
    integrand.
    """
    p = parameters
    calls = 0
    counts = np.zeros((3, 9))

    def over_energy(energy: float, recoil: float, mass: float, flavour: int) -> float:
        nonlocal calls
        calls += 1
        norm, offset = (192.0, 0.5) if flavour == 1 else (64.0, 0.75)
        flux = norm * energy**2 / p.m_mu**3 * (offset - energy / p.m_mu)
        return flux * (1 - recoil / energy - mass * recoil / (2 * energy**2))

    def over_recoil(recoil: float, nuclide: int, flavour: int, pe_bin: int) -> float:
        nonlocal calls
        mass = p.masses[nuclide]
        if flavour == 0:
            calls += 1
            bracket = 1 - recoil / p.line_energy - mass * recoil / (2 * p.line_energy**2)
        else:
            low = (recoil + math.sqrt(recoil**2 + 2 * mass * recoil)) / 2
            bracket = integrate.quad(over_energy, low, p.michel_end, args=(recoil, mass, flavour))[0]
        t = np.asarray(recoil)
        charge = float(charge_squared(p, t, nuclide, flavour))
        response = float(cdf_response(p, ionisation(p, t), pe_bin))
        return rate_prefactor(p, nuclide) * bracket * charge * response

    for flavour in range(3):
        for nuclide in (CS, IODINE):
            last = end_point(p.line_energy if flavour == 0 else p.michel_end, p.masses[nuclide])
            for pe_bin in range(9):
                counts[flavour, pe_bin] += integrate.quad(over_recoil, 0, last, args=(nuclide, flavour, pe_bin))[0]
    return counts, calls


def counts_grid_numpy(parameters: CsIParameters, points: int = 200) -> Array:
    """Counts [flavour, PE bin] on a fixed ``points`` x ``points`` midpoint grid in (T, E) with the kinematic mask."""
    p = parameters
    counts = np.zeros((3, 9))
    step_e = p.michel_end / points
    energy = (np.arange(points) + 0.5) * step_e
    for nuclide in (CS, IODINE):
        mass = p.masses[nuclide]
        step = end_point(p.michel_end, mass) / points
        recoil = (np.arange(points) + 0.5) * step
        ion = ionisation(p, recoil)
        response = np.stack([cdf_response(p, ion, b) for b in range(9)], axis=-1)
        bracket = 1 - recoil[:, None] / energy - mass * recoil[:, None] / (2 * energy**2)
        bracket = np.where(bracket > 0, bracket, 0.0)
        line = p.line_energy
        for flavour in range(3):
            if flavour == 0:
                over_e = np.maximum(1 - recoil / line - mass * recoil / (2 * line**2), 0.0)
            else:
                over_e = np.sum(michel(p, energy, flavour) * bracket, axis=1) * step_e
            spectrum = rate_prefactor(p, nuclide) * over_e * charge_squared(p, recoil, nuclide, flavour)
            counts[flavour] += spectrum @ response * step
    return counts


# --------------------------------------------------------------------------------------------------------------------
# 5. The usual way, JAX

GRID_THETA = ("alpha0", "alpha1", "eps_ee_u", "eps_ee_d", "delta_rn", "norm")
GRID_THETA_DEFAULT = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def make_grid_jax(
    dtype: Any = "float64",
    points: int = 200,
    nodes: int = 401,
    background: float = 1300.0,
    mesh: bool = False,
    gaussian: bool = True,
    return_counts: bool = False,
) -> Callable[[Any], Any]:
    """Log-likelihood of ``theta`` (see :data:`GRID_THETA`) on a (T, E) grid, ready for jit, vmap and grad.

    Per nuclide a midpoint grid of ``points`` x ``points`` with the kinematic mask, the nu_mu line on the T grid. The
    response of each PE bin is a cubic spline in ionisation energy, tabulated once; the quenching coefficients, the
    nu_e couplings, a common shift of both neutron radii (fm) and a signal norm float. The weak charge multiplies
    inside the two-dimensional integrand; with ``mesh`` it is even evaluated on the full mesh, as code written with
    ``meshgrid`` does. The data are the Asimov set at :data:`GRID_THETA_DEFAULT` in 9 x 11 bins, with fixed time
    fractions and a background flat in PE and time. The log-likelihood is relative to the saturated one (zero at the
    truth). ``return_counts`` returns the function giving [flavour, PE bin] instead.
    """
    import jax
    import jax.numpy as jnp

    dtype = np.dtype(dtype)
    if dtype == np.float64 and not jax.config.read("jax_enable_x64"):
        raise ValueError("enable jax_enable_x64 before asking for float64")
    p = CsIParameters()

    def const(value: Any) -> Any:
        return jnp.asarray(np.asarray(value, dtype=dtype))

    top = 8.0
    knots = np.linspace(0.0, top, nodes)
    table = np.stack([bin_response(p, np.maximum(knots, 1e-3), b) for b in range(9)], axis=-1)
    spline = const(np.moveaxis(CubicSpline(knots, table, axis=0).c, 0, 1))  # [interval, power, bin]
    width = top / (nodes - 1)

    def response(ion: Any) -> Any:
        index = jnp.clip((ion / width).astype(jnp.int32), 0, nodes - 2)
        u = (ion - index.astype(dtype) * width)[:, None]
        c = spline[index]
        return ((c[:, 0] * u + c[:, 1]) * u + c[:, 2]) * u + c[:, 3]

    def ball(x: Any) -> Any:
        y = x * x / 2
        series = 1 - y / 5 * (1 - y / 14 * (1 - y / 27 * (1 - y / 44)))
        safe = jnp.where(x < 0.5, 1.0, x)
        return jnp.where(x < 0.5, series, 3 * (jnp.sin(safe) - safe * jnp.cos(safe)) / safe**3)

    def helm(q: Any, radius: Any) -> Any:
        box = jnp.sqrt(5 / 3 * (radius**2 - 3 * p.helm_skin**2))
        return ball(q * box) * jnp.exp(-((q * p.helm_skin) ** 2) / 2)

    step_e = p.michel_end / points
    energy = const((np.arange(points) + 0.5) * step_e)[None, :]
    steps = [end_point(p.michel_end, mass) / points for mass in p.masses]
    recoils = [const((np.arange(points) + 0.5) * step) for step in steps]

    def counts(theta: Any) -> Any:
        alpha0, alpha1, up, down, shift, _ = theta
        a, b, c, d = (
            n + alpha0 * s + alpha1 * t for n, s, t in zip(QUENCHING, QUENCHING_PC0, QUENCHING_PC1, strict=True)
        )
        total = 0.0
        for nuclide in (CS, IODINE):
            mass, recoil = p.masses[nuclide], recoils[nuclide]
            z, n, scale = p.protons[nuclide], p.neutrons[nuclide], rate_prefactor(p, nuclide) * steps[nuclide]

            def charge(t: Any, g_p: Any, g_n: Any, i: int = nuclide, z: int = z, n: int = n, mass: float = mass) -> Any:
                q = jnp.sqrt(2 * mass * t) / p.hbar_c
                weak = g_p * z * helm(q, p.proton_radii[i]) + g_n * n * helm(q, p.neutron_radii[i] + shift)
                return weak**2

            t = recoil[:, None] + jnp.zeros_like(energy) if mesh else recoil[:, None]
            bracket = 1 - t / energy - mass * t / (2 * energy**2)
            bracket = jnp.where(bracket > 0, bracket, 0.0)
            fluxes = (
                64.0 * energy**2 / p.m_mu**3 * (0.75 - energy / p.m_mu),
                192.0 * energy**2 / p.m_mu**3 * (0.5 - energy / p.m_mu),
            )
            e_charge = charge(t, p.g_p_e + 2 * up + down, p.g_n_e + up + 2 * down)
            mu_charge = charge(t, p.g_p_mu, p.g_n_mu)
            line = jnp.maximum(1 - recoil / p.line_energy - mass * recoil / (2 * p.line_energy**2), 0.0)
            spectra = jnp.stack(
                [
                    line * charge(recoil, p.g_p_mu, p.g_n_mu),
                    jnp.sum(fluxes[1] * bracket * e_charge, axis=1) * step_e,
                    jnp.sum(fluxes[0] * bracket * mu_charge, axis=1) * step_e,
                ]
            )
            ion = 1000 * recoil * (a + recoil * (b + recoil * (c + recoil * d)))
            total = total + scale * (spectra @ response(ion))
        return total

    fractions = const(time_fractions_quad(p, gaussian))
    area = np.outer(np.diff(PE_EDGES), np.diff(TIME_EDGES))
    flat = const(background * area / area.sum())

    def expected(theta: Any) -> Any:
        return theta[5] * jnp.einsum("fe,ft->et", counts(theta), fractions) + flat

    data = jax.device_get(jax.jit(expected)(const(GRID_THETA_DEFAULT)))
    observed = const(data)

    def log_likelihood(theta: Any) -> Any:
        mu = expected(theta)
        return jnp.sum(observed * jnp.log(mu / observed) - mu + observed)

    return counts if return_counts else log_likelihood


# --------------------------------------------------------------------------------------------------------------------
# The table of conventions


def total_counts(parameters: CsIParameters, gaussian: bool = False) -> tuple[Array, Array]:
    """Counts per flavour, and the spectrum per PE bin, inside PE < 60 and t < 6 us."""
    counts = energy_counts_quad(parameters) * time_fractions_quad(parameters, gaussian).sum(axis=1)[:, None]
    return counts.sum(axis=1), counts.sum(axis=0)


def conventions() -> dict[str, CsIParameters]:
    """The conventions of the data notes, by name."""
    first = CsIParameters()
    vary = dataclasses.replace

    def klein(r: float) -> CsIParameters:
        radii = (r * 133 ** (1 / 3), r * 127 ** (1 / 3))
        return vary(first, form_factor="klein_nystrand", proton_radii=radii, neutron_radii=radii)

    radiative = vary(klein(1.2), g_n_e=-0.5117, g_n_mu=-0.5117, g_p_e=0.0382, g_p_mu=0.0300)
    other = 0.5 - 2 * 0.2312
    table = {
        "helm 5.104/5.050": first,
        "klein-nystrand 1.23": klein(1.23),
        "klein-nystrand 1.2": klein(1.2),
        "1.2, radiative couplings": radiative,
        "1.2, radiative, arrival 0": vary(radiative, t0=0.0),
        "1.2, radiative, arrival 0, no time efficiency": vary(radiative, t0=0.0, time_slope=0.0),
        "1.2, radiative, no time efficiency": vary(radiative, time_slope=0.0),
        "helm, s2w 0.2312": vary(first, g_p_e=other, g_p_mu=other),
        "helm r_n 4.7": vary(first, proton_radii=(4.7, 4.7), neutron_radii=(4.7, 4.7)),
        "helm r_n 4.7, r_p 5.104/5.050": vary(first, neutron_radii=(4.7, 4.7)),
        "no form factor": vary(first, form_factor="none"),
    }
    for name in ("alpha0", "alpha1", "alpha_eff"):
        table |= {f"{name} {sign:+d}": vary(first, **{name: float(sign)}) for sign in (1, -1)}
    return table


def main() -> None:
    """Print the table of conventions, sharp timing and Gaussian pulse."""
    for name, parameters in conventions().items():
        for gaussian in (False, True):
            flavour, spectrum = total_counts(parameters, gaussian)
            print(f"{name:46s} {'gauss' if gaussian else 'sharp'} total {flavour.sum():9.4f}  flavours", end=" ")
            print(
                np.array2string(flavour, precision=4),
                "bins",
                np.array2string(spectrum, precision=4, max_line_width=200),
            )


if __name__ == "__main__":
    main()
