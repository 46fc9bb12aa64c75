"""Fit the photons that protons make in targets, and write data/dark_matter/photons_sns.csv and photons_lujan.csv.

The argument is a folder with `brem_COHERENT.txt` and `brem_CCM.txt`, which github.com/noctildon/lightDM holds as
`Experiments/COHERENT/brem.txt` and `Experiments/CCM/brem.txt`: the centres in MeV of a hundred bins from 1 MeV on, and
photons in each from 1e5 simulated protons. What is written is our own fit to them, not the tables.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.stats import chi2
from writing import release_and_out, write_table

MADE_BY = "data/build/beam_photons.py"
PROTONS = 1e5
DEGREE = 5
ORDER = 12
TARGETS = {
    "sns": ("brem_COHERENT.txt", "mercury target of the SNS"),
    "lujan": ("brem_CCM.txt", "tungsten target of the Lujan centre"),
}


def fit(centres, counts):
    """Fit ln dN/dE as a polynomial of ln E to counts in bins by maximum likelihood; points, errors, deviance, total."""
    width = centres[1] - centres[0]
    edges = np.append(centres - width / 2, centres[-1] + width / 2)
    np.testing.assert_allclose(edges[0], 1.0, atol=2e-5)
    abscissae, weights = np.polynomial.legendre.leggauss(ORDER)
    energies = centres[:, None] + 0.5 * width * abscissae
    low, high = np.log(edges[[0, -1]])
    basis = np.polynomial.chebyshev.chebvander(2 * (np.log(energies) - low) / (high - low) - 1, DEGREE)

    def expected(coefficients):
        density = np.exp(basis @ coefficients) * (0.5 * width * weights)
        return density.sum(axis=1), (density[:, :, None] * basis).sum(axis=1)

    def misfit(coefficients):
        mean, slope = expected(coefficients)
        return (mean - counts * np.log(mean)).sum(), (1 - counts / mean) @ slope

    seen = counts > 0
    start = np.zeros(DEGREE + 1)
    start[:2] = np.polynomial.chebyshev.chebfit(basis[seen, ORDER // 2, 1], np.log(counts[seen] / width), 1)
    best = minimize(misfit, start, jac=True, method="BFGS", options={"gtol": 1e-3, "maxiter": 2000}).x
    mean, slope = expected(best)
    covariance = np.linalg.inv(slope.T @ (slope / mean[:, None]))
    points = -np.cos(np.pi * np.arange(DEGREE + 1) / DEGREE)  # of Chebyshev, with both ends
    at = np.polynomial.chebyshev.chebvander(points, DEGREE)
    errors = np.sqrt(np.einsum("pi,ij,pj->p", at, covariance, at))
    deviance = 2 * (mean - counts + counts * np.log(np.where(seen, counts, 1) / np.where(seen, mean, 1))).sum()
    return np.exp(low + 0.5 * (points + 1) * (high - low)), np.exp(at @ best), errors, deviance, mean.sum()


def main():
    release, out = release_and_out(__doc__, "dark_matter")
    for name, (file, target) in TARGETS.items():
        centres, counts = np.loadtxt(release / file).T
        assert centres.shape == (100,), "100 bins expected"
        energies, densities, errors, deviance, total = fit(centres, counts)
        freedom = counts.size - DEGREE - 1
        assert chi2.sf(deviance, freedom) > 0.01, f"{name}: {deviance:.1f} for {freedom} degrees of freedom"
        np.testing.assert_allclose(total, counts.sum(), rtol=1e-6)
        header = {
            "title": f"Photons per proton in the {target}",
            "source": "our fit to a simulation of 1e5 protons, github.com/noctildon/lightDM (no licence stated; "
            "arXiv:2302.10250), brem.txt of its Experiments",
            "meaning": "points of a polynomial of fifth degree in ln E for ln dN/dE, which ends at the first and last",
            "photons": "called bremsstrahlung there; no peak of neutral pions at 67 MeV is in it",
            "photons_per_proton": f"{counts.sum() / PROTONS:.7g}",
            "fit": f"deviance {deviance:.1f} for {freedom} degrees of freedom, 100 bins of equal width",
            "relative_error": "of the simulated number of photons, one standard deviation",
        }
        rows = list(zip(energies, densities / PROTONS, errors, strict=True))
        columns = ["energy_MeV", "photons_per_proton_per_MeV", "relative_error"]
        write_table(out / f"photons_{name}.csv", header, columns, rows, MADE_BY, digits=7)


if __name__ == "__main__":
    main()
