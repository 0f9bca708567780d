"""The text of a file that people call a table: unpacked and decoded where both are certain.

What a file is, is told by its first bytes and never by its name. An encoding is certain if a mark
of byte order says it, or if all bytes are UTF-8, which text in another encoding is not by chance.
Of other encodings nobody knows which one: the user is asked.
"""

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from faircompress.support.errors import InputError

MARKS = {  # of byte order; the longer of two that start alike first
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
}  # fmt: skip
PACKED: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", gzip.decompress),
    b"BZh": ("bzip2", bz2.decompress),
    b"\xfd7zXZ\0": ("xz", lzma.decompress),
    b"\x28\xb5\x2f\xfd": (
        "Zstandard",
        lambda raw: pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read(),
    ),
    b"PK\3\4": ("ZIP", lambda raw: _only_member(raw)),
}
ARRAYS = (
    "write it as Parquet or CSV; the page Your own data, Pictures held as arrays, shows how "
    "pictures are written"
)
PICKLE = "a pickle, which may run code and is never opened"
LAYERS = 3  # of packing: a ZIP of one gzip file is usual enough
UNPACK = "unpack it, and name the table"
OTHERS = {
    b"PK\5\6": ("an empty ZIP", "was it written to its end? Pack or copy it again"),
    b"7z\xbc\xaf": ("a 7z archive", UNPACK),
    b"Rar!": ("a RAR archive", UNPACK),
    b"\x04\x22\x4d\x18": ("packed by LZ4", UNPACK),
    b"]\0\0": ("packed by LZMA alone", UNPACK),
    b"\x1f\x9d": ("packed by compress", UNPACK),
    b"PAR1": ("a Parquet file", "call it .parquet"),
    b"ARROW1": ("an Arrow file", "write it as Parquet or CSV"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save its sheet as CSV UTF-8"),
    b"FEA1": ("an Arrow file", "write it as Parquet or CSV"),
    b"\x89HDF": ("an HDF5 file", ARRAYS),
    b"MATLAB ": ("a MATLAB file", ARRAYS),
    b"\x93NUMPY": ("an array of NumPy", ARRAYS),
    **{b"\0\0\x08" + bytes([n]): ("an IDX file of arrays, as of MNIST", ARRAYS) for n in (1, 3, 4)},
    **{b"\x80" + bytes([version]): (PICKLE, ARRAYS) for version in range(2, 6)},
    b"\x89PNG": ("a picture", "name the folder of pictures: --folder, or the source `folder`"),
    b"\xff\xd8\xff": ("a picture", "name the folder of pictures: --folder, or the source `folder`"),
    b"SQLite format": ("a SQLite database", "write the table as Parquet or CSV"),
    b"%PDF": ("a PDF", "write the table as CSV"),
    b"version https://git-lfs": ("Git LFS's pointer to a file", "fetch the file: git lfs pull"),
    b"<": ("a web page or XML", "was there a page to sign in? Download it again"),
}
ENDED = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError)


