"""Metadata inside compressed frames: it goes, every sample stays (JPEG, JPEG-LS, JPEG 2000; PS3.5 A.4)."""

from __future__ import annotations

import io
from struct import pack, unpack

import jpeg_ls
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openjpeg.utils import decode as decode_j2k
from openjpeg.utils import encode_array as encode_j2k
from PIL import Image
from PIL.Image import Exif
from pydicom.encaps import encapsulate, generate_frames

from dicomlab.header import stream

WHO = b"Quistgaard^Ingeborg 1963-12-04"
SAMPLES = np.random.default_rng(7).integers(0, 255, (48, 64), dtype=np.uint8).cumsum(axis=1).astype(np.uint8)
COLOURS = np.stack([SAMPLES, SAMPLES.T.reshape(SAMPLES.shape), 255 - SAMPLES], axis=-1)


def jpeg(array: np.ndarray = SAMPLES, **how: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "JPEG", quality=90, **how)
    return buffer.getvalue()


def pixels(frame: bytes) -> np.ndarray:
    """Decoded by the library whose format it is."""
    if frame[:4] in (b"\xff\x4f\xff\x51", b"\0\0\0\x0c"):
        return decode_j2k(io.BytesIO(frame))
    if frame[3] == 0xF7 or b"\xff\xf7" in frame[:200]:
        return jpeg_ls.decode(np.frombuffer(frame, np.uint8))
    return np.asarray(Image.open(io.BytesIO(frame)))


def segment(marker: int, content: bytes) -> bytes:
    return pack(">HH", marker, len(content) + 2) + content


def behind_start(frame: bytes, *segments: bytes) -> bytes:
    return frame[:2] + b"".join(segments) + frame[2:]


def markers(frame: bytes) -> list[int]:
    """The markers of a JPEG stream in order, scans left out; by hand, for these streams only."""
    found, at = [], 2
    while at + 1 < len(frame):
        if frame[at] != 0xFF or frame[at + 1] in (0, 0xFF, *range(0xD0, 0xD8)):
            at += 1
            continue
        found.append(frame[at + 1])
        if frame[at + 1] == 0xD9:
            break
        at += 2 + int.from_bytes(frame[at + 2 : at + 4]) if frame[at + 1] != 0xDA else 4
    return found


# JPEG ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("array", [SAMPLES, COLOURS], ids=["grey", "colour"])
def test_comments_and_application_segments_go_and_samples_stay(array, how):
    clean = jpeg(array, **how)
    told = behind_start(
        clean, segment(0xFFFE, WHO), segment(0xFFE1, b"Exif\0\0" + WHO), segment(0xFFED, WHO), segment(0xFFE5, WHO)
    )
    new = stream.cleaned(told)
    assert new == clean
    np.testing.assert_array_equal(pixels(new), pixels(told))


def test_what_cameras_write_goes():
    exif = Exif()
    exif[0x013B] = WHO.decode()
    told = jpeg(comment=WHO, exif=exif)
    assert WHO in told
    new = stream.cleaned(told)
    assert WHO not in new
    assert not {0xE1, 0xFE} & set(markers(new))
    np.testing.assert_array_equal(pixels(new), pixels(told))


def test_what_a_decoder_needs_stays():
    kept = [
        segment(0xFFE2, b"ICC_PROFILE\0\1\1profile"),
        segment(0xFFEE, b"Adobe\0\x64\0\0\0\0\1"),
        segment(0xFFE8, b"mrfx\1\0\0\0\0\0\0"),
    ]
    told = behind_start(jpeg(COLOURS), *kept, segment(0xFFFE, WHO))
    new = stream.cleaned(told)
    assert all(one in new for one in kept)
    assert b"JFIF" in new
    assert WHO not in new


def test_a_comment_between_the_scans_of_a_progressive_stream_goes():
    clean = jpeg(COLOURS, progressive=True)
    tables = [i for i in range(2, len(clean) - 1) if clean[i : i + 2] == b"\xff\xc4"]
    scans = clean.count(b"\xff\xda")
    assert scans > 3
    told = clean
    for at in reversed(tables):
        told = told[:at] + segment(0xFFFE, WHO) + told[at:]
    new = stream.cleaned(told)
    assert new == clean
    np.testing.assert_array_equal(pixels(new), pixels(clean))


def test_a_comment_behind_the_last_scan_goes():
    clean = jpeg()
    assert stream.cleaned(clean[:-2] + segment(0xFFFE, WHO) + clean[-2:]) == clean


@pytest.mark.parametrize("fill", [b"\xff", b"\xff" * 7])
def test_fill_bytes_before_a_marker_are_passed_over(fill):
    clean = jpeg()
    told = clean[:2] + fill + segment(0xFFFE, WHO) + fill + clean[2:]
    new = stream.cleaned(told)
    assert WHO not in new
    np.testing.assert_array_equal(pixels(new), pixels(clean))


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0\0\0", b"\xff\xff"])
def test_padding_behind_the_image_stays_and_words_do_not(padding):
    clean = jpeg()
    assert stream.cleaned(clean + padding) == clean + padding
    assert stream.cleaned_frame([clean + WHO]) == [clean + b"\0" * (len(clean) % 2)]


