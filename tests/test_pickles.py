"""Pickles of plain data are read without running them; all others are refused by name, in linear time."""

import io
import os
import pickle
import pickletools
import sys
import time
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest

from resight.errors import BadData
from resight.plain_pickles import reading as _pickles

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
SHARED = np.arange(5)
DATA = {
    "imlist": ["all_souls_000013", "é ☃ 'quoted' \"twice\" \\ \n", ""],
    "numbers": [
        0,
        1,
        -1,
        255,
        256,
        65536,
        -(2**31),
        2**63,
        1.5,
        -0.0,
        1e300,
        float("inf"),
        None,
        True,
        False,
    ],
    "bytes": [b"", b"\x00\xff'\n"],
    "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "sets": [set(), {1, "a"}, frozenset({2.5})],
    "nested": [[[{"a": [{}]}]]],
    7: "a number as a key",
    "many": list(range(2500)),
    "shared": [SHARED, SHARED],
}
ARRAYS = [
    np.array([3, 1, 2]),
    np.array([]),
    np.zeros((0, 3), np.int32),
    np.arange(6, dtype=">u2").reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    np.array(5, np.int8),
    np.array([True, False]),
    np.arange(20, dtype=np.uint64)[::3],
    np.float16([0.5, -2]),
]
SCALARS = [np.int64(-7), np.uint8(200), np.float32(0.25), np.float64(1e-300), np.bool_(True)]


def read(data, folder):
    path = folder / "some.pkl"
    path.write_bytes(data)
    return _pickles.read(path)


