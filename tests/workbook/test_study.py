"""Study files: every slip told in words, all at once, before anything starts."""

import pytest

from helpers.errors import Problems, WorkbookError
from helpers.robustness.choices import CHOICES, grid_problems
from helpers.workbook.manifest import inputs
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.study import checked_values, read_study


@pytest.fixture
def parameters(toy, steps):
    return merged(parameters_by_step(toy.root, steps))


def test_values_are_the_studys_else_the_defaults(toy, parameters):
    values = checked_values(read_study(toy.study), parameters)
    assert values["conf_level"] == 0.9
    assert values["bootstrap_samples"] == 2000
    assert list(values) == list(parameters)


def test_report_goes_where_the_study_is_named(toy):
    assert read_study(toy.study).default_out(toy.root) == toy.out
    other = toy.study.with_name("Mine Ünd more.yml")
    other.write_text("conf_level: 0.9\n")
    assert read_study(other).default_out(toy.root).name == "mine-und-more"
    toy.write_study("run_folder: reports/elsewhere\n")
    assert read_study(toy.study).default_out(toy.root) == toy.root / "reports" / "elsewhere"


def test_all_slips_are_told_at_once(toy, parameters):
    toy.write_study(
        """
        conf_levle: 0.9
        bananas: 3
        conf_level: 95
        bootstrap_samples: true
        study_name: 2006-01-27
        later_vertebroplasty: censored
        patients_file: patient.csv
        imaging_file: nowhere.csv
        """
    )
    with pytest.raises(Problems) as error:
        checked_values(read_study(toy.study), parameters)
    assert error.value.heading == "study.yml cannot be run as it is; nothing was started:"
    assert error.value.problems == (
        "`conf_levle` is not a parameter of any notebook. Did you mean `conf_level`?",
        "`bananas` is not a parameter of any notebook. `workbook parameters` lists them.",
        "`is_synthetic` is not set. Write `is_synthetic: false` for real patients, `true` for made-up.",
        '`study_name` must be a text, but got 2006-01-27. YAML takes it for a date: write it in quotes, "2006-01-27".',
        "`patients_file` is patient.csv, but there is no such file beside study.yml. Did you mean patients.csv?",
        "`imaging_file` is nowhere.csv, but there is no such file beside study.yml. Files there: patients.csv.",
        "`conf_level` must be a share between 0 and 1, without these two, but got 95. Write 0.95 for 95%.",
        "`bootstrap_samples` must be a whole number of at least 200, but got true.",
        '`later_vertebroplasty` must be one of censor, ignore, reclassify, but got "censored". Did you mean censor?',
    )


def test_a_sheet_of_a_workbook_and_a_table_of_a_database_are_files_too(toy, parameters):
    (toy.study.parent / "Kohorte.xlsx").touch()
    said = 'study_name: x\nis_synthetic: true\npatients_file: "{}"\n'
    for name in ("Kohorte.xlsx#Patienten", "postgresql://reader@127.0.0.1/registry#patients"):
        toy.write_study(said.format(name))
        assert checked_values(read_study(toy.study), parameters)["patients_file"] == name
    toy.write_study(said.format("Cohorte.xlsx#Patienten"))
    with pytest.raises(Problems, match=r"is Cohorte.xlsx#Patienten, but there is no such file .* Kohorte.xlsx\?"):
        checked_values(read_study(toy.study), parameters)


def test_a_password_has_no_place_in_a_study_file(toy, parameters):
    toy.write_study(
        'study_name: x\nis_synthetic: true\npatients_file: "postgresql://reader:geheim@127.0.0.1/registry#patients"\n'
    )
    with pytest.raises(Problems) as error:
        checked_values(read_study(toy.study), parameters)
    assert error.value.problems == (
        "`patients_file` has a password in its address. "
        "Leave it out and set the environment variable PGPASSWORD, or use a .pgpass file.",
    )


def test_a_database_is_named_in_the_manifest_without_a_password_or_a_digest(toy, steps, parameters):
    study = read_study(toy.study)
    values = {"patients_file": "postgresql://reader:geheim@127.0.0.1/registry#patients"}
    given = inputs(study, values | dict.fromkeys(parameters.keys() - values, ""), parameters, steps, toy.root)
    (patients,) = [one for one in given if one["role"] == "patients_file"]
    assert patients == {
        "role": "patients_file",
        "name": "postgresql://reader:***@127.0.0.1/registry",
        "sha256": None,
        "bytes": None,
        "rows": None,
    }


def test_missing_default_file_is_told_as_default(toy, parameters):
    (toy.study.parent / "patients.csv").unlink()
    with pytest.raises(Problems, match=r"`patients_file` is patients.csv \(the default\), but there is no such file"):
        checked_values(read_study(toy.study), parameters)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "study.yml must hold lines of the form `name: value`, but is empty."),
        ("- a\n- b\n", "study.yml must hold lines of the form `name: value`, but holds a list."),
        (
            "a: 1\nb: [1, 2\nc: 3\n",
            "Line 3 of study.yml is not YAML (expected ',' or ']', but got ':'): 'c: 3'. ",
        ),
        ("a: 1\n\tb: 2\n", "Line 2 of study.yml is indented with a tab. Use blanks."),
        (
            "name: St: Mary\n",
            "Line 1 of study.yml is not YAML (mapping values are not allowed here): 'name: St: Mary'",
        ),
        ("day: 2006-13-45\n", "study.yml cannot be read: month must be in 1..12"),
        ("x: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
    ],
)
def test_file_that_is_no_study(toy, text, sentence):
    toy.study.write_text(text)
    with pytest.raises(WorkbookError) as error:
        read_study(toy.study)
    assert sentence in str(error.value)


