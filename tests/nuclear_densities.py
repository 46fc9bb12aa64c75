"""Densities of nuclei, their moments and their Fourier integrals by quadrature: independent of the package."""

import numpy as np
from scipy.integrate import quad
from scipy.special import erf


def helm_density(r, rms, skin):
    """A ball of uniform density folded with a Gaussian."""
    ball = np.sqrt(5 / 3 * (rms**2 - 3 * skin**2))
    erfs = erf((r + ball) / (np.sqrt(2) * skin)) - erf((r - ball) / (np.sqrt(2) * skin))
    gauss = np.exp(-((r + ball) ** 2) / (2 * skin**2)) - np.exp(-((r - ball) ** 2) / (2 * skin**2))
    return 0.5 * erfs + skin / (np.sqrt(2 * np.pi) * r) * gauss


def klein_nystrand_density(r, rms, reach):
    """A ball of uniform density folded with exp(-r/a)/(4 pi a^2 r)."""
    ball = np.sqrt(5 / 3 * (rms**2 - 6 * reach**2))
    x, y = r / reach, ball / reach
    if r < ball:
        return 1 - (1 + y) * np.exp(-y) * np.sinh(x) / x
    return np.exp(-x) / x * (y * np.cosh(y) - np.sinh(y))


def fermi_density(r, rms, diffuseness):
    """sinh(c/a)/(cosh(r/a) + cosh(c/a))."""
    half = np.sqrt(5 / 3 * rms**2 - 7 / 3 * (np.pi * diffuseness) ** 2)
    return np.sinh(half / diffuseness) / (np.cosh(r / diffuseness) + np.cosh(half / diffuseness))


def moment(density, power, reach=30.0):
    """<r^power> of a spherical density, up to a radius of reach."""

    def integral(k):
        return quad(lambda r: r**k * density(r), 1e-9, reach, epsabs=0.0, epsrel=1e-11, limit=400)[0]

    return integral(2 + power) / integral(2)


def fourier_integral(density, q, reach=30.0):
    """Form factor of a spherical density at one q, up to a radius of reach."""

    def integral(at):
        def integrand(r):
            return r**2 * density(r) * np.sinc(at * r / np.pi)

        return quad(integrand, 1e-9, reach, epsabs=1e-12, epsrel=1e-11, limit=400)[0]

    return integral(q) / integral(0.0)
