"""Sterile oscillation: probabilities against amplitudes, moments against oscillatory quadrature, gradients, edges."""

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import mp
from scipy.integrate import quad, quad_vec

from cevnsjax.constants import OSCILLATION_PHASE_PER_EV2_M
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import coherent_csi_2021, freeze
from cevnsjax.flux import FLAVOURS, POWERS, PionDecayArrival, PionDecayAtRest, Source, SterileOscillation
from cevnsjax.paths import get_path, set_paths

MUON, LINE = 105.6583755, 29.79214091
END = MUON / 2
LENGTH = 19.3
MIXINGS = {"electron_mixing2": 0.12, "muon_mixing2": 0.2, "tau_mixing2": 0.05}
HBAR_C_EV_M = 197.3269804e-9


def source():
    return PionDecayAtRest(0.0848, 3.198e23, LENGTH)


def wrapped(splitting=1.0, spread=0.0, mixings=MIXINGS, nodes=256):
    return SterileOscillation(source(), splitting, **mixings, path_spread_m=spread, moment_nodes=nodes)


# as users compile: without mixing the moments are those of the source to the last digit
compiled_moments = eqx.filter_jit(
    lambda flux, lower_MeV: flux.moments(lower_MeV), compiler_options={"xla_backend_optimization_level": 3}
)
density_of = eqx.filter_jit(lambda flux, energy_MeV: flux.density(energy_MeV))
LIMITS = 32


def moments_of(flux, lower_MeV):
    """Moments from limits that are repeated up to a number of them that all tests share: one program for all."""
    lower = np.asarray(lower_MeV)
    return np.asarray(compiled_moments(flux, jnp.asarray(np.resize(lower, LIMITS))))[..., : lower.size]


def nu_e(energy):
    return 192 / MUON * (energy / MUON) ** 2 * (0.5 - energy / MUON)


def nu_mu_bar(energy):
    return 64 / MUON * (energy / MUON) ** 2 * (0.75 - energy / MUON)


def mixing_matrix(mixings):
    """A 4 x 4 unitary matrix, rows e, mu, tau, s, whose fourth column has the given squares."""
    squares = np.array(list(mixings.values()))
    column = np.sqrt(np.append(squares, 1.0 - squares.sum()))
    generator = np.random.default_rng(5)
    others = generator.normal(size=(4, 3)) + 1j * generator.normal(size=(4, 3))
    unitary = np.linalg.qr(np.column_stack([column * np.exp(1j * np.arange(4)), others]))[0]
    return unitary[:, [1, 2, 3, 0]]


def amplitude_squared(mixings, splitting, length_m, energy_MeV):
    """|sum_k U*_ak U_bk exp(-i m_k^2 L/2E)|^2 with three degenerate masses, shape [initial, final]."""
    unitary = mixing_matrix(mixings)
    phase = splitting * length_m / (2 * energy_MeV * 1e6 * HBAR_C_EV_M)
    return np.abs((unitary.conj() * np.exp(-1j * np.array([0, 0, 0, phase]))) @ unitary.T) ** 2


probabilities_of = eqx.filter_jit(lambda flux, energy_MeV: flux.probabilities(energy_MeV))


@pytest.mark.parametrize("splitting", [0.01, 1.0, 40.0])
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_probabilities_are_squared_amplitudes(splitting, spread):
    energies = np.array([5.0, LINE, 52.0])
    flux = wrapped(splitting, spread)
    found = np.asarray(probabilities_of(flux, jnp.asarray(energies)))
    assert found.shape == (3, 3, 3)
    abscissae, weights = np.polynomial.hermite_e.hermegauss(120)
    for index, energy in enumerate(energies):
        # the average over Gaussian paths
        expected = sum(
            weight * amplitude_squared(MIXINGS, splitting, LENGTH + spread * abscissa, energy)
            for abscissa, weight in zip(abscissae, weights / weights.sum(), strict=True)
        )
        np.testing.assert_allclose(found[:, :, index], expected[:3, :3], rtol=1e-10, atol=1e-13)
        # to active flavours: what is not sterile
        np.testing.assert_allclose(found[:, :, index].sum(axis=1), 1 - expected[:3, 3], rtol=1e-12)
        active = 1 - 4 * np.array(list(MIXINGS.values())) * (1 - sum(MIXINGS.values())) * float(
            flux.mean_sin2(jnp.asarray(energy))
        )
        np.testing.assert_allclose(found[:, :, index].sum(axis=1), active, rtol=1e-14)


