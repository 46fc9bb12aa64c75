"""Recoil cross sections from explicit traces of gamma matrices: an oracle that shares nothing with the package.

No closed formula is typed in. A neutrino of energy E (massless, left-handed) hits a target of mass M at rest; the
outgoing neutral lepton has mass m (zero but for the magnetic dipole) and the target recoils with kinetic energy T.
The four-momenta are written out, the interaction is a list of pairs (lepton matrix, target matrix), and

    <|M|^2> = sum_ij c_i c_j^* L_ij H_ij,   dsigma/dT = <|M|^2>/(32 pi M E^2),

with L and H the traces over the two fermion lines. The prefactor is the invariant dsigma/dt = <|M|^2>/(16 pi (s-M^2)^2)
of a massless projectile with s - M^2 = 2 M E, times abs(dt/dT) = 2 M; it does not depend on m. Target spins are
averaged, the neutrino has one helicity.

Conventions: metric (+,-,-,-), sigma^{mu nu} = (i/2)[gamma^mu, gamma^nu], P_L = (1 - gamma5)/2. Neutrinos scatter by
ubar(k') Gamma u(k); antineutrinos by vbar(k) Gammabar v(k') with Gammabar = gamma0 Gamma^+ gamma0 and conjugate
couplings, for on them the Hermitian conjugate of the Lagrangian acts: no sign is put in by hand. Phases are dropped.

Natural units throughout: energies and masses in MeV, couplings in MeV^-2 where not said otherwise, results in MeV^-3
(`cm2_per_keV` converts). mpmath arithmetic of 40 digits, so that cancellations of T against M cost nothing.
"""

from dataclasses import dataclass
from functools import cache

import mpmath
import numpy as np

DIGITS = 40
METRIC = (1, -1, -1, -1)
FERMI_CONSTANT_PER_MEV2 = 1.1663788e-11
FINE_STRUCTURE_CONSTANT = 7.2973525693e-3
ELECTRON_MASS_MEV = 0.51099895
HBAR_C_MEV_CM = 197.3269804e-13
REPRESENTATIONS = ("dirac", "weyl")


def cm2_per_keV(value_per_MeV3):
    """Turn a differential cross section from MeV^-3 into cm^2 keV^-1."""
    return value_per_MeV3 * HBAR_C_MEV_CM**2 * 1e-3


# --- gamma matrices


def _exact(matrix):
    """Return a complex matrix as an object array of mpmath numbers."""
    return np.vectorize(mpmath.mpc, otypes=[object])(np.asarray(matrix, dtype=complex))


@dataclass(frozen=True)
class Algebra:
    """gamma^mu (shape (4, 4, 4)), gamma5 and the unit matrix in one representation."""

    gamma: np.ndarray
    gamma5: np.ndarray
    one: np.ndarray

    @property
    def left(self):
        return (self.one - self.gamma5) / 2

    @property
    def right(self):
        return (self.one + self.gamma5) / 2

    def lowered(self):
        """gamma_mu."""
        return [sign * matrix for sign, matrix in zip(METRIC, self.gamma, strict=True)]

    def slash(self, momentum):
        return sum(component * matrix for component, matrix in zip(momentum, self.lowered(), strict=True))

    def sigma(self, mu, nu):
        """sigma^{mu nu}."""
        return mpmath.mpc(0, 0.5) * (self.gamma[mu] @ self.gamma[nu] - self.gamma[nu] @ self.gamma[mu])

    def bar(self, matrix):
        """gamma0 matrix^+ gamma0."""
        return self.gamma[0] @ np.conjugate(matrix).T @ self.gamma[0]


@cache
def algebra(representation="dirac"):
    """Return the gamma matrices in the Dirac or the Weyl (chiral) representation."""
    unit, zero = np.eye(2), np.zeros((2, 2))
    pauli = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]
    time = {"dirac": np.block([[unit, zero], [zero, -unit]]), "weyl": np.block([[zero, unit], [unit, zero]])}
    gamma = np.array([time[representation], *(np.block([[zero, s], [-s, zero]]) for s in pauli)])
    gamma5 = 1j * gamma[0] @ gamma[1] @ gamma[2] @ gamma[3]
    return Algebra(_exact(gamma), _exact(gamma5), _exact(np.eye(4)))


