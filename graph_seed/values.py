"""Values of delivered columns, as DuckDB makes them: an expression for each name of a field, of the row's number `i`.

The same row of the same dataset always has the same value: everything is drawn by `pick`, from the number of the row,
the dataset and the field. Nobody is meant: identity numbers begin with a division that does not exist, telephone
numbers with digits that are not given out, and names are drawn.
"""

import zlib
from collections.abc import Sequence
from typing import Final

from gateway.vocabulary import DataType
from graph_seed import reading
from graph_seed.people import GIVEN, SURNAMES

MACROS: Final = (
    # From 0 below m, by the row and a salt. The middle bits: neighbours are to have nothing to do with each other.
    "CREATE MACRO pick(i, salt, m) AS CAST((hash(i * 1048576 + salt) // 65536) % m AS BIGINT)",
    "CREATE MACRO one_of(list, i, salt) AS list[pick(i, salt, len(list)) + 1]",
    "CREATE MACRO evenly(i, salt, low, high, n) AS round(low + (high - low) * pick(i, salt, 1000001) / 1e6, n)",
    "CREATE MACRO padded(n, digits) AS lpad(CAST(n AS VARCHAR), digits, '0')",
)
STATIONS: Final = 40
"""Places that measure: rows of one moment follow each other, a row for each."""
_START: Final = "TIMESTAMP '2022-01-01 00:00:00'"


def expression(name: str, data_type: DataType, dataset: str) -> str:
    """What stands in a column of a dataset.

    Args:
        name: the field's. One that is not known here has something of its type.
        data_type: its type.
        dataset: by which the values differ from those of other datasets.
    """
    made = _BY_NAME.get(name) or _BY_TYPE[data_type].replace("{name}", name.replace("'", "''"))
    for salted in _SALTED:
        made = made.replace(f"<{salted}>", str(_salt(dataset, salted)))
    return f"CAST({made.replace('<>', str(_salt(dataset, name)))} AS {_TYPES[data_type]})"


def _salt(dataset: str, name: str) -> int:
    return zlib.crc32(f"{dataset}\x1f{name}".encode()) % 1_000_003


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join("'" + word.replace("'", "''") + "'" for word in words) + "]"


def _drawn(*words: str) -> str:
    return f"one_of({_list(words)}, i, <>)"


def _number(low: float, high: float, digits: int) -> str:
    # As floating-point numbers: of 0.05 DuckDB would make a decimal, in which products do not fit.
    return f"evenly(i, <>, {low:e}, {high:e}, {digits})"


def _day(since: str, days: int) -> str:
    return f"DATE '{since}' + CAST(pick(i, <>, {days}) AS INTEGER)"


_COUNTIES: Final = reading.jurisdictions()[1:]
_BORN: Final = "(DATE '1935-01-01' + CAST(pick(i, <birth_date>, 30000) AS INTEGER))"
_PERSON: Final = (
    f"one_of({_list(SURNAMES)}, i, <>) || one_of({_list(GIVEN)}, i, <> + 1) || "
    f"CASE WHEN pick(i, <> + 2, 3) > 0 THEN one_of({_list(GIVEN)}, i, <> + 3) ELSE '' END"
)
_TRADES: Final = ("科技", "商贸", "建筑", "农业", "物流", "餐饮", "能源", "食品", "医药", "文化")
_MONTH: Final = "strftime(DATE '2016-01-01' + to_months(CAST(i % 120 AS INTEGER)), '%Y-%m')"
_STREETS: Final = (
    "北街街道",
    "南街街道",
    "西街街道",
    "董志镇",
    "肖金镇",
    "驿马镇",
    "马岭镇",
    "曲子镇",
    "太平镇",
    "早胜镇",
)

