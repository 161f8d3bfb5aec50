"""Faults of datasets."""

from __future__ import annotations

import numpy as np

from gno.errors import ConfigError, DataError, ResourceError
from tests.faults.catalogue.dataset_files import (
    POINTER,
    U,
    at,
    bomb,
    case,
    changed,
    constant,
    converted,
    converted_words,
    damaged,
    elsewhere,
    flipped,
    flipped_packed,
    foreign,
    into_ours,
    merged,
    merged_words,
    no_split,
    no_split_words,
    outside,
    overlapping,
    replaced,
    trained,
    unfinished,
)
from tests.faults.fault import Case, Fault

CUTS = tuple(damaged(f"at {n}", lambda b, n=n: b[:n], rf"cut short: it has {n} of") for n in (1000, 9001, 20_000))
HEADS = {"empty": (b"", "0 bytes"), "text": (b"hello\n", "begins with b'hello"), "pointer": (POINTER, "LFS pointer")}
MESSAGE = r"sample 0 of .* is damaged; checksum of /VTKHDF/PointData/u differs"
PACKED = r"d.h5 is damaged: checksum of /VTKHDF/PointData/u differs in rows \d+ to \d+"
REACHING = (
    ("link", "is a link to another file"),
    ("storage", "keeps its values in another"),
    ("virtual", "is a virtual"),
)
WIDE = Case("by hand", foreign, converted, converted_words, r"'x' has 1 of 81 .*not fini")
ASKED = Case("valid", lambda place: place.copy("d.h5"), no_split, no_split_words, "'valid' of .* is empty; have: test")

