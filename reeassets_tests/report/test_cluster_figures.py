"""What the figures of the clusters plot."""

from reeassets.report.cluster_figures import COLOUR_LIMIT, cluster_paths, cluster_profiles
from reeassets.report.style import cluster_colours
from reeassets_tests.report import made


def test_profiles_in_order_of_stage_and_cluster():
    (heat,) = cluster_profiles(made.tables()["cluster_profiles"]).data
    assert [list(level) for level in heat.x] == [["upstream products", "input products"], ["Exposure", "Exposure"]]
    assert list(heat.y) == ["<b>1</b>  low risk, high<br>influence", "<b>2</b>  high risk, low<br>influence"]
    assert [list(row) for row in heat.z] == [[0.04, -1.04], [-0.06, 3.0]]
    # No minus zero, a real minus sign, and the number itself where the colour is at its end.
    assert [list(row) for row in heat.text] == [["0.0", "−1.0"], ["−0.1", "+3.0"]]
    assert [list(row) for row in heat.customdata] == [[0.3, 0.2], [0.4, 0.8]]
    assert (heat.zmin, heat.zmax) == (-COLOUR_LIMIT, COLOUR_LIMIT)


def test_paths_leave_years_without_a_rank_blank():
    figure = cluster_paths(made.tables()["country_clusters"], ["USA", "CHN"], {"CHN": "China"})
    (heat,) = figure.data
    assert list(heat.x) == [2020, 2021]
    assert list(heat.y) == ["USA", "China"]
    assert [list(row) for row in heat.z] == [[None, 1], [0, 0]]
    assert [list(row) for row in heat.text] == [["", "2"], ["1", "1"]]
    colours = cluster_colours([1, 2])
    assert [list(step) for step in heat.colorscale] == [
        [0.0, colours[1]],
        [0.5, colours[1]],
        [0.5, colours[2]],
        [1.0, colours[2]],
    ]


def test_a_cluster_keeps_its_colour_when_nobody_drawn_is_in_it():
    clusters = made.tables()["country_clusters"]
    (heat,) = cluster_paths(clusters[clusters["country"] != "CHN"], ["USA"], {}).data
    assert [list(row) for row in heat.z] == [[None, 1]]
    assert heat.colorscale[0][1] == cluster_colours([1, 2])[1]


def test_nothing_to_draw():
    empty = made.empty_tables()
    assert cluster_profiles(empty["cluster_profiles"]) is None
    assert cluster_paths(empty["country_clusters"], [], {}) is None
    assert cluster_paths(made.tables()["country_clusters"], ["FRA"], {}) is None
