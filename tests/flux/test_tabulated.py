"""A flux given as a table, from columns and from a file."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import InterpolatedSpectra, SterileOscillation, TabulatedFlux

MOMENTS = jax.jit(lambda flux, energy: flux.moments(energy))
DENSITY = jax.jit(lambda flux, energy: flux.density(energy))
FLUENCE = jax.jit(lambda flux: flux.fluence_per_cm2)
ENERGY = np.array([1.0, 2.0, 4.0])
FLUX = {"nu_e": np.array([0.0, 6.0, 0.0]), "nu_mu_bar": np.array([1.0, 1.0, 1.0])}


@pytest.fixture
def flux():
    return TabulatedFlux.from_columns(ENERGY, FLUX, 10.0)


def test_triangle_and_box(flux):
    """By hand: a triangle of area 9 and a box of area 3."""
    assert flux.components == ("nu_e", "nu_mu_bar")
    assert flux.antineutrinos == (False, True)
    np.testing.assert_allclose(FLUENCE(flux), [90.0, 30.0], rtol=1e-14)
    np.testing.assert_allclose(DENSITY(flux, jnp.array([1.5, 3.0])), [[3 / 9, 3 / 9], [1 / 3, 1 / 3]], rtol=1e-14)
    moments = np.asarray(MOMENTS(flux, jnp.array([0.5, 2.0, 3.0])))
    np.testing.assert_allclose(moments[:, 0], [[1, 6 / 9, 1.5 / 9], [1, 2 / 3, 1 / 3]], rtol=1e-14)
    np.testing.assert_allclose(moments[1, 1], np.log([4, 2, 4 / 3]) / 3, rtol=1e-10)
    np.testing.assert_allclose(moments[1, 2], np.array([3 / 4, 1 / 4, 1 / 12]) / 3, rtol=1e-9)
    assert [part.shape for part in flux.lines] == [(0,), (2, 0)]
    np.testing.assert_array_equal(flux.break_points_MeV, [2.0, 4.0])


def test_warns_outside_the_table(flux):
    energies = jnp.array([0.5, 2.0, 4.1])
    with pytest.warns(UserWarning, match=r"outside the table \(1 to 4 MeV\): the flux is taken as zero"):
        density = jax.jit(lambda: flux.density(energies))()
    np.testing.assert_array_equal(density[:, [0, 2]], 0.0)


def test_file(tmp_path, flux):
    path = tmp_path / "flux.txt"
    path.write_text("# a comment\n1.0, 0\n2 6.0  # peak\n\n4.0\t0.0\n")
    read = TabulatedFlux.from_file(path, 10.0, component="nu_e")
    np.testing.assert_allclose(FLUENCE(read), [90.0], rtol=1e-14)
    y = jnp.array([1.3])
    np.testing.assert_allclose(MOMENTS(read, y)[0], MOMENTS(flux, y)[0], rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 1\n2 -3\n3 1\n", "line 2: a flux must not be negative, got -3 of nu_e"),
        ("1 1\n3 1\n2 1\n", "line 3: the energy must increase from row to row, got 2 after 3"),
        ("1 1\n2\n3 1\n", "line 2: 1 numbers where the rows above have 2"),
        ("1 1\n2 1 5\n3 1\n", "line 2: 3 numbers where the rows above have 2"),
        ("1 1\n2 nan\n3 1\n", "line 2: 'nan' in '2 nan' where a finite number is needed"),
        ("1 1\n", "at least two rows, got 1"),
        ("0 1\n1 1\n", "at least two rows, got 1"),
        ("-1 1\n1 1\n", "energy_MeV must be positive"),
        ("1 0\n2 0\n", "the flux is zero in all rows"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "flux.txt"
    path.write_text(text)
    with pytest.raises(CevnsjaxError, match=message):
        TabulatedFlux.from_file(path, 1.0, component="nu_e")


@pytest.mark.parametrize(
    "text",
    [
        "energy_MeV, nu_e_per_cm2_s_MeV, nu_mu_bar_per_cm2_s_MeV\n1, 0, 1\n2, 6, 1\n4, 0, 1\n",
        "E [GeV]; anumu [cm^-2 s^-1 GeV^-1]; nue [cm^-2 s^-1 GeV^-1]\n"
        "0,001; 1000; 0\n0,002; 1000; 6000\n0,004; 1000; 0",
        "\ufeffenergy_keV\tnu_e [m^-2 s^-1 keV^-1]\tnumubar [m^-2 s^-1 keV^-1]\r\n"
        "1.0D3\t0\t10\r\n2d3\t60\t10\r\n4D3\t0\t10",
        "# energy_MeV nu_mu_bar_per_cm2_s_MeV nu_tau_per_cm2_s_MeV nu_e_per_cm2_s_MeV\n"
        "4 1 0 0\n2 1 0 6\n1 1 0 0\n0 0 0 0\n",
        "energy_MeV,nu_e [/(cm^2 day MeV)],nu_mu_bar [1/cm2/d/MeV],\n1,0,86400,\n2,518400,86400,\n4,0,86400,\n",
    ],
)
def test_what_people_have(tmp_path, flux, text):
    """Units, separators, orders, kinds in any column, zero columns, E = 0: the same flux as from columns in MeV."""
    path = tmp_path / "flux.txt"
    path.write_text(text, newline="")
    read = TabulatedFlux.from_file(path, 10.0)
    order = [flux.components.index(name) for name in read.components]
    assert sorted(order) == [0, 1]
    np.testing.assert_allclose(FLUENCE(read), FLUENCE(flux)[np.array(order)], rtol=1e-12)
    y = jnp.array([0.5, 1.3, 3.1])
    np.testing.assert_allclose(MOMENTS(read, y), MOMENTS(flux, y)[np.array(order)], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 1\n2 1\n", "does not say which neutrinos"),
        ("energy_MeV, nu_e\n1, 1\n2, 1\n", "'nu_e' has no unit"),
        ("energy_MeV, nu_e [s^-1]\n1, 1\n2, 1\n", "not a unit of this quantity"),
        ("energy_MeV, nu_e_per_cm2_s, nu_mu_per_cm2_s_MeV\n1, 1, 1\n2, 1, 1\n", "'nu_mu'.*not a unit of this"),
        ("energy_MeV, nu_e_per_cm2_s\n1, 1\n2, 1\n4, 1\n", "bins of one width.*energy_low_MeV"),
        ("E_low_MeV, nu_e_per_cm2_s\n1, 1\n2, 1\n", "both of their edges.*'energy_high_MeV' is missing"),
        ("low_MeV, high_MeV, nu_e_per_cm2_s\n1, 1, 1\n2, 3, 1\n", "line 2: a bin must end above its beginning"),
        ("low_MeV, high_MeV, nu_e_per_cm2_s\n1, 2, 1\n3, 4, 1\n", "line 3: .*fill a gap with a row of zeros"),
        ("low_MeV, high_MeV, nu_e_per_cm2_s\n1, 2, 1\n1.5, 4, 1\n", "line 3: the bin from 1.5 MeV overlaps"),
        ("low_MeV, high_MeV, nu_e_per_cm2_s\n1, 2, 1\n4, 5, 1\n2, 4, 1\n", "line 4: the lower edge must increase"),
        ("low_MeV, high_MeV, nu_e_per_cm2_s\n-1, 0, 1\n0, 1, 1\n", r"flux.txt: energy_MeV must be"),
        ("energy_MeV, nu_e [furlong]\n1, 1\n2, 1\n", "'furlong' is no unit"),
        ("energy, nu_e_per_cm2_s_MeV\n1, 1\n2, 1\n", "'energy' has no unit"),
        ("energy_MeV, nue_per_cm2_s_MeV, nu_e_per_cm2_s_MeV\n1, 1, 1\n2, 1, 1\n", "two columns"),
        ("energy_MeV, flux_per_cm2_s_MeV\n1, 1\n2, 1\n", "does not say which neutrinos"),
        ("energy_MeV, nu_e_per_cm2_s_MeV, nu_x_per_cm2_s_MeV\n1, 1, 1\n2, 1, 1\n", "'nu_x' is no kind of neutrino"),
    ],
)
def test_heads_that_are_refused(tmp_path, text, message):
    path = tmp_path / "flux.txt"
    path.write_text(text)
    with pytest.raises(CevnsjaxError, match=message):
        TabulatedFlux.from_file(path, 1.0)


BINNED = TabulatedFlux.from_columns(
    [1.0, 2.0, 4.0], {"nu_e": np.array([6.0, 1.5]), "nu_mu_bar": np.array([0.0, 1.0])}, 10.0, histogram=True
)


@pytest.mark.parametrize(
    "text",
    [
        "energy_low_MeV, energy_high_MeV, nu_e_per_cm2_s, nu_mu_bar_per_cm2_s\n1, 2, 6, 0\n2, 4, 3, 2\n",
        "E_min [keV]; E_max [keV]; E [keV]; anumu [m^-2 s^-1]; nue [m^-2 s^-1]\n"
        "2000; 4000; 3000; 2e4; 3e4\n1000; 2000; 1500; 0; 6e4\n",
        "bin_low_GeV, bin_high_GeV, nue [cm^-2 s^-1 GeV^-1], numubar_per_cm2_s_GeV\n"
        "0, 0.001, 0, 0\n0.001, 0.002, 6000, 0\n0.002, 0.004, 1500, 1000\n",
        "low_MeV high_MeV nu_e_per_cm2_s_bin nu_tau_per_cm2_s_bin nu_mu_bar_per_cm2_s_bin\n1 2 6 0 0\n2 4 3 0 2\n",
    ],
)
def test_bins_with_edges(tmp_path, text):
    """Neutrinos per bin or per energy in it: constant in each bin, which adds up to what the table says."""
    (tmp_path / "flux.txt").write_text(text)
    read = TabulatedFlux.from_file(tmp_path / "flux.txt", 10.0)
    order = np.array([BINNED.components.index(name) for name in read.components])
    np.testing.assert_allclose(FLUENCE(read), np.array([90.0, 20.0])[order], rtol=1e-13)
    y = jnp.array([0.5, 1.3, 3.1])
    np.testing.assert_allclose(MOMENTS(read, y), MOMENTS(BINNED, y)[order], rtol=1e-12)
    np.testing.assert_allclose(
        DENSITY(read, jnp.array([1.3, 3.9])) * FLUENCE(read)[:, None],
        10.0 * np.array([[6.0, 1.5], [0.0, 1.0]])[order],
        rtol=1e-12,
    )


def test_moments_of_bins_are_powers():
    """By hand: the integrals of 1, 1/E and 1/E^2 over a box."""
    found = np.asarray(MOMENTS(BINNED, jnp.array([0.5, 3.0])))
    np.testing.assert_allclose(
        found[0, 1], [(6 * np.log(2) + 1.5 * np.log(2)) / 9, 1.5 * np.log(4 / 3) / 9], rtol=1e-10
    )
    np.testing.assert_allclose(found[1, 2], [0.5 * (1 / 2 - 1 / 4), 0.5 * (1 / 3 - 1 / 4)], rtol=1e-9)


def test_gradient_of_a_histogram():
    """In every height and every edge (which its neighbours share), against differences."""

    @jax.jit
    def seen(energies, values):
        flux = eqx.tree_at(lambda f: (f.spectra.energy_MeV, f.spectra.values_per_MeV), BINNED, (energies, values))
        return (flux.fluence_per_cm2[:, None] * flux.moments(jnp.array([0.5, 1.3, 3.1]))[:, 1]).sum()

    check_grads(seen, (BINNED.spectra.energy_MeV, BINNED.spectra.values_per_MeV), order=1, modes=["rev"], rtol=1e-6)


def test_nodes_do_not_lie_across_jumps():
    """What is folded with a cross section: E^2 above a threshold, by hand, with fewer break points than bins."""
    edges, values = np.linspace(1.0, 21.0, 41), np.tile([2.0, 0.0], 20)
    flux = TabulatedFlux.from_columns(edges, {"nu_e": values}, 1.0, histogram=True)
    nodes = flux.nodes(jnp.array([5.25]))
    found = float((nodes.weight[0] * nodes.energy_MeV**2).sum()) * float(FLUENCE(flux)[0])
    low, high = np.maximum(edges[:-1], 5.25), np.maximum(edges[1:], 5.25)
    assert found == pytest.approx(float((values * (high**3 - low**3) / 3.0).sum()), rel=1e-12)


@pytest.mark.slow
def test_oscillation_of_a_histogram():
    """Its nodes do not lie across jumps either: sixteen times as many move nothing."""
    edges = np.linspace(1.0, 10.0, 19)
    columns = {"nu_e_bar": np.exp(-0.6 * edges[:-1])}
    flux = TabulatedFlux.from_columns(edges, columns, 1.0, histogram=True, baseline_m=25.0)
    coarse, fine = (
        MOMENTS(SterileOscillation(flux, 1.0, 0.1, moment_nodes=nodes), jnp.array([2.0, 4.3])) for nodes in (256, 4096)
    )
    np.testing.assert_allclose(coarse, fine, rtol=1e-9)


def test_a_bin_from_zero(tmp_path):
    """Its content is kept to 1e-9; 1/E^2 has no end there, but nothing is infinite."""
    (tmp_path / "flux.txt").write_text("low_MeV, high_MeV, nu_e_per_cm2_s\n0, 1, 5\n1, 2, 3\n")
    read = TabulatedFlux.from_file(tmp_path / "flux.txt", 1.0)
    np.testing.assert_allclose(FLUENCE(read), [8.0], rtol=1e-9)
    found = np.asarray(MOMENTS(read, jnp.array([0.0, 0.25])))
    assert np.all(np.isfinite(found))
    np.testing.assert_allclose(found[0, 1, 1], (5 * np.log(4) + 3 * np.log(2)) / 8, rtol=1e-9)


def test_bins_by_their_centres(tmp_path):
    """Of one width: the flux at the centres is what is in a bin over its width."""
    (tmp_path / "flux.txt").write_text("E_MeV, nue_per_cm2_s\n0, 3\n0.5, 2\n1, 3\n1.5, 1\n")
    read = TabulatedFlux.from_file(tmp_path / "flux.txt", 1.0)
    by_hand = TabulatedFlux.from_columns([0.5, 1.0, 1.5], {"nu_e": np.array([4.0, 6.0, 2.0])}, 1.0)
    np.testing.assert_allclose(read.spectra.values_per_MeV, by_hand.spectra.values_per_MeV, rtol=1e-12)
    np.testing.assert_allclose(read.spectra.energy_MeV, by_hand.spectra.energy_MeV, rtol=1e-12)


@pytest.mark.parametrize("unit", ["per_m2", "[m^-2 MeV^-1]", "per_m2_per_bin"])
def test_a_fluence_is_of_the_whole_exposure(tmp_path, unit):
    (tmp_path / "flux.txt").write_text(f"E_MeV, nue {unit}\n1, 3e4\n2, 2e4\n".replace("nue per", "nue_per"))
    read = TabulatedFlux.from_file(tmp_path / "flux.txt", 1.0)
    np.testing.assert_allclose(read.spectra.values_per_MeV, [[3.0, 2.0]], rtol=1e-12)
    with pytest.raises(CevnsjaxError, match=r"flux.txt: .* give exposure_s = 1, got 86400"):
        TabulatedFlux.from_file(tmp_path / "flux.txt", 86400.0)


def test_a_component_that_the_file_does_not_have(tmp_path):
    path = tmp_path / "flux.txt"
    path.write_text("energy_MeV, nu_e_per_cm2_s_MeV\n1, 1\n2, 1\n")
    with pytest.raises(CevnsjaxError, match="it has nu_e, and no nu_mu"):
        TabulatedFlux.from_file(path, 1.0, component="nu_mu")
    assert TabulatedFlux.from_file(path, 1.0, component="nu_e").components == ("nu_e",)


def test_other_errors(tmp_path):
    with pytest.raises(CevnsjaxError, match=r"none\.txt cannot be read"):
        TabulatedFlux.from_file(tmp_path / "none.txt", 1.0, component="nu_e")
    with pytest.raises(UnknownNameError, match="'nu_x'"):
        TabulatedFlux.from_columns(ENERGY, {"nu_x": FLUX["nu_e"]}, 1.0)
    with pytest.raises(CevnsjaxError, match="exposure_s must be positive"):
        TabulatedFlux.from_columns(ENERGY, FLUX, 0.0)
    with pytest.raises(CevnsjaxError, match="one row for each"):
        TabulatedFlux(("nu_e",), InterpolatedSpectra(ENERGY, np.stack(list(FLUX.values()))), 1.0)


def test_gradients_and_single_precision(flux):
    """Fluence of the triangle: 10 s times norm times half the base times the height."""
    gradient = jax.jit(jax.grad(lambda f: f.fluence_per_cm2[0]))(flux)
    np.testing.assert_allclose(gradient.norm, 90.0, rtol=1e-14)
    np.testing.assert_allclose(gradient.exposure_s, 9.0, rtol=1e-14)
    np.testing.assert_allclose(gradient.spectra.values_per_MeV[0], [5.0, 15.0, 10.0], rtol=1e-13)
    np.testing.assert_allclose(gradient.spectra.energy_MeV, [-30.0, 0.0, 30.0], atol=1e-11)
    # a norm moves the fluence, not the shape
    other = eqx.tree_at(lambda f: f.norm, flux, 2.0 * flux.norm)
    np.testing.assert_array_equal(MOMENTS(other, jnp.array([1.3])), MOMENTS(flux, jnp.array([1.3])))
    with jax.enable_x64(False):
        single = TabulatedFlux.from_columns(ENERGY, FLUX, 10.0)
        assert FLUENCE(single).dtype == jnp.float32
        np.testing.assert_allclose(FLUENCE(single), [90.0, 30.0], rtol=1e-6)