FAULTS = (
    Fault(
        1,
        "no such dataset",
        "named, with the nearest name",
        DataError,
        (case("gone", lambda s: s.folder / "d.h5", "no such file"),),
        ("test_a_missing_file_offers_the_nearest_name",),
    ),
    Fault(
        2,
        "dataset cut short",
        "says how many bytes of how many are there",
        DataError,
        CUTS,
        ("test_a_file_cut_anywhere_is_refused",),
    ),
    Fault(
        3,
        "empty file, text, Git LFS pointer",
        "said to be what it is",
        DataError,
        tuple(damaged(name, lambda _, b=b: b, says) for name, (b, says) in HEADS.items()),
    ),
    Fault(
        4,
        "flipped bit in a dataset",
        "the table is named whose checksum differs, or the sample or mesh, and which of its arrays",
        DataError,
        (
            case("plain", flipped, MESSAGE),
            changed("packed", flipped_packed, PACKED, sealed=False),
            changed(
                "table",
                lambda raw: raw["gno/stats/u/mean"].__setitem__(0, 7.0),
                "gno/stats/u/mean differs from its checksum",
                sealed=False,
            ),
        ),
        (
            "test_a_flipped_byte_is_refused_or_changes_nothing",
            "test_a_flipped_bit_names_the_array",
            "test_a_flipped_bit_of_a_record_is_found",
        ),
    ),
    Fault(
        5,
        "writer of a dataset killed",
        "says how many samples are usable; `gno repair` keeps them, or the same command goes on",
        DataError,
        (
            case("part", unfinished, "unfinished dataset; 2 samples in it are usable, 1 are damaged.*gno repair"),
            changed("unsealed", lambda raw: raw["gno"].attrs.__delitem__("complete"), "unfinished", sealed=False),
        ),
        (
            "test_a_kill_keeps_the_samples_and_resuming_ends_alike",
            "test_whole_samples_behind_a_damaged_one_are_not_dropped",
            "test_damage_anywhere_costs_what_it_hits_and_never_moves_a_sample_to_another_mesh",
        ),
    ),
    Fault(
        6,
        "HDF5 of another layout",
        "says what it holds; `gno convert` names the nearest layout",
        DataError,
        (
            changed(
                "other",
                lambda raw: (raw.move("gno", "other"), raw.move("VTKHDF", "nu")),
                "another layout and holds: nu, other",
                sealed=False,
            ),
        ),
        ("test_an_unknown_file_is_answered_by_what_it_holds_and_the_nearest_layout",),
    ),
    Fault(
        7,
        "field missing",
        "says which there are, and the nearest",
        DataError,
        (
            changed(
                "renamed",
                lambda raw: raw["VTKHDF/PointData"].move("u", "U"),
                "'u' is not in /VTKHDF/PointData; have: U, .*mean 'U'",
            ),
        ),
    ),
    Fault(
        8,
        "field of another shape",
        "names the shape it has and must have",
        DataError,
        (changed("rank", replaced(U, np.ones((9, 2))), r"u has shape \(9, 2\); it must be"),),
    ),
    Fault(
        9,
        "field of a type that is no real number",
        "names the type",
        DataError,
        (
            changed("complex", replaced(U, np.ones(9, dtype=complex)), "type complex128"),
            changed("text", replaced(U, np.array([b"x"])), "type"),
            changed("integers", replaced(U, np.ones(161, dtype=int)), "'u' is not of floats"),
        ),
        ("test_integers_that_float64_cannot_hold_are_refused", "test_what_is_not_a_real_number_is_refused_by_its_type"),
    ),
    Fault(
        10,
        "big-endian, half or double precision",
        "read right",
        cases=(into_ours("big-endian", lambda x: x.astype(">f4")), into_ours("half", lambda x: x.astype("f2"))),
        tests=("test_big_endian_arrays_are_read_right", "test_numbers_of_other_widths_and_orders_are_read_right"),
    ),
    Fault(
        11,
        "NaN or infinity in a field",
        "counted and refused: a field with holes is not one on this mesh, so none is dropped",
        DataError,
        (WIDE,),
        ("test_values_that_are_not_finite_are_counted",),
    ),
    Fault(
        12,
        "constant field",
        "scaled by 1, with a warning",
        cases=(trained("permeability", constant, "a constant field is shifted"),),
        tests=("test_a_constant_field_is_shifted_with_a_warning",),
        warns=True,
    ),
    Fault(
        13,
        "huge values",
        "statistics lose nothing; squares that overflow are refused",
        cases=(into_ours("huge", lambda x: 1e30 * x),),
        tests=("test_single_precision_and_huge_values_lose_nothing", "test_values_whose_squares_overflow_are_refused"),
    ),
    Fault(
        14,
        "offsets that do not fit",
        "named with their row",
        DataError,
        (
            changed("facets", at("gno/boundary/facet_ptr", 1, 10**6), r"facet_ptr\[\d\] = "),
            changed("points", at("VTKHDF/Steps/PointOffsets", 2, 10**9), r"PointOffsets\[2\] = 1000000000"),
        ),
    ),
    Fault(
        15,
        "sample of a mesh that is not there",
        "named with its row",
        DataError,
        (
            changed("beyond", at("VTKHDF/Steps/PartOffsets", 3, 77), r"PartOffsets\[3\] = 77; there are 6"),
            changed("negative", at("VTKHDF/Steps/PartOffsets", 3, -1), r"PartOffsets\[3\] = -1"),
        ),
    ),
    Fault(
        16,
        "HDF5 that refers to another file: external link, external storage, virtual dataset",
        "refused before it is read",
        DataError,
        tuple(changed(kind, outside(kind), says, sealed=False) for kind, says in REACHING),
        ("test_a_file_that_reaches_out_of_itself_is_refused", "test_a_file_that_refers_to_others_is_refused"),
    ),
    Fault(
        17,
        "HDF5 that declares far more than it stores",
        "refused before memory is taken",
        ResourceError,
        (
            changed(
                "40 TB",
                lambda raw: raw.create_dataset("gno/extra", (5 * 10**12,), "f8", chunks=(1024,)),
                r"extra claims [\d.]+ GiB",
                sealed=False,
            ),
        ),
        ("test_what_claims_to_be_larger_than_it_can_be_is_refused_before_it_is_read",),
    ),
    Fault(
        18,
        "zeros packed a thousandfold, or packed twice; chunks far larger than what is read of them",
        "the same rule",
        ResourceError,
        (changed("gzip", bomb, "extra claims", sealed=False),),
        (
            "test_a_bomb_of_zeros_is_refused",
            "test_a_chunk_that_unpacks_to_far_more_than_is_read_of_it_is_refused",
            "test_what_is_packed_twice_is_refused",
        ),
    ),
    Fault(
        19,
        "dataset without samples",
        "refused",
        DataError,
        (changed("none", lambda raw: raw["gno"].attrs.__setitem__("num_samples", 0), "has 0 samples"),),
        ("test_no_samples_make_no_file",),
    ),
    Fault(
        20,
        "split that is empty",
        "says which are there; a batch may be smaller than asked for",
        ConfigError,
        (ASKED,),
        commands=("test_a_file_to_test_with_can_be_generated_and_evaluated_but_not_trained_on",),
    ),
    Fault(
        21,
        "a sample to test with is in the training split",
        "counted in a warning when it is written, in a note of `gno check`",
        cases=(Case("merged", overlapping, merged, merged_words, "1 samples to validate or test are in the train"),),
        tests=("test_a_test_sample_seen_in_training_is_told", "test_overlap_counts_content_not_numbers"),
        warns=True,
    ),
    Fault(
        22,
        "statistics of other data",
        "`gno check` names number and field",
        DataError,
        tests=("test_statistics_of_other_data_are_noticed",),
        commands=("test_statistics_of_other_data_fail_the_check",),
    ),
    Fault(
        82,
        "fork after the dataset was opened",
        "opened anew in each process, right data",
        tests=("test_two_workers_read_the_right_samples", "test_pickling_carries_no_handle"),
        one_sided="no command forks: workers of `gno generate` begin anew",
    ),
    Fault(
        84,
        "collection or container that names files elsewhere",
        "refused; no archive is ever unpacked to disk",
        DataError,
        (Case("collection", elsewhere, converted, converted_words, "must lie in the folder"),),
        (
            "test_a_collection_must_not_refer_to_other_folders",
            "test_entities_pieces_and_outside_files_are_refused",
            "test_heavy_data_that_reach_out_of_their_file_are_refused",
        ),
    ),
)
