import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedup.components import (
    choose_representatives,
    connected_components,
    contract,
    distinct_pairs,
)


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


def array(edges):
    return np.array(edges, np.int64).reshape(-1, 2)


def components(n, edges):
    return connected_components(n, array(edges)).tolist()


def star_forest(roots):
    return sorted([root, node] for node, root in enumerate(roots) if root != node)


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 40))
    row = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(row, row), max_size=60))


@given(graphs())
def test_random_graphs_agree_with_union_find(graph):
    n, edges = graph
    assert components(n, edges) == union_find(n, edges)


@given(graphs())
def test_the_contraction_is_the_star_forest_of_union_find(graph):
    n, edges = graph
    assert contract(array(edges)).tolist() == star_forest(union_find(n, edges))


@given(graphs(), st.integers(0, 60))
def test_pieces_are_contracted_one_after_the_other(graph, cut):
    _, edges = graph
    first = contract(array(edges[:cut]))
    assert contract(np.concatenate((first, array(edges[cut:])))).tolist() == contract(array(edges)).tolist()


def shuffled_chain(n):
    nodes = random.Random(7).sample(range(n), n)
    return list(pairwise(nodes))


SHAPES = {
    "star": [(2999, i) for i in range(2999)],
    "chain": [(i, i + 1) for i in range(2999)],
    "chain in random numbers": shuffled_chain(3000),
    "two chains": [(i, i + 2) for i in range(2998)],
    "clique": [(i, j) for i in range(100, 160) for j in range(i)],
    "grid": [(i, i + step) for i in range(2900) for step in (1, 50) if step == 50 or i % 50 != 49],
    "loops and repetitions": [(7, 7), (5, 9), (9, 5)] * 300,
}


@pytest.mark.parametrize("edges", SHAPES.values(), ids=SHAPES)
def test_shapes_in_any_order_agree_with_union_find(edges):
    shuffled = random.Random(5).sample(edges, len(edges))
    expected = union_find(3000, edges)
    assert components(3000, shuffled) == expected
    assert contract(array(shuffled)).tolist() == star_forest(expected)


def test_rows_without_edges_are_alone():
    assert components(3, []) == [0, 1, 2]
    assert components(0, []) == []
    assert contract(array([])).shape == (0, 2)


@pytest.mark.parametrize("edge", [(0, 3), (-1, 0)])
def test_unknown_rows_are_refused(edge):
    with pytest.raises(ValueError, match="3 rows"):
        components(3, [edge])


@given(graphs(), st.sampled_from([1, 20, 2**40, 2**57]), st.integers(-5, 2**40))
def test_numbers_far_apart_are_contracted_alike(graph, stride, low):
    n, edges = graph
    forest = contract(array(edges) * stride + low)
    assert ((forest - low) // stride).tolist() == star_forest(union_find(n, edges))


def test_nodes_of_a_contraction_may_have_any_number():
    far = 2**62
    assert contract(array([(far, 5), (far + 9, far), (3, 4)])).tolist() == [[3, 4], [5, far], [5, far + 9]]


NUMBERS = st.one_of(st.integers(0, 5), st.integers(2**40, 2**40 + 2), st.integers(2**63 - 2, 2**63 - 1))


@given(st.lists(st.tuples(NUMBERS, NUMBERS)))
@example([(0, 0), (2**31, 2**32 - 1), (0, 0)])
@example([(0, 0), (2**31 - 1, 2**32 - 1), (0, 1)])
def test_distinct_pairs_are_those_of_a_set(pairs):
    assert distinct_pairs(array(pairs)).tolist() == sorted(map(list, set(pairs)))


def reversed_bits(number):
    return int(f"{number:064b}"[::-1], 2)


@given(graphs(), st.integers(0, 2**40), st.booleans(), st.integers(1, 9))
def test_a_representative_is_the_first_of_a_node_and_its_neighbours(graph, first, by_bits, piece):
    n, edges = graph
    edges = [(first + a, first + b) for edge in edges for a, b in (edge, edge[::-1]) if a != b]
    pieces = [array(edges[start : start + piece]) for start in range(0, len(edges), piece)]
    representatives, linked = choose_representatives(first, n, pieces, by_bits)
    for node, representative, has_edges in zip(range(first, first + n), representatives, linked, strict=True):
        neighbours = [b for a, b in edges if a == node]
        assert representative == min([node, *neighbours], key=reversed_bits if by_bits else int)
        assert has_edges == bool(neighbours)


@pytest.mark.parametrize("stride", [1, 7, 64, 1000])
@pytest.mark.parametrize("direction", [1, -1])
def test_half_of_an_ascending_chain_is_represented_by_bits(stride, direction):
    nodes = np.arange(1000)[::direction] * stride
    edges = np.column_stack((nodes[1:], nodes[:-1]))
    edges = np.concatenate((edges, edges[:, ::-1]))
    count = int(nodes.max()) + 1
    by_number, linked = choose_representatives(0, count, [edges], by_bits=False)
    by_bits, _ = choose_representatives(0, count, [edges], by_bits=True)
    assert len(np.unique(by_number[linked])) == 999
    assert len(np.unique(by_bits[linked])) == 500


def test_nodes_of_other_blocks_are_refused():
    with pytest.raises(ValueError, match="nodes 9 to 30 for the block 10 to 19"):
        choose_representatives(10, 10, [array([(9, 12), (30, 12)])], by_bits=False)