def test_a_second_image_behind_the_first_stays():
    two = jpeg() + jpeg(COLOURS)
    assert stream.cleaned(two) == two


def test_a_stream_without_metadata_is_the_very_same():
    frame = jpeg(COLOURS)
    assert stream.cleaned(frame) is frame


# JPEG-LS ---------------------------------------------------------------------------------------------


def jls(array: np.ndarray = SAMPLES) -> bytes:
    return bytes(jpeg_ls.encode(array))


def test_jpeg_ls_keeps_its_colour_transform_and_loses_comments():
    clean = behind_start(jls(), segment(0xFFE8, b"mrfx\0"))
    told = behind_start(clean, segment(0xFFFE, WHO), segment(0xFFE4, WHO))
    assert stream.cleaned(told) == clean
    np.testing.assert_array_equal(pixels(stream.cleaned(told)), SAMPLES)


@given(st.integers(0, 2**32 - 1), st.integers(16, 40), st.integers(16, 40))
@settings(deadline=None, max_examples=40)
def test_entropy_coded_data_is_never_taken_for_a_marker(seed, rows, columns):
    array = np.random.default_rng(seed).integers(0, 65535, (rows, columns), dtype=np.uint16)
    clean = jls(array)
    told = clean[:-2] + segment(0xFFFE, WHO) + clean[-2:]
    assert stream.cleaned(clean) is clean
    assert stream.cleaned(told) == clean


# JPEG 2000 -------------------------------------------------------------------------------------------

COMMENT = pack(">HHH", 0xFF64, len(WHO) + 4, 1) + WHO


def j2k(array: np.ndarray = SAMPLES, **how: object) -> bytes:
    return bytes(encode_j2k(array, photometric_interpretation=1 if array.ndim == 3 else 2, **how))


def first_tile_part(frame: bytes) -> tuple[int, int]:
    at = frame.index(b"\xff\x90\0\x0a")
    return at, unpack(">L", frame[at + 6 : at + 10])[0]


def in_main_header(frame: bytes) -> bytes:
    at, _ = first_tile_part(frame)
    return frame[:at] + COMMENT + frame[at:]


def in_tile_part_header(frame: bytes) -> bytes:
    at, length = first_tile_part(frame)
    longer = pack(">L", length + len(COMMENT))
    return frame[: at + 6] + longer + frame[at + 10 : at + 12] + COMMENT + frame[at + 12 :]


@pytest.mark.parametrize("array", [SAMPLES, COLOURS], ids=["grey", "colour"])
@pytest.mark.parametrize("told_in", [in_main_header, in_tile_part_header])
def test_comments_in_either_header_go_and_samples_stay(array, told_in):
    clean = j2k(array)
    told = told_in(clean)
    assert stream.cleaned(told) == clean
    np.testing.assert_array_equal(pixels(stream.cleaned(told)), array)


def test_the_length_of_a_tile_part_follows_and_a_list_of_lengths_that_would_lie_goes():
    clean = j2k(add_tlm=True)
    assert b"\xff\x55" in clean
    new = stream.cleaned(in_tile_part_header(clean))
    assert WHO not in new
    assert b"\xff\x55" not in new[: first_tile_part(new)[0]]
    assert first_tile_part(new)[1] == first_tile_part(clean)[1]
    np.testing.assert_array_equal(pixels(new), SAMPLES)


def test_a_list_of_lengths_that_still_holds_stays():
    clean = j2k(add_tlm=True)
    assert stream.cleaned(in_main_header(clean)) == clean


def test_what_an_encoder_signs_with_stays():
    frame = j2k()
    assert b"Created by OpenJPEG" in frame
    assert stream.cleaned(frame) is frame


@pytest.mark.parametrize("said", [b"Created by OpenJPEG version 2.5 for " + WHO, b"Kakadu-v7 " + WHO])
def test_a_signature_that_says_more_goes(said):
    clean = j2k()
    at, _ = first_tile_part(clean)
    told = clean[:at] + pack(">HHH", 0xFF64, len(said) + 4, 1) + said + clean[at:]
    assert stream.cleaned(told) == clean


@pytest.mark.parametrize("kind", [b"xml ", b"uuid", b"uinf", b"jp2i", b"lbl ", b"asoc"])
def test_boxes_that_tell_go_from_jp2_and_the_image_stays(kind):
    clean = j2k(COLOURS, codec_format=1)
    box = pack(">L4s", len(WHO) + 8, kind) + WHO
    at = clean.index(b"jp2c") - 4
    told = clean[:at] + box + in_main_header(clean[at:])
    told = (
        told.replace(clean[at : at + 4], pack(">L", len(clean) - at + len(COMMENT)), 1)
        if any(clean[at : at + 4])
        else told
    )
    new = stream.cleaned(told)
    assert WHO not in new
    np.testing.assert_array_equal(pixels(new), pixels(clean))


