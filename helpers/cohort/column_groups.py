"""Which columns of one wide table make which rows of ours: `column_names` with `{n}`, constants and further groups."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.cohort.wording import listed, not_known, there

ID, PATIENTS = "patient_id", "patients"
NUMBER, CONSTANT = "{n}", "="
MAY_LACK = {("fractures", "diagnosis_date"): "status"}  # a fracture said to be old may have no date
_TITLE = re.compile(r"([^()]*?)\s*(?:\((.*)\))?\s*")


@dataclass(frozen=True)
class Group:
    """Columns of the file that make one row of a table for each row of the file in which they are filled.

    Attributes
    ----------
    table : str
    columns : dict of str to str
        Our column -> the file's.
    constants : dict of str to str
        Our column -> its text in every row.
    counted : tuple of str
        The file's columns that make a row where one of them is filled: those with a number if there are any.
    title : str
        The key in `column_names`.
    """

    table: str
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    title: str = ""

    def file_column(self, ours: str) -> str:
        """What the file calls our column, "" if the same; a constant is told as it is in `column_names`."""
        if ours in self.constants:
            return CONSTANT + self.constants[ours]
        theirs = self.columns.get(ours, ours)
        return "" if theirs == ours else theirs


@dataclass
class Groups:
    """The columns of the patients and the groups of the other tables; what is wrong, and what is to be told."""

    patients: Group
    others: list[Group] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        """The file's columns that are wanted, each once."""
        groups = [self.patients, *self.others]
        return list(dict.fromkeys(theirs for group in groups for theirs in group.columns.values()))


def table_of(title: str) -> tuple[str, str]:
    """The table that a key of `column_names` is about, and the name of the further group.

    >>> table_of("fractures (old)")
    ('fractures', 'old')
    """
    table, group = _TITLE.fullmatch(title).groups() if _TITLE.fullmatch(title) else (title, "")
    return table.strip(), group or ""


def constants_of(mapping: Mapping[str, str]) -> dict[str, str]:
    """Our columns that `column_names` gives a constant, with its text."""
    return {ours: theirs[1:].strip() for ours, theirs in mapping.items() if theirs.startswith(CONSTANT)}


def wrong_names(title: str, mapping: Mapping[str, str], dictionary: Dictionary, *, is_wide: bool = True) -> list[str]:
    """What is wrong with a group in `column_names` whatever the file is."""
    table, _ = table_of(title)
    if table not in RAW_TABLES:
        return [not_known("table", title, RAW_TABLES)]
    ours = [column.name for column in dictionary.table(table)]
    problems = [not_known(f"column of {table} in `column_names`", name, ours) for name in mapping if name not in ours]
    for name, theirs in mapping.items():
        if NUMBER in theirs and not is_wide:
            problems.append(
                f'`column_names` says {title}.{name} is "{theirs}", but {NUMBER} is for a `cohort_file` with '
                "`layout: wide`."
            )
        elif theirs.count(NUMBER) > 1:
            problems.append(
                f'`column_names` says {title}.{name} is "{theirs}", but {NUMBER} may stand in it once. '
                "Write the other number out, and make one further group for each."
            )
    if ID in constants_of(mapping):
        problems.append(f"`column_names` gives {title}.{ID} a constant. Name the column of the patients' identifiers.")
    return problems


def find_groups(header: Sequence[str], source: str, dictionary: Dictionary, column_names: Mapping) -> Groups:
    """The groups of a table with one row per patient; everything wrong is gathered."""
    found = Groups(own_group(header, source, dictionary, PATIENTS, column_names.get(PATIENTS, {})))
    problems = found.problems
    for title, mapping in column_names.items():
        table, further = table_of(title)
        wrong = wrong_names(title, mapping, dictionary)
        if table == PATIENTS:
            if further:
                wrong.append(f'"{title}" cannot be: patients have one row each. Put its columns under patients.')
            wrong += [
                f'`column_names` says patients.{name} is "{theirs}", but patients have one row each: no {NUMBER} there.'
                for name, theirs in mapping.items()
                if NUMBER in theirs
            ]
        problems += wrong
        if table in RAW_TABLES and table != PATIENTS and not wrong:
            groups, said, told = _numbered(header, source, dictionary, title, mapping, found.patients.columns[ID])
            found.others += groups
            problems += said
            found.notes += told
    problems += missing_columns(header, source, dictionary, PATIENTS, column_names.get(PATIENTS, {}), found.patients)
    for table in RAW_TABLES[1:]:
        if not any(table_of(title)[0] == table for title in column_names):
            group = own_group(header, source, dictionary, table, {}, patient=found.patients.columns[ID])
            if len(group.columns) > 1:
                problems += missing_columns(header, source, dictionary, table, {}, group)
                found.others.append(group)
            elif table not in OPTIONAL_TABLES:
                problems.append(
                    f"`column_names` does not say where the {table} stand. Write, for example, {_EXAMPLES[table]}."
                )
    problems += repeated(header, source, found.names())
    found.problems = list(dict.fromkeys(problems))
    return found


