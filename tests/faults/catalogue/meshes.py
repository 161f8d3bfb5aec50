"""Faults of meshes."""

from __future__ import annotations

import numpy as np

from gno.errors import ConfigError, DataError, MeshError, ResourceError
from tests.faults.catalogue.dataset_files import beyond_the_nodes, changed, replaced, trained, with_a_sparse_one
from tests.faults.catalogue.mesh_files import (
    FOUR,
    bare,
    beyond,
    bounded,
    broken,
    case,
    entities,
    predict,
    predict_words,
    scaled,
    strict,
    strict_words,
    su2,
    vtk_of_quadratic,
    wave,
    with_angle,
    with_lines,
)
from tests.faults.catalogue.odd_meshes import (
    predicted,
    renumbered,
    sparse,
    stretched,
    triangle,
    turned,
    twice,
    unused,
)
from tests.faults.fault import Case, Fault

TWO = "5 0 1 2; 5 0 2 3"
FINE = "NPOIN= 5\n0 0 0\n1 0 1\n1 1 2\n0 1 3\n0.2 0.9 4\n"
MISSING = (
    case("gone", lambda s: s.folder / "m.vtu", "no such file"),
    case("suffix", lambda s: s.file("m.stl", "solid"), r"'\.stl' is unknown; meshes are read from"),
)
ALL = tuple(c for suffix in (".su2", ".msh", ".vtu", ".vtk", ".xdmf") for c in broken(suffix))
NO_FIELD = Case("permeability", bare, predict, predict_words, "permeability")
RANGE = Case("high", beyond, strict, strict_words, r"permeability ranges from 3 to 12\d*, in training from 3 to 12")
STRICT = Case("mm", scaled, strict, strict_words, "is the mesh in the same units")

