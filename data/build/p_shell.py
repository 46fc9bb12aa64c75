"""An exact shell model of the p shell: levels and reduced matrix elements of sigma and l from the ground state.

The three interactions are those of E. K. Warburton and B. A. Brown, Phys. Rev. C 46, 923 (1992), table X, as
github.com/noctildon/pyBigstick prints them.
"""

import itertools
import math

import numpy as np

# MeV: energies of p1/2 (called 1) and p3/2 (called 2), then <ab|V|cd> coupled to J and T
TABLE = """
abcdJT     P10T     PWBP     pkuo
1         0.492    0.175    4.449
2         1.765    1.548    1.128
111110  -4.0737  -3.4527  -2.5324
111101  -1.2272  -1.1517  -0.0732
112110   2.0672   1.6993   2.3142
112210   2.0253   0.9227   1.7527
112201  -3.5947  -3.7027  -3.9597
212110  -5.7338  -6.9448  -7.2455
212120  -4.2552  -3.9910  -6.5117
212111   1.8179   1.8591   0.6427
212121  -0.7945  -0.7463  -1.0768
212210   4.4112   2.5273   5.0619
212221  -1.4731  -1.7178  -1.8867
222210  -2.1741  -3.8569  -2.4064
222230  -6.4913  -6.0649  -5.6863
222201  -4.0807  -3.9072  -3.3881
222221  -1.0405  -0.7619  -0.8292
"""
SPIN = {1: 0.5, 2: 1.5}
# orbit, m and isospin projection (1/2 for protons) of the single-particle states
STATES = [(orbit, m - SPIN[orbit], t) for t in (0.5, -0.5) for orbit in (1, 2) for m in range(2 * orbit)]
PROTONS = 0b111111


def clebsch_gordan(a, ma, b, mb, c, mc):
    """<a ma b mb|c mc> by Racah's sum."""
    if ma + mb != mc or not abs(a - b) <= c <= a + b or abs(ma) > a or abs(mb) > b or abs(mc) > c:
        return 0.0
    f = [math.factorial(n) for n in range(20)]
    root = (2 * c + 1) * f[int(c + a - b)] * f[int(c - a + b)] * f[int(a + b - c)] / f[int(a + b + c + 1)]
    for j, m in ((a, ma), (b, mb), (c, mc)):
        root *= f[int(j + m)] * f[int(j - m)]
    total = 0.0
    for k in range(int(a + b - c) + 1):
        terms = [int(x) for x in (k, a + b - c - k, a - ma - k, b + mb - k, c - b + ma + k, c - a - mb + k)]
        if min(terms) >= 0:
            total += (-1) ** k / math.prod(f[n] for n in terms)
    return math.sqrt(root) * total


def read_interaction(name):
    """Numbers of an interaction by the first column of the table."""
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    return {row[0]: float(row[head.index(name)]) for row in rows}


def two_body(interaction):
    """<ij|V|kl> of antisymmetric pairs of single-particle states, by the pair kl."""
    coupled = {}
    for name, value in interaction.items():
        if len(name) == 1:
            continue
        a, b, c, d, j, t = map(int, name)
        for p, q, r, s in {(a, b, c, d), (c, d, a, b)}:
            for left, right in itertools.product((False, True), repeat=2):
                sign = (-1) ** (left * int(SPIN[p] + SPIN[q] + j + t) + right * int(SPIN[r] + SPIN[s] + j + t))
                coupled[(q, p) if left else (p, q), (s, r) if right else (r, s), j, t] = sign * value
    elements: dict[tuple[int, int], list] = {}
    pairs = list(itertools.combinations(range(len(STATES)), 2))
    for (i, j), (k, l) in itertools.product(pairs, pairs):
        (a, ma, ta), (b, mb, tb), (c, mc, tc), (d, md, td) = (STATES[n] for n in (i, j, k, l))
        if ma + mb != mc + md or ta + tb != tc + td:
            continue
        value = sum(
            coupled.get(((a, b), (c, d), spin, isospin), 0.0)
            * clebsch_gordan(SPIN[a], ma, SPIN[b], mb, spin, ma + mb)
            * clebsch_gordan(SPIN[c], mc, SPIN[d], md, spin, mc + md)
            * clebsch_gordan(0.5, ta, 0.5, tb, isospin, ta + tb)
            * clebsch_gordan(0.5, tc, 0.5, td, isospin, tc + td)
            for spin in range(4)
            for isospin in (0, 1)
        )
        elements.setdefault((k, l), []).append((i, j, math.sqrt((1 + (a == b)) * (1 + (c == d))) * value))
    return elements


def determinants(protons, neutrons, m):
    """Occupations of the single-particle states, as bits, of a nucleus with an M."""
    return [
        bits
        for bits in range(1 << len(STATES))
        if (bits & PROTONS).bit_count() == protons
        and (bits & ~PROTONS).bit_count() == neutrons
        and sum(STATES[n][1] for n in occupied(bits)) == m
    ]


def occupied(bits):
    return [n for n in range(len(STATES)) if bits >> n & 1]


def act(bits, *indices):
    """Flip the occupation of single-particle states one after the other: the new bits and the sign of the fermions."""
    sign = 1
    for index in indices:
        sign *= (-1) ** (bits & ((1 << index) - 1)).bit_count()
        bits ^= 1 << index
    return bits, sign


