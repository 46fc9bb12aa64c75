"""Form factors against Fourier integrals of their densities, limits and mpmath."""

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from nuclear_densities import fermi_density, helm_density, klein_nystrand_density
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target import Helm, KleinNystrand, NeutronSkin, PointLike, SymmetrizedFermi
from cevnsjax.target.form_factor import _inverse_sinhc, _langevin, _sinc, uniform_ball

KINDS = [Helm, KleinNystrand, SymmetrizedFermi]


# compiled, with all numbers as arguments: once for each kind and shape, not one operation at a time


@eqx.filter_jit
def evaluate(form_factor, q):
    return form_factor(q)


@eqx.filter_jit
def curvature_at_zero(form_factor):
    return jax.grad(jax.grad(form_factor))(jnp.array(0.0))


@eqx.filter_jit
def value_and_gradient(kind, *point):
    return jax.value_and_grad(lambda rms, second, q: kind(rms, second)(q), argnums=(0, 1, 2))(*point)


@pytest.mark.parametrize(
    ("kind", "density", "second", "edge"),
    [
        (Helm, helm_density, 0.9, 0.0),
        (KleinNystrand, klein_nystrand_density, 0.7, np.sqrt(5 / 3 * (4.5**2 - 6 * 0.7**2))),
        (SymmetrizedFermi, fermi_density, 0.52, 0.0),
    ],
)
def test_is_the_fourier_transform_of_its_density(kind, density, second, edge):
    rms = 4.5
    points = [4.0, 6.0, edge] if edge else [4.0, 6.0]

    def integral(q):
        def integrand(r):
            return r**2 * density(r, rms, second) * np.sinc(q * r / np.pi)

        return quad(integrand, 1e-9, 26.0, points=sorted(points), epsabs=1e-11, epsrel=1e-12, limit=400)[0]

    q = np.array([0.05, 0.2, 0.45, 0.8, 1.3])
    expected = np.array([integral(value) for value in q]) / integral(0.0)
    # 1e-10 of F(0): the density beyond 26 fm holds less than that
    np.testing.assert_allclose(evaluate(kind(rms, second), jnp.asarray(q)), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rms", [2.5, 4.79, 5.5])
def test_slope_at_zero_is_the_rms_radius(kind, rms):
    form_factor = kind(rms)
    # F = 1 - q^2 R^2/6 + ..., so the second derivative in q at zero is -R^2/3
    np.testing.assert_allclose(np.sqrt(-3 * np.asarray(curvature_at_zero(form_factor))), rms, rtol=1e-12)
    # and by differences, without automatic differentiation: the next term is of the order (q R)^2/20
    q = 1e-3
    np.testing.assert_allclose(6 * (1 - np.asarray(evaluate(form_factor, jnp.array(q)))) / q**2, rms**2, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_one_at_zero_and_point_like(kind):
    assert float(evaluate(kind(4.0), jnp.array(0.0))) == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_array_equal(PointLike()(jnp.array([0.0, 0.5, 3.0])), 1.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rms", [1e-8, 1e-3, 0.3, 0.9 * np.sqrt(3), 0.7 * np.sqrt(6), 10.0])
@pytest.mark.parametrize("q", [0.0, 1e-12, 1e-4, 0.3])
def test_value_and_gradient_are_finite(kind, rms, q, precision):
    second = {Helm: 0.9, KleinNystrand: 0.7, SymmetrizedFermi: 0.52}[kind]
    point = [jnp.asarray(x, dtype=float) for x in (rms, second, q)]
    result, gradient = value_and_gradient(kind, *point)
    assert np.isfinite(float(result))
    assert np.all(np.isfinite(np.array(gradient)))
    if q == 0.0:
        assert float(result) == pytest.approx(1.0, abs=1e-6)


def test_radius_below_the_skin_has_the_closed_form_with_an_imaginary_argument():
    """R below sqrt(3) s (Helm) and sqrt(6) a (Klein-Nystrand) makes the squared ball radius negative."""
    for kind, second, multiple in ((Helm, 0.9, 3), (KleinNystrand, 0.7, 6)):
        for rms, q in ((0.5, 0.4), (1.0, 0.8), (1.5, 0.5)):
            squared = mpmath.mpf(5) / 3 * (mpmath.mpf(rms) ** 2 - multiple * mpmath.mpf(second) ** 2) * q**2
            x = mpmath.sqrt(squared)
            ball = mpmath.re(3 * (mpmath.sin(x) - x * mpmath.cos(x)) / x**3)
            outer = mpmath.exp(-((q * second) ** 2) / 2) if kind is Helm else 1 / (1 + (q * second) ** 2)
            np.testing.assert_allclose(evaluate(kind(rms, second), jnp.array(q)), float(ball * outer), rtol=1e-12)


def closed_form_of_fermi(rms, diffuseness, q):
    """Sprung and Martorell's closed form with 60 digits, where c is imaginary too."""
    with mpmath.workdps(60):
        rms, q, s = mpmath.mpf(float(rms)), mpmath.mpf(float(q)), mpmath.pi * mpmath.mpf(float(diffuseness))
        c2 = mpmath.mpf(5) / 3 * rms**2 - mpmath.mpf(7) / 3 * s**2
        x, z = q * mpmath.sqrt(c2), q * s
        bracket = z / mpmath.tanh(z) * mpmath.sin(x) / x - mpmath.cos(x)
        return float(mpmath.re(3 / (q**2 * (c2 + s**2)) * z / mpmath.sinh(z) * bracket))


FERMI_SINGULAR = 2 * np.pi * 0.52 / np.sqrt(5)  # c^2 = -(pi a)^2


@eqx.filter_jit
def fermi_of_radii(radii, q):
    return jax.vmap(lambda radius: SymmetrizedFermi(radius)(q))(radii)


@pytest.mark.parametrize("q", [1e-3, 0.05, 0.3, 0.6, 1.0])
def test_removable_singularity_of_the_fermi_density(q):
    """Where c^2 + (pi a)^2 vanishes, on both sides of it, at the switch of the two forms and far away."""
    offsets = [0.0, *(sign * size for size in (1e-15, 1e-9, 1e-5, 1e-2) for sign in (-1, 1))]
    radii = [FERMI_SINGULAR * (1 + offset) for offset in offsets]
    switch = [np.sqrt(FERMI_SINGULAR**2 + sign * 0.3 * (np.pi * 0.52) ** 2) for sign in (-1, 1)]
    radii += [r * (1 + offset) for r in switch for offset in (-1e-9, 1e-9)] + [0.01, 0.5, 1.0, 2.0, 3.0]
    # at the singular point itself the closed form is 0/0: nearby, F moves by 1e-15
    exact = [closed_form_of_fermi(r * (1 + 1e-14), 0.52, q) for r in radii]
    found = fermi_of_radii(jnp.array(radii), jnp.array(q))
    # the power series of negative arguments end at the ninth: far below radii of nuclei, at large q, that is seen
    np.testing.assert_allclose(found, exact, rtol=5e-14 if q < 1.0 else 5e-11)


def test_gradient_at_the_removable_singularity(precision):
    """In the radius and the diffuseness, against differences of the closed form; no digits are lost in float32."""
    q = 0.4
    point = [jnp.asarray(value, dtype=float) for value in (FERMI_SINGULAR, 0.52, q)]
    value, gradient = value_and_gradient(SymmetrizedFermi, *point)
    assert value.dtype == np.dtype(precision)
    step = 1e-6
    by_radius = closed_form_of_fermi(FERMI_SINGULAR + step, 0.52, q) - closed_form_of_fermi(
        FERMI_SINGULAR - step, 0.52, q
    )
    by_diffuseness = closed_form_of_fermi(FERMI_SINGULAR, 0.52 + step, q) - closed_form_of_fermi(
        FERMI_SINGULAR, 0.52 - step, q
    )
    tolerance = {"float64": 1e-9, "float32": 1e-5}[precision]
    np.testing.assert_allclose(
        value,
        closed_form_of_fermi(FERMI_SINGULAR * (1 + 1e-12), 0.52, q),
        rtol=0.01 * tolerance + 1e-7 * (precision == "float32"),
    )
    expected = np.array([by_radius, by_diffuseness]) / (2 * step)
    np.testing.assert_allclose(gradient[:2], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_a_radius_of_zero_leaves_the_skin(kind):
    """F = 1 + O(q^4), not one: the surface stays, and a negative density in the middle brings the radius to zero."""
    second = {Helm: 0.9, KleinNystrand: 0.7, SymmetrizedFermi: 0.52}[kind]
    q = 0.1
    with mpmath.workdps(40):
        if kind is SymmetrizedFermi:
            exact = closed_form_of_fermi(1e-12, second, q)
        else:
            x = mpmath.mpc(0, q * second * mpmath.sqrt(5 if kind is Helm else 10))
            ball = mpmath.re(3 * (mpmath.sin(x) - x * mpmath.cos(x)) / x**3)
            outer = (
                mpmath.exp(-((mpmath.mpf(q) * second) ** 2) / 2)
                if kind is Helm
                else 1 / (1 + (mpmath.mpf(q) * second) ** 2)
            )
            exact = float(ball * outer)
    np.testing.assert_allclose(evaluate(kind(1e-12, second), jnp.array(q)), exact, rtol=1e-14)
    assert abs(exact - 1) < 2 * (q * second) ** 4
    # with the skin as small, the nucleus is a point
    for momentum in (0.1, 1.0):
        np.testing.assert_allclose(evaluate(kind(1e-9, 1e-9), jnp.array(momentum)), 1.0, rtol=1e-15)


EXACT = {
    uniform_ball: lambda x2: 3 * (mpmath.sin(mpmath.sqrt(x2)) / mpmath.sqrt(x2) - mpmath.cos(mpmath.sqrt(x2))) / x2,
    _sinc: lambda x2: mpmath.sin(mpmath.sqrt(x2)) / mpmath.sqrt(x2),
    _inverse_sinhc: lambda z2: mpmath.sqrt(z2) / mpmath.sinh(mpmath.sqrt(z2)),
    _langevin: lambda z2: (mpmath.sqrt(z2) * mpmath.coth(mpmath.sqrt(z2)) - 1) / z2,
}


@pytest.mark.parametrize("function", EXACT, ids=lambda f: f.__name__)
def test_series_and_closed_form_meet(function):
    """Both sides of the switch at one, and well inside either branch, against 40 digits."""
    with mpmath.workdps(40):
        arguments = [1e-12, 1e-3, 0.3, 1 - 1e-9, 1.0, 1 + 1e-9, 2.0, 9.0, 40.0]
        exact = [float(mpmath.re(EXACT[function](mpmath.mpf(x)))) for x in arguments]
        slopes = [float(mpmath.diff(EXACT[function], mpmath.mpf(x))) for x in arguments[2:]]
    values, derivatives = jax.jit(jax.vmap(jax.value_and_grad(function)))(jnp.array(arguments))
    np.testing.assert_allclose(values, exact, rtol=0, atol=2e-15)
    np.testing.assert_allclose(np.asarray(derivatives)[2:], slopes, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_keeps_a_millionth(kind):
    q = np.linspace(0.0, 1.0, 201).astype(np.float32)
    double = evaluate(kind(5.0), jnp.asarray(q, dtype=float))
    with jax.enable_x64(False):
        single = np.asarray(evaluate(kind(5.0), jnp.asarray(q)))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-6)


def test_lewin_smith_radius():
    """R_0^2 = c^2 + 7/3 pi^2 a^2 - 5 s^2, and R_rms^2 = 3/5 R_0^2 + 3 s^2."""
    c = 1.23 * 133 ** (1 / 3) - 0.6
    diffraction2 = c**2 + 7 / 3 * (np.pi * 0.52) ** 2 - 5 * 0.9**2
    np.testing.assert_allclose(Helm.lewin_smith(133).rms_radius_fm, np.sqrt(0.6 * diffraction2 + 3 * 0.81), rtol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("radius", [0.0, -4.0, np.nan, np.inf])
def test_radius_must_be_positive(kind, radius):
    with pytest.raises(CevnsjaxError, match="rms_radius_fm must be positive and in fm"):
        kind(radius)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Helm, "skin_thickness_fm"), (KleinNystrand, "range_fm"), (SymmetrizedFermi, "diffuseness_fm")],
)
def test_second_length_must_be_positive(kind, name):
    with pytest.raises(CevnsjaxError, match=name):
        kind(4.0, -0.1)


def test_neutron_skin_moves_the_radius():
    q = jnp.array([0.1, 0.3, 0.6])
    for core in (Helm(4.8), KleinNystrand(4.7), SymmetrizedFermi(4.8)):
        thicker = type(core)(float(core.rms_radius_fm) + 0.2)
        np.testing.assert_allclose(evaluate(NeutronSkin(core, 0.2), q), evaluate(thicker, q), rtol=1e-13)
    with pytest.raises(CevnsjaxError, match="needs a form factor with a radius"):
        NeutronSkin(PointLike())
