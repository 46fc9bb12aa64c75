"""Flavour conversion in a supernova against the formulas of Dighe and Smirnov, exact limits, and snewpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    DiffuseSupernovae,
    PinchedSpectrum,
    Source,
    SupernovaBurst,
    SupernovaConversion,
    TabulatedFlux,
)

BURST = SupernovaBurst(
    PinchedSpectrum(12.0, 2.5, 5.0), PinchedSpectrum(15.0, 3.7, 4.0), PinchedSpectrum(16.0, 1.8, 6.0), distance_kpc=10.0
)
DEGREE = np.pi / 180.0


def arriving(flux, energy_MeV):
    """Fluence of each final flavour, cm^-2 MeV^-1, and of antineutrinos."""
    spectra = np.asarray(flux.fluence_per_cm2)[:, None] * np.asarray(flux.density(jnp.asarray(energy_MeV)))
    total = {}
    for name, spectrum in zip(flux.components, spectra, strict=True):
        final = name.split("_to_")[-1]
        total[final] = total.get(final, 0.0) + spectrum
    return total


# AdiabaticMSW of snewpy 1.6 with the angles of NuFIT 5.0 that it then had: prob_ee and prob_eebar, run for this test
SNEWPY = {
    "normal": ((33.44, 8.57), 0.02220624848915, 0.68086622878136),
    "inverted": ((33.45, 8.60), 0.29703752184248, 0.02236081893883),
}


@pytest.mark.parametrize("ordering", SNEWPY)
def test_electron_neutrinos_as_dighe_and_smirnov_and_snewpy_have_them(ordering):
    (theta12, theta13), survival, survival_bar = SNEWPY[ordering]
    squares = [np.sin(angle * DEGREE) ** 2 for angle in (theta12, theta13)]
    flux = SupernovaConversion(BURST, ordering, *squares)
    energies = np.array([3.0, 12.0, 40.0])
    before, after = arriving(BURST, energies), arriving(flux, energies)
    for end, p in (("", survival), ("_bar", survival_bar)):
        electron, other = before[f"nu_e{end}"], before[f"nu_mu{end}"]
        np.testing.assert_allclose(after[f"nu_e{end}"], p * electron + (1 - p) * other, rtol=1e-11)
        both = after[f"nu_mu{end}"] + after[f"nu_tau{end}"]
        np.testing.assert_allclose(both, (1 - p) * electron + (1 + p) * other, rtol=1e-11)


def test_limits():
    """Without any mixing: nu_e become nu_tau in normal ordering, antineutrinos stay; and nothing gets lost."""
    energies = np.array([3.0, 12.0, 40.0])
    before = arriving(BURST, energies)
    plain = arriving(SupernovaConversion(BURST, "normal", 0.0, 0.0, 0.0), energies)
    np.testing.assert_allclose(plain["nu_tau"], before["nu_e"], rtol=1e-13)
    np.testing.assert_allclose(plain["nu_e"], before["nu_mu"], rtol=1e-13)
    np.testing.assert_allclose(plain["nu_e_bar"], before["nu_e_bar"], rtol=1e-13)
    np.testing.assert_allclose(plain["nu_mu_bar"], before["nu_mu_bar"], rtol=1e-13)
    for ordering in ("normal", "inverted"):
        flux = SupernovaConversion(BURST, ordering)
        np.testing.assert_allclose(flux.probabilities().reshape(6, 3)[:2].sum(axis=1), 1.0, rtol=1e-13)
        np.testing.assert_allclose(sum(arriving(flux, energies).values()), sum(before.values()), rtol=1e-13)
        np.testing.assert_allclose(flux.fluence_per_cm2.sum(), BURST.fluence_per_cm2.sum(), rtol=1e-13)


def test_maximal_mixing_of_muon_and_tau():
    """At theta_23 = 45 degrees and a CP phase of 90 degrees nu_mu and nu_tau arrive alike."""
    flux = SupernovaConversion(BURST, "inverted", theta23_sin2=0.5, cp_phase_rad=np.pi / 2)
    after = arriving(flux, np.array([10.0]))
    np.testing.assert_allclose(after["nu_mu"], after["nu_tau"], rtol=1e-13)
    np.testing.assert_allclose(after["nu_mu_bar"], after["nu_tau_bar"], rtol=1e-13)


def test_gradients_and_arrival(precision):
    """Also where a species has no luminosity, where all of it comes from the others; times are those of the origin."""
    dark = SupernovaBurst(
        PinchedSpectrum(12.0, 2.5, 0.0), PinchedSpectrum(15.0, 3.7, 4.0), PinchedSpectrum(16.0, 1.8, 6.0), 10.0
    )

    def seen(flux):
        weights = jnp.linspace(0.2, 1.0, len(flux.components))
        return (weights * flux.fluence_per_cm2 * flux.moments(jnp.array([4.0]))[:, 0, 0]).sum()

    gradient = jax.jit(jax.grad(seen))(SupernovaConversion(dark, "normal"))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
    if precision == "float64":
        found = check_gradients(SupernovaConversion(BURST, "inverted"), seen)
        assert {"theta12_sin2", "theta13_sin2", "theta23_sin2", "cp_phase_rad"} <= found.keys()
        assert all(value != 0.0 for value in found.values())
        source = Source.steady(SupernovaConversion(BURST, "normal"))
        assert source.arrival.components == BURST.components


def test_tables_and_the_diffuse_background():
    table = TabulatedFlux.from_columns(
        [1.0, 2.0], {"nu_e": np.ones(2), "nu_mu": np.ones(2), "nu_tau": np.ones(2)}, 1.0, histogram=False
    )
    flux = SupernovaConversion(table, "normal")
    np.testing.assert_array_equal(flux.knots_MeV, table.knots_MeV)
    np.testing.assert_allclose(flux.fluence_per_cm2.sum(), 3.0, rtol=1e-12)
    assert len(SupernovaConversion(DiffuseSupernovae(1.0), "normal").components) == 18


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SupernovaConversion(BURST, "norma"), "did you mean 'normal'"),
        (lambda: SupernovaConversion(BURST, "normal", 1.2), "theta12_sin2 must be between 0 and 1"),
        (lambda: SupernovaConversion(SupernovaConversion(BURST, "normal"), "normal"), "changed its flavours already"),
        (
            lambda: SupernovaConversion(TabulatedFlux.from_columns([1.0, 2.0], {"nu_mu": np.ones(2)}, 1.0), "normal"),
            "both of nu_mu and nu_tau",
        ),
    ],
)
def test_messages_name_the_argument(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()