def test_phase():
    """1.267 of many papers is 1.26693 rounded: 5e-5 of the phase."""
    assert pytest.approx(1.0 / (4 * 1e6 * HBAR_C_EV_M), rel=1e-14) == OSCILLATION_PHASE_PER_EV2_M
    assert pytest.approx(1.267, rel=6e-5) == OSCILLATION_PHASE_PER_EV2_M
    np.testing.assert_allclose(
        wrapped(2.0).phase(jnp.array([30.0])), 2.0 * OSCILLATION_PHASE_PER_EV2_M * LENGTH / 30.0, rtol=1e-14
    )


def test_components():
    flux = wrapped()
    assert flux.components == (
        "nu_mu_to_nu_e",
        "nu_mu_to_nu_mu",
        "nu_mu_to_nu_tau",
        "nu_e_to_nu_e",
        "nu_e_to_nu_mu",
        "nu_e_to_nu_tau",
        "nu_mu_bar_to_nu_e_bar",
        "nu_mu_bar_to_nu_mu_bar",
        "nu_mu_bar_to_nu_tau_bar",
    )
    assert flux.origins == 3 * ("nu_mu",) + 3 * ("nu_e",) + 3 * ("nu_mu_bar",)
    assert flux.flavour_indices == (0, 1, 2, 0, 1, 2, 0, 1, 2)
    assert [FLAVOURS[i] for i in flux.flavour_indices] == [
        name.split("_to_")[1].removesuffix("_bar") for name in flux.components
    ]
    assert flux.antineutrinos == 6 * (False,) + 3 * (True,)
    np.testing.assert_array_equal(flux.fluence_per_cm2, np.repeat(source().fluence_per_cm2, 3))
    np.testing.assert_array_equal(flux.break_points_MeV, source().break_points_MeV)


LOWER = np.array([0.02, 1.0, 5.0, 12.0, 29.0, 31.0, 45.0, 52.0])


def oscillating_part(density, power, lower, splitting, spread):
    """Integral of f(E) E^p exp(-2 s^2) cos(2 phi), by QUADPACK's rule for oscillating integrands in 1/E."""
    slope = splitting * LENGTH / (4 * 1e6 * HBAR_C_EV_M)

    def smooth(u):
        return density(1 / u) * u ** (-2.0 - power) * np.exp(-2 * (slope * spread / LENGTH * u) ** 2)

    edges = np.geomspace(1 / END, 1 / lower, 20)
    return sum(
        quad(smooth, a, b, weight="cos", wvar=2 * slope, epsabs=1e-17, epsrel=1e-12, limit=400)[0]
        for a, b in itertools.pairwise(edges)
    )


def expected_moments(lower, splitting, spread, mixings=MIXINGS):
    """Shape [initial component, final flavour, power]."""
    squares, result = np.array(list(mixings.values())), np.zeros((3, 3, 3))
    slope = splitting * LENGTH / (4 * 1e6 * HBAR_C_EV_M)
    for component, (initial, density) in enumerate(((1, None), (0, nu_e), (1, nu_mu_bar))):
        for index, power in enumerate(POWERS):
            if density is None:
                damping = np.exp(-2 * (slope * spread / LENGTH / LINE) ** 2)
                whole = LINE**power if lower < LINE else 0.0
                oscillating = whole * damping * np.cos(2 * slope / LINE)
            else:
                whole = quad(lambda e, p=power, f=density: f(e) * e**p, lower, END, epsabs=0, epsrel=1e-13)[0]
                oscillating = oscillating_part(density, power, lower, splitting, spread)
            lost = 4 * squares[initial] * 0.5 * (whole - oscillating)
            for final in range(3):
                result[component, final, index] = (final == initial) * (whole - lost) + squares[final] * lost
    return result


