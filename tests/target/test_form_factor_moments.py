"""The moment expansion against Fourier integrals and moments of densities, by quadrature."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from nuclear_densities import fermi_density, fourier_integral, helm_density, klein_nystrand_density, moment

from cevnsjax.errors import CevnsjaxError
from cevnsjax.paths import set_paths
from cevnsjax.target import Helm, KleinNystrand, MomentExpansion, NeutronSkin, SymmetrizedFermi, compound

DENSITIES = {
    "argon": lambda r: fermi_density(r, 3.43, 0.52),
    "germanium": lambda r: helm_density(r, 4.06, 0.9),
    "xenon": lambda r: fermi_density(r, 4.77, 0.52),
    "gauss": lambda r: np.exp(-((r / 3.0) ** 2)),
}


def radii(density):
    return [moment(density, power) ** (1 / power) for power in (2, 4, 6)]


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize("moments", [2, 3])
def test_differs_from_the_fourier_integral_by_less_than_the_next_term(name, moments):
    density = DENSITIES[name]
    form_factor = MomentExpansion(*radii(density)[:moments])
    power = 2 * moments + 2
    next_moment = moment(density, power)
    for q in (0.02, 0.1, 0.2, 0.3, 0.4, 0.5):
        assert q**2 < 10 * moment(density, 2) / moment(density, 4)
        left_out = fourier_integral(density, q) - float(form_factor(jnp.array(q)))
        # the first term that is left out has its sign and is larger; quadrature is good to 1e-10
        term = (-1) ** (moments + 1) * q**power * next_moment / math.factorial(power + 1)
        assert -1e-10 <= np.sign(term) * left_out <= abs(term) + 1e-10


@pytest.mark.parametrize(
    ("closed", "density"),
    [
        (SymmetrizedFermi(4.77), DENSITIES["xenon"]),
        (Helm(4.06), DENSITIES["germanium"]),
        (KleinNystrand(3.43), lambda r: klein_nystrand_density(r, 3.43, 0.7)),
    ],
)
def test_expands_the_closed_forms(closed, density):
    """With the moments of their densities by quadrature they agree through q^6, and differ as <R^8> q^8/9! says."""
    second, fourth, sixth = radii(density)
    assert second == pytest.approx(float(closed.rms_radius_fm), rel=1e-7)
    q = np.array([0.1, 0.14, 0.2])
    left_out = closed(jnp.asarray(q)) - MomentExpansion(second, fourth, sixth)(jnp.asarray(q))
    # the ratio falls from one as q grows, by the term after that one
    ratio = np.asarray(left_out) / (q**8 * moment(density, 8) / math.factorial(9))
    assert np.all((ratio > 0.98) & (ratio < 1.0))
    assert np.all(np.diff(ratio) < 0.0)


@pytest.mark.parametrize("name", ["argon", "germanium", "xenon"])
def test_stated_range(name):
    """Below 0.01 up to q R = 1.6 with two moments and 2.2 with three, and not a quarter further."""
    second, fourth, sixth = radii(DENSITIES[name])
    for form_factor, reach in ((MomentExpansion(second, fourth), 1.6), (MomentExpansion(second, fourth, sixth), 2.2)):
        inside = [q / second for q in np.linspace(0.1, reach, 8)]
        differences = [float(form_factor(jnp.array(q))) - fourier_integral(DENSITIES[name], q) for q in inside]
        assert np.max(np.abs(differences)) < 0.01
        beyond = 1.25 * reach / second
        assert abs(float(form_factor(jnp.array(beyond))) - fourier_integral(DENSITIES[name], beyond)) > 0.01


@pytest.mark.parametrize("sixth", [0.0, 5.39])
def test_beyond_its_end_it_goes_on_smoothly_and_fades(sixth):
    form_factor = MomentExpansion(4.77, 5.106, sixth)
    end = np.sqrt(10 * 4.77**2 / 5.106**4)
    step = 1e-7
    below, at, above = (float(form_factor(jnp.array(end + x))) for x in (-step, 0.0, step))
    assert above - at == pytest.approx(at - below, abs=1e-12)
    slopes = [float(jax.grad(form_factor)(end + x)) for x in (-step, 0.0, step)]
    np.testing.assert_allclose(slopes, slopes[1], atol=1e-5)
    # the curvature jumps, which a difference sees as step times the jump
    np.testing.assert_allclose(slopes[1], (above - below) / (2 * step), atol=1e-5)
    q = jnp.linspace(0.0, 12.0, 4001)
    values = np.asarray(form_factor(q))
    assert np.all(np.abs(values) <= 1.0)
    assert np.all(np.diff(values[q <= end]) < 0.0)
    assert np.all(np.abs(values[q > 2 * end]) < 1e-3)
    assert np.all(np.isfinite(np.asarray(form_factor(jnp.array([1e2, 1e4])))))
    assert float(form_factor(jnp.array(10.0))) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("sixth", [0.0, 4.1])
@pytest.mark.parametrize("q", [0.0, 0.05, 0.4, 0.75, 0.8, 1.0])
def test_gradients(sixth, q):
    """In every radius, on both sides of the end of the expansion at 0.768 fm^-1."""
    check_gradients(MomentExpansion(3.43, 3.76, sixth), lambda form_factor: 1.5 + form_factor(jnp.array(q)))


@pytest.mark.parametrize("sixth", [0.0, 4.1])
def test_gradients_at_the_end(sixth):
    """Where the pieces meet the derivative is that of both sides."""
    end = jnp.sqrt(10.0 * 3.43**2 / 3.76**4)

    def value(second, fourth):
        return MomentExpansion(second, fourth, sixth)(end)

    step = 1e-6
    gradient = jax.grad(value, (0, 1))(3.43, 3.76)
    by_second = value(3.43 + step, 3.76) - value(3.43 - step, 3.76)
    by_fourth = value(3.43, 3.76 + step) - value(3.43, 3.76 - step)
    np.testing.assert_allclose(gradient, np.array([by_second, by_fourth]) / (2 * step), rtol=1e-5)


def test_both_precisions(precision):
    q = np.array([0.0, 0.1, 0.5, 0.57, 0.7, 2.0])
    found = MomentExpansion(4.77, 5.106, 5.39)(jnp.asarray(q, dtype=float))
    assert found.dtype == np.dtype(precision)
    u, v, w = q**2 * 4.77**2 / 6, q**4 * 5.106**4 / 120, q**6 * 5.39**6 / 5040
    assert float(found[0]) == 1.0
    tolerance = 1e-13 if precision == "float64" else 1e-6
    np.testing.assert_allclose(found[:4], (1 - u + v - w)[:4], rtol=0, atol=tolerance)
    assert np.all(np.isfinite(found))
    gradient = jax.grad(lambda r, q: MomentExpansion(r, 5.106, 5.39)(q), (0, 1))(
        *(jnp.asarray(x, dtype=float) for x in (4.77, 0.0))
    )
    assert [float(x) for x in gradient] == [0.0, 0.0]


def test_radii_are_parameters_like_any_other():
    """What sets the radius in a fit, and a skin, move <R^2> alone."""
    shape = MomentExpansion(3.4, 3.8)
    material = compound("[Ar40]", lambda _: shape)
    path = "nuclides.Ar40.neutron_form_factor.rms_radius_fm"
    moved = set_paths(material, [path], [jnp.asarray(3.5)]).nuclides["Ar40"]
    q = jnp.array([0.1, 0.3])
    np.testing.assert_allclose(moved.neutron_form_factor(q), MomentExpansion(3.5, 3.8)(q), rtol=1e-14)
    np.testing.assert_array_equal(moved.proton_form_factor(q), shape(q))
    np.testing.assert_allclose(NeutronSkin(shape, 0.1)(q), MomentExpansion(3.5, 3.8)(q), rtol=1e-14)
    # traced, the order of the radii is not looked at: nothing raises inside a likelihood
    assert np.isfinite(float(jax.jit(lambda r: MomentExpansion(r, 3.8)(q)[1])(6.0)))


def test_each_nucleon_has_its_own():
    material = compound("Ar").with_form_factors("Ar40", proton=KleinNystrand(3.3), neutron=MomentExpansion(3.4, 3.8))
    assert isinstance(material.nuclides["Ar40"].proton_form_factor, KleinNystrand)
    assert isinstance(material.nuclides["Ar40"].neutron_form_factor, MomentExpansion)
    assert isinstance(material.nuclides["Ar36"].neutron_form_factor, KleinNystrand)
    with pytest.raises(CevnsjaxError, match="no nuclide in this material called 'Xe131'"):
        material.with_form_factors("Xe131", proton=KleinNystrand(3.3), neutron=KleinNystrand(3.3))


@pytest.mark.parametrize(
    ("radii", "words"),
    [
        ((0.0, 3.8), "rms_radius_fm must be positive"),
        ((3.4, -1.0), "fourth_moment_radius_fm must be positive"),
        ((3.4, np.nan), "fourth_moment_radius_fm must be positive"),
        ((3.4, 3.8, -4.0), "sixth_moment_radius_fm must be zero or positive"),
        ((3.4, 3.8, np.inf), "sixth_moment_radius_fm must be zero or positive"),
        ((3.9, 3.8), "must not fall from one moment to the next, got rms_radius_fm = 3.9"),
        ((3.4, 3.8, 3.7), "must not fall from one moment to the next"),
    ],
)
def test_impossible_radii(radii, words):
    with pytest.raises(CevnsjaxError, match=words):
        MomentExpansion(*radii)
