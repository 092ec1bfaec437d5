import io

import pytest
from app.file_types import AcceptedType, RefusedType, media_type, resolve, sniff
from pictures import ELF, HTML, MP3, MP4, PDF, SVG, archive, encode, halves, jpeg, png
from PIL import Image

EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(60)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(8)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
OGG_AUDIO = b"OggS\x00\x02" + bytes(22) + b"\x01vorbis" + bytes(20)
OGG_VIDEO = b"OggS\x00\x02" + bytes(22) + b"\x80theora" + bytes(20)
WEBM = b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"


def pillow(form: str) -> bytes:
    return encode(Image.new("RGB", (16, 16)), form)


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        pytest.param(pillow("JPEG"), "image/jpeg", id="jpeg"),
        pytest.param(pillow("PNG"), "image/png", id="png"),
        pytest.param(pillow("GIF"), "image/gif", id="gif"),
        pytest.param(pillow("WEBP"), "image/webp", id="webp"),
        pytest.param(pillow("BMP"), "image/bmp", id="bmp"),
        pytest.param(pillow("TIFF"), "image/tiff", id="tiff"),
        pytest.param(pillow("AVIF"), "image/avif", id="avif"),
        pytest.param(pillow("ICO"), "image/x-icon", id="ico"),
        pytest.param(HEIC, "image/heic", id="heic"),
        pytest.param(PDF, "application/pdf", id="pdf"),
        pytest.param(MP3, "audio/mpeg", id="mp3 with tag"),
        pytest.param(b"\xff\xfb\x90\x64" + bytes(400), "audio/mpeg", id="mp3 without tag"),
        pytest.param(b"\xff\xf1\x50\x80\x02\x1f\xfc", "audio/aac", id="aac"),
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav", id="wav"),
        pytest.param(b"fLaC\x00\x00\x00\x22", "audio/flac", id="flac"),
        pytest.param(b"#!AMR\n", "audio/amr", id="amr, which begins like a script"),
        pytest.param(OGG_AUDIO, "audio/ogg", id="ogg audio"),
        pytest.param(OGG_VIDEO, "video/ogg", id="ogg video"),
        pytest.param(b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "audio/mp4", id="m4a"),
        pytest.param(MP4, "video/mp4", id="mp4"),
        pytest.param(b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "video/quicktime", id="mov"),
        pytest.param(WEBM, "video/webm", id="webm"),
        pytest.param(WEBM.replace(b"webm", b"mkv "), "video/x-matroska", id="mkv"),
        pytest.param(b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo", id="avi"),
        pytest.param(archive(a="x"), "application/zip", id="zip"),
        pytest.param(b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "application/gzip", id="gzip"),
        pytest.param(b"7z\xbc\xaf\x27\x1c\x00\x04", "application/x-7z-compressed", id="7z"),
        pytest.param(b"a.txt" + bytes(252) + b"ustar\x0000", "application/x-tar", id="tar"),
        pytest.param(b"{\\rtf1\\ansi", "application/rtf", id="rtf"),
    ],
)
def test_sniff_knows(head, content_type):
    assert sniff(head).content_type == content_type


@pytest.mark.parametrize(
    "head",
    [
        b"Dear Ann, how are you?",
        b"BM stands for benchmark, and this is a text.",
        b"MZ are the initials of Mark Zbikowski, who designed it.",
        b"ID3 is a tag format",
        b"FWS office opening hours",
        b'{"a": [1, 2]}',
        b"a,b\n1,2\n",
        b"5 < 6 and <script> is a tag",
        b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe",
        "안녕하세요".encode(),
        "text".encode("utf-16"),
        bytes(range(40, 250)),
        b"<",
        b"<http://example.com> is a link",
        b"\xff",
        b"",
    ],
)
def test_sniff_takes_nothing_for_what_it_only_begins_like(head):
    assert sniff(head) is None


ACTIVE = [
    pytest.param(HTML, id="html"),
    pytest.param(b"\n\t <HTML><body>", id="html after white space"),
    pytest.param(b"\xef\xbb\xbf<html>", id="html after a byte order mark"),
    pytest.param("<html><script>".encode("utf-16"), id="html in UTF-16 with mark"),
    pytest.param("<html><script>".encode("utf-16-be"), id="html in UTF-16 without mark"),
    pytest.param(b"<!-- hello --><script>alert(1)</script>", id="html after a comment"),
    pytest.param(b"<script src=x>", id="script element"),
    pytest.param(b"<img src=x onerror=alert(1)>", id="img element"),
    pytest.param(SVG, id="svg after a prolog"),
    pytest.param(b"<svg onload=alert(1)>", id="bare svg"),
    pytest.param(
        b"<?xml version='1.0'?><!-- x --><s:svg xmlns:s='http://www.w3.org/2000/svg'>", id="svg with a prefix"
    ),
    pytest.param(b"<?xml version='1.0'?><?xml-stylesheet href='x.xsl'?><a/>", id="xml with a style sheet"),
    pytest.param(b"#!/bin/sh\nrm -rf /\n", id="shell script"),
    pytest.param(b"<?php system($_GET['c']);", id="php"),
    pytest.param(b"@echo off\r\ndel *.*", id="batch file"),
    pytest.param(ELF, id="elf"),
    pytest.param(EXE, id="exe"),
    pytest.param(b"\xcf\xfa\xed\xfe\x07\x00\x00\x01", id="mach-o"),
    pytest.param(b"\xca\xfe\xba\xbe\x00\x00\x00\x34", id="java class"),
    pytest.param(b"\x00asm\x01\x00\x00\x00", id="wasm"),
]


