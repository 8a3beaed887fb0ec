"""CSV files as people have them: any common form is read, and what is wrong is said with its line."""

from __future__ import annotations

import base64
import contextlib
import random
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.app.conftest import Session

from narae.app.own import Own
from narae.app.tables.points import Chosen, points_of
from narae.app.tables.problems import CODES, BadTable, Problem
from narae.app.tables.reading import read_table
from narae.app.tables.requests import PART

ROWS = [(1.5, -2.0, "가"), (2.25, 0.5, "나"), (3.0, 1.0, "가"), (-4.5, 8.125, "나")]
ABC = Chosen(0, 1, 2, "classes")


def written(separator: str = ",", decimal: str = ".", header: bool = True) -> str:
    number = lambda v: str(v).replace(".", decimal)
    lines = [separator.join((number(x), number(y), c)) for x, y, c in ROWS]
    return "\r\n".join(([separator.join(("키", "무게", "반"))] if header else []) + lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp949"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(",", "."), (";", ","), (";", "."), ("\t", ","), ("|", ".")]
)
@pytest.mark.parametrize("header", [True, False])
def test_every_form_is_the_same_table(
    encoding: str, separator: str, decimal: str, header: bool
) -> None:
    table = read_table(written(separator, decimal, header).encode(encoding))
    assert (table.separator, table.decimal, table.header) == (separator, decimal, header)
    assert table.encoding in (encoding, "utf-16-le")
    for i in (0, 1):
        assert table.columns[i].numbers == [row[i] for row in ROWS]
    assert table.columns[2].texts == [row[2] for row in ROWS]
    assert table.columns[0].name == ("키" if header else None)
    assert table.lines == [i + 1 + header for i in range(4)]


def test_columns_are_scaled_to_the_plane_and_back() -> None:
    found = points_of(read_table(written().encode()), ABC)
    own = Own().check("own", found["own"])
    assert own["names"] == ["가", "나"]
    for i in (0, 1):
        column = own["table"]["columns"][i]
        scaled = np.array([p[i] for p in own["points"]])
        assert (scaled.min(), scaled.max()) == (-1, 1)
        back = column["low"] + (scaled + 1) / 2 * (column["high"] - column["low"])
        np.testing.assert_allclose(back, [row[i] for row in ROWS], atol=1e-3)
    assert [p[2] for p in own["points"]] == [0, 1, 0, 1]
    assert found["notes"] == []


def test_a_number_may_be_the_target() -> None:
    text = "a,b,c\n" + "".join(f"{i},{i * i},{10 * i - 3}\n" for i in range(12))
    table = read_table(text.encode())
    assert table.described()["guess"] == {"x": 0, "y": 1, "target": 2, "targets": "number"}
    own = points_of(table, Chosen(0, 1, 2, "number"))["own"]
    np.testing.assert_allclose([p[2] for p in own["points"]], np.linspace(-1, 1, 12), atol=1e-4)
    assert (own["table"]["columns"][2]["low"], own["table"]["columns"][2]["high"]) == (-3, 107)


def test_quoted_fields_may_have_separators_and_lines() -> None:
    text = 'x,y,"class, or ""kind"""\n1,2,"a\nb"\n3,4,c\n5,6,"a\nb"\n7,oops,c\n'
    table = read_table(text.encode())
    assert table.columns[2].name == 'class, or "kind"'
    assert table.lines == [2, 4, 5, 7]
    with pytest.raises(BadTable, match="Only 3 rows"):
        points_of(table, ABC)