FAULTS = (
    Fault(23, "no such mesh, or an unknown suffix", "named, with the suffixes that are read", MeshError, MISSING),
    Fault(
        24,
        "mesh file that is empty, cut, binary or text, in every format",
        "refused; no library ends the process or prints",
        MeshError,
        ALL,
        (
            "test_missing_empty_pointer_and_binary_files_are_refused",
            "test_damage_gives_a_mesh_error_or_a_mesh_and_nothing_else",
            "test_damaged_bytes_raise_our_errors_alone",
        ),
        ("test_broken_meshes",),
    ),
    Fault(
        25,
        "SU2 with node numbers as floats, tabs, comments, blank lines",
        "read, markers kept",
        cases=(su2("floats", "5\t0.0 1.0 2.0 % first; 5 0 2 3", ""),),
        tests=(
            "test_each_way_to_write_a_mesh_gives_the_same_one",
            "test_real_airfoils_keep_their_markers",
            "test_floats_tabs_comments_and_missing_numbers_are_read",
        ),
    ),
    Fault(
        26,
        "cell with a node that is not there",
        "names cell, node and how many there are",
        MeshError,
        (
            su2("beyond", "5 0 1 2; 5 0 2 99999", "cell 1 refers to point 99999; the mesh has 4 points"),
            su2("negative", "5 0 1 2; 5 0 2 -3", r"node numbers are not whole: '5 0 2 -3'"),
        ),
    ),
    Fault(
        27,
        "inverted cells",
        "turned, with their number in a warning",
        cases=(su2("one", "5 0 1 2; 5 0 3 2", "1 of 2 cells were inverted"),),
        tests=("test_inverted_cells_are_turned_with_a_count", "test_cells_that_are_inverted_are_refused"),
        warns=True,
    ),
    Fault(
        28,
        "degenerate cells",
        "the first are listed",
        MeshError,
        (
            su2("line", "5 0 1 2; 5 0 2 2", "1 degenerate cells, the first: 1"),
            su2(
                "collinear",
                f"{TWO}; 5 0 4 2",
                "1 degenerate cells, the first: 2",
                FOUR.replace("4\n0", "5\n0", 1) + "0.5 0.5 4\n",
            ),
        ),
    ),
    Fault(
        29,
        "nodes at the same place",
        "counted by `gno check`; not merged: node numbers are the user's",
        cases=(su2("same", "5 0 1 2; 5 4 2 3", "", FOUR.replace("4\n0", "5\n0", 1) + "0 0 4\n"),),
        tests=("test_regions_unused_and_duplicate_points_and_bare_faces_are_told", "test_coincident_points"),
    ),
    Fault(
        30,
        "nodes that no cell uses",
        "kept in their place, with zeros in a prediction",
        cases=(su2("read", TWO, "", FINE), predicted("predicted", unused)),
        tests=(
            "test_nodes_are_numbered_as_in_the_file_also_where_no_cell_uses_them",
            "test_nodes_of_no_cell_get_zero_and_change_nothing",
        ),
    ),
    Fault(
        31,
        "mesh of parts that nothing connects",
        "a solver needs a hold in each part; a network needs none",
        cases=(predicted("two", twice),),
        tests=(
            "test_parts_of_a_mesh_have_a_pressure_each",
            "test_parts_that_nothing_connects_and_nodes_of_no_cell_do_no_harm",
        ),
    ),
    Fault(
        32,
        "edge of three cells",
        "refused",
        MeshError,
        (su2("three", f"{TWO}; 5 0 2 4", r"more than two cells share the face with nodes \[0, 2\]", FINE),),
        ("test_three_cells_on_one_face_are_refused",),
    ),
    Fault(
        33,
        "the same cell twice",
        "refused, both are named",
        MeshError,
        (su2("twice", "5 0 1 2; 5 2 0 1", "cells 0 and 1 .* have the same nodes"),),
    ),
    Fault(
        34,
        "lines among triangles, triangles among tetrahedra",
        "cells of lower dimension are the boundary",
        cases=(case("lines", with_lines, ""),),
        tests=("test_lines_among_triangles_are_the_boundary",),
    ),
    Fault(
        35,
        "surface in space",
        "refused; a flat mesh with a third coordinate is read as a plane one",
        MeshError,
        (case("wave", wave, "surface mesh: triangles and quads whose z varies by 0.5"),),
        ("test_what_meshio_writes_is_read",),
    ),
    Fault(
        36,
        "coordinate that is NaN",
        "names the node",
        MeshError,
        (su2("nan", TWO, r"point 3 has coordinates \(nan, 1\)", FOUR.replace("0 1 3", "nan 1 3")),),
    ),
    Fault(
        37,
        "mesh in other units",
        "a warning with both lengths; `Operator.outside`",
        tests=("test_a_mesh_in_other_units_is_told_with_both_lengths",),
        commands=("test_a_mesh_in_other_units_is_noticed",),
        warns=True,
    ),
    Fault(
        37,
        "mesh in other units, with `--strict`",
        "refused",
        DataError,
        (STRICT,),
        ("test_samples_outside_the_training_are_counted_and_strict_refuses",),
        ("test_predict_warns_outside_the_training_ranges_and_strict_refuses",),
    ),
    Fault(
        38,
        "cells of higher order",
        "names the type and the mesher's option",
        MeshError,
        (case("triangle6", vtk_of_quadratic, "1 cells of type triangle6; cells of higher order"),),
    ),
    Fault(
        39,
        "condition on a patch that the mesh does not have",
        "names those that it has",
        ConfigError,
        (bounded("inlet"),),
    ),
    Fault(
        40, "condition on a patch with a misspelled name", "names those that it has", ConfigError, (bounded("lfet"),)
    ),
    Fault(
        41,
        "mesh of one cell or few",
        "works, or is refused in words",
        cases=(predicted("one", triangle),),
        tests=("test_meshes_of_few_nodes_work_or_are_refused",),
    ),
    Fault(
        42,
        "mesh too large for memory",
        "says which mesh may fit, and writes nothing",
        ResourceError,
        tests=("test_a_prediction_that_does_not_fit_into_memory_is_told",),
        commands=("test_what_does_not_fit_into_memory_is_told",),
    ),
    Fault(
        43,
        "edge to a node that is not there; in a dataset, a cell with it under a checksum that fits",
        "refused before any kernel runs",
        DataError,
        (beyond_the_nodes("beyond", 99), beyond_the_nodes("negative", -1)),
        tests=("test_an_index_that_would_read_out_of_bounds_is_refused",),
    ),
    Fault(
        44,
        "edges of another type, shape or device; in a dataset, such cells",
        "names what they have and must have",
        DataError,
        (
            changed("type", replaced("VTKHDF/Connectivity", np.zeros(9)), "Connectivity"),
            changed("shape", replaced("VTKHDF/Connectivity", np.zeros((3, 3), dtype=int)), "Connectivity"),
        ),
        tests=("test_an_index_that_would_read_out_of_bounds_is_refused",),
    ),
    Fault(
        45,
        "node without edges",
        "finite, zero where nothing is heard",
        cases=(predicted("far apart", sparse),),
        tests=("test_isolated_nodes_and_no_edges_at_all_give_zero",),
    ),
    Fault(
        46,
        "graph without edges in a batch",
        "finite",
        cases=(trained("far apart", with_a_sparse_one, ""),),
        tests=("test_isolated_nodes_and_no_edges_at_all_give_zero", "test_meshes_of_few_nodes_work_or_are_refused"),
    ),
    Fault(
        47,
        "radius far too small or too large for the mesh",
        "no harm: levels reach every node, and neighbors are never cut off",
        cases=(predicted("large", stretched(0.01)), predicted("small", stretched(100.0))),
        tests=(
            "test_levels_far_coarser_or_finer_than_the_mesh_do_no_harm",
            "test_levels_are_nested_and_every_node_is_reached_both_ways",
        ),
    ),
    Fault(
        48,
        "mesh without an input that the model needs",
        "names it and how to give it",
        DataError,
        (NO_FIELD,),
        ("test_what_a_mesh_lacks_is_named",),
        ("test_a_mesh_without_the_fields_that_the_model_needs",),
    ),
    Fault(
        49,
        "fields in another order",
        "names are compared, not places",
        cases=(predicted("turned", turned),),
        tests=("test_fields_in_another_order_give_the_same_prediction",),
    ),
    Fault(
        50,
        "parameter that the model takes and nobody gives",
        "named, with `--set`",
        DataError,
        (with_angle("angle"),),
        ("test_predict_sets_them_and_flags_what_training_did_not_see",),
    ),
    Fault(
        51,
        "parameter or input field outside the training range",
        "a warning with both ranges, and the distance from training at each node; with `--strict`, refused",
        cases=(RANGE,),
        tests=(
            "test_predict_sets_them_and_flags_what_training_did_not_see",
            "test_samples_outside_the_training_are_counted_and_strict_refuses",
            "test_trajectories_outside_the_training_are_counted_and_strict_refuses",
        ),
        commands=("test_predict_warns_outside_the_training_ranges_and_strict_refuses",),
        error=DataError,
    ),
    Fault(
        52,
        "mesh outside the training set",
        "distance from training at each node, in the file",
        cases=(Case("high", beyond, predict, predict_words, ""),),
        tests=("test_distance_from_training_is_zero_inside_and_counts_deviations_outside",),
    ),
    Fault(
        85,
        "XML with entities",
        "refused before it is parsed",
        MeshError,
        (case("bomb", entities, "declares a DOCTYPE"),),
        ("test_entities_pieces_and_outside_files_are_refused",),
    ),
    Fault(
        89,
        "nodes numbered anew",
        "the same prediction",
        cases=(predicted("anew", renumbered),),
        tests=(
            "test_a_prediction_knows_neither_numbering_nor_place",
            "test_renumbering_the_nodes_renumbers_the_result",
        ),
    ),
)
