"""Inventories that nobody here wrote, read record by record."""

from collections import Counter

import pytest

from gateway.federation.dcat_us import read_record
from gateway.federation.harvested import AccessLevel, Harvested
from gateway.federation.inventory import read_inventory
from gateway.federation.problems import Code, Problem
from gateway.federation.publishers import publisher_forest
from gateway.vocabulary import DataType, Format, Period, Theme
from tests.real.samples import sample

DOL, ENERGY, CITY = "dcatus_fed_dol.json", "dcatus_fed_energy.json", "dcatus_philadelphia_402.json"
JUSTICE = "datajson_ar_justicia.json"


def read(name: str) -> tuple[list[Harvested], list[Problem]]:
    inventory = read_inventory(sample(name))
    results = [read_record(record, index) for index, record in enumerate(inventory.records)]
    return [found for found, _, _ in results if found], [problem for _, problems, _ in results for problem in problems]


@pytest.mark.parametrize(
    ("name", "public", "restricted", "non_public"), [(DOL, 272, 87, 106), (ENERGY, 297, 179, 6), (CITY, 402, 0, 0)]
)
def test_every_record_is_read_with_its_access_level(name: str, public: int, restricted: int, non_public: int) -> None:
    harvested, problems = read(name)
    assert not [problem for problem in problems if problem.fatal]
    levels = Counter(entry.access_level for entry in harvested)
    assert levels[AccessLevel.PUBLIC] == public
    assert levels[AccessLevel.RESTRICTED] == restricted
    assert levels[AccessLevel.NON_PUBLIC] == non_public


def test_rights_texts_are_kept_word_for_word() -> None:
    rights = Counter(entry.rights for entry in read(DOL)[0])
    assert (rights["true"], rights["TRUE"], rights["The dataset contains PII"]) == (215, 69, 25)


def test_periods_and_themes_of_the_federal_inventories() -> None:
    periods = Counter(entry.period for entry in read(DOL)[0])
    assert (periods[Period.REALTIME], periods[Period.QUARTERLY], periods[Period.ANNUAL]) == (123, 60, 44)
    energy = read(ENERGY)[0]
    assert Counter(entry.theme for entry in energy)[Theme.ENER] >= 352
    assert sum(entry.part_of is not None for entry in energy) == 260
    assert {entry.part_of for entry in energy if entry.part_of} <= {entry.identifier for entry in energy}


def test_the_hierarchy_of_the_federal_inventories() -> None:
    dol, problems = publisher_forest("dol", [entry.publishers for entry in read(DOL)[0]])
    parents = {agency.code: agency.parent for agency in dol}
    codes = {agency.name: agency.code for agency in dol}
    assert parents[codes["Employee Benefits Security Administration"]] == codes["Department of Labor"]
    assert parents[codes["Department of Labor"]] is None
    assert parents[codes["WHD"]] == codes["Wage and Hour Division"]
    assert {problem.code for problem in problems} <= {Code.HIERARCHY_CONFLICT}
    energy, _ = publisher_forest("energy", [entry.publishers for entry in read(ENERGY)[0]])
    assert len(energy) == 59
    department = next(agency.code for agency in energy if agency.name == "Department of Energy")
    assert sum(agency.parent == department for agency in energy) == 14


def test_the_distributions_of_the_city() -> None:
    distributions = [distribution for entry in read(CITY)[0] for distribution in entry.distributions]
    assert len(distributions) == 2_841
    formats = Counter(distribution.format for distribution in distributions)
    assert (formats[Format.CSV], formats[Format.SHAPEFILE], formats[Format.GEOJSON]) == (642, 504, 371)
    assert formats[Format.OTHER] <= 2


def test_a_modified_that_is_a_period_is_kept_as_one() -> None:
    repeating = [entry for entry in read(CITY)[0] if "modified: R/P1D" in entry.remarks]
    assert len(repeating) == 11
    assert all(entry.period is Period.DAILY for entry in repeating)


def test_the_fields_of_the_ministry() -> None:
    harvested, problems = read(JUSTICE)
    assert len(harvested) == 18
    assert all(entry.theme is Theme.JUST for entry in harvested)
    fields = [field for entry in harvested for field in entry.fields]
    assert {field.data_type for field in fields} == {DataType.STRING, DataType.INTEGER, DataType.DATE}
    assert "id_norma" in {field.name for field in fields}
    assert {problem.code for problem in problems} == {Code.ACCESS_LEVEL_ASSUMED, Code.DUPLICATE_FIELD}
