"""Tabulated form factors against Fourier integrals of densities by quadrature."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from leaf_gradients import check_gradients
from nuclear_densities import fermi_density, fourier_integral, helm_density, moment

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import Coherent, TreeLevel
from cevnsjax.errors import CevnsjaxError
from cevnsjax.paths import set_paths
from cevnsjax.target import Helm, NeutronSkin, TabulatedFormFactor, compound, nuclide


def wavy_density(r):
    """With a dip in the middle, which none of the closed forms has."""
    return fermi_density(r, 3.43, 0.52) * (1 - 0.4 * np.exp(-((r / 1.5) ** 2)))


DENSITIES = {
    "wavy": wavy_density,
    "fermi": lambda r: fermi_density(r, 3.43, 0.52),
    "helm": lambda r: helm_density(r, 4.8, 0.9),
}
MOMENTA = np.linspace(0.0, 1.5, 31)


def table_of(density, momenta=MOMENTA):
    return np.array([fourier_integral(density, q) for q in momenta])


# compiled once for each shape, with the table as an argument


@eqx.filter_jit
def evaluate(form_factor, q):
    return form_factor(q)


@eqx.filter_jit
def values_and_slopes(form_factor, q):
    """F and its derivative in q at each of several momenta."""
    return jax.vmap(jax.value_and_grad(form_factor))(q)


@pytest.fixture(scope="module")
def wavy():
    return TabulatedFormFactor.from_columns(MOMENTA, table_of(wavy_density))


@pytest.mark.parametrize("name", DENSITIES)
def test_between_knots_it_is_the_fourier_integral(name):
    density = DENSITIES[name]
    form_factor = TabulatedFormFactor.from_columns(MOMENTA, table_of(density))
    middles = np.array([0.012, 0.07, 0.225, 0.41, 0.666, 0.974, 1.33, 1.49])
    exact = table_of(density, middles)
    np.testing.assert_allclose(evaluate(form_factor, jnp.asarray(middles)), exact, rtol=0, atol=5e-6)
    # the error falls with the fourth power of the distance of the knots
    coarse = TabulatedFormFactor.from_columns(MOMENTA[::2], table_of(density, MOMENTA[::2]))
    errors = [np.max(np.abs(np.asarray(evaluate(f, jnp.asarray(middles))) - exact)) for f in (form_factor, coarse)]
    assert errors[1] > 6 * errors[0]
    # the radius is the one of the density, without having been told
    np.testing.assert_allclose(form_factor.rms_radius_fm, np.sqrt(moment(density, 2)), rtol=1e-6)
    np.testing.assert_array_equal(form_factor.rms_radius_fm, form_factor.table_radius_fm)


def test_knots_and_zero_are_met(wavy):
    np.testing.assert_allclose(evaluate(wavy, jnp.asarray(MOMENTA)), table_of(wavy_density), rtol=0, atol=1e-14)
    assert float(evaluate(wavy, jnp.array(0.0))) == 1.0
    assert jax.eval_shape(wavy, jnp.zeros((2, 3))).shape == (2, 3)


def test_radius_stretches_the_table(wavy):
    """The form factor of the density r -> r/1.1, whose radius is 1.1 times as large."""
    wider = dataclasses.replace(wavy, rms_radius_fm=1.1 * wavy.rms_radius_fm)

    def stretched(r):
        return wavy_density(r / 1.1)

    q = np.array([0.05, 0.3, 0.8, 1.2])
    np.testing.assert_allclose(evaluate(wider, jnp.asarray(q)), table_of(stretched, q), rtol=0, atol=5e-6)
    curvature = eqx.filter_jit(lambda form_factor: jax.grad(jax.grad(form_factor))(0.0))(wider)
    np.testing.assert_allclose(np.sqrt(-3 * np.asarray(curvature)), wider.rms_radius_fm, rtol=1e-12)
    np.testing.assert_allclose(wider.rms_radius_fm, np.sqrt(moment(stretched, 2)), rtol=1e-6)


def test_a_radius_that_is_told(wavy):
    """It is what the table is taken to have; the curve of the table itself does not change."""
    values = np.round(table_of(wavy_density), 4)
    told = TabulatedFormFactor.from_columns(MOMENTA, values, 3.5)
    free = TabulatedFormFactor.from_columns(MOMENTA, values)
    assert float(told.rms_radius_fm) == float(told.table_radius_fm) == 3.5
    assert float(free.rms_radius_fm) != 3.5
    q = jnp.asarray([0.1, 0.5])
    np.testing.assert_array_equal(evaluate(told, q), evaluate(free, q))


def test_a_skin_and_a_fit_move_the_radius(wavy):
    q = jnp.array([0.1, 0.3, 0.6])
    thicker = dataclasses.replace(wavy, rms_radius_fm=wavy.rms_radius_fm + 0.2)
    np.testing.assert_allclose(evaluate(NeutronSkin(wavy, 0.2), q), evaluate(thicker, q), rtol=1e-14)
    material = compound("[Ar40]").with_form_factors("Ar40", proton=wavy, neutron=wavy)
    path = "nuclides.Ar40.neutron_form_factor.rms_radius_fm"
    moved = set_paths(material, [path], [thicker.rms_radius_fm]).nuclides["Ar40"]
    np.testing.assert_array_equal(evaluate(moved.neutron_form_factor, q), evaluate(thicker, q))
    np.testing.assert_array_equal(evaluate(moved.proton_form_factor, q), evaluate(wavy, q))


@pytest.mark.parametrize("last", [0.5, 1.0, 1.5])
def test_beyond_the_last_knot_it_goes_on_smoothly_and_fades(last):
    momenta = MOMENTA[last + 1e-9 >= MOMENTA]
    form_factor = TabulatedFormFactor.from_columns(momenta, table_of(wavy_density, momenta))
    step, end = 1e-7, momenta[-1]
    around, beyond, far = [end - step, end, end + step], np.linspace(last, 20.0, 2001), np.linspace(3 * last, 20.0, 50)
    found = values_and_slopes(form_factor, jnp.asarray(np.concatenate([around, beyond, far, [1e3]])))
    values, slopes = map(np.asarray, found)
    (below, at, above), slope = values[:3], slopes[1]
    assert above - at == pytest.approx(at - below, abs=1e-12)
    np.testing.assert_allclose(slope, (above - below) / (2 * step), atol=1e-5)
    # a line times a Gaussian whose width is the range of the table in q^2
    largest = abs(at) + np.exp(-0.5) * abs(slope / (2 * last)) * last**2
    assert np.all(np.abs(values[3 : 3 + len(beyond)]) <= largest)
    assert np.all(np.abs(values[3 + len(beyond) : -1]) < 1e-6)
    assert np.isfinite(slopes[-1])


class At(eqx.Module):
    """A form factor at a momentum that is an argument of the compiled gradients too, so that all share them."""

    form_factor: TabulatedFormFactor
    q: Float[Array, ""] = eqx.field(converter=as_float)


@pytest.mark.parametrize("q", [0.0, 0.03, 0.5, 0.777, 1.4, 1.6])
def test_gradients(wavy, q):
    """In both radii and q: inside, on a knot (the spline is smooth there) and beyond the last one."""
    found = check_gradients(At(wavy, q), lambda at: 1.5 + at.form_factor(at.q), atol=1e-8)
    assert set(found) == {"form_factor.rms_radius_fm", "form_factor.table_radius_fm", "q"}
    assert all((value != 0.0) == (q != 0.0) for value in found.values())


def test_gradients_at_the_last_knot_and_in_the_momentum(wavy):
    def value(radius, q):
        return dataclasses.replace(wavy, rms_radius_fm=radius)(q)

    at = jax.jit(jax.vmap(jax.value_and_grad(value, (0, 1))))
    momenta = np.array([0.0, 1e-6, 0.5, float(MOMENTA[-1])])
    radii, step = np.full(len(momenta), float(wavy.rms_radius_fm)), 1e-6
    by_radius = np.subtract(at(radii + step, momenta)[0], at(radii - step, momenta)[0]) / (2 * step)
    by_momentum = np.subtract(at(radii, momenta + step)[0], at(radii, momenta - step)[0]) / (2 * step)
    gradient = at(radii, momenta)[1]
    np.testing.assert_allclose(gradient, [by_radius, by_momentum], rtol=1e-6, atol=1e-6)


def test_gradient_in_the_spline(wavy):
    """Linear: the derivative of F in a coefficient is the power of the distance that it multiplies."""
    gradient = np.asarray(eqx.filter_jit(jax.grad(lambda f: f(jnp.array(0.625))))(wavy).spline)
    interval = 12
    offset = (0.625**2 - MOMENTA[interval] ** 2) / (MOMENTA[interval + 1] ** 2 - MOMENTA[interval] ** 2)
    np.testing.assert_allclose(gradient[:, interval], offset ** np.array([3, 2, 1, 0]), rtol=1e-12)
    assert np.count_nonzero(gradient) == 4


def test_both_precisions(precision):
    values = table_of(wavy_density)
    form_factor = TabulatedFormFactor.from_columns(MOMENTA, values)
    q = np.linspace(0.0, 1.5, 77)
    found, slopes = values_and_slopes(form_factor, jnp.asarray(q, dtype=float))
    assert found.dtype == np.dtype(precision)
    with jax.enable_x64(True):
        exact = np.asarray(evaluate(TabulatedFormFactor.from_columns(MOMENTA, values), jnp.asarray(q)))
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6 if precision == "float32" else 1e-14)
    assert float(found[0]) == 1.0
    assert float(slopes[0]) == 0.0


def test_transformations(wavy):
    q = jnp.linspace(0.0, 2.0, 41)
    expected = wavy(q)  # one operation after the other
    np.testing.assert_allclose(evaluate(wavy, q), expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(values_and_slopes(wavy, q)[0], expected, rtol=0, atol=1e-15)


def test_cross_section_of_a_table_is_that_of_its_form_factor():
    """Every place where a closed form stands takes a table of it."""
    helm = Helm(3.43)
    momenta = np.linspace(0.0, 0.6, 25)
    table = TabulatedFormFactor.from_columns(momenta, np.asarray(evaluate(helm, jnp.asarray(momenta))))
    energy, recoil = jnp.full(4, 50.0), jnp.array([1.0, 20.0, 60.0, 110.0])
    interaction = Coherent({"sm": TreeLevel()})
    found, expected = (
        eqx.filter_jit(interaction.differential_cross_section)(
            energy, recoil, nuclide("Ar40", lambda _, shape=shape: shape), "nu_mu"
        )
        for shape in (table, helm)
    )
    np.testing.assert_allclose(found, expected, rtol=2e-6)


HEADER = "# title: F of Ar40\n# source: a calculation\n# made_by: hand\n# rows: {}\n"


def write(path, momenta, values, names="momentum_transfer_per_fm,form_factor"):
    rows = [f"{q:.6g},{f:.9g}" for q, f in zip(momenta, values, strict=True)]
    path.write_text("\n".join([HEADER.format(len(rows)) + names, *rows]) + "\n", encoding="utf-8")
    return path


def test_file(tmp_path, wavy):
    path = write(tmp_path / "ar40.csv", MOMENTA, table_of(wavy_density))
    q = jnp.linspace(0.0, 1.5, 50)
    np.testing.assert_allclose(evaluate(TabulatedFormFactor.from_file(path), q), evaluate(wavy, q), rtol=0, atol=1e-8)
    assert float(TabulatedFormFactor.from_file(str(path), 3.6).table_radius_fm) == 3.6


@pytest.mark.parametrize(
    ("momenta", "values", "words"),
    [
        ([0.0, 0.1, 0.2], [1.0, 0.9, 0.8], "four momenta or more that begin at 0 fm"),
        ([0.1, 0.2, 0.3, 0.4], [1.0, 0.9, 0.8, 0.7], "begin at 0 fm.*got 4 from 0.1"),
        ([0.0, 0.2, 0.2, 0.4], [1.0, 0.9, 0.8, 0.7], "momentum_transfer_per_fm must be finite and increase strictly"),
        ([0.0, 0.2, np.nan, 0.4], [1.0, 0.9, 0.8, 0.7], "momentum_transfer_per_fm must be finite"),
        ([0.0, 0.1, 0.2, 0.3], [1.0, 0.9, 0.8], "form_factor must have one entry for each"),
        ([0.0, 0.1, 0.2, 0.3], [1.0, 0.9, np.inf, 0.7], "form_factor must be finite"),
        ([0.0, 0.1, 0.2, 0.3], [18.0, 17.0, 16.0, 15.0], "1 at zero momentum transfer, got 18: divide the column"),
        ([0.0, 0.1, 0.2, 0.3], [1.0, 0.9, 0.8, -1.2], "between -1 and 1, got -1.2"),
        ([0.0, 0.1, 0.2, 0.3], [1.0, 1.0, 1.0, 1.0], "must fall from q = 0"),
    ],
)
def test_columns_that_are_no_form_factor(tmp_path, momenta, values, words):
    with pytest.raises(CevnsjaxError, match=words):
        TabulatedFormFactor.from_columns(np.array(momenta), np.array(values))
    if len(momenta) == len(values) and np.all(np.isfinite([momenta, values])):
        path = write(tmp_path / "wrong.csv", momenta, values)
        with pytest.raises(CevnsjaxError, match=r"wrong\.csv: .*" + words):
            TabulatedFormFactor.from_file(path)


def test_files_that_are_no_table(tmp_path):
    with pytest.raises(CevnsjaxError, match="cannot be read"):
        TabulatedFormFactor.from_file(tmp_path / "missing.csv")
    path = write(tmp_path / "units.csv", MOMENTA, table_of(wavy_density), "momentum_transfer_MeV,form_factor")
    with pytest.raises(CevnsjaxError, match="momentum_transfer_per_fm"):
        TabulatedFormFactor.from_file(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rms_radius_fm": 0.0}, "rms_radius_fm must be positive"),
        ({"table_radius_fm": -3.0}, "table_radius_fm must be positive"),
        ({"spline": np.zeros((4, 3))}, "spline must have four coefficients for each interval"),
        ({"momentum_squared_per_fm2": np.zeros(31)}, "momentum_squared_per_fm2 must be finite and increase"),
    ],
)
def test_impossible_fields(wavy, changes, words):
    with pytest.raises(CevnsjaxError, match=words):
        dataclasses.replace(wavy, **changes)
    with pytest.raises(CevnsjaxError, match="table_radius_fm must be positive"):
        TabulatedFormFactor.from_columns(MOMENTA, table_of(wavy_density), -1.0)
