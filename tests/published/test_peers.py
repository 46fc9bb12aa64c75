"""Every point of the table of public codes, not only those that ``cevnsjax validate`` prints."""

import numpy as np
import pytest

from cevnsjax.validation import PUBLISHED
from cevnsjax.validation.peers import peer_cross_sections_cm2_per_keV, peer_table

TABLE = peer_table()
GROUPS = sorted(set(zip(TABLE["code"].tolist(), TABLE["interaction"].tolist(), TABLE["nucleus"].tolist(), strict=True)))


@pytest.mark.parametrize("group", GROUPS, ids="-".join)
def test_every_point(group):
    code, interaction, nucleus = group
    chosen = (TABLE["code"] == code) & (TABLE["interaction"] == interaction) & (TABLE["nucleus"] == nucleus)
    rows = np.flatnonzero(chosen)
    published, rounding = TABLE["cross_section_cm2_per_keV"][rows], TABLE["relative_rounding"][rows]
    assert np.all(np.abs(peer_cross_sections_cm2_per_keV(rows) / published - 1.0) <= rounding)


def test_every_nucleus_of_every_code_is_in_the_table_of_published_numbers():
    assert len([entry for entry in PUBLISHED if entry.id.startswith("peer-")]) == len(GROUPS)
    assert len(TABLE["code"]) == 755
