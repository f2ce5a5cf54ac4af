"""A policy with anything wrong in it is refused whole, and the message says where and what would be right."""

import shutil
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.classes import CLASSES, UNPUBLISHED
from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.problems import PolicyRefused, Problem
from gateway.policy.reading import FILES, LINES, REASONS, read_policy
from gateway.policy.source import MODEL
from gateway.policy.words import COLUMNS, MATCHED, SINGLE
from gateway.vocabulary import Action, Relation, Role
from tests.policy.cases import POLICIES

TEXT = (POLICIES / LINES).read_text(encoding="utf-8")
NUMBERED = [
    (number, line)
    for number, line in enumerate(TEXT.split("\n"), 1)
    if line and not line.startswith("#") and not line.startswith("rule,")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(POLICIES / name, tmp_path)
    return tmp_path


def problems(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(PolicyRefused) as refused:
        read_policy(folder)
    return refused.value.problems


def replace(folder: Path, name: str, old: str, new: str) -> int:
    """Replace the first `old` in a file; the number of the line that it stands in."""
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def with_cell(number: int, column: str, word: str) -> str:
    found = TEXT.split("\n")
    cells = [cell.strip() for cell in found[number - 1].split(",")]
    cells[COLUMNS.index(column)] = word
    found[number - 1] = ", ".join(cells)
    return "\n".join(found)


@given(st.data())
def test_an_unknown_word_is_named_with_its_line_and_column(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever word is put in whatever cell: unless the vocabulary has it, the policy is refused for just that cell."""
    number, _ = data.draw(st.sampled_from(NUMBERED))
    column, known = data.draw(st.sampled_from(sorted((MATCHED | SINGLE).items())))
    nearly = st.sampled_from(known).flatmap(
        lambda w: st.sampled_from([w.swapcase(), f"{w}S", w[:-1], f"*{w}", f"{w} {w}"])
    )
    anything = st.text(st.characters(exclude_characters='",|\r\n', exclude_categories=["Cs"]), min_size=1)
    word = data.draw(nearly | anything).strip()
    assume(word not in known)
    folder = tmp_path_factory.mktemp("policy")
    for name in (MODEL, REASONS):
        shutil.copy(POLICIES / name, folder)
    (folder / LINES).write_text(with_cell(number, column, word), encoding="utf-8", newline="")
    [problem] = problems(folder)
    assert (problem.file, problem.line, problem.column) == (LINES, number, column)
    assert repr(word) in problem.message
    assert all(right in problem.message for right in known)


def test_the_nearest_word_is_suggested(folder: Path) -> None:
    line = replace(folder, LINES, "NON_SHARED", "NOT_SHARED")
    [problem] = problems(folder)
    assert str(problem).startswith(f"{LINES}:{line}: column share: unknown word 'NOT_SHARED'; did you mean NON_SHARED?")


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (LINES, "R24.1, USE", "R24.1, APPLY", "USE goes with allow"),
        (LINES, "R22, SIGN_IN", "R22, USE", "USE goes with allow"),
        (LINES, "NOT_OPEN, PERSONAL", "OPEN, PERSONAL", "never applies"),
        (LINES, "UNPUBLISHED, ANY, ANY, ANY, FETCH", "UNPUBLISHED, CONDITIONAL, ANY, ANY, FETCH", "never applies"),
        (LINES, "SUPERVISOR|AUDITOR", "SUPERVISOR|SUPERVISOR", "says a word twice"),
        (LINES, "SUPERVISOR|AUDITOR", "SUPERVISOR|ANY", "says a word twice"),
        (LINES, "SUPERVISOR|AUDITOR", "SUPERVISOR|", "unknown word ''"),
        (LINES, "open-to-all, ANY, ANY", "open-to-all, ANY， ANY", "use the ASCII comma"),
        (LINES, "open-to-all, ANY, ANY", "open-to-all, ANY", "has 11 cells instead of 12"),
        (LINES, "open-to-all, ANY", '"open-to-all, ANY', "no line of comma-separated values"),
        (LINES, "open-to-all, ANY", "Open to all, ANY", "is no rule id"),
        (LINES, "rule, role, kind", "rule, kind, role", "must be the header"),
        (REASONS, "open-to-all:", "open-to-al:", "has no reason"),
        (REASONS, "  en: ", "  fr: ", "needs a text under zh and one under en"),
        (REASONS, "open-to-all:", "unified-catalogue:", "stands twice"),
        (REASONS, "open-to-all:", "open-to-all: {", "is not YAML"),
    ],
)
def test_a_fault_is_named_with_its_line(folder: Path, name: str, old: str, new: str, says: str) -> None:
    line = replace(folder, name, old, new)
    found = problems(folder)
    assert any(says in p.message for p in found), found
    assert any(p.line is not None and (p.file != name or p.line >= line) for p in found), found


def test_a_rule_that_says_two_things_is_refused(folder: Path) -> None:
    replace(
        folder,
        LINES,
        "R24.1, USE",
        "R24.1, USE\nopen-to-all, ANY, ANY, OWNER, ANY, ANY, ANY, ANY, FETCH, allow, R24.2, USE",
    )
    [problem] = problems(folder)
    assert problem.column == "requirement"
    assert "rule open-to-all says R24.2 here and R24.1 in line" in problem.message


def test_a_line_that_stands_twice_is_refused(folder: Path) -> None:
    line = NUMBERED[0][1]
    replace(folder, LINES, line, f"{line}\n{line}")
    [problem] = problems(folder)
    assert problem.message == f"repeats line {NUMBERED[0][0]}; remove one"


def test_a_reason_without_a_rule_is_refused_so_that_a_file_cut_short_is_noticed(folder: Path) -> None:
    text = (folder / LINES).read_text(encoding="utf-8")
    (folder / LINES).write_text("\n".join(text.split("\n")[: NUMBERED[-3][0]]), encoding="utf-8")
    assert {p.file for p in problems(folder)} == {REASONS}


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n"])
def test_an_empty_policy_is_refused(folder: Path, content: str) -> None:
    (folder / LINES).write_text(content, encoding="utf-8")
    (folder / REASONS).write_text("{}", encoding="utf-8")
    [problem] = problems(folder)
    assert "an empty policy permits nothing" in problem.message


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_not_utf_8_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"# \n\xff\n")
    [problem] = problems(folder)
    assert (problem.file, problem.line, problem.message) == (name, 2, "is not UTF-8; save it as UTF-8")
    (folder / name).unlink()
    [problem] = problems(folder)
    assert (problem.file, "cannot be read" in problem.message) == (name, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("p.role in r.roles", "true"),
        ("p.role in r.roles", "keyMatch(r.roles, p.role)"),
        ("p.role in r.roles", "regexMatch(r.roles, p.role)"),
        ("p.role in r.roles", "eval(p.role)"),
        ("p.role in r.roles", "g(r.roles, p.role)"),
        ("p.role in r.roles", "p.role in r.kinds"),
        ("p.role in r.roles", "(p.role in r.roles || p.role == r.roles)"),
        (" && p.share in r.shares", ""),
        ("&& !some(where (p.eft == deny))", ""),
        ("some(where (p.eft == allow)) && !some", "!some"),
        ("p = line, role, kind", "p = line, kind, role"),
        ("r = actions, relations", "r = relations, actions"),
        ("[matchers]", "[role_definition]\ng = _, _\n\n[matchers]"),
        ("[matchers]", "[matcher]"),
        ("[matchers]", "matchers"),
    ],
)
def test_a_model_that_would_match_anything_else_is_refused(folder: Path, old: str, new: str) -> None:
    replace(folder, MODEL, old, new)
    assert {p.file for p in problems(folder)} == {MODEL}


def test_no_line_that_anybody_adds_delivers_what_was_not_reviewed_and_published(folder: Path) -> None:  # R14.2
    everything = "everything, ANY, ANY, ANYONE, ANY, ANY, ANY, ANY, DISCOVER|INSPECT|FETCH, allow, R1, USE"
    with (
        (folder / LINES).open("a", encoding="utf-8") as lines,
        (folder / REASONS).open("a", encoding="utf-8") as reasons,
    ):
        lines.write(f"\n{everything}\n")
        reasons.write("\neverything: {zh: 一切, en: everything}\n")
    policy = Policy(read_policy(folder))
    for role in Role:
        table = policy.table_for(Profile(frozenset({role})))
        assert table.allowed(Action.DISCOVER, frozenset()) == set(CLASSES)
        assert table.allowed(Action.FETCH, frozenset(Relation)) == set(CLASSES) - {UNPUBLISHED}


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(folder: Path) -> None:
    before = read_policy(folder)
    for name in FILES:
        text = (folder / name).read_bytes().decode()
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    after = read_policy(folder)
    assert (after.lines, after.rules) == (before.lines, before.rules)


def test_the_digest_changes_with_every_file(folder: Path) -> None:
    seen = {read_policy(folder).digest}
    for name in FILES:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("\n# another byte\n")
        seen.add(read_policy(folder).digest)
    assert len(seen) == len(FILES) + 1