# Streams that are broken or of another kind ----------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\0\0\1\xb3" + WHO,
        b"\2\0\0\0" + bytes(60) + WHO,
        b"\xff\xd8\0\0" + WHO,
    ],
)
def test_what_is_no_stream_that_can_be_read_is_left_alone(frame):
    assert stream.cleaned(frame) is frame


@pytest.mark.parametrize(
    "make", [jpeg, jls, j2k, lambda: j2k(COLOURS, codec_format=1), lambda: in_tile_part_header(j2k())]
)
def test_a_stream_cut_anywhere_is_no_crash(make):
    frame = make()
    for cut in range(0, len(frame), max(1, len(frame) // 300)):
        assert len(stream.cleaned(frame[:cut])) <= cut


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_a_stream_with_bytes_changed_is_no_crash(data):
    frame = bytearray(
        data.draw(st.sampled_from([jpeg(comment=WHO), jls(), in_main_header(j2k()), j2k(codec_format=1)]))
    )
    for _ in range(data.draw(st.integers(1, 8))):
        frame[data.draw(st.integers(0, min(len(frame), 400) - 1))] = data.draw(st.integers(0, 255))
    assert len(stream.cleaned(bytes(frame))) <= len(frame)


# Encapsulation ---------------------------------------------------------------------------------------


def told_frames() -> tuple[list[bytes], list[bytes]]:
    clean = [jpeg(SAMPLES), jpeg(255 - SAMPLES), jpeg(SAMPLES // 2)]
    told = [behind_start(clean[0], segment(0xFFFE, WHO)), clean[1], behind_start(clean[2], segment(0xFFE1, WHO * 3))]
    return clean, told


def value_of(frames: list[bytes], fragments: int, *, table: bool) -> bytes:
    return encapsulate(frames, fragments_per_frame=fragments, has_bot=table).removesuffix(b"\xfe\xff\xdd\xe0\0\0\0\0")


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("table", [True, False])
def test_every_frame_decodes_to_the_same_and_offset_tables_follow(fragments, table):
    clean, told = told_frames()
    new, sizes = stream.clean_pixel_data(value_of(told, fragments, table=table))
    assert WHO not in new
    frames = list(generate_frames(new, number_of_frames=3))
    for frame, before in zip(frames, clean, strict=True):
        np.testing.assert_array_equal(pixels(frame), pixels(before))
    items = list(stream.fragments(new))
    if table:
        starts = unpack("<3L", items[0])
        at = 8 + len(items[0])
        assert all(new[at + start : at + start + 4] == b"\xfe\xff\0\xe0" for start in starts)
        assert [new[at + start + 8 : at + start + 10] for start in starts] == [b"\xff\xd8"] * 3
    else:
        assert items[0] == b""
    assert [len(piece) for piece in items[1:]] == [size for frame in sizes for size in frame]
    assert all(len(piece) % 2 == 0 for piece in items)


def test_extended_offset_tables_say_where_frames_start_and_how_long_they_are():
    offsets, lengths = stream.extended_offsets([[10], [4, 6], [2]])
    assert unpack("<3Q", offsets) == (0, 18, 44)  # 8 + 10; 18 + 8 + 4 + 8 + 6
    assert unpack("<3Q", lengths) == (10, 10, 2)


def test_a_frame_that_does_not_change_keeps_its_fragments():
    _, told = told_frames()
    value = value_of([told[1], told[0]], 3, table=True)
    new, _ = stream.clean_pixel_data(value)
    assert list(stream.fragments(new))[1:4] == list(stream.fragments(value))[1:4]


@pytest.mark.parametrize("table", [True, False])
def test_pixel_data_without_metadata_is_the_very_same(table):
    value = value_of(told_frames()[0], 1, table=table)
    assert stream.clean_pixel_data(value) == (value, None)
    assert stream.clean_pixel_data(value)[0] is value


def test_rle_and_video_are_not_touched():
    rle = value_of([pack("<16L", 1, 64, *[0] * 14) + b"\xff\xfe\0\x10" + WHO], 1, table=False)
    video = value_of([b"\0\0\0\1\x67" + b"\xff\xfe" + WHO], 1, table=False)
    assert stream.clean_pixel_data(rle)[1] is None
    assert stream.clean_pixel_data(video)[1] is None


@pytest.mark.parametrize("value", [b"", b"\xfe\xff\0\xe0\0\0\0\0", b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\0\0\0\0"])
def test_pixel_data_without_frames_stays(value):
    assert stream.clean_pixel_data(value) == (value, None)