BASE = [f"{i},{i % 3},{'ab'[i % 2]}" for i in range(8)]
BAD: dict[str, tuple[bytes | str, str, str]] = {
    "empty": ("\n\n  \n", "empty", "no rows"),
    "a header alone": ("a,b,c\n", "text", "line 1 says 'a'"),
    "large": ("1,2,3\n" * 200_000, "large", "1.1 MiB"),
    "bytes": (b"1,2,a\n3,4,\xff\xff\n", "bytes", "Line 2"),
    "ragged": ("\n".join([*BASE, "1,2"]), "ragged", "Line 9 has 2 fields"),
    "long": ("1,2,a\n" * 20_001, "long", "before line 20001"),
    "text": ("x,y,c\n" + "\n".join(f"{i},w{i},a" for i in range(5)), "text", "line 2 says 'w0'"),
    "huge": ("\n".join([*BASE, "1e300,2,a"]), "huge", "Line 9, column '1': 1e300"),
    "infinite": ("\n".join([*BASE, "inf,2,a"]), "huge", "Line 9"),
    "constant": ("x,y,c\n" + "\n".join(f"{i},7,{'ab'[i % 2]}" for i in range(5)), "constant", "7"),
    "one class": ("\n".join(f"{i},{i * 2},a" for i in range(5)), "one_class", "'a'"),
    "classes": ("\n".join(f"{i},{-i},c{i}" for i in range(12)), "classes", "12.*line 9"),
    "columns": (",".join("1" * 101), "columns", "101"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_with_its_line(name: str) -> None:
    raw, code, message = BAD[name]
    with pytest.raises(BadTable) as caught:
        points_of(read_table(raw.encode() if isinstance(raw, str) else raw), ABC)
    assert caught.value.problem.code == code
    assert re.search(message, str(caught.value)), caught.value


NOTED = {
    "missing": (["", "NA,1,a", "5,,b"], "missing", "1 rows.*lines 10"),
    "words": (["12x,1,a"], "words", "'12x' in column '1'.*lines 9"),
    "far": (["4e9,1,a"], "far", "4e9 lies far.*lines 9"),
}


@pytest.mark.parametrize("name", NOTED)
def test_what_is_left_out_is_told(name: str) -> None:
    more, code, message = NOTED[name]
    found = points_of(read_table("\n".join([*BASE, *more]).encode()), ABC)
    note = found["notes"][0]
    assert note["code"] == code
    assert re.search(message, str(Problem(code, note["values"])))
    assert len(found["own"]["points"]) == 8 + (name == "far")


def test_of_too_many_rows_some_are_drawn_always_the_same() -> None:
    rng = random.Random(1)
    text = "\n".join(f"{rng.random()},{rng.random()},{'ab'[i % 2]}" for i in range(5000))
    found = points_of(read_table(text.encode()), ABC)
    assert found == points_of(read_table(text.encode()), ABC)
    assert len(found["own"]["points"]) == 2000
    assert found["notes"][0]["code"] == "sampled"


def test_one_column_cannot_be_two() -> None:
    with pytest.raises(BadTable, match="chosen twice"):
        points_of(read_table("\n".join(BASE).encode()), Chosen(0, 0, 2, "classes"))


def test_every_code_has_words_for_its_gaps() -> None:
    assert len(set(CODES)) == len(CODES)
    for _, code, _ in [*BAD.values(), *NOTED.values()]:
        assert code in CODES


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_table_or_refused(raw: bytes) -> None:
    with contextlib.suppress(BadTable):
        table = read_table(raw)
        guess = table.described()["guess"]
        if guess["y"] is not None:
            Own().check("own", points_of(table, Chosen(**guess))["own"])


def upload(session: Session, raw: bytes) -> dict[str, Any]:
    parts = -(-len(raw) // PART)
    for i in range(parts):
        data = base64.b64encode(raw[i * PART : (i + 1) * PART]).decode()
        session.send("upload", part=i, parts=parts, data=data)
    return session.wait("table")


def test_a_session_takes_a_file_in_parts_and_trains_on_its_points(session: Session) -> None:
    rng = np.random.default_rng(1)
    rows = [(*rng.normal(size=2), i % 3) for i in range(3000)]
    text = "폭;길이;종\n" + "".join(f"{x:.9f};{y + 3 * c:.9f};종{c}\n" for x, y, c in rows)
    assert len(text.encode("utf-8")) > PART
    table = upload(session, text.encode("utf-8"))
    assert table["rows"] == 3000
    assert table["guess"] == {"x": 0, "y": 1, "target": 2, "targets": "classes"}
    session.send("columns", **{**table["guess"], "x": 99})
    assert "from 0 to 2" in session.wait("error")["message"]
    session.send("columns", **{**table["guess"], "x": 1})
    assert session.wait("points")["problem"]["code"] == "same"
    session.send("columns", **table["guess"])
    own = session.wait("points")["own"]
    session.send("train", task="plane", knobs={"data": "own", "own": own, "epochs": 2})
    assert session.wait("begun")["classes"] == 3
    session.wait("status", state="done")


def test_parts_out_of_turn_are_refused(session: Session) -> None:
    session.send("upload", part=1, parts=3, data="")
    assert "part: expected 0, got 1" in session.wait("error")["message"]
    session.send("columns", x=0, y=1, target=2, targets="classes")
    assert "choose the file again" in session.wait("error")["message"]
