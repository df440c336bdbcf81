"""Text in elements: character sets, technical attributes, values of several, lengths, numbers that are identifiers."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from deidentified import KEY, UID_ROOT, cleaned, code, instance, item, recipe_of
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset

from dicomlab import engine, pseudonyms
from dicomlab.header import Gatherer, charsets, values, wire
from dicomlab.header.wire import Element

NAME = "Quistgaard^Ingeborg"
DESCRIPTORS = ["clean-descriptors"]


def after_of(before: Dataset, *elements: Element, what: object = ()) -> dict[int, bytes]:
    """The cleaned values by tag, of an instance with these elements as they would stand in a file."""
    found = engine.instance_of(before)
    found = replace(found, elements={**found.elements, **{e.tag: e for e in elements}})
    recipe = recipe_of(what)
    gatherer = Gatherer(recipe)
    gatherer.add(found.elements, found.encoding)
    cleaner = engine.Deidentifier(recipe, KEY, engine.subject_of(recipe, KEY, found), gatherer.identifiers())
    return {tag: e.value for tag, e in cleaner.apply(found).instance.elements.items()}


def raw(tag: int, vr: str, value: bytes) -> Element:
    value += b" " * (len(value) % 2)
    return Element(tag, vr, value, len(value))


# Character sets --------------------------------------------------------------------------------------

# PS3.5 annexes H, I, J, K: names as they stand in a file, to the byte.
ANNEXES = [
    (b"\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう",
     b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"),
    (b"ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
     b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"),
    (b"\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동",
     b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"),
    (b"\\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东=",
     b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="),
    (b"GB18030", "Wang^XiaoDong=王^小东=", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab="),
    (b"ISO_IR 192", "Wang^XiaoDong=王^小東=", b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1="),
    (b"ISO_IR 100", "Buc^Jérôme", b"Buc^J\xe9r\xf4me"),
    (b"ISO_IR 126", "Διονυσιος", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2"),
    (b"ISO_IR 127", "قباني^لنزار", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1"),
    (b"ISO_IR 138", "שרון^דבורה", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4"),
    (b"ISO_IR 144", "Люкceмбypг", b"\xbb\xee\xdace\xdc\xd1yp\xd3"),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "text", "data"), ANNEXES)
def test_names_of_the_standards_annexes_are_read_and_written_to_the_byte(terms, text, data):
    encodings = charsets.encodings_of(terms)
    assert charsets.decode(data, "PN", encodings) == (text, encodings)
    assert charsets.encode(text, "PN", encodings) == data


@pytest.mark.parametrize(("terms", "text", "data"), ANNEXES)
def test_a_name_goes_from_text_of_its_character_set_and_the_rest_stays_to_the_byte(terms, text, data):
    comment = charsets.encode(
        f"CT {text.split('=')[-2 if text.endswith('=') else -1]} 2 mm", "LO", charsets.encodings_of(terms)
    )
    found = after_of(
        instance("CT"),
        raw(0x00080005, "CS", terms),
        raw(0x00100010, "PN", data),
        raw(0x0008103E, "LO", comment),
        what=DESCRIPTORS,
    )
    assert found[0x0008103E].strip() == b"CT 2 mm"
    assert found[0x00080005].strip() == terms


def test_letters_that_stay_are_written_back_in_their_character_set():
    encodings = charsets.encodings_of(b"ISO_IR 100")
    comment = charsets.encode("Schädel für Quistgaard, groß", "LO", encodings)
    before = instance("CT", PatientName=NAME)
    found = after_of(before, raw(0x00080005, "CS", b"ISO_IR 100"), raw(0x0008103E, "LO", comment), what=DESCRIPTORS)
    assert found[0x0008103E].rstrip().decode("latin-1") == "Schädel, groß"


@pytest.mark.parametrize("declared", [b"", b"ISO_IR 6", b"ISO_IR 100", b"ISO_IR 999", b"garbage"])
@pytest.mark.parametrize("codec", ["utf-8", "latin-1"])
def test_letters_that_were_not_declared_are_read_as_utf_8_or_latin_1_and_stay_as_they_were(declared, codec):
    name, comment = "Müller^Jörg", "Schädel von Müller, groß"
    found = after_of(
        instance("CT"), raw(0x00080005, "CS", declared), raw(0x00100010, "PN", name.encode(codec)),
        raw(0x0008103E, "LO", comment.encode(codec)), what=DESCRIPTORS,
    )  # fmt: skip
    assert found[0x0008103E].rstrip() == "Schädel, groß".encode(codec)


def test_a_backslash_inside_a_character_of_two_bytes_is_no_delimiter():
    # In JIS X 0208 the katakana SO is %=, and NO of 能 is G=; 0x5C stands in 本 (K\) and in 愁 (=%..).
    text = "本 山田\\T2"
    encodings = charsets.encodings_of(b"\\ISO 2022 IR 87")
    data = charsets.encode(text, "LO", encodings)
    assert b"K\\" in data
    found = after_of(
        instance("CT"), raw(0x00080005, "CS", b"\\ISO 2022 IR 87"),
        raw(0x00100010, "PN", charsets.encode("Yamada^Tarou=山田^太郎", "PN", encodings)), raw(0x00081090, "LO", data),
    )  # fmt: skip
    assert charsets.decode(found[0x00081090], "LO", encodings)[0].rstrip() == "本\\T2"


def test_gb18030_whose_second_byte_is_a_backslash_stays_whole():
    text = "誠 CT 王小东"  # 誠 is D5 5C
    data = text.encode("gb18030")
    assert b"\x5c" in data
    found = after_of(
        instance("CT"), raw(0x00080005, "CS", b"GB18030"), raw(0x00100010, "PN", "Wang^Xiao=王^小东".encode("gb18030")),
        raw(0x0008103E, "LO", data), what=DESCRIPTORS,
    )  # fmt: skip
    assert found[0x0008103E].rstrip().decode("gb18030") == "誠 CT"


def test_an_item_may_have_a_character_set_of_its_own():
    inner = item(SpecificCharacterSet="ISO_IR 192", Manufacturer="Geräte Quistgård, groß", PatientName="Quistgård^J")
    outer = {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "Quistgård^Jörg"}
    before = instance("CT", **outer, ContributingEquipmentSequence=[inner])
    buffer = io.BytesIO()
    dcmwrite(buffer, before, implicit_vr=False, little_endian=True, enforce_file_format=True)
    after = cleaned(dcmread(io.BytesIO(buffer.getvalue())))
    assert after.ContributingEquipmentSequence[0].Manufacturer == "Geräte, groß"
    assert after.ContributingEquipmentSequence[0].SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.parametrize("data", [b"\x1b$Bbroken\xff", b"\x1b", b"\x1b$", b"\x1b$B", b"\x1b(Z\xe4", b"a\x1b$B;3\x1b"])
@pytest.mark.parametrize("terms", [b"\\ISO 2022 IR 87", b"ISO_IR 100", b""])
def test_escape_sequences_that_are_wrong_are_no_crash_and_come_back(data, terms):
    text, really = charsets.decode(data, "LO", charsets.encodings_of(terms))
    assert isinstance(text, str)
    if "\x1b" in text:
        assert charsets.encode(text, "LO", really) == data


@pytest.mark.parametrize(
    ("terms", "codecs"),
    [
        (b"", ("iso8859",)),
        (b"ISO_IR 100", ("latin_1",)),
        (b"ISO IR 100 ", ("latin_1",)),
        (b"iso-ir-100", ("latin_1",)),
        (b"ISO_IR 203", ("iso8859_15",)),
        (b"\\ISO 2022 IR 149", ("iso8859", "euc_kr")),
        (b"ISO_IR 192\\ISO 2022 IR 87", ("UTF8",)),
        (b"ISO 2022 IR 6\\GB18030\\ISO 2022 IR 87", ("iso8859", "iso2022_jp")),
    ],
)
def test_defined_terms_are_known_also_misspelt_and_some_stand_alone(terms, codecs):
    assert charsets.encodings_of(terms) == codecs


@pytest.mark.parametrize(
    "term", [b"a\0b", b"rot_13", b"hex_codec", b"idna", b"punycode", b"zlib_codec", b"unicode_escape", b"\xff\xfe"]
)
def test_terms_that_python_would_take_for_codecs_are_none(term):
    assert charsets.encodings_of(term) == ("iso8859",)


# Technical attributes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Manufacturer", "Quistgaard Systems"), ("ReceiveCoilName", "Head Quistgaard"), ("SequenceName",
        "quistgaard_t1"),
        ("SoftwareVersions", "v1 Ingeborg"), ("ConvolutionKernel", "B30 Quistgaard"), ("ManufacturerModelName",
        "INGEBORG 3T"),
        ("ScanningSequence", "QUISTGAARD"), ("Manufacturer", "SIEMENS Dr. Quistgaard"), ("ContrastBolusAgent",
        "Gd for Quistgaard"), ("FilterType", "QUISTGAARD"),
    ],
)  # fmt: skip
def test_names_go_from_attributes_that_the_table_does_not_list(keyword, value):
    after = cleaned(instance("MR", PatientName=NAME, **{keyword: value}))
    assert "quistgaard" not in str(after).lower()
    assert "ingeborg" not in str(after).lower()


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("SoftwareVersions", "20231130_1405"), ("SequenceName", "*tfl3d1_16ns"), ("SoftwareVersions", "VB17A 10.0.1"),
        ("ManufacturerModelName", "LightSpeed VCT 1234567"), ("ReceiveCoilName", "HE1-4;NE1,2"),
        ("ConvolutionKernel", "Br40d"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"]), ("SequenceVariant", ["SK", "SP"]),
        ("ScanOptions", "PFP"),
        ("ProtocolContextSequence", []), ("PulseSequenceName", "20240101"),
    ],
)  # fmt: skip
def test_technique_in_technical_attributes_is_not_touched_by_patterns(keyword, value):
    before = instance("MR", PatientName=NAME, **{keyword: value})
    assert cleaned(before)[keyword].value == before[keyword].value


def test_names_that_are_words_stay_in_technical_attributes():
    after = cleaned(
        instance("CT", PatientName="Brown^Body", ManufacturerModelName="Body Brown Scanner", ConvolutionKernel="BODY")
    )
    assert after.ConvolutionKernel == "BODY"


def test_labels_of_segments_and_structures_keep_their_anatomy():
    segment = item(
        SegmentLabel="Liver", SegmentNumber=1, SegmentedPropertyTypeCodeSequence=[code("10200004", "SCT", "Liver")]
    )
    other = item(SegmentLabel="Tumour of Quistgaard", SegmentNumber=2)
    after = cleaned(instance("SEG", PatientName=NAME, SegmentSequence=[segment, other]))
    assert after.SegmentSequence[0].SegmentLabel == "Liver"
    assert after.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Liver"
    assert after.SegmentSequence[1].SegmentLabel == "Tumour"


def test_an_address_of_the_web_that_is_one_stays_where_its_vr_says_so():
    scheme = item(CodingSchemeURL="https://codes.example/x", CodingSchemeDesignator="99X")
    after = cleaned(instance("CT", CodingSchemeIdentificationSequence=[scheme]))
    assert after.CodingSchemeIdentificationSequence[0].CodingSchemeURL == "https://codes.example/x"


# Values of several, empty ones, types, lengths -------------------------------------------------------


def test_of_several_values_the_harmless_ones_stay_in_their_places():
    after = cleaned(instance("CT", PatientName=NAME, SoftwareVersions=["VB17A", "Quistgaard", "HP-3"]))
    assert list(after.SoftwareVersions) == ["VB17A", "", "HP-3"]


def test_values_that_differ_from_clean_ones_by_blanks_only_stay_to_the_byte():
    before = instance("CT", PatientName=NAME)
    found = after_of(before, Element(0x00080070, "LO", b"  ACME \\ B\\C   ", 16))
    assert found[0x00080070] == b"  ACME \\ B\\C   "


def test_a_value_of_type_1_that_is_nothing_but_a_name_becomes_a_dummy():
    after = cleaned(
        instance("SEG", PatientName=NAME, SegmentSequence=[item(SegmentLabel="Quistgaard", SegmentNumber=1)])
    )
    assert after.SegmentSequence[0].SegmentLabel == "DEIDENTIFIED"


def test_a_value_of_type_2_that_is_nothing_but_a_name_is_emptied_and_of_type_3_removed():
    after = cleaned(instance("CT", PatientName=NAME, Manufacturer="Quistgaard", ManufacturerModelName="INGEBORG"))
    assert after.Manufacturer == ""
    assert "ManufacturerModelName" not in after


def test_a_uid_in_text_is_replaced_where_it_fits_and_removed_where_it_does_not():
    uid = f"{UID_ROOT}.2.1"
    new = pseudonyms.uid(KEY, uid)
    assert cleaned(instance("CT", SoftwareVersions=f"made from {uid}")).SoftwareVersions == f"made from {new}"
    long = f"{'x' * 30} {uid}"
    assert len(long) <= 64 < 31 + len(new)
    assert cleaned(instance("CT", SoftwareVersions=long)).SoftwareVersions == "x" * 30


def test_values_longer_than_their_vr_allows_are_not_cut():
    long = b"technique " * 12
    assert after_of(instance("CT"), raw(0x00181020, "LO", long))[0x00181020] == long


def test_text_of_many_lines_keeps_its_lines():
    before = instance("CT", PatientName=NAME, ImageComments="T1 sag\r\nQuistgaard moved\r\n2 mm\\3 mm")
    assert cleaned(before, DESCRIPTORS).ImageComments == "T1 sag\r\nmoved\r\n2 mm\\3 mm"


# Numbers, times and UIDs that hold something else ----------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "vr", "value", "stays"),
    [
        (0x00181150, "IS", b"83012277", False),  # ExposureTime that is the Patient ID
        (0x00181150, "IS", b"1200", True),
        (0x00180060, "DS", b"120", True),
        (0x00180060, "DS", b"Quistgaard", False),
        (0x00181150, "IS", b"20240311", False),  # a date of the patient
        (0x00181150, "IS", b"2024", True),
        (0x00281052, "DS", b"-1024", True),
        (0x00200013, "IS", b"83012277", False),  # InstanceNumber
    ],
)
def test_a_number_that_is_an_identifier_goes(tag, vr, value, stays):
    before = instance("CT", PatientID="83012277", PatientName=NAME, StudyDate="20240311")
    found = after_of(before, raw(tag, vr, value))
    assert (found.get(tag, b"").strip() == value) is stays


def test_a_time_that_is_a_name_goes_though_times_stay():
    before = instance("CT", PatientName=NAME)
    found = after_of(
        before, raw(0x00080032, "TM", b"Quistgaard"), raw(0x00080030, "TM", b"101500"), what=["retain-full-dates"]
    )
    assert b"uistgaard" not in found.get(0x00080032, b"")
    assert found[0x00080030] == b"101500"


def test_a_uid_of_the_patient_among_classes_follows_the_map():
    before = instance("CT")
    found = after_of(before, raw(0x0008001A, "UI", f"{UID_ROOT}.2.1".encode()))
    assert UID_ROOT.encode() not in found[0x0008001A]


@pytest.mark.parametrize(
    ("vr", "value"), [("OB", b"\1\2Quistgaard^Ingeborg\0"), ("OW", "Quistgaard".encode("utf-16-le"))]
)
def test_binary_values_that_hold_a_name_go(vr, value):
    found = after_of(instance("CT", PatientName=NAME), raw(0x00282000, vr, value))  # ICCProfile
    assert b"u\0i\0s\0t" not in found.get(0x00282000, b"")
    assert b"uistgaard" not in found.get(0x00282000, b"")


def test_pixel_data_is_not_searched():
    before = instance("CT", PatientName=NAME)
    before.add_new(0x7FE00010, "OW", b"Quistgaard^Ingeborg ")
    assert cleaned(before).PixelData == b"Quistgaard^Ingeborg "


# What is gathered ------------------------------------------------------------------------------------


def gathered(ds: Dataset, what: object = ()) -> object:
    return engine.gather(ds, recipe_of(what))


def test_names_come_from_every_pn_at_any_depth_staff_included():
    known = gathered(
        instance(
            "CT", PatientName="Quistgaard^Ingeborg", OperatorsName=["Poe^P", "Kim^Lee"], OtherPatientNames="Holm^I",
            RequestAttributesSequence=[item(RequestingPhysician="Roe^Richard")],
        )
    )  # fmt: skip
    assert known.names >= {("Quistgaard", "Ingeborg"), ("Poe", "P"), ("Kim", "Lee"), ("Holm", "I"), ("Roe", "Richard")}


def test_identifiers_places_and_telephone_numbers_come_from_attributes_that_hold_them():
    known = gathered(
        instance(
            "CT",
            PatientID="PX-4471",
            AccessionNumber="ACC99120X",
            InstitutionName="Zuiderlicht Kliniek",
            StudyDate="20240311",
            PatientAddress="14 Larkspur Crescent; Elmbrook",
            PatientTelephoneNumbers="+49 30 5557 1234",
            DeviceSerialNumber="SN-551",
        )
    )
    assert known.numbers >= {"PX-4471", "ACC99120X", "SN-551"}
    assert known.phrases >= {"Zuiderlicht Kliniek", "14 Larkspur Crescent", "Elmbrook"}
    assert known.phones == {"+49 30 5557 1234"}
    assert known.dates == {"20240311"}
    assert f"{UID_ROOT}.1.1" in known.uids
    assert "1.2.840.10008.5.1.4.1.1.2" not in known.uids


def test_an_identifier_of_letters_alone_is_hunted_like_a_name():
    after = cleaned(instance("CT", PatientID="QXZW", SoftwareVersions="for qxzw"))
    assert "SoftwareVersions" not in after
    assert ("QXZW",) in gathered(instance("CT", PatientID="QXZW")).names


def test_what_the_recipe_retains_is_not_hunted_elsewhere():
    before = instance("CT", DeviceSerialNumber="SN-55120", SoftwareVersions="SN-55120 v2", StationName="Zuiderlicht")
    assert cleaned(before, ["retain-device-identity"]).SoftwareVersions == "SN-55120 v2"
    assert cleaned(before).SoftwareVersions == "v2"


@pytest.mark.parametrize("keyword", ["SeriesDescription", "ImageComments", "Manufacturer", "ProtocolName"])
def test_descriptions_give_no_identifiers(keyword):
    assert gathered(instance("CT", **{keyword: "Zuiderlicht 99120"})).phrases == frozenset()


@pytest.mark.parametrize("keyword", ["LabelText", "LongDeviceDescription", "DeviceDescription"])
def test_a_description_that_may_name_a_device_is_no_identifier_as_a_whole(keyword):
    assert gathered(instance("CT", **{keyword: "Pelvis AP for Zuiderlicht"})).phrases == frozenset()


def test_study_ids_and_station_names_that_are_a_word_and_a_digit_are_not_hunted():
    known = gathered(instance("CT", StudyID="12A4", StationName="CT-12"))
    assert known.numbers & {"12A4", "CT-12"} == set()


def test_all_instances_of_a_patient_give_what_each_of_them_loses():
    one = instance("CT", PatientName=NAME)
    other = instance("CT", PatientName="", SoftwareVersions="VB17A Quistgaard")
    known = engine.gather([one, other], recipe_of(()))
    assert cleaned(other, known=known).SoftwareVersions == "VB17A"
    assert cleaned(other).SoftwareVersions == "VB17A Quistgaard"


# Values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vr", sorted(wire.VRS - {"SQ", "UI"}))
def test_a_dummy_is_valid_for_its_vr_and_of_even_length(vr):
    dummy = values.dummy(vr)
    assert dummy
    assert len(dummy) % 2 == 0
    if vr in wire.TEXT_VRS | wire.ASCII_VRS:
        assert values.fits(dummy.decode("ascii").rstrip(), vr)


@pytest.mark.parametrize(
    ("text", "vr", "fits"),
    [("a" * 16, "SH", True), ("a" * 17, "SH", False), ("ABC_1 2", "CS", True), ("abc", "CS", False), ("A" * 17,
    "CS", False),
     ("x" * 64, "LO", True), ("x" * 65, "LO", False), ("x" * 9999, "UT", True), ("a" * 64 + "=" + "b" * 64, "PN", True),
     ("a" * 65, "PN", False), ("é" * 16, "SH", True)],
)  # fmt: skip
def test_what_fits_a_vr(text, vr, fits):
    assert values.fits(text, vr) is fits


def test_a_name_that_is_a_word_of_the_field_stays_in_a_technical_attribute_and_is_shown_as_a_finding():
    before = instance(PatientName="Long^Ingeborg", ManufacturerModelName="Long Bore 70", StationName="Quistgaard")
    made = engine.plan(before, recipe_of([]), KEY)
    (left,) = (f for f in made.findings if f.carrier == "header")
    assert left.path == "ManufacturerModelName"
    assert "also a name" in left.why
    assert "Long" not in repr(left) + left.why
    assert engine.deidentify(before, recipe_of([]), KEY).ManufacturerModelName == "Long Bore 70"


def test_no_finding_where_the_word_is_no_name_of_the_patient():
    before = instance(PatientName="Quistgaard^Ingeborg", ManufacturerModelName="Long Bore 70")
    assert engine.plan(before, recipe_of([]), KEY).findings == ()


def test_a_line_that_is_made_of_words_of_the_field_is_no_place():
    before = instance(PatientAddress="14 Larkspur Crescent, chest PA lateral", ProcessingFunction="chest PA lateral")
    assert cleaned(before).ProcessingFunction == "chest PA lateral"
    before.ProcessingFunction = "chest of 14 Larkspur Crescent"
    assert "Larkspur" not in cleaned(before).ProcessingFunction