def text_of(path: Path, *, key: str, encoding: str | None = None) -> str:
    """Return a file's text.

    Args:
        path: The file, maybe packed by gzip, bzip2, xz, Zstandard, or alone in a ZIP.
        key: What to call it in an error.
        encoding: Its encoding, if the user said so; None: UTF-8, UTF-16 or UTF-32, if it is one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no text, is damaged, or its encoding is not certain.
    """
    raw = path.read_bytes()
    was_packed = False
    for _ in range(LAYERS):
        packed = next((how for start, how in PACKED.items() if raw.startswith(start)), None)
        if packed is None:
            break
        raw = _unpacked(raw, *packed, f"{key}: {path}")
        was_packed = True
    if raw[257:262] == b"ustar":
        raise InputError(f"{key}: {path} is a TAR of files; unpack it, and name the table.")
    start = raw[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    for begins, (what, cure) in OTHERS.items():
        if start.startswith(begins):
            inside = "holds" if was_packed else "is"
            cure = f"unpack it, and {cure}" if was_packed and cure != UNPACK else cure
            raise InputError(f"{key}: {path} {inside} {what}, not a text table; {cure}.")
    if raw[12:13] == b"\n" and raw[5:8] == b"\0\0\0" and raw[:1] != b"\0":
        raise InputError(f"{key}: {path} is a TFRecord file, not a text table; {ARRAYS}.")
    text = re.sub(r"(^|[\r\n])\ufeff+", r"\1", _decoded(raw, encoding, f"{key}: {path}"))
    zero = text.find("\0")
    if zero >= 0:
        raise InputError(
            f"{key}: {path} is damaged: it holds zeros from line {text.count(chr(10), 0, zero) + 1}"
            " on, as a file has that was not written to its end. Copy it again."
        )
    return text


def _unpacked(raw: bytes, packer: str, unpack: Callable[[bytes], bytes], where: str) -> bytes:
    try:
        return unpack(raw)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except ENDED as error:
        raise InputError(
            f"{where} is packed by {packer} and damaged ({error}); it may be cut off. Copy or "
            "download it again."
        ) from error


def _only_member(raw: bytes) -> bytes:
    """Return the one file in a ZIP."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        names = [info.filename for info in packed.infolist() if not info.is_dir()]
        beside = re.compile(r"__MACOSX/|(?:.*/)?(?:\.|Thumbs\.db$|desktop\.ini$)")
        names = [name for name in names if not beside.match(name)]
        if any(name.startswith("xl/") for name in names):
            raise InputError("it is an Excel workbook; save its sheet as CSV UTF-8.")
        if any(name.endswith(".npy") for name in names):
            raise InputError(f"it holds arrays of NumPy, {', '.join(names[:6])}; {ARRAYS}.")
        if any(name.endswith("data.pkl") for name in names):
            raise InputError(f"it is of torch.save: {PICKLE}; {ARRAYS}.")
        if len(names) != 1:
            raise InputError(
                f"it is a ZIP of {len(names)} files, {', '.join(names[:5])}; needed is one. Unpack "
                "it, and name the table."
            )
        return packed.read(names[0])


def _decoded(raw: bytes, encoding: str | None, where: str) -> str:
    marked = next((name for mark, name in MARKS.items() if raw.startswith(mark)), None)
    name = marked or encoding or _of_two_bytes(raw) or "utf-8"
    try:
        return raw.decode(name)
    except LookupError:
        raise InputError(
            f"{where}: no encoding is called {encoding!r}. Usual ones are utf-8, windows-1252, "
            "latin-1, shift_jis, gb18030."
        ) from None
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        if error.reason == "unexpected end of data" and name != encoding:
            raise InputError(
                f"{where} ends in the middle of a character: it was cut off. Copy it again."
            ) from error
        byte = raw[error.start : error.start + 1]
        around = raw[max(0, error.start - 12) : error.start + 12]
        seen = "; ".join(
            f"{other} would read {' '.join(around.decode(other, 'replace').split())!r}"
            for other in ("windows-1252", "windows-1251")
        )
        cure = (
            f"Save it as UTF-8, such as by: iconv -f WINDOWS-1252 -t UTF-8{_option(where)}"
            if encoding is None
            else "Name its right encoding."
        )
        raise InputError(
            f"{where} is not a text in {'UTF-8' if name == 'utf-8' else name}: line {line} has "
            f"the byte 0x{byte.hex()}. What it means depends on its encoding, which nothing tells: "
            f"{seen}. {cure}"
        ) from error


def _option(where: str) -> str:
    """Return the option of data sources that says an encoding; an audit has none."""
    key = re.match(r"(data\.\w+)\.", where)
    return f"; or say which it is: {key[1]}.encoding: windows-1252" if key else ""


def _of_two_bytes(raw: bytes) -> str | None:
    """Return the kind of UTF-16 or UTF-32 that bytes without a mark are, if most of them are 0."""
    head = raw[:200]
    if len(head) < 4 or b"\0" not in head:
        return None
    if not any(head[2::4]) and all(head[0::4]) and not any(head[3::4]) and not any(head[1::4]):
        return "utf-32-le"
    if not any(head[0::4]) and all(head[3::4]) and not any(head[1::4]) and not any(head[2::4]):
        return "utf-32-be"
    low, high = head[0::2], head[1::2]
    if not any(high) and all(low):
        return "utf-16-le"
    if not any(low) and all(high):
        return "utf-16-be"
    return None
