import pytest
from app.file_types import HEAD_SIZE, AcceptedType, resolve
from app.kinds import Kind, kind_of
from pictures import MP3, MP4, PDF, archive, jpeg

ZIP = archive(a="x")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("declared", "data", "kind"),
    [
        pytest.param("image/jpeg", jpeg(), Kind.IMAGE, id="photo"),
        pytest.param("video/mp4", MP4, Kind.VIDEO, id="film"),
        pytest.param("audio/mpeg", MP3, Kind.AUDIO, id="song"),
        pytest.param("application/pdf", PDF, Kind.PDF, id="PDF"),
        pytest.param("application/octet-stream", PDF, Kind.PDF, id="PDF told by its bytes"),
        pytest.param("text/plain", b"words", Kind.TEXT, id="text"),
        pytest.param("text/markdown", b"# words", Kind.TEXT, id="Markdown"),
        pytest.param("application/json", b"{}", Kind.TEXT, id="JSON"),
        pytest.param("application/zip", ZIP, Kind.ARCHIVE, id="zip"),
        pytest.param("application/gzip", b"\x1f\x8b\x08\x00", Kind.ARCHIVE, id="gzip"),
        pytest.param(DOCX, ZIP, Kind.OTHER, id="letter in a zip container"),
        pytest.param("application/epub+zip", ZIP, Kind.OTHER, id="book in a zip container"),
        pytest.param("font/woff2", b"wOF2", Kind.OTHER, id="font"),
        pytest.param("application/octet-stream", b"\x01\x02", Kind.OTHER, id="unknown"),
    ],
)
def test_kind_is_what_a_person_would_call_the_file(declared, data, kind):
    found = resolve(declared, data[:HEAD_SIZE])
    assert isinstance(found, AcceptedType)
    assert kind_of(found) is kind