@pytest.mark.parametrize("splitting", [1e-3, 0.2, 1.0, 7.0, 50.0])
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_moments_against_quadrature(splitting, spread):
    """1e-10 of the moment from zero, as long as the nodes resolve the phase at the lower limit."""
    flux = wrapped(splitting, spread)
    resolved = np.asarray(flux.phase(jnp.asarray(LOWER)))[0] < 270.0
    assert resolved.sum() >= 6
    found = moments_of(flux, LOWER).reshape(3, 3, 3, -1)[..., resolved]
    scale = moments_of(source(), np.zeros(1))[:, None, :, 0]
    for index, lower in enumerate(LOWER[resolved]):
        error = np.abs(found[..., index] - expected_moments(lower, splitting, spread))
        error[0] *= 1e-1  # of the line: its energy is written above to ten digits, and the phase with it
        assert np.max(error / scale) < 1e-10, lower


def test_other_mixings():
    for mixings in ({"tau_mixing2": 0.3}, {"electron_mixing2": 0.5, "muon_mixing2": 0.5}, {"muon_mixing2": 1.0}):
        full = {name: mixings.get(name, 0.0) for name in MIXINGS}
        found = moments_of(wrapped(1.3, 0.1, full), [8.0]).reshape(3, 3, 3)
        np.testing.assert_allclose(found, expected_moments(8.0, 1.3, 0.1, full), rtol=1e-8, atol=1e-13)


def survival_averages(splitting):
    """Averages of <sin^2 phi> over the two spectra from zero energy, to thirty digits.

    In u = 1/x they are integrals of u^-n cos(slope u) from 1 up: real parts of exponential integrals E_n.
    """
    with mp.workdps(30):
        slope = 2 * mp.mpf(splitting) * mp.mpf(LENGTH) / (4 * mp.mpf("0.1973269804")) / (mp.mpf("105.6583755") / 2)
        fourth, fifth = (mp.re(mp.expint(n, mp.mpc(0, -slope))) for n in (4, 5))
        return [float((1 - cosine) / 2) for cosine in (12 * fourth - 12 * fifth, 6 * fourth - 4 * fifth)]


def test_average_from_zero_energy():
    """The phase grows without end towards zero energy; what is not resolved there is switched off smoothly."""
    mixing2 = 0.3
    for splitting in (0.3, 1.0, 8.0):
        mixings = dict(zip(MIXINGS, (mixing2, mixing2, 0.0), strict=True))
        moments = moments_of(wrapped(splitting, mixings=mixings), np.zeros(1))
        found = (1 - moments[[3, 7], 0, 0]) / (4 * mixing2 * (1 - mixing2))
        np.testing.assert_allclose(found, survival_averages(splitting), rtol=0, atol=1e-11)


@pytest.mark.parametrize("splitting", [80.0, 120.0, 250.0])
def test_unresolved_phases_average_out(splitting):
    """Beyond what the nodes resolve the error is that of the boundary: 1/(2 phi) of density times energy."""
    lower = jnp.array([5.0, 8.0, 20.0, 31.0])
    coarse, fine = wrapped(splitting), wrapped(splitting, nodes=1024)
    phase, density = np.asarray(coarse.phase(lower))[0], np.asarray(density_of(source(), lower))
    assert 270.0 < phase.max() < 1230.0
    error = np.abs(moments_of(coarse, lower) - moments_of(fine, lower)).reshape(3, 3, 3, -1)
    assert error.max() > 1e-9
    for index, power in enumerate(POWERS):
        bound = density * np.asarray(lower) ** (power + 1) / (2 * phase)
        assert np.all(error[:, :, index] <= bound[:, None] + 1e-12)


def test_zero_mixing_is_the_source():
    lower = np.linspace(0.0, 60.0, 31)
    flux = wrapped(3.0, 0.2, dict.fromkeys(MIXINGS, 0.0))
    found = moments_of(flux, lower).reshape(3, 3, 3, -1)
    moments = moments_of(source(), lower)
    for component, initial in enumerate(source().flavour_indices):
        for final in range(3):
            np.testing.assert_array_equal(found[component, final], (final == initial) * moments[component])


