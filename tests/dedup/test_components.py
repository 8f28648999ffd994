import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.components import connected_components


def union_find(n, edges):
    """The smallest row of each component, with path halving, in plain Python."""
    parent = list(range(n))

    def find(row):
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for a, b in edges:
        low, high = sorted((find(a), find(b)))
        parent[high] = low
    return [find(row) for row in range(n)]


def components(n, edges):
    return connected_components(n, np.array(edges, np.int64).reshape(-1, 2)).tolist()


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 40))
    row = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(row, row), max_size=60))


@given(graphs())
def test_random_graphs_agree_with_union_find(graph):
    n, edges = graph
    assert components(n, edges) == union_find(n, edges)


SHAPES = {
    "star": [(2999, i) for i in range(2999)],
    "chain": [(i, i + 1) for i in range(2999)],
    "two chains": [(i, i + 2) for i in range(2998)],
    "clique": [(i, j) for i in range(100, 160) for j in range(i)],
    "loops and repetitions": [(7, 7), (5, 9), (9, 5)] * 300,
}


@pytest.mark.parametrize("edges", SHAPES.values(), ids=SHAPES)
def test_shapes_in_any_order_agree_with_union_find(edges):
    shuffled = random.Random(5).sample(edges, len(edges))
    assert components(3000, shuffled) == union_find(3000, edges)


def test_rows_without_edges_are_alone():
    assert components(3, []) == [0, 1, 2]
    assert components(0, []) == []


@pytest.mark.parametrize("edge", [(0, 3), (-1, 0)])
def test_unknown_rows_are_refused(edge):
    with pytest.raises(ValueError, match="3 rows"):
        components(3, [edge])