def one_body(element, start, end):
    """Matrix of sum <i|O|k> a+_i a_k from determinants to determinants, with <i|O|k> = element(i, k)."""
    where = {bits: row for row, bits in enumerate(end)}
    table = [(i, k, element(STATES[i], STATES[k])) for i, k in itertools.product(range(len(STATES)), repeat=2)]
    matrix = np.zeros((len(end), len(start)))
    for column, bits in enumerate(start):
        for i, k, value in table:
            if value and bits >> k & 1 and (i == k or not bits >> i & 1):
                moved, sign = act(bits, k, i)
                if moved in where:
                    matrix[where[moved], column] += sign * value
    return matrix


def hamiltonian(interaction, basis):
    elements, where = two_body(interaction), {bits: row for row, bits in enumerate(basis)}
    matrix = np.diag([sum(interaction[str(STATES[n][0])] for n in occupied(bits)) for bits in basis])
    for column, bits in enumerate(basis):
        for k, l in itertools.combinations(occupied(bits), 2):
            empty = bits & ~(1 << k | 1 << l)
            for i, j, value in elements.get((k, l), ()):
                if not empty >> i & 1 and not empty >> j & 1:
                    moved, sign = act(bits, k, l, j, i)
                    matrix[where[moved], column] += sign * value
    return matrix


def raise_spin(bra, ket):
    orbit, m, _ = ket
    return math.sqrt((SPIN[orbit] - m) * (SPIN[orbit] + m + 1)) * (bra == (orbit, m + 1, ket[2]))


def raise_isospin(bra, ket):
    return float(bra == (ket[0], ket[1], 0.5) and ket[2] == -0.5)


def vector(kind, component, charge):
    """Element of a component of sigma ("spin") or l of the protons (1/2) or the neutrons (-1/2)."""

    def element(bra, ket):
        (a, m, t), (b, n, u) = bra, ket
        if not t == u == charge or m != n + component:
            return 0.0
        total = 0.0
        for s, r in itertools.product((0.5, -0.5), repeat=2):
            if kind == "spin":
                inner = (m - s == n - r) * math.sqrt(3) * clebsch_gordan(0.5, r, 1, component, 0.5, s)
            else:
                inner = (s == r) * math.sqrt(2) * clebsch_gordan(1, n - r, 1, component, 1, m - s)
            total += inner * clebsch_gordan(1, m - s, 0.5, s, SPIN[a], m) * clebsch_gordan(1, n - r, 0.5, r, SPIN[b], n)
        return total

    return element


def eigenstates(interaction, protons, neutrons, m):
    """Determinants, energies, vectors, J and T of all states with an M."""
    basis = determinants(protons, neutrons, m)
    energy_matrix = hamiltonian(interaction, basis)
    spin_up = one_body(raise_spin, basis, determinants(protons, neutrons, m + 1))
    isospin_up = one_body(raise_isospin, basis, determinants(protons + 1, neutrons - 1, m))
    squares = []
    for up, projection in ((spin_up, m), (isospin_up, (protons - neutrons) / 2)):
        square = up.T @ up + projection * (projection + 1) * np.eye(len(basis))
        assert np.allclose(square @ energy_matrix, energy_matrix @ square, atol=1e-9), "J and T are conserved"
        squares.append(square)
    _, vectors = np.linalg.eigh(energy_matrix + 1e-6 * squares[0] + 3e-6 * squares[1])  # parts degenerate levels
    energies, *values = (np.einsum("ai,ab,bi->i", vectors, each, vectors) for each in (energy_matrix, *squares))
    return basis, energies, vectors, *(np.round(np.sqrt(4 * value + 1) - 1) / 2 for value in values)


def levels(name, protons, neutrons, ground_state_spin):
    """Rows (E_x, J_f, T_f, S_p, S_n, L_p, L_n) of all states that one-body vectors reach from the lowest of a spin.

    protons, neutrons: in the p shell. Elements are Edmonds-reduced in J; the sign of a row is arbitrary.
    """
    interaction = read_interaction(name)
    start, energies, vectors, spins, _ = eigenstates(interaction, protons, neutrons, ground_state_spin)
    ground = int(np.flatnonzero(spins == ground_state_spin)[0])
    rows = []
    for m in sorted({abs(ground_state_spin - 1), ground_state_spin}):
        end, final_energies, final_vectors, final_spins, isospins = eigenstates(interaction, protons, neutrons, m)
        q = m - ground_state_spin
        reach = [one_body(vector(kind, q, t), start, end) for kind in ("spin", "orbital") for t in (0.5, -0.5)]
        for state in np.flatnonzero(np.minimum(final_spins, ground_state_spin) == m):
            final = final_spins[state]
            if not abs(ground_state_spin - 1) <= final <= ground_state_spin + 1:
                continue
            geometry = clebsch_gordan(ground_state_spin, ground_state_spin, 1, q, final, m) / math.sqrt(2 * final + 1)
            elements = [final_vectors[:, state] @ matrix @ vectors[:, ground] / geometry for matrix in reach]
            rows.append((final_energies[state] - energies[ground], final, isospins[state], *elements))
    return sorted(rows)