def test_zero_splitting_is_the_source():
    lower = np.linspace(0.0, 60.0, 31)
    found = moments_of(wrapped(0.0, 0.2), lower).reshape(3, 3, 3, -1)
    np.testing.assert_allclose(found.sum(axis=1), moments_of(source(), lower), rtol=0, atol=4e-16)


@pytest.mark.parametrize(("splitting", "spread"), [(100.0, 2.0), (1e7, 0.0)])
def test_average_of_many_oscillations(splitting, spread):
    """cos(2 phi) averages out: in the damped case on the line as well."""
    lower = np.array([0.0, 5.0, 20.0, 45.0])
    found = moments_of(wrapped(splitting, spread), lower).reshape(3, 3, 3, -1)
    squares = np.array(list(MIXINGS.values()))
    averages = np.eye(3) - 2 * squares[:, None] * (np.eye(3) - squares[None, :])
    moments = moments_of(source(), lower)
    for component, initial in enumerate(source().flavour_indices):
        if component == 0 and not spread:
            continue
        np.testing.assert_allclose(
            found[component], averages[initial][:, None, None] * moments[component][None], rtol=1e-12
        )


def test_active_is_more_than_survival():
    """With one mixing they are the same; with two, what a loses b has in part gained."""
    lower = [10.0]
    produced = float(moments_of(source(), lower)[1, 0, 0])

    def electron(**mixings):
        parts = moments_of(SterileOscillation(source(), 1.0, **mixings), lower)[3:6, 0, 0]
        return parts[0], parts.sum(), parts[2]

    survival, active, _ = electron(electron_mixing2=0.1)
    assert survival == active
    survival, active, tau = electron(electron_mixing2=0.1, muon_mixing2=0.2)
    assert tau == 0.0
    lost = 1 - electron(electron_mixing2=0.1)[0] / produced
    assert active - survival == pytest.approx(lost * 0.2 / 0.9 * produced, rel=1e-12)
    # nothing sterile: nothing is lost
    _, active, _ = electron(electron_mixing2=0.5, muon_mixing2=0.5)
    assert active == pytest.approx(produced, rel=1e-14)


def test_nothing_beyond_the_end_point():
    np.testing.assert_array_equal(moments_of(wrapped(), [END, END + 1e-9, 60.0, 1e3]), 0.0)


lines_of = eqx.filter_jit(lambda flux: flux.lines)


def test_density_and_lines_are_those_of_the_moments():
    flux = wrapped(2.0, 0.1)
    energy, fraction = lines_of(flux)
    total = np.asarray(fraction)[:, 0]
    total = (
        total + quad_vec(lambda e: np.asarray(density_of(flux, jnp.asarray(e))), 1.0, END, epsabs=1e-10, limit=400)[0]
    )
    assert energy.shape == (1,)
    np.testing.assert_allclose(moments_of(flux, [1.0])[:, 0, 0], total, rtol=1e-8, atol=1e-12)


LEAVES = (
    "mass_splitting_eV2",
    "source.baseline_m",
    *MIXINGS,
    "path_spread_m",
    "source.muon_mass_MeV",
    "source.pion_mass_MeV",
)
POINTS = {
    "ordinary": {},
    "no mixing": dict.fromkeys(MIXINGS, 0.0),
    "no splitting": {"mass_splitting_eV2": 0.0},
    "no splitting, no mixing": {"mass_splitting_eV2": 0.0, **dict.fromkeys(MIXINGS, 0.0)},
    "no spread": {"path_spread_m": 0.0},
    "nothing sterile": {"electron_mixing2": 0.5, "muon_mixing2": 0.5, "tau_mixing2": 0.0},
    "many oscillations": {"mass_splitting_eV2": 60.0},
}


def at_point(name):
    flux = wrapped(1.1, 0.3)
    moved = POINTS[name]
    return set_paths(flux, list(moved), [jnp.asarray(value, dtype=float) for value in moved.values()])


jacobian_in_leaves = eqx.filter_jit(
    jax.jacfwd(lambda values, flux, lower_MeV: set_paths(flux, LEAVES, values).moments(lower_MeV))
)


