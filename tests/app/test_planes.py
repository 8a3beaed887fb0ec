"""Points are a function of their arguments, and two classes that can be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from narae.app.planes import EDGE, PLANES, SEVERAL, SURFACES, grid, make_points


@pytest.mark.parametrize("kind", PLANES)
def test_a_seed_names_the_points(kind: str) -> None:
    points, labels = make_points(kind, 300, 0.1, 7)
    again, fewer = make_points(kind, 300, 0.1, 7), make_points(kind, 90, 0.1, 7)
    np.testing.assert_array_equal(points, again[0])
    np.testing.assert_array_equal(points[:90], fewer[0])
    assert not np.allclose(points, make_points(kind, 300, 0.1, 8)[0])
    assert labels.sum() == 150
    assert points.dtype == np.float32


@pytest.mark.parametrize("kind", PLANES)
def test_the_classes_lie_in_the_plane_and_apart(kind: str) -> None:
    points, labels = make_points(kind, 1200, 0.0, 3)
    assert 0.9 < np.abs(points).max() <= 1.06 < EDGE
    # the nearest of the others is nearly always of the same class
    distance = np.square(points[:, None] - points[None]).sum(-1) + 9 * np.eye(len(points))
    assert (labels[distance.argmin(axis=1)] == labels).mean() > 0.99


@pytest.mark.parametrize("kind", PLANES)
def test_noise_moves_points_by_its_deviation(kind: str) -> None:
    still, moved = (make_points(kind, 2000, noise, 1)[0] for noise in (0.0, 0.2))
    assert (moved - still).std() == pytest.approx(0.2, rel=0.05)


def test_a_line_parts_no_shape() -> None:
    """What needs hidden layers: the best straight line is wrong about many points."""
    angles = np.linspace(0, np.pi, 60)
    for kind in sorted(set(PLANES) - {"blobs"}):
        points, labels = make_points(kind, 600, 0.0, 2)
        along = points @ np.stack([np.cos(angles), np.sin(angles)])
        order = np.argsort(along, axis=0)
        right = np.cumsum(2 * labels[order] - 1, axis=0)
        best = 0.5 + np.abs(right).max() / len(points)
        assert best < 0.93, kind


@pytest.mark.parametrize("kind", SEVERAL)
@pytest.mark.parametrize("classes", [3, 5, 8])
def test_several_classes_lie_apart_in_equal_shares(kind: str, classes: int) -> None:
    points, labels = make_points(kind, 200 * classes, 0.0, 3, classes)
    assert np.bincount(labels).tolist() == [200] * classes
    assert np.abs(points).max() < 1.06
    distance = np.square(points[:, None] - points[None]).sum(-1) + 9 * np.eye(len(points))
    assert (labels[distance.argmin(axis=1)] == labels).mean() > 0.97


@pytest.mark.parametrize("kind", SURFACES)
def test_surfaces_are_numbers_over_the_whole_plane_and_noise_is_the_targets(kind: str) -> None:
    points, still = make_points(kind, 1000, 0.0, 3)
    moved = make_points(kind, 1000, 0.2, 3)
    np.testing.assert_array_equal(points, moved[0])
    assert (moved[1] - still).std() == pytest.approx(0.2, rel=0.1)
    assert 0.9 < np.abs(still).max() <= 1.01
    assert np.histogram2d(*points.T, bins=4)[0].min() > 20
    np.testing.assert_array_equal(still[:50], make_points(kind, 50, 0.0, 3)[1])


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="Did you mean 'moons'"):
        make_points("moon", 10, 0, 1)


def test_the_grid_is_the_planes_cells() -> None:
    cells = grid(60)
    assert cells.shape == (3600, 2)
    np.testing.assert_allclose(cells[0], [-EDGE * 59 / 60, EDGE * 59 / 60], rtol=1e-6)
    np.testing.assert_allclose(cells.mean(axis=0), 0, atol=1e-6)
    assert cells[1, 0] > cells[0, 0]
    assert cells[60, 1] < cells[0, 1]
