"""Random values, writes and queries, from small alphabets so that they meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from emulator.firestore.documents import FieldTransform, TransformKind, Write
from emulator.firestore.queries import Query
from tests.emulator.firestore.random_queries import SCALARS, Draw
from tests.emulator.firestore.world import delete, update

FIELDS = ("a", "b", "m")
NAMES = ("c/1", "c/2", "c/3", "c/4", "c/5", "c/1/s/1", "c/1/s/2", "c/2/s/1", "d/1", "s/1")

scalars: st.SearchStrategy[Any] = st.sampled_from(SCALARS)
maps: st.SearchStrategy[Any] = st.dictionaries(st.sampled_from(["x", "y"]), scalars, max_size=2)
values: st.SearchStrategy[Any] = st.one_of(scalars, st.lists(st.one_of(scalars, maps), max_size=2), maps)
documents = st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)

transforms = st.builds(
    FieldTransform,
    st.sampled_from([("a",), ("m", "x")]),
    st.just(TransformKind.INCREMENT),
    st.sampled_from([1, 0.5]),
) | st.builds(
    FieldTransform, st.just(("b",)), st.just(TransformKind.ARRAY_UNION), st.lists(scalars, max_size=2)
)

writes: st.SearchStrategy[Write] = st.one_of(
    st.builds(update, st.sampled_from(NAMES), documents),
    st.builds(update, st.sampled_from(NAMES), documents),
    st.builds(
        lambda name, fields, mask, extra: update(name, fields, mask=mask, transforms=extra),
        st.sampled_from(NAMES),
        documents,
        st.lists(st.sampled_from(["a", "b", "m", "m.x"]), max_size=2, unique=True),
        st.lists(transforms, max_size=1),
    ),
    st.builds(delete, st.sampled_from(NAMES)),
)
commits = st.lists(writes, min_size=1, max_size=4)

queries: st.SearchStrategy[Query] = st.builds(
    lambda draws: Draw(draws, NAMES).query(), st.randoms(use_true_random=False)
)
