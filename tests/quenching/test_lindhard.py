"""Lindhard's quenching and its modifications: mpmath, reference numbers, identities at cut-offs and floors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.quenching import AdiabaticLindhard, Lindhard, ModifiedLindhard, Sarkis

RECOIL = np.array([1e-6, 0.01, 0.05, 0.3, 1.0, 10.0, 100.0])


@jax.jit
def energy(quenching, recoil):
    return quenching(recoil)


def moving_kink(numbers):
    """Of k and q."""
    return ModifiedLindhard(numbers[0], numbers[1], 32).moving_kink_keV


# one program each, for all k and q
kink_of, slopes_of, curvatures_of = (
    jax.jit(each) for each in (moving_kink, jax.grad(moving_kink), jax.jacfwd(jax.grad(moving_kink)))
)


def exact_fraction(reduced, k):
    stopping = k * (3 * reduced ** mpmath.mpf("0.15") + mpmath.mpf("0.7") * reduced ** mpmath.mpf("0.6") + reduced)
    return stopping / (1 + stopping)


def exact_scale(proton_number):
    return mpmath.mpf("11.5") * mpmath.mpf(proton_number) ** (mpmath.mpf(-7) / 3)


def exact_energy(recoil, k, proton_number):
    return mpmath.mpf(recoil) * exact_fraction(exact_scale(proton_number) * recoil, k)


@pytest.mark.parametrize(
    ("proton_number", "k", "factors"),
    [  # at 0.05, 1 and 50 keV, from an independent calculation
        (32, 0.162, (0.11788851451, 0.17548084698, 0.30726082198)),
        (14, 0.146, (0.13945849874, 0.20974427498, 0.42654443757)),
        (18, 0.144, (0.12735042125, 0.19105042021, 0.36898700356)),
        (54, 0.166, (0.10215779615, 0.1524624814, 0.2582631767)),
    ],
)
def test_lindhard(proton_number, k, factors):
    quenching = Lindhard(k, proton_number)
    recoil = np.array([0.05, 1.0, 50.0])
    np.testing.assert_allclose(energy(quenching, jnp.asarray(recoil)) / recoil, factors, rtol=1e-9)
    expected = [float(exact_energy(t, k, proton_number)) for t in RECOIL]
    np.testing.assert_allclose(energy(quenching, jnp.asarray(RECOIL)), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("proton_number", "mass_number", "k"),
    [(32, 72.63, 0.15729935353), (14, 28.085, 0.14578061699), (54, 131.293, 0.1658288268), (53, 126.904, 0.166583212)],
)
def test_lindhards_own_k(proton_number, mass_number, k):
    np.testing.assert_allclose(Lindhard.for_nuclide(proton_number, mass_number).k, k, rtol=1e-9)


@pytest.mark.parametrize(("k", "q"), [(0.162, 1e-4), (0.11, 1e-7), (0.162, -5e-4), (0.2, -3e-6)])
def test_kink_that_moves(k, q, precision):
    """Where E_I reaches zero, or all of the recoil, by mpmath; slopes and curvatures against differences."""
    offset = -mpmath.mpf(q) / exact_scale(32)

    def excess(log_recoil):
        recoil = mpmath.exp(log_recoil)
        return exact_energy(recoil, k, 32) + offset - (recoil if q < 0 else 0)

    root = float(mpmath.exp(mpmath.findroot(excess, (mpmath.log(abs(offset)), mpmath.log(10 * abs(offset))))))

    found = kink_of(jnp.asarray([k, q]))
    assert found.dtype == precision
    np.testing.assert_allclose(found, root, rtol=1e-13 if precision == "float64" else 1e-5)
    if precision == "float64":
        steps = 1e-4 * np.diag([k, abs(q)])
        at = jnp.asarray([k, q])
        for function, derivative in ((kink_of, slopes_of), (slopes_of, curvatures_of)):
            slopes = derivative(at)
            for leaf, step in enumerate(steps):
                expected = (np.asarray(function(at + step)) - np.asarray(function(at - step))) / (2.0 * step[leaf])
                np.testing.assert_allclose(np.asarray(slopes)[..., leaf], expected, rtol=1e-6)


def test_kink_without_an_offset():
    """Far below any recoil, and flat there."""
    kink, slopes = jax.value_and_grad(lambda q: ModifiedLindhard(0.162, q, 32).moving_kink_keV)(0.0)
    assert 0.0 < kink < 1e-7
    assert slopes == 0.0


@pytest.mark.parametrize("q", [-2e-4, -15e-5, 0.0, 1e-5, 1.5e-4])
def test_offset_is_the_same_for_every_recoil(q):
    """E_I = T Q_L - q Z^(7/3)/11.5 keV, kept between 0 and T."""
    quenching = ModifiedLindhard(0.157, q, 32)
    found = np.asarray(energy(quenching, jnp.asarray(RECOIL)))
    expected = [min(max(float(exact_energy(t, 0.157, 32) - mpmath.mpf(q) / exact_scale(32)), 0.0), t) for t in RECOIL]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_cutoff():
    """E_I is zero at and below the cut-off and rises above it; there is none for q <= 0."""
    for k, q, proton_number in ((0.157, 1e-5, 32), (0.157, 1.5e-4, 32), (0.15, 1e-4, 14)):
        quenching = ModifiedLindhard(k, q, proton_number)
        root = mpmath.findroot(
            lambda t, k=k, q=q, z=proton_number: exact_energy(t, k, z) - mpmath.mpf(q) / exact_scale(z), 0.1
        )
        np.testing.assert_allclose(quenching.cutoff_energy_keV(), float(root), rtol=1e-13)
        energies = energy(quenching, jnp.array([0.999, 1.001]) * float(root))
        assert float(energies[0]) == 0.0
        assert 0.0 < float(energies[1]) < 1e-3 * float(root)
    assert ModifiedLindhard(0.157, 0.0, 32).cutoff_energy_keV() == 0.0
    assert ModifiedLindhard(0.157, -1e-4, 32).cutoff_energy_keV() == 0.0


def test_derivative_at_zero_offset():
    """At q = 0 and around it, dE_I/dq is -Z^(7/3)/11.5 keV for every recoil above the cut-off, and zero below it."""
    slope = jax.jit(jax.jacfwd(lambda q, t: ModifiedLindhard(0.157, q, 32)(t)))
    np.testing.assert_allclose(slope(jnp.array(0.0), jnp.asarray(RECOIL[1:])), -float(1 / exact_scale(32)), rtol=1e-14)
    both_sides = 0.0268210186633 * jnp.array([0.99, 1.01])
    np.testing.assert_allclose(slope(jnp.array(1e-5), both_sides), [0.0, -float(1 / exact_scale(32))], rtol=1e-14)


def test_floor():
    quenching = ModifiedLindhard(0.153, -15e-5, 32, 0.05)
    energies = np.asarray(energy(quenching, jnp.array([0.0, 0.0499, 0.05, 0.3])))
    np.testing.assert_array_equal(energies[:2], 0.0)
    np.testing.assert_allclose(energies[2:], [0.05 * 0.96015942665, 0.3 * 0.28389023922], rtol=1e-9)
    # without a floor the offset would exceed the recoil
    assert float(ModifiedLindhard(0.153, -15e-5, 32)(jnp.array(0.01))) == 0.01


def test_adiabatic():
    quenching = AdiabaticLindhard(0.1789, 0.16, 32)
    expected = [float(-exact_energy(t, 0.1789, 32) * mpmath.expm1(-mpmath.mpf(t) / 0.16)) for t in RECOIL]
    np.testing.assert_allclose(energy(quenching, jnp.asarray(RECOIL)), expected, rtol=1e-13)


@pytest.mark.parametrize(("make", "twice_the_binding_keV"), [(Sarkis.germanium, 0.04), (Sarkis.silicon, 0.30)])
def test_sarkis(make, twice_the_binding_keV):
    """The printed form eps_R - nu(eps); nothing up to 2U, something soon after (germanium: 44 eV)."""
    quenching = make()

    def exact(recoil):
        k, c0, c1, u = (
            mpmath.mpf(float(leaf))
            for leaf in (
                quenching.k,
                quenching.square_root_coefficient,
                quenching.constant_coefficient,
                quenching.binding_energy_keV,
            )
        )
        scale = exact_scale(quenching.proton_number)
        whole, u = scale * recoil, scale * u
        eps = whole - u
        if whole <= 2 * u:
            return 0.0
        losses = eps * (1 - exact_fraction(eps, k)) + c0 * mpmath.sqrt(eps) + c1 + u
        return float(max(whole - losses, mpmath.mpf(0)) / scale)

    recoil = np.array([1e-3, 0.039, 0.041, 0.0437, 0.05, 0.2, 0.301, 0.5, 1.0, 10.0, 100.0])
    np.testing.assert_allclose(
        energy(quenching, jnp.asarray(recoil)), [exact(t) for t in recoil], rtol=1e-11, atol=1e-18
    )
    first = np.linspace(0.0, 0.5, 5001)
    seen = first[np.asarray(energy(quenching, jnp.asarray(first))) > 0.0][0]
    assert twice_the_binding_keV < seen < 1.12 * twice_the_binding_keV


def test_messages():
    with pytest.raises(CevnsjaxError, match="k must be positive"):
        Lindhard(0.0, 32)
    with pytest.raises(CevnsjaxError, match="proton_number must be a whole number above zero"):
        ModifiedLindhard(0.157, 0.0, 0)
    with pytest.raises(CevnsjaxError, match="adiabatic_energy_keV must be positive"):
        AdiabaticLindhard(0.157, -1.0, 32)
    with pytest.raises(CevnsjaxError, match="mass_number must be positive"):
        Lindhard.for_nuclide(32, 0.0)


@pytest.mark.parametrize(("make", "k"), [(Sarkis.germanium, 0.157), (Sarkis.germanium, 0.02), (Sarkis.silicon, 0.12)])
def test_where_sarkis_reaches_zero(make, k):
    """By bisection of the energy itself; slope against differences."""

    def kink(k):
        return eqx.tree_at(lambda quenching: quenching.k, make(), jnp.asarray(k)).moving_kink_keV

    quenching = eqx.tree_at(lambda quenching: quenching.k, make(), jnp.asarray(k))
    low, high = 2.0 * float(quenching.binding_energy_keV), 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if float(energy(quenching, jnp.asarray(middle))) > 0.0 else (middle, high)
    np.testing.assert_allclose(kink(k), high, rtol=1e-9)
    difference = (float(kink(1.0001 * k)) - float(kink(0.9999 * k))) / (2e-4 * k)
    np.testing.assert_allclose(jax.grad(kink)(k), difference, rtol=1e-6)


def test_without_losses_sarkis_has_no_kink():
    quenching = Sarkis(0.15, 0.0, 0.0, 0.1, 14)
    assert float(quenching.moving_kink_keV) <= 0.1 * (1.0 + 1e-6)
