"""What to build, and what it would see: detectors as variables, the neutrino fog."""