def test_keys_written_twice(toy):
    toy.write_study("seed: 1\nconf_level: 0.9\nseed: 2\ncolumn_names:\n  patients: {sex: a, sex: b}\n")
    with pytest.raises(Problems) as error:
        read_study(toy.study)
    assert sorted(error.value.problems) == [
        "`seed` is set on line 1 and again on line 3.",
        "`sex` is set on line 5 and again on line 5.",
    ]


def test_missing_study_file_names_the_ones_there(toy):
    with pytest.raises(WorkbookError, match=r"There is no study file .*other.yml. In that folder there is: study.yml."):
        read_study(toy.study.with_name("other.yml"))
    with pytest.raises(WorkbookError, match=r"toy is a folder. Give the study file in it, for example toy/study.yml"):
        read_study(toy.study.parent)


def test_study_file_in_another_encoding(toy):
    toy.study.write_bytes('study_name: "Übung"'.encode("latin-1"))
    with pytest.raises(WorkbookError, match="is not a UTF-8 text file"):
        read_study(toy.study)


def refused(toy, text: str) -> tuple[str, ...]:
    """What is told of a study file before anything starts, with the parameters of the real notebooks."""
    toy.write_study('study_name: x\nis_synthetic: true\npatients_file: patients.csv\nimaging_file: ""\n' + text)
    for name in ("procedures", "fractures"):
        (toy.study.parent / f"{name}.csv").touch()
    try:
        checked_values(read_study(toy.study), merged(parameters_by_step(project_root())))
    except Problems as error:
        return error.problems
    return ()


def test_what_is_wrong_with_dates_and_codes_is_told_before_anything_starts(toy):
    told = refused(
        toy,
        """
date_formats: {default: "%d.%m.%y", patients.death_date: "?", imaging.imaging_date: "%d/%m/%Y|%m/%d/%Y"}
codes:
  patients.sex: {"1": herr}
  patients.heigth: {"1": tall}
""",
    )
    assert len(told) == 5
    for words, problem in zip(
        (
            "patients.death_date` is not decided yet",
            "`pivot_year` is not set",
            "would be 2001-01-02",
            '"herr"',
            "heigth",
        ),
        told,
        strict=True,
    ):
        assert words in problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        'date_formats: {default: "%d.%m.%y|%m.%y"}\npivot_year: 1930\n',
        'date_formats: {default: "%d.%m.%Y|%m.%Y|%Y"}\npivot_year: null\n',
        'codes: {patients.sex: {"1": male, "2": female, "9": ""}}\n',
    ],
)
def test_formats_a_pivot_and_codes_that_are_right(toy, text):
    assert refused(toy, text) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("codes: {patients.sex: {1: male}}", 'YAML takes 1 for a number: write it in quotes, "1".'),
        ("codes: {patients.sex: {a: 2}}", 'YAML takes 2 for a number: write it in quotes, "2".'),
        ("codes: {patients.steroid_use: {ja: yes}}", 'YAML takes the word after "ja": for true or false'),
        ("codes: {patients.steroid_use: {yes: ja}}", "YAML takes the word before the colon of true for true or false"),
        ('codes: {patients.sex: {"9": }}', 'Nothing stands after "9": write "" for an empty text.'),
        ("codes: {patients.sex: {2006-01-27: male}}", "YAML takes 2006-01-27 for a date: write it in quotes"),
        ("pivot_year: 30", "`pivot_year` must be a whole number from 1900 to 2001 or null for none, but got 30."),
    ],
)
def test_what_yaml_takes_for_something_else_is_told_with_how_to_write_it(toy, text, words):
    (told,) = refused(toy, text + "\n")
    assert words in told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            'specifications: {estimators: {crude: plain}, adjacent_within: {"4": far}}',
            [
                '`specifications` names the choice "estimators", which is not known. Did you mean estimator?',
                '`specifications` gives `adjacent_within` the value "4", but it must be 1, 2, 3.',
            ],
        ),
        (
            "specifications: {adjacent_within: {1: near}}",
            [
                "`specifications` must be a mapping (`key: value` lines, or {} for none), but got "
                "{'adjacent_within': {1: 'near'}}. "
                'YAML takes 1 for a number: write it in quotes, "1".'
            ],
        ),
        ('specifications_file: "nowhere.csv"', ["`specifications_file` is nowhere.csv, but there is no such file"]),
    ],
)
def test_a_grid_of_specifications_is_refused_before_anything_starts(example_study, written, told):
    study = example_study / "study.yml"
    study.write_text(f"{study.read_text(encoding='utf-8')}\n{written}\n", encoding="utf-8")
    with pytest.raises(Problems) as error:
        checked_values(read_study(study), merged(parameters_by_step(project_root())))
    assert len(error.value.problems) == len(told)
    assert all(one.startswith(other) for one, other in zip(error.value.problems, told, strict=True))


def test_the_grid_of_the_notebook_is_a_good_one():
    grid = merged(parameters_by_step(project_root()))["specifications"].default
    assert grid_problems(grid) == []
    assert list(grid) == [choice for choice in CHOICES if choice != "death_follow_up"]