@pytest.mark.parametrize(
    "declared", ["image/png", "text/plain", "application/octet-stream", "application/pdf", None]
)
@pytest.mark.parametrize("head", ACTIVE)
def test_active_content_is_blocked_whatever_is_declared(head, declared):
    assert resolve(declared, head) == RefusedType("blocked-type")


@pytest.mark.parametrize(
    "declared",
    ["text/html", "TEXT/HTML; charset=utf-8", "image/svg+xml", "text/javascript", "application/xhtml+xml",
     "application/rss+xml", "application/x-sh", "application/wasm", "multipart/related"],
)  # fmt: skip
def test_a_type_that_runs_is_blocked_whatever_the_bytes(declared):
    assert resolve(declared, b"harmless words") == RefusedType("blocked-type")


@pytest.mark.parametrize(
    ("declared", "head", "stored"),
    [
        pytest.param("image/png", png(), "image/png", id="honest"),
        pytest.param("image/png", jpeg(), "image/jpeg", id="other format of the family"),
        pytest.param("IMAGE/PNG; x=y", png(), "image/png", id="parameters and case"),
        pytest.param("application/octet-stream", png(), "image/png", id="nothing declared, image found"),
        pytest.param(None, PDF, "application/pdf", id="no type, pdf found"),
        pytest.param("application/octet-stream", b"whatever", "application/octet-stream", id="nothing known"),
        pytest.param("text/plain", b"Dear Ann", "text/plain", id="text"),
        pytest.param("text/markdown", b"# Title", "text/markdown", id="markdown"),
        pytest.param("application/json", b"{}", "application/json", id="json"),
        pytest.param("application/x-unheard-of", b"\x01\x02", "application/x-unheard-of", id="unknown stays"),
        pytest.param("application/zip", archive(a="x"), "application/zip", id="zip"),
        pytest.param(DOCX, archive(a="x"), DOCX, id="office document is a zip"),
        pytest.param("application/msword", OLE, "application/msword", id="old office"),
        pytest.param("audio/mp4", MP4, "audio/mp4", id="sound in a container of both"),
        pytest.param("video/webm", WEBM, "video/webm", id="video in a container of both"),
        pytest.param("image/heic", HEIC, "image/heic", id="image without a decoder"),
        pytest.param("audio/x-m4a", MP3, "audio/mpeg", id="other sound format"),
        pytest.param("text/rtf", b"{\\rtf1", "application/rtf", id="rtf"),
    ],
)  # fmt: skip
def test_the_stored_type_is_the_one_of_the_bytes(declared, head, stored):
    resolved = resolve(declared, head)
    assert isinstance(resolved, AcceptedType)
    assert resolved.content_type == stored


@pytest.mark.parametrize(
    ("declared", "head"),
    [
        pytest.param("image/png", PDF, id="pdf as image"),
        pytest.param("image/png", b"just words", id="text as image"),
        pytest.param("image/png", b"\x89PN", id="cut off inside the signature"),
        pytest.param("application/pdf", png(), id="image as pdf"),
        pytest.param("application/pdf", b"words", id="text as pdf"),
        pytest.param("video/mp4", MP3, id="sound as video"),
        pytest.param("audio/mpeg", b"words", id="text as sound"),
        pytest.param("text/plain", png(), id="image as text"),
        pytest.param("text/plain", archive(a="x"), id="zip as text"),
        pytest.param("application/zip", b"words", id="text as zip"),
        pytest.param("application/json", PDF, id="pdf as json"),
        pytest.param(DOCX, PDF, id="pdf as office document"),
    ],
)
def test_bytes_of_another_family_than_declared_are_a_mismatch(declared, head):
    assert resolve(declared, head) == RefusedType("type-mismatch")


@pytest.mark.parametrize(
    ("declared", "plain"),
    [("Image/PNG", "image/png"), ("text/plain;charset=x", "text/plain"), ("", "application/octet-stream"),
     (None, "application/octet-stream")],
)  # fmt: skip
def test_media_type_is_bare_and_lower_case(declared, plain):
    assert media_type(declared) == plain


def test_a_picture_that_also_reads_as_a_page_is_stored_as_a_picture():
    """Such a file is harmless under the type it is served with, which is the one of its first bytes."""
    out = io.BytesIO()
    halves(8, 8).save(out, "GIF", comment=b"<script>alert(1)</script>")
    assert resolve("image/gif", out.getvalue()) == AcceptedType(
        "image/gif", sniff(out.getvalue()).types[0][0]
    )