_BY_NAME: Final[dict[str, str]] = {
    # persons
    "name": _PERSON,
    "legal_person": _PERSON,
    "owner_name": _PERSON,
    "party": _PERSON,
    "sex": "CASE WHEN pick(i, <sex>, 2) = 0 THEN '女' ELSE '男' END",
    "birth_date": _BORN,
    # 999999 is no division. The last digit but one is odd for men.
    "id_number": f"'999999' || strftime({_BORN}, '%Y%m%d') || padded(pick(i, <>, 100), 2)"
    " || CAST(pick(i, <> + 1, 5) * 2 + pick(i, <sex>, 2) AS VARCHAR) || 'X'",
    "phone": "CASE WHEN pick(i, <> + 1, 20) > 0 THEN '100' || padded(pick(i, <>, 100000000), 8) END",
    "org_phone": "'0934-1' || padded(pick(i, <>, 1000000), 6)",
    "address": f"one_of({_list([one.name for one in _COUNTIES])}, i, <adcode>) || {_drawn(*_STREETS)}"
    " || CAST(1 + pick(i, <> + 1, 200) AS VARCHAR) || '号'",
    "account": "'99' || padded(pick(i, <>, 1000000000), 9) || padded(pick(i, <> + 1, 100000000), 8)",
    "account_no": "'Y' || padded(i, 9)",
    # companies and other bodies
    "uscc": "'91999999' || padded(i, 9) || 'X'",
    "company_name": f"'庆阳' || {_drawn(*GIVEN)} || {_drawn(*GIVEN).replace('<>', '<> + 1')} || "
    f"one_of({_list(_TRADES)}, i, <> + 2) || '有限公司'",
    "company_type": _drawn("有限责任公司", "股份有限公司", "个人独资企业", "合伙企业", "农民专业合作社"),
    "registered_capital": "round(10 + 5000 * pow(pick(i, <>, 1000003) / 1000003, 4), 2)",
    "registered_on": _day("1995-01-01", 11_000),
    "company_address": f"one_of({_list([one.name for one in _COUNTIES])}, i, <adcode>) || {_drawn(*_STREETS)}"
    " || CAST(1 + pick(i, <> + 1, 300) AS VARCHAR) || '号'",
    "status": "CASE WHEN pick(i, <>, 10) < 8 THEN '存续' WHEN pick(i, <>, 10) = 8 THEN '注销' ELSE '吊销' END",
    "org_code": "'ORG' || padded(i, 6)",
    "org_name": f"one_of({_list([one.name for one in _COUNTIES])}, i, <>) || "
    "'第' || CAST(1 + i % 97 AS VARCHAR) || '服务站'",
    # places
    "adcode": f"one_of({_list([one.adcode for one in _COUNTIES])}, i, <adcode>)",
    "district": f"one_of({_list([one.name for one in _COUNTIES])}, i, <adcode>)",
    "street": _drawn(*_STREETS),
    "longitude": _number(106.3, 108.75, 6),
    "latitude": _number(35.25, 37.17, 6),
    # times
    "observed_at": f"{_START} + to_hours(i // {STATIONS})",
    "updated_at": f"{_START} + to_hours(i // {STATIONS}) + to_seconds(60 + pick(i, <>, 600))",
    "period": _MONTH,
    "year": "2010 + i % 15",
    # measurements
    "station_id": f"'S' || padded(i % {STATIONS}, 3)",
    "station_name": f"one_of({_list(_STREETS)}, i % {STATIONS}, <>) || CAST(1 + i % {STATIONS} AS VARCHAR) || '号站'",
    "ph": _number(6.5, 8.5, 2),
    "turbidity": _number(0.05, 1.2, 2),
    "chlorine": _number(0.05, 0.8, 2),
    "bacteria": "CAST(pick(i, <>, 110) AS BIGINT)",
    "qualified": "pick(i, <>, 100) > 1",
    "aqi": "20 + pick(i, <>, 180)",
    "pm25": _number(3, 160, 1),
    "pm10": _number(8, 260, 1),
    "so2": _number(2, 40, 1),
    "o3": _number(10, 220, 1),
    "temperature": _number(-22, 38, 1),
    "humidity": _number(12, 100, 0),
    "wind_speed": _number(0, 17, 1),
    "precipitation": "CASE WHEN pick(i, <>, 8) = 0 THEN evenly(i, <> + 1, 1e-1, 4.5e1, 1) ELSE 0.0 END",
    "usage": _number(1, 60, 2),
    "fee": _number(3, 220, 2),
    "meter_date": _day("2024-01-01", 700),
    "length_km": _number(3, 48, 1),
    "area": _number(30, 2400, 2),
    "score": _number(55, 100, 1),
    "grade": "CASE WHEN pick(i, <>, 10) < 3 THEN 'A' WHEN pick(i, <>, 10) < 7 THEN 'B' ELSE 'C' END",
    "evaluated_on": _day("2021-03-30", 1_400),
    # figures
    "value": _number(1, 9_000, 2),
    "cumulative": _number(10, 90_000, 2),
    "growth": _number(-12, 18, 1),
    "total": "pick(i, <>, 5000)",
    "amount": "round(100 + 90000 * pow(pick(i, <>, 1000003) / 1000003, 3), 2)",
    "indicator": _drawn("生产总值", "固定资产投资", "社会消费品零售总额", "居民消费价格", "粮食产量"),
    "unit": _drawn("亿元", "万元", "%", "吨", "元"),
    "category": _drawn("一类", "二类", "三类", "四类", "其他"),
    # matters
    "case_no": "'庆案' || CAST(2021 + i % 5 AS VARCHAR) || padded(i, 7)",
    "accepted_on": _day("2021-01-01", 1_700),
    "closed_on": "CASE WHEN pick(i, <>, 10) > 0 THEN"
    " DATE '2021-01-01' + CAST(pick(i, <accepted_on>, 1700) + pick(i, <>, 60) AS INTEGER) END",
    "result": _drawn("办结", "不予受理", "转办", "撤回", "部分支持"),
    "licence_no": "'庆许' || padded(i, 8)",
    "issued_on": _day("2018-01-01", 2_500),
    "valid_until": "CASE WHEN pick(i, <>, 12) > 0 THEN"
    " DATE '2018-01-01' + CAST(pick(i, <issued_on>, 2500) + 365 * (1 + pick(i, <>, 5)) AS INTEGER) END",
    "authority": _drawn(*(one.name for one in reading.agencies()[:27])),
    "paid_on": _day("2023-01-01", 1_000),
    "purpose": _drawn("生活补助", "设备购置", "工程建设", "运行维护", "奖励"),
    "file_name": "'文件-' || padded(i, 6) || '.pdf'",
    "file_size": "1000 + pick(i, <>, 4000000)",
    "sha256": "sha256(<> || '-' || i)",
    "camera_id": "'CAM' || padded(i, 6)",
    "stream_url": "'rtsp://video.invalid/' || padded(i, 6)",
    "resolution": _drawn("1280x720", "1920x1080", "3840x2160"),
    "route_no": "CAST(1 + i % 60 AS VARCHAR) || '路'",
    "start_stop": f"one_of({_list(_STREETS)}, i % 60, <>) || '站'",
    "end_stop": f"one_of({_list(_STREETS)}, i % 60, <> + 1) || '总站'",
    "diagnosis": _drawn("上呼吸道感染", "高血压", "2型糖尿病", "慢性胃炎", "腰椎间盘突出"),
    "icd": _drawn("J06.900", "I10.x00", "E11.900", "K29.500", "M51.200"),
    "parcel_no": "'999999' || padded(i, 9)",
    "land_use": _drawn("住宅", "商业", "工业", "公共管理", "耕地"),
    "device_id": "'D' || padded(i % 500, 5)",
    "device_status": "CASE WHEN pick(i, <>, 20) > 1 THEN '正常' WHEN pick(i, <>, 20) = 1 THEN '故障' ELSE '停用' END",
}
_BY_TYPE: Final = {
    DataType.STRING: "'{name}' || padded(pick(i, <>, 1000), 4)",
    DataType.INTEGER: "pick(i, <>, 10000)",
    DataType.DECIMAL: _number(0, 10_000, 2),
    DataType.BOOLEAN: "pick(i, <>, 2) = 0",
    DataType.DATE: _day("2020-01-01", 2_000),
    DataType.DATETIME: f"{_START} + to_seconds(pick(i, <>, 100000000))",
}
_TYPES: Final = {
    DataType.STRING: "VARCHAR",
    DataType.INTEGER: "BIGINT",
    DataType.DECIMAL: "DOUBLE",
    DataType.BOOLEAN: "BOOLEAN",
    DataType.DATE: "DATE",
    DataType.DATETIME: "TIMESTAMP",
}
_SALTED: Final = ("adcode", "sex", "birth_date", "accepted_on", "issued_on")
"""Fields that others are made after."""
