"""REDCap exports: raw or with labels, repeating instruments, and codes by the data dictionary."""

import pytest

from helpers.intake.sheet import open_sheet, sheet_names
from tests.intake.read import problems, values

RAW = """record_id,redcap_repeat_instrument,redcap_repeat_instance,sex,smoker,risk___1,risk___2,base_complete,level,when
001,,,1,1,1,0,2,,
001,fractures,1,,,,,,T12,2006-01-27
001,fractures,2,,,,,,L1,2006-03-01
2,,,2,0,0,0,1,,
2,labs,1,,,,,,,2006-02-02
"""
LABELS = """Record ID,Repeat Instrument,Repeat Instance,Sex,Level
001,,,female,
001,Fractures,1,,T12
"""
DICTIONARY = """"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",\
"Choices, Calculations, OR Slider Labels"
record_id,base,,text,"Record ID",
sex,base,,radio,Sex,"1, female | 2, male, or other"
smoker,base,,yesno,Smoker,
risk,base,,checkbox,Risks,"1, steroids | 2, alcohol"
level,fractures,,dropdown,Level,"T12, T12 | L1, first lumbar"
when,fractures,,text,When,
"""
NAME = "Spine_DATA_2024-01-31_1200.csv"


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / NAME
    path.write_text(RAW)
    return path


@pytest.fixture
def with_dictionary(raw):
    (raw.parent / "Spine_DataDictionary_2024-01-31.csv").write_text(DICTIONARY, encoding="utf-8-sig")
    (raw.parent / "Other_DataDictionary_2024-02-01.csv").write_text("x\n")
    return raw


def test_each_instrument_is_a_sheet(raw):
    assert sheet_names(raw) == ["main", "fractures", "labs"]
    sheet = open_sheet(raw, sheet="fractures")
    assert values(sheet) == {
        "record_id": ["001", "001"],
        "redcap_repeat_instrument": ["fractures", "fractures"],
        "redcap_repeat_instance": ["1", "2"],
        "level": ["T12", "L1"],
        "when": ["2006-01-27", "2006-03-01"],
    }
    assert sheet.row.tolist() == [3, 4]
    assert sheet.source == f'{NAME}, "fractures"'
    main = values(open_sheet(f"{raw}#main"))
    assert list(main) == ["record_id", "sex", "smoker", "risk___1", "risk___2", "base_complete"]
    assert main["sex"] == ["1", "2"]


def test_an_instrument_must_be_named(raw):
    assert problems(raw) == (
        f"{NAME} holds several instruments: main, fractures, labs. Name one of them, as in "
        f'"{NAME}#fractures"; "main" are the rows that repeat nothing.'
    )
    assert 'has no "fracture". Did you mean "fractures"?' in problems(raw, sheet="fracture")


def test_the_data_dictionary_beside_it_gives_labels(with_dictionary):
    sheet = open_sheet(with_dictionary, sheet="main")
    assert values(sheet) == {
        "record_id": ["001", "2"],
        "sex": ["female", "male, or other"],
        "smoker": ["Yes", "No"],
        "risk___1": ["Checked", "Unchecked"],
        "risk___2": ["Unchecked", "Unchecked"],
        "base_complete": ["Complete", "Unverified"],
    }
    assert sheet.codes["sex"] == {"female": "1", "male, or other": "2"}
    assert sheet.notes[-1].endswith("They come from Spine_DataDictionary_2024-01-31.csv.")
    assert values(open_sheet(with_dictionary, sheet="main", labels=False))["sex"] == ["1", "2"]
    assert values(open_sheet(with_dictionary, sheet="fractures"))["level"] == ["T12", "first lumbar"]


def test_a_data_dictionary_may_be_named(raw, tmp_path):
    (tmp_path / "codes.csv").write_text(DICTIONARY)
    sheet = open_sheet(raw, sheet="main", codebook=tmp_path / "codes.csv")
    assert values(sheet)["sex"] == ["female", "male, or other"]
    (tmp_path / "codes.csv").write_text("a,b\n1,2\n")
    assert "codes.csv is no data dictionary of REDCap" in problems(raw, sheet="main", codebook=tmp_path / "codes.csv")


def test_an_export_with_labels(tmp_path):
    path = tmp_path / "Spine_DATA_LABELS_2024.csv"
    path.write_text(LABELS)
    assert sheet_names(path) == ["main", "Fractures"]
    assert values(open_sheet(path, sheet="Fractures"))["Level"] == ["T12"]
    assert values(open_sheet(path, sheet="main")) == {"Record ID": ["001"], "Sex": ["female"]}


def test_an_export_without_repeating_instruments(tmp_path):
    path = tmp_path / NAME
    path.write_text("record_id,sex\n1,2\n")
    assert values(open_sheet(path)) == {"record_id": ["1"], "sex": ["2"]}
    (tmp_path / "Spine_DataDictionary_1.csv").write_text(DICTIONARY)
    assert values(open_sheet(path)) == {"record_id": ["1"], "sex": ["male, or other"]}


def test_an_export_without_rows(tmp_path):
    path = tmp_path / NAME
    path.write_text("record_id,redcap_repeat_instrument\n")
    assert sheet_names(path) == []
    assert values(open_sheet(path)) == {"record_id": [], "redcap_repeat_instrument": []}