# --- kinematics


@dataclass(frozen=True)
class Momenta:
    """Four-momenta: k, p in; k_out, p_out out; `lepton` and `target` are the masses of the outgoing particles."""

    k: np.ndarray
    p: np.ndarray
    k_out: np.ndarray
    p_out: np.ndarray
    lepton: mpmath.mpf
    target: mpmath.mpf

    @property
    def q(self):
        """The momentum k_out - k that the lepton line takes up."""
        return self.k_out - self.k


def product(a, b):
    """Minkowski product of two four-vectors."""
    return sum(sign * x * y for sign, x, y in zip(METRIC, a, b, strict=True))


def momenta(energy, recoil, mass, lepton_mass=0.0):
    """Write out the four-momenta (MeV) of a recoil; ValueError if energy and momentum cannot be conserved."""
    e, t, m, lepton = (mpmath.mpf(value) for value in (energy, recoil, mass, lepton_mass))
    recoil_momentum = mpmath.sqrt(t * (t + 2 * m))
    cosine = (e**2 + recoil_momentum**2 - (e - t) ** 2 + lepton**2) / (2 * e * recoil_momentum)
    if not -1 <= cosine <= 1:
        raise ValueError(f"A neutrino of {energy} MeV cannot give a recoil of {recoil} MeV: cosine {cosine}.")
    sine = mpmath.sqrt(1 - cosine**2)
    k, p = np.array([e, 0, 0, e]), np.array([m, 0, 0, 0])
    p_out = np.array([m + t, recoil_momentum * sine, mpmath.mpf(0), recoil_momentum * cosine])
    return Momenta(k, p, k + p - p_out, p_out, lepton, m)


# --- traces


def _traces(left, first, right, second):
    """Tr[left first_i right second_j] for lists of matrices, shape (len(first), len(second))."""
    before = np.array([(left @ matrix).ravel() for matrix in first])
    after = np.array([(right @ matrix).T.ravel() for matrix in second])
    return before @ after.T


def lepton_tensor(g, at, vertices, antineutrino=False):
    """L_ij summed over spins: Tr[(k'+m) Gamma_i k Gammabar_j], of antineutrinos Tr[k Gammabar_i (k'-m) Gamma_j]."""
    bars = [g.bar(vertex) for vertex in vertices]
    if antineutrino:
        return _traces(g.slash(at.k), bars, g.slash(at.k_out) - at.lepton * g.one, vertices)
    return _traces(g.slash(at.k_out) + at.lepton * g.one, vertices, g.slash(at.k), bars)


def fermion_tensor(g, at, vertices):
    """H_ij = Tr[(p'+M) Gamma_i (p+M) Gammabar_j]/2, averaged over the spins of the target at rest.

    Antineutrinos see Gammabar for Gamma, here the same: 1, gamma, gamma gamma5 and sigma are their own bars.
    """
    bars = [g.bar(vertex) for vertex in vertices]
    return _traces(g.slash(at.p_out) + at.target * g.one, vertices, g.slash(at.p) + at.target * g.one, bars) / 2


def spinless_tensor(currents):
    """H_ij = J_i J_j^* of a target without spin."""
    return np.multiply.outer(currents, np.conjugate(currents))


def _per_MeV3(at, squared):
    """<|M|^2>/(32 pi M E^2), which must come out real."""
    value = squared / (32 * mpmath.pi * at.target * at.k[0] ** 2)
    assert abs(mpmath.im(value)) <= mpmath.mpf(10) ** (8 - DIGITS) * abs(value), "a squared amplitude is not real"
    return float(mpmath.re(value))


precisely = mpmath.workdps(DIGITS)
"""Decorator: run with DIGITS digits."""


# --- vector and axial currents


@precisely
def vector_spin_half(energy, recoil, mass, vector, axial=0.0, *, antineutrino=False, representation="dirac"):
    """L = (G_F/sqrt2) [nubar gamma^mu (1 - gamma5) nu] [Nbar gamma_mu (vector - axial gamma5) N].

    The couplings `vector` and `axial` are dimensionless.
    """
    g, at = algebra(representation), momenta(energy, recoil, mass)
    lepton = [matrix @ (2 * g.left) for matrix in g.gamma]
    target = [matrix @ (mpmath.mpf(vector) * g.one - mpmath.mpf(axial) * g.gamma5) for matrix in g.lowered()]
    squared = np.sum(lepton_tensor(g, at, lepton, antineutrino) * fermion_tensor(g, at, target))
    return _per_MeV3(at, squared * mpmath.mpf(FERMI_CONSTANT_PER_MEV2) ** 2 / 2)


