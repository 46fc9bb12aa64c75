"""Write the tables of data/prospect_hfir from a copy of the supplement to PROSPECT's U235 spectrum.

Usage: python data/build/prospect_hfir.py RELEASE_DIR [--out DIR]
"""

import gzip

import numpy as np
from writing import release_and_out, write_table

MADE_BY = "data/build/prospect_hfir.py"
RELEASE = (
    "supplementary files of PROSPECT's measurement of the U235 spectrum at HFIR (M. Andriamirado et al., Phys. Rev. D "
    "103, 032001 (2021), recalled), as in github.com/Harvard-Neutrino/DayaBaySterileDecoherence"
)
BINS, WIDTH_MEV = 32, 0.2
FINE_BINS, FINE_WIDTH_MEV = 200, 0.05
FIRST_TRUE, FIRST_PROMPT = 35, 16  # 1.75 and 0.8 MeV


def numbers(path):
    open_text = gzip.open if path.suffix == ".gz" else open
    with open_text(path, "rt") as file:
        lines = [line.split("#")[0].strip().rstrip(",") for line in file]
    return np.array([[float(field) for field in line.split(",")] for line in lines if line])


def write_spectrum(release, out):
    data, predicted = numbers(release / "2.1_SpectrumData.txt"), numbers(release / "2.3_HFIRSpectrumPrediction.txt")
    assert data.shape == (BINS, 5)
    assert predicted.shape == (BINS, 6)
    centres = 0.9 + WIDTH_MEV * np.arange(BINS)
    for table in (data, predicted):
        assert np.allclose(table[:, 0], centres, rtol=0, atol=1e-9)
    parts = predicted[:, 2:]
    assert np.allclose(parts.sum(axis=1), predicted[:, 1], rtol=0, atol=2e-3), "the components add up"
    header = {
        "title": "Inverse beta decays of antineutrinos from HFIR in bins of prompt energy, measured and predicted",
        "source": f"{RELEASE}, 2.1_SpectrumData.txt and 2.3_HFIRSpectrumPrediction.txt, low bin edges in the place of "
        "centres",
        "bins": f"{BINS} bins of {WIDTH_MEV} MeV from 0.8 to 7.2 MeV",
        "exposure": "6991 MW-days",
        "prediction": "u235 (Huber), al28 and he6 (activation), non_equilibrium; their sum is the prediction",
    }
    columns = ["energy_low_MeV", "observed", "background", "u235", "al28", "he6", "non_equilibrium"]
    rows = np.column_stack([np.round(centres - 0.5 * WIDTH_MEV, 3), data[:, 1], data[:, 3], parts])
    write_table(out / "spectrum.csv", header, columns, rows.tolist(), MADE_BY)


def write_covariance(release, out):
    covariance = numbers(release / "2.4_CovarianceMatrix.txt")
    assert covariance.shape == (BINS, BINS)
    assert np.array_equal(covariance, covariance.T)
    header = {
        "title": "Covariance of PROSPECT's measured spectrum, statistics and all systematic errors",
        "source": f"{RELEASE}, 2.4_CovarianceMatrix.txt",
        "rows_and_columns": "bins of spectrum.csv; the upper triangle, the matrix is symmetric",
    }
    rows = [(float(i), float(j), covariance[i, j]) for i in range(BINS) for j in range(i, BINS)]
    write_table(out / "covariance.csv", header, ["row", "column", "covariance"], rows, MADE_BY)


def write_response(release, out):
    response = numbers(release / "2.2_ResponseMatrix.txt.gz")
    assert response.shape == (FINE_BINS, FINE_BINS)
    assert abs(response.sum() - 1.0) < 1e-6
    assert not np.any(response[:FIRST_TRUE]), "nothing below the threshold of inverse beta decay"
    fine = int(WIDTH_MEV / FINE_WIDTH_MEV + 0.5)
    prompt = response[FIRST_TRUE:, FIRST_PROMPT : FIRST_PROMPT + fine * BINS].reshape(-1, BINS, fine).sum(axis=2)
    header = {
        "title": "Response of PROSPECT: share of prompt energies for each antineutrino energy",
        "source": f"{RELEASE}, 2.2_ResponseMatrix.txt, prompt bins summed to those of spectrum.csv",
        "rows_are": f"antineutrino energies in bins of {FINE_WIDTH_MEV} MeV from 1.75 to 10 MeV",
        "columns_are": "the 32 prompt bins of spectrum.csv, in their order",
        "normalisation": "per interaction in the bin of the antineutrino energy, up to one factor, in units of 1e-6",
    }
    low = np.round(FINE_WIDTH_MEV * np.arange(FIRST_TRUE, FINE_BINS), 3)
    columns = ["energy_low_MeV", *(f"prompt_{i}" for i in range(BINS))]
    rows = [(energy, *row) for energy, row in zip(low, 1e6 * prompt, strict=True)]
    write_table(out / "response.csv", header, columns, rows, MADE_BY, digits=7)


def main():
    release, out = release_and_out(__doc__, "prospect_hfir")
    write_spectrum(release, out)
    write_covariance(release, out)
    write_response(release, out)


if __name__ == "__main__":
    main()