def own_group(header, source, dictionary: Dictionary, table: str, mapping: Mapping, *, patient: str = "") -> Group:
    """The columns of a table that `column_names` names, and those that the file calls as we do."""
    ours = [column.name for column in dictionary.table(table)]
    constants = constants_of(mapping)
    given = {name: theirs for name, theirs in mapping.items() if name in ours and name not in constants}
    elsewhere = {theirs for name, theirs in given.items() if theirs != name}
    columns = {name: given.get(name, name) for name in ours if name not in constants}
    columns = {
        name: theirs
        for name, theirs in columns.items()
        if theirs in header and (name in given or theirs not in elsewhere)
    }
    columns[ID] = patient or columns.get(ID, given.get(ID, ID))
    constants = {name: text for name, text in constants.items() if name in ours}
    return Group(table, columns, constants, tuple(theirs for name, theirs in columns.items() if name != ID))


def missing_columns(header, source, dictionary: Dictionary, table: str, mapping: Mapping, group: Group) -> list[str]:
    """What the file lacks of what `column_names` names there, and of what a table cannot do without."""
    columns = dictionary.table(table)
    problems = [
        f'`column_names` says {table}.{name} is "{theirs}", but {there(header, source, theirs)}'
        for name, theirs in mapping.items()
        if theirs not in header
        and not theirs.startswith(CONSTANT)
        and NUMBER not in theirs
        and name in [column.name for column in columns]
    ]
    for column in columns:
        has = group.columns.get(column.name) in header or column.name in group.constants
        if column.required and not has and column.name not in mapping:
            problems.append(
                f'{table} needs a column "{column.name}" ({column.label.lower()}), but '
                f"{there(header, source, column.name)} Has it another name? See `column_names`."
            )
    return problems


def repeated(header: Sequence[str], source: str, names: Sequence[str]) -> list[str]:
    """What is wrong where a wanted name is that of several columns."""
    return [
        f'{source} has {list(header).count(name)} columns called "{name}". Give each column its own name.'
        for name in names
        if list(header).count(name) > 1
    ]


def _numbered(header, source, dictionary, title, mapping, patient) -> tuple[list[Group], list[str], list[str]]:
    """One group, or one for each number of its columns; what is wrong with them, and what is to be told."""
    table, constants, problems, notes = table_of(title)[0], constants_of(mapping), [], []
    if mapping.get(ID, patient) != patient:
        problems.append(
            f'`column_names` says {title}.{ID} is "{mapping[ID]}", but patients.{ID} is "{patient}": all columns of a '
            "row are about one patient. Leave it out there."
        )
    plain, by_number = {}, {}
    for name, theirs in mapping.items():
        if name == ID or name in constants:
            continue
        if NUMBER in theirs:
            by_number[name], wrong = _numbers(header, source, title, name, theirs)
            problems += wrong
        elif theirs in header:
            plain[name] = theirs
        else:
            problems.append(f'`column_names` says {title}.{name} is "{theirs}", but {there(header, source, theirs)}')
    if not plain and not by_number:
        problems.append(f"`column_names` gives {title} no column of the file. Name at least one.")
    if problems:
        return [], problems, []
    numbers = sorted(set().union(*by_number.values())) if by_number else [None]
    groups = []
    for number in numbers:
        counted = {name: own[number] for name, own in by_number.items() if number in own}
        columns = {ID: patient, **plain, **counted}
        groups.append(Group(table, columns, constants, tuple((counted or plain).values()), title))
        problems += _lacking(dictionary, title, mapping, groups[-1], number)
    if by_number and numbers != list(range(1, len(numbers) + 1)):
        first = next(theirs for theirs in mapping.values() if NUMBER in theirs)
        notes.append(f'Of the columns "{first}" ({title}) there are those with {listed(numbers, 12)}.')
    return groups, problems, notes


def _numbers(header, source: str, title: str, name: str, pattern: str) -> tuple[dict[int, str], list[str]]:
    """Number -> column of the file, for the columns that a pattern with {n} fits."""
    before, after = pattern.split(NUMBER)
    form = re.compile(re.escape(before) + r"(\d{1,6})" + re.escape(after), re.ASCII)
    fitting = [(int(match[1]), column) for column in dict.fromkeys(header) if (match := form.fullmatch(column))]
    found, problems = {}, []
    for number, column in fitting:
        if number in found:
            problems.append(
                f'"{pattern}" ({title}.{name}) fits both "{found[number]}" and "{column}". Rename one of them.'
            )
        found.setdefault(number, column)
    if not found:
        example = pattern.replace(NUMBER, "1")
        problems.append(
            f'`column_names` says {title}.{name} is "{pattern}", but no column fits it, like "{example}": '
            f"{there(header, source, example)}"
        )
    return found, problems


def _lacking(dictionary: Dictionary, title: str, mapping: Mapping, group: Group, number: int | None) -> list[str]:
    """What a group lacks that its table cannot do without."""
    problems, which = [], "" if number is None else f" with the number {number}"
    has = {*group.columns, *group.constants}
    for column in dictionary.table(group.table):
        if not column.required or column.name in has or MAY_LACK.get((group.table, column.name)) in has:
            continue
        theirs = mapping.get(column.name)
        if theirs is None:
            problems.append(f"`column_names` gives {title} no {column.name} ({column.label.lower()}). Name its column.")
        else:
            other = " and ".join(f'"{name}"' for name in group.counted)
            problems.append(
                f'There is {other}{which}, but no "{theirs.replace(NUMBER, str(number))}" ({title}.{column.name}). '
                "Add that column, or rename the other."
            )
    return list(dict.fromkeys(problems))


_EXAMPLES = {
    "procedures": 'procedures: {procedure_date: "OP-Datum {n}", levels: "Zementiert {n}"}',
    "fractures": 'fractures: {level: "Fraktur {n}", diagnosis_date: "Fraktur {n} Datum", status: "=new"}',
}