@precisely
def vector_spin_zero(energy, recoil, mass, vector, *, antineutrino=False, representation="dirac"):
    """L = (G_F/sqrt2) [nubar gamma^mu (1 - gamma5) nu] vector [i phi^* d_mu phi + c.c.]: the current (p + p')_mu."""
    g, at = algebra(representation), momenta(energy, recoil, mass)
    lepton = [matrix @ (2 * g.left) for matrix in g.gamma]
    current = mpmath.mpf(vector) * np.array(METRIC) * (at.p + at.p_out)
    squared = np.sum(lepton_tensor(g, at, lepton, antineutrino) * spinless_tensor(current))
    return _per_MeV3(at, squared * mpmath.mpf(FERMI_CONSTANT_PER_MEV2) ** 2 / 2)


@precisely
def neutrino_electron(
    energy, recoil, left, right, *, mass=ELECTRON_MASS_MEV, antineutrino=False, representation="dirac"
):
    """L = -2 sqrt2 G_F [nubar gamma^mu P_L nu] [ebar gamma_mu (left P_L + right P_R) e], dimensionless couplings."""
    g, at = algebra(representation), momenta(energy, recoil, mass)
    lepton = [matrix @ g.left for matrix in g.gamma]
    target = [matrix @ (mpmath.mpf(left) * g.left + mpmath.mpf(right) * g.right) for matrix in g.lowered()]
    squared = np.sum(lepton_tensor(g, at, lepton, antineutrino) * fermion_tensor(g, at, target))
    return _per_MeV3(at, squared * 8 * mpmath.mpf(FERMI_CONSTANT_PER_MEV2) ** 2)


# --- scalar and tensor currents


def _scalar_tensor_vertices(g):
    """Lepton and target matrices: the scalar first, then the six pairs mu < nu of the tensor, each standing for two."""
    pairs = [(mu, nu) for mu in range(4) for nu in range(mu + 1, 4)]
    lepton = [g.left, *(2 * g.sigma(mu, nu) @ g.left for mu, nu in pairs)]
    target = [g.one, *(METRIC[mu] * METRIC[nu] * g.sigma(mu, nu) for mu, nu in pairs)]
    return lepton, target


def _scalar_and_tensor(energy, recoil, mass, antineutrino, representation):
    """All L_ij H_ij of the scalar (index 0) and the tensor (the others)."""
    g, at = algebra(representation), momenta(energy, recoil, mass)
    lepton, target = _scalar_tensor_vertices(g)
    return at, lepton_tensor(g, at, lepton, antineutrino) * fermion_tensor(g, at, target)


@precisely
def scalar_spin_half(energy, recoil, mass, coupling, *, antineutrino=False, representation="dirac"):
    """L = g_S (nubar_R nu_L) (Nbar N) + h.c."""
    at, squared = _scalar_and_tensor(energy, recoil, mass, antineutrino, representation)
    return _per_MeV3(at, squared[0, 0] * mpmath.mpf(coupling) ** 2)


@precisely
def scalar_spin_zero(energy, recoil, mass, coupling, *, antineutrino=False, representation="dirac"):
    """L = 2 M g_S (nubar_R nu_L) phi^* phi + h.c., which has the heavy-target limit of g_S (nubar_R nu_L)(Nbar N)."""
    g, at = algebra(representation), momenta(energy, recoil, mass)
    current = np.array([2 * at.target * mpmath.mpf(coupling)])
    squared = np.sum(lepton_tensor(g, at, [g.left], antineutrino) * spinless_tensor(current))
    return _per_MeV3(at, squared)


@precisely
def tensor_spin_half(energy, recoil, mass, coupling, *, antineutrino=False, representation="dirac"):
    """L = g_T (nubar_R sigma^{mu nu} nu_L) (Nbar sigma_{mu nu} N) + h.c., summed over all mu and nu."""
    at, squared = _scalar_and_tensor(energy, recoil, mass, antineutrino, representation)
    return _per_MeV3(at, np.sum(squared[1:, 1:]) * mpmath.mpf(coupling) ** 2)