def same(one, other):
    """Equal, and of equal types all the way down."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for each, its in zip(one, other, strict=True):
            same(each, its)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
        assert one.flags.f_contiguous == other.flags.f_contiguous
    else:
        assert one == other


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_data_come_back(protocol, tmp_path):
    same(read(pickle.dumps(DATA, protocol), tmp_path), DATA)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", ARRAYS + SCALARS, ids=repr)
def test_arrays_and_numbers_of_numpy_come_back(value, protocol, tmp_path):
    data = pickle.dumps({"a": value, "b": [value]}, protocol)
    found = read(data, tmp_path)
    same(found, pickle.loads(data))
    np.testing.assert_array_equal(found["b"][0], value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_names_of_older_numpy_are_known(protocol, tmp_path):
    """In text protocols the length of a name does not matter; in binary ones it is written before it."""
    data = pickle.dumps([np.arange(3), np.int64(4)], protocol)
    for room in ("multiarray", "numeric"):
        new, old = f"numpy._core.{room}".encode(), f"numpy.core.{room}".encode()
        if protocol >= 4:
            new, old = bytes([0x8C, len(new)]) + new, bytes([0x8C, len(old)]) + old
            data = data.replace(new, old)
        else:
            data = data.replace(new, old)
    if protocol >= 4:  # frames say how long they are: leave them out
        data = data[:2] + data[11:]
    same(read(data, tmp_path), [np.arange(3), np.int64(4)])


def test_strings_of_python_2_are_latin_1(tmp_path):
    text = b"(dp0\nS'qimlist'\np1\n(lp2\nS'caf\\xe9'\np3\naS\"it's\"\np4\nas."
    assert read(text, tmp_path) == {"qimlist": ["café", "it's"]}
    binary = b"\x80\x02]q\x00(U\x04caf\xe9q\x01T\x05\x00\x00\x00caf\xe9sq\x02e."
    assert read(binary, tmp_path) == ["café", "cafés"]


def test_arrays_of_python_2_come_back(tmp_path):
    """As numpy 1 wrote them under Python 2: the numbers as a string, with and without escapes."""
    types = b"cnumpy\ndtype\np5\n(S'i8'\np6\nI0\nI1\ntp7\nRp8\n(I3\nS'<'\np9\nNNNI-1\nI-1\nI0\ntp10\nb"
    start = b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp11\n"
    numbers = np.array([233, -1]).tobytes()
    escaped = "".join(f"\\x{byte:02x}" for byte in numbers).encode()
    for shape in (b"(I2\nt", b"(L2L\nt"):
        text = start + b"(I1\n" + shape + types + b"I00\nS'" + escaped + b"'\ntb."
        same(read(text, tmp_path), np.array([233, -1]))
    binary = start + b"(K\x01K\x02\x85" + types + b"\x89U\x10" + numbers + b"tb."
    same(read(binary, tmp_path), np.array([233, -1]))


class Calls:
    def __init__(self, what, *arguments):
        self.what, self.arguments = what, arguments

    def __reduce__(self):
        return self.what, self.arguments


HOSTILE = [
    Calls(os.system, "touch PWNED"),
    Calls(eval, "1"),
    Calls(getattr, DATA, "keys"),
    Calls(np.load, "x"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", HOSTILE, ids=lambda each: each.what.__name__)
def test_calls_are_refused_by_name_and_not_made(value, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadData, match=rf"asks for '\w+\.{value.what.__name__}'"):
        read(pickle.dumps({"imlist": [value]}, protocol), tmp_path)
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "'os.system'"),
        (b"(S'true'\nios\nsystem\n.", "INST os system"),
        (b"(cos\nsystem\nS'true'\no.", "'os.system'"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", "'os.system'"),
        (b"\x80\x02cos\nsystem\n)\x81.", "'os.system'"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "NEWOBJ"),
        (b"\x80\x04cnumpy\nndarray\n)}\x92.", "NEWOBJ_EX"),
        (b"(cnumpy\nndarray\no.", "OBJ"),
        (b"Psome\n.", "PERSID some"),
        (b"N\x51.", "BINPERSID"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
        (b"cnumpy\nndarray\n.", "numpy.ndarray"),
        (b"cnumpy\nndarray\n((I1\ntS'b'\ntR.", "unknown way"),
        (b"cbuiltins\nbytes\n.", "builtins.bytes"),
        (b"\x80\x02]}b.", "fill list"),
        (b"\x80\x02]]R.", "call list"),
        (b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.", "rot13"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(c_codecs\nencode\n(I0\ntS'b'\ntR.", "_codecs.encode"),
        (b"cnumpy\ndtype\n(S'i8'\nI0\nI1\ntR.", "the type i8"),
    ],
)  # fmt: skip
def test_what_is_no_plain_data_is_refused_by_name(data, named, tmp_path):
    with pytest.raises(BadData, match=named):
        read(data, tmp_path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        np.array([{"a": 1}], object), np.array(["a"]), np.array([b"a"]), np.zeros(2, "i4,f8"),
        np.complex64(1),
        np.array(["2020-01-01"], "M8[D]"), Fraction(1, 2), OrderedDict(a=1), 1j, BadData, {(1, 2): 3}, 2**70,
        {(1,)},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_plain_is_refused(value, protocol, tmp_path):
    with pytest.raises(BadData, match="is not read: it "):
        read(pickle.dumps([value], protocol), tmp_path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_cut_of_a_pickle_is_an_error_of_one_sentence(protocol, tmp_path):
    data = pickle.dumps({"a": [1, 2.5, "b", np.arange(3)], "c": {np.int64(3)}}, protocol)
    for end in range(len(data)):
        with pytest.raises(BadData):
            read(data[:end], tmp_path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_changed_and_random_bytes_are_read_as_data_or_refused(protocol, tmp_path):
    rng = np.random.default_rng(protocol)
    data = pickle.dumps({"a": [1, 2.5, "b", np.arange(3)], "c": (True, b"x", {1, 2})}, protocol)
    alphabet = b"".join(opcode.code.encode("latin-1") for opcode in pickletools.opcodes)
    refused = 0
    for _ in range(300):
        changed = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 4)):
            changed[place] = rng.integers(256)
        noise = bytes(rng.choice(list(alphabet + b"0123\n"), rng.integers(1, 60)).astype(np.uint8))
        for each in (bytes(changed), rng.bytes(rng.integers(0, 40)), noise):
            try:
                read(each, tmp_path)
            except BadData:
                refused += 1
    assert refused > 300


def test_arrays_of_another_size_than_their_numbers_are_refused(tmp_path):
    data = pickle.dumps(np.arange(3, dtype=np.int64), 3)
    assert data.count(b"K\x03\x85") == 1
    for shape in (
        b"K\x04\x85",
        b"K\x02\x85",
        b"J\xff\xff\xff\xff\x85",
        b"\x8a\x05\x00\x00\x00\x00\x7f\x85",
        b"N\x85",
    ):
        with pytest.raises(BadData, match="damaged"):
            read(data.replace(b"K\x03\x85", shape), tmp_path)


def nested(depth):
    return b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."


BOMBS = {
    "deep lists": nested(300_000),
    "deep tuples": b"\x80\x02)" + b"\x85" * 300_000 + b".",
    "marks": b"(" * 300_000 + b".",
    "a billion laughs": b"\x80\x02]q\x00" + b"".join(
        b"](" + (b"h" + bytes([i])) * 10 + b"eq" + bytes([i + 1]) for i in range(30)
    ) + b".",
    "pairs of pairs as a key": b"\x80\x02})" + b"2\x86" * 60 + b"Ns.",
    "a list within itself": b"\x80\x02]q\x00h\x00a.",
    "one array many times": b"\x80\x02](" + pickle.dumps(np.zeros(9000, np.int8), 2)[2:-1]
    + b"q\xf0" + b"h\xf0" * 50_000 + b"e.",
    "a long number": b"L" + b"9" * 1_000_000 + b"L\n.",
    "a wide number": b"\x8b\x00\x00\x10\x00" + b"\x01" * (1 << 20) + b".",
    "a string that promises more": b"\x8d" + b"\xff" * 7 + b"\x7fabc",
    "bytes that promise more": b"\x8e" + b"\xff" * 7 + b"\x7fabc",
    "no end of line": b"S'" + b"a" * 1_000_000,
}  # fmt: skip


@pytest.mark.parametrize("name", [*BOMBS, "too large"])
def test_bombs_go_off_outside(name, tmp_path):
    data = BOMBS.get(name) or b"\x80\x02" + b"N0" * (_pickles.LARGEST // 2) + b"N."
    start = time.process_time()
    try:
        with pytest.raises(BadData):
            read(data, tmp_path)
    finally:
        traced = sys.gettrace() is not None  # as when the coverage is counted, which makes each line slower
        assert time.process_time() - start < (9 if traced else 3)


def test_the_reader_takes_time_in_proportion_to_the_file(tmp_path):
    """Counted in steps of the interpreter, which a busy machine does not change."""

    def steps(count):
        stream = io.BytesIO()
        pickle.dump({"gnd": [{"easy": np.arange(9), "name": f"{i:06d}"} for i in range(count)]}, stream, 2)
        (tmp_path / "some.pkl").write_bytes(stream.getvalue())
        seen = 0

        def count_calls(*_):
            nonlocal seen
            seen += 1

        sys.setprofile(count_calls)
        try:
            _pickles.read(tmp_path / "some.pkl")
        finally:
            sys.setprofile(None)
        return seen

    assert 1.9 < steps(400) / steps(200) < 2.1


def test_a_file_that_is_not_there_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        _pickles.read(tmp_path / "none.pkl")