@pytest.mark.parametrize("name", POINTS)
def test_gradients_against_differences(name):
    flux = at_point(name)
    values = [get_path(flux, path) for path in LEAVES]
    lower = np.array([0.0, 4.0, 11.0, 28.0, 31.0, 50.0, 52.7])
    gradients = jacobian_in_leaves(values, flux, jnp.asarray(lower))

    def moments(values):
        return moments_of(set_paths(flux, LEAVES, values), lower)

    for index, path in enumerate(LEAVES):
        step = 1e-3 if path.endswith("mass_MeV") else 2e-4 * max(abs(float(values[index])), 0.1)
        far_below, below, above, far_above = (
            moments([value + multiple * step if i == index else value for i, value in enumerate(values)])
            for multiple in (-2, -1, 1, 2)
        )
        difference = (8 * (above - below) - (far_above - far_below)) / (12 * step)
        scale = np.abs(difference).max() + 1e-3
        np.testing.assert_allclose(gradients[index], difference, rtol=1e-6, atol=2e-7 * scale, err_msg=path)


def test_gradient_in_the_lower_limit_is_minus_the_integrand():
    flux = wrapped(3.0, 0.2)
    lower = jnp.array([0.5, 5.0, 20.0, 31.0, 45.0, 52.0])
    derivative = np.asarray(jax.jit(jax.vmap(jax.jacrev(lambda y: flux.moments(y))))(lower))  # [node, component, power]
    density = np.asarray(density_of(flux, lower))
    for index, power in enumerate(POWERS):
        np.testing.assert_allclose(
            -derivative[:, :, index].T, density * np.asarray(lower) ** power, rtol=1e-8, atol=1e-13
        )


def test_finite_at_the_edges(precision):
    """Derivatives in every leaf and in the lower limit, forward and reverse."""
    lower = jnp.array([0.0, 1e-6, 1e-3, LINE, 52.8, END, END * (1 + 1e-7), 60.0], dtype=float)
    fluxes = [jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=float), at_point(name)) for name in POINTS]

    def moments(flux, lower):
        return flux.moments(lower)

    @jax.jit
    def evaluate(flux):
        ones = jax.tree.map(jnp.ones_like, (flux, lower))
        value, forward = jax.jvp(moments, (flux, lower), ones)
        return value, forward, jax.vjp(moments, flux, lower)[1](jnp.ones_like(value))

    for flux in fluxes:
        found = evaluate(flux)
        assert found[0].dtype == np.dtype(precision)
        for leaf in jax.tree.leaves(found):
            assert np.all(np.isfinite(leaf))


@pytest.mark.parametrize("splitting", [0.01, 1.0, 7.0])
def test_float32_is_float64(splitting):
    lower = np.array([0.0, 0.1, 5.0, 20.0, 31.0, 45.0, 52.0], dtype=np.float32)
    leaves = {"splitting": float(np.float32(splitting)), "spread": 0.25}
    with jax.enable_x64(False):
        single = moments_of(wrapped(**leaves), lower)
    assert single.dtype == np.float32
    double = moments_of(wrapped(**leaves), lower.astype(float))
    scale = moments_of(source(), np.zeros(1))[:, :, 0].repeat(3, axis=0)[:, :, None]
    assert np.max(np.abs(single.astype(float) - double) / scale) < 5e-6


@pytest.mark.parametrize("number", [1, 2])
def test_batches(precision, number):
    """Of one as well, which XLA once compiled to moments of a wrong power."""
    lower = jnp.array([0.0, 5.0, 31.0, 45.0], dtype=float)
    splittings = jnp.array([1.0, 0.3][:number], dtype=float)
    batch = jax.jit(jax.vmap(lambda splitting: wrapped(splitting).moments(lower)))(splittings)
    for splitting, found in zip(splittings, batch, strict=True):
        expected = moments_of(wrapped(splitting), lower)
        tolerance = {"float64": 1e-13, "float32": 3e-6}[precision]
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"electron_mixing2": -0.1}, "electron_mixing2 must be zero or positive"),
        ({"muon_mixing2": -1e-9}, "muon_mixing2 must be zero or positive"),
        ({"tau_mixing2": np.nan}, "tau_mixing2 must be zero or positive"),
        ({"electron_mixing2": 0.6, "tau_mixing2": 0.5}, "must add up to at most 1, got 0.6, 0, 0.5"),
        ({"mass_splitting_eV2": -1.0}, r"mass_splitting_eV2 must be zero or positive and in eV\^2"),
        ({"path_spread_m": -0.1}, "path_spread_m must be zero or positive and in m"),
        ({"moment_nodes": 20}, "moment_nodes must be at least 64, got 20"),
    ],
)
def test_messages_name_the_argument(arguments, message):
    with pytest.raises(CevnsjaxError, match=message):
        SterileOscillation(**{"source": source(), "mass_splitting_eV2": 1.0, **arguments})