@precisely
def scalar_tensor_interference(energy, recoil, mass, *, antineutrino=False, representation="dirac"):
    """Coefficient (MeV) of Re(g_S g_T^*) in dsigma/dT for both Lagrangians above, g_S and g_T in MeV^-2.

    Both Hermitian conjugates act on antineutrinos, so that the couplings are conjugated: Re(g_S^* g_T) is the same.
    """
    at, squared = _scalar_and_tensor(energy, recoil, mass, antineutrino, representation)
    cross = np.sum(squared[0, 1:])
    # c_S c_T^* x + c_S^* c_T x^* = 2 Re(c_S c_T^*) x for a real x; an imaginary part would multiply Im(c_S c_T^*)
    assert abs(cross - np.conjugate(np.sum(squared[1:, 0]))) <= mpmath.mpf(10) ** (8 - DIGITS) * abs(cross)
    return _per_MeV3(at, 2 * cross)


@precisely
def scalar_tensor_spin_half(energy, recoil, mass, scalar, tensor, *, antineutrino=False, representation="dirac"):
    """The sum of both Lagrangians with complex couplings g_S and g_T, squared as a whole."""
    at, squared = _scalar_and_tensor(energy, recoil, mass, antineutrino, representation)
    couplings = np.array([mpmath.mpc(scalar)] + [mpmath.mpc(tensor)] * 6)
    if antineutrino:
        couplings = np.conjugate(couplings)
    return _per_MeV3(at, couplings @ squared @ np.conjugate(couplings))


# --- the magnetic dipole


def _dipole_vertices(g, at):
    """sigma^{mu nu} q_mu P_L: the index nu is that of the photon."""
    lowered = np.array(METRIC) * at.q
    return [sum(lowered[mu] * g.sigma(mu, nu) for mu in range(4)) @ g.left for nu in range(4)]


def _photon(at, moment_per_MeV, charge):
    """mu Z e/q^2, with e^2 = 4 pi alpha."""
    e = mpmath.sqrt(4 * mpmath.pi * mpmath.mpf(FINE_STRUCTURE_CONSTANT))
    return mpmath.mpf(moment_per_MeV) * charge * e / product(at.q, at.q)


def bohr_magneton_per_MeV():
    """e/(2 m_e) with e^2 = 4 pi alpha, MeV^-1."""
    return float(np.sqrt(4 * np.pi * FINE_STRUCTURE_CONSTANT) / (2 * ELECTRON_MASS_MEV))


@precisely
def dipole_spin_zero(
    energy, recoil, mass, charge, moment_per_MeV, lepton_mass=0.0, *, antineutrino=False, representation="dirac"
):
    """L = (mu/2) nubar_s sigma^{mu nu} nu_L F_{mu nu} + h.c., and a photon to the current Z e (p + p')_nu of spin 0.

    For a moment mu in MeV^-1 (`bohr_magneton_per_MeV` times mu/mu_B) and an outgoing nu_s of mass `lepton_mass`.
    """
    g, at = algebra(representation), momenta(energy, recoil, mass, lepton_mass)
    current = np.array(METRIC) * (at.p + at.p_out) * _photon(at, moment_per_MeV, charge)
    squared = np.sum(lepton_tensor(g, at, _dipole_vertices(g, at), antineutrino) * spinless_tensor(current))
    return _per_MeV3(at, squared)


@precisely
def dipole_spin_half(
    energy, recoil, mass, charge, moment_per_MeV, lepton_mass=0.0, *, antineutrino=False, representation="dirac"
):
    """The same with the current Z e Nbar gamma_nu N of a Dirac nucleus (no anomalous magnetic moment)."""
    g, at = algebra(representation), momenta(energy, recoil, mass, lepton_mass)
    target = [matrix * _photon(at, moment_per_MeV, charge) for matrix in g.lowered()]
    squared = np.sum(lepton_tensor(g, at, _dipole_vertices(g, at), antineutrino) * fermion_tensor(g, at, target))
    return _per_MeV3(at, squared)