def test_oscillation_of_an_oscillation():
    with pytest.raises(CevnsjaxError, match="source must be a flux as produced"):
        SterileOscillation(wrapped(), 1.0)


@pytest.fixture(scope="module")
def csi():
    """On the same nodes as with oscillation: without what nuisance parameters may make of the detector."""
    return dataclasses.replace(coherent_csi_2021(), nuisances=())


def oscillated(csi, **mixings):
    sns = csi.sources["sns"]
    source = Source(SterileOscillation(sns.flux, 1.0, **mixings), sns.arrival)
    return dataclasses.replace(csi, sources={"sns": source})


def test_experiment(csi):
    plain = np.asarray(csi.signal())
    split = np.asarray(oscillated(csi).signal())
    assert split.shape == (9, *plain.shape[1:])
    np.testing.assert_allclose(split[[1, 3, 7]], plain, rtol=1e-12)
    np.testing.assert_array_equal(split[[0, 2, 4, 5, 6, 8]], 0.0)
    mixed = np.asarray(oscillated(csi, electron_mixing2=0.1, muon_mixing2=0.1).signal())
    # what is active is between 1 - 4 |U_a4|^2 |U_s4|^2 and one, up to the charge radii
    active = mixed.reshape(3, 3, *plain.shape[1:]).sum(axis=(1, 2, 3)) / plain.sum(axis=(1, 2))
    assert np.all((active > 1 - 4 * 0.1 * 0.8) & (active < 0.99))


def test_arrival_by_origin(csi):
    @eqx.filter_jit
    def all_fractions(csi, oscillated):
        arrival = csi.sources["sns"].arrival
        return csi.window.fractions(arrival.cumulative), *(e.time_fractions("sns") for e in (csi, oscillated))

    fractions, plain, split = map(np.asarray, all_fractions(csi, oscillated(csi)))
    np.testing.assert_array_equal(plain, fractions)
    np.testing.assert_array_equal(split, fractions.repeat(3, axis=0))


def test_arrival_in_another_order(csi):
    class Reversed(PionDecayArrival):
        components: tuple[str, ...] = eqx.field(static=True, default=("nu_mu_bar", "nu_e", "nu_mu"), init=False)

        def cumulative(self, time_us, rate_per_us):
            return super().cumulative(time_us, rate_per_us)[::-1]

    sns = csi.sources["sns"]
    turned = csi.with_sources({"sns": Source(sns.flux, Reversed(sns.arrival.pulse))})
    np.testing.assert_allclose(turned.signal(), csi.signal(), rtol=1e-13)


@pytest.mark.slow
def test_frozen_experiment(csi):
    mixed = oscillated(csi, electron_mixing2=0.1, muon_mixing2=0.1)
    free = {"electron_mixing2": 0.2, "mass_splitting_eV2": 2.0, "source.neutrinos_per_proton": 0.09}
    free = {f"sources.sns.flux.{name}": value for name, value in free.items()}
    frozen = freeze(mixed, free)
    assert frozen.frozen.nodes == {}
    assert set(frozen.frozen.kernels) == {("cevns", "sns")}
    assert set(frozen.frozen.time_fractions) == {"sns"}
    moved = [jnp.array(value) for value in free.values()]
    for left, right in ((frozen, mixed), (set_paths(frozen, list(free), moved), set_paths(mixed, list(free), moved))):
        np.testing.assert_allclose(left.expected(), right.expected(), rtol=1e-12)
