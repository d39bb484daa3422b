"""Planted mistakes: each is found at its line and column, says what is wrong and what to write instead, and brings no
second finding with it that its author did not cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ivr.callflow import CallflowError, check_paths, load_plan, read_folder
from ivr.core.flow import SetLanguage, WaitForOpening
from ivr.core.ids import LineId, StepName
from ivr.source.findings import Finding, Place, Severity
from tests.callflow.conftest import Change

TODAY = date(2026, 6, 1)
BT, FT, GROUPS = "bornetelefonen.yaml", "foraeldretelefonen.yaml", "groups.yaml"
SPROG = "shared/sprog.yaml"
BUSY = "  travlt:\n    play: foraeldre-travlt\n    then: slut\n"
WAIT = "      max_wait: 45m\n"
OPEN = "      open: koe\n      closed: lukket\n"

HOURS_STEP = """  aabent:
    hours:
      open: koe
      closed: lukket
"""
MENU = """  aabent:
    menu:
      play: fare
      options:
        "1": koe
        "2": lukket
      timeout: 5s
      no_input: koe
      no_match: koe
      max_tries: 3
"""


@dataclass(frozen=True)
class Mistake:
    """The first `old` in `file` becomes `new`; the finding points at the `§` in it, which is not written."""

    file: str
    old: str
    new: str
    what: str
    instead: str
    severity: Severity = Severity.ERROR


def warning(file: str, old: str, new: str, what: str, instead: str) -> Mistake:
    return Mistake(file, old, new, what, instead, Severity.WARNING)


def busy(new: str, what: str, instead: str) -> Mistake:
    """Another step where ForældreTelefonen's callers come who waited too long."""
    return Mistake(FT, BUSY, f"  travlt:\n{new}", what, instead)


def holiday(new: str, what: str, instead: str) -> Mistake:
    return Mistake(FT, "\nstart:", f"  holidays:\n{new}\nstart:", what, instead)


def menu(old: str, new: str, what: str, instead: str) -> Mistake:
    """A menu in place of the shipped hours branch, spoiled."""
    assert old in MENU
    return Mistake(BT, HOURS_STEP, MENU.replace(old, new), what, instead)


MISTAKES = {
    # the language
    "an unknown key": Mistake(BT, "technical:", "§tecnical: x\ntechnical:", "no `tecnical`", "`technical`"),
    "a missing key": Mistake(GROUPS, "    rounds: 2\n    rest: 10s", "    rest: 10s", "no `rounds`", "`rounds: 2`"),
    "an unknown kind of step": Mistake(BT, "play: lukket", "§plya: lukket", "no step `plya`", "`play`"),
    "an unknown key of a step": Mistake(BT, "play: lukket", "play: lukket\n    §them: slut", "no `them`", "`then`"),
    "two things in one step": Mistake(BT, "play: lukket", "play: lukket\n    §say: x", "two things", "two steps"),
    "a step that does nothing": Mistake(BT, "slut: hangup", "slut:§", "does nothing", "`hangup:`"),
    "a list instead of steps": Mistake(BT, "  slut: hangup", "  slut:\n    §- hangup", "does nothing", "`play:`"),
    "a step's name with a capital": Mistake(
        BT, "  slut: hangup", "  §Slut: hangup\n  slut: hangup", "`Slut` cannot be the name", "`slut`"
    ),
    "a missing then": Mistake(BT, "play: lukket\n    then: aabner", "§play: lukket", "no `then`", "`then:`"),
    "an unknown computed sentence": Mistake(BT, "next_opening\n", "§next_openin\n", "no sentence", "`next_opening`"),
    "a duplicate key": Mistake(BT, "language: da", "language: da\n§language: en", "second time", "one of the two"),
    "an anchor": Mistake(BT, "play: lukket", "play: §&x lukket", "anchor", "write the text out"),
    "an alias": Mistake(BT, "play: lukket", "play: §*x", "alias", "write the text out"),
    "a tag": Mistake(BT, "play: lukket", "play: §!!python/name:os.system lukket", "tag", "delete it"),
    "a tab": Mistake(BT, "    play: lukket", "§\tplay: lukket", "tab", "spaces"),
    "a bracket left open": Mistake(FT, "[dag]\n", "[dag\n", "not YAML", "brackets"),
    "a second document": Mistake(BT, "\nsteps:\n", "\n§---\nsteps:\n", "second document", "one document"),
    "a hidden control character": Mistake(BT, "play: lukket", 'play: §"luk\\x07ket"', "control character", "anew"),
    "an escape that is none": Mistake(BT, "play: lukket", 'play: "\\U00110000"', "not YAML", "shipped"),
    # transitions
    "a missing step": Mistake(BT, "closed: lukket", "closed: §luket", "no step `luket`", "`lukket`"),
    "a missing first step": Mistake(BT, "start: velkommen", "start: §hej", "no step `hej`", "use one of"),
    "an unreachable step": warning(
        BT, "  slut: h", "  §glemt:\n    play: skriv\n    then: slut\n  slut: h", "no caller ever reaches", "delete it"
    ),
    "a loop without exit": Mistake(
        BT,
        "  lukket:\n    play: lukket\n    then: aabner\n\n  aabner:\n    say: next_opening\n    then: skriv",
        "  §lukket:\n    play: lukket\n    then: aabner\n\n  aabner:\n    say: next_opening\n    then: lukket",
        "round for ever here (lukket -> aabner -> lukket)",
        "lead to an end",
    ),
    "a loop as long as the line is closed": Mistake(
        BT,
        "  velkommen:\n    play: [velkommen, fare] # at most 20 seconds before the queue\n    then: aabent\n\n"
        "  aabent:\n    hours:\n      open: koe\n      closed: lukket",
        "  §velkommen:\n    play: fare\n    then: aabent\n\n"
        "  aabent:\n    hours:\n      open: koe\n      closed: velkommen",
        "round for ever",
        "lead to an end",
    ),
    "a loop when nobody is there": Mistake(
        FT,
        "  koe:\n    enqueue:",
        "  igen:\n    play: foraeldre-ingen\n    then: koe\n\n  §koe:\n    enqueue:",
        "round for ever",
        "lead to an end",
    ),
    "a hang-up without a word": Mistake(
        BT, "closed: lukket", "closed: §slut", "`closed` a caller is hung up", "goodbye"
    ),
    "a queue that ends in silence": Mistake(
        BT, "on_timeout: travlt", "on_timeout: §slut", "`on_timeout` a caller is hung up on", "goodbye"
    ),
    "a line that only hangs up": Mistake(BT, "start: velkommen", "start: §slut", "without a word", "`play` step"),
    "a closed line that does not say when": warning(
        FT,
        "    then: aabner\n\n  aabner:\n    say: next_opening\n    then: farvel\n\n"
        "  farvel:\n    play: foraeldre-farvel\n    then: slut\n\n  slut:",
        "    then: farvel\n\n  farvel:\n    play: foraeldre-farvel\n    then: slut\n\n  §slut:",
        "not told when it opens",
        "next_opening",
    ),
    "a queue that is open when the line is closed": warning(
        FT,
        "    then: aabent\n\n  aabent:\n    hours:\n      open: koe\n      closed: lukket\n\n  koe:",
        "    then: menuen\n\n  menuen:\n    menu:\n      play: foraeldre-fare\n      options:\n"
        '        "1": koe\n      timeout: 5s\n      no_input: lukket\n      no_match: lukket\n'
        "      max_tries: 2\n\n  §koe:",
        "also when the line is closed",
        "`hours` step",
    ),
    "too much talk": warning(
        BT,
        "start: velkommen\n\nsteps:\n  velkommen:\n    play: [velkommen, fare]",
        "start: §velkommen\n\nsteps:\n  velkommen:\n    play: [velkommen, fare, velkommen, velkommen]",
        "s of talk before the queue",
        "20 s",
    ),
    # menus
    "a menu without timeout": menu("      play: fare\n", "      §play: fare\n", "", ""),
    "a menu that only leads to itself": menu("no_input: koe", "no_input: aabent", "round for ever", "lead"),
    "a digit without quotes": menu('"1"', "§1", "without quotes", 'write "1"'),
    "a star without quotes": menu('"1"', "§*", "`*` has a meaning", '"*"'),
    "a hash that begins a comment": menu('koe\n        "2": l', "koe\n        §#: l", "comment", '"#"'),
    "a key no telephone has": menu('"1"', '§"12"', "no key `12`", '"0" to "9"'),
    "a menu that hangs up on silence": menu("no_input: koe", "no_input: §slut", "without a word", "goodbye"),
    "options that are a list": menu('"1": koe\n        "2": lukket', "§- koe", "not written like this", '"1":'),
    # hours
    "a line that never opens": Mistake(FT, "hours:\n", "§hours:\n", "", ""),
    "a time of day that is none": Mistake(BT, "fri: 12:00-19:00", "fri: §12:00-25:00", "no time of day", "24:00"),
    "a time with one digit": Mistake(BT, "fri: 12:00-19:00", "fri: §9:00-19:00", "not an opening time", "two digits"),
    "an empty opening": Mistake(BT, "fri: 12:00-19:00", "fri: §12:00-12:00", "at once", "00:00-24:00"),
    "openings that overlap": Mistake(BT, "fri: 12:00-19:00", "fri: [12:00-19:00, §18:00-20:00]", "overlaps", "as one"),
    "an unknown day": Mistake(BT, "fri: 12:00-19:00", "§frii: 12:00-19:00", "no day of the week", "`fri`"),
    "a day named twice": Mistake(BT, "fri: 12:00-19:00", "§thu: 12:00-19:00", "second time", "once"),
    "days that run backwards": Mistake(BT, "fri: 12:00-19:00", "§sun-fri: 12:00-19:00", "backwards", "two lines"),
    "a date that does not exist": Mistake(BT, "2011-09-01", "§2011-09-31", "not a date", "year-month-day"),
    "two rows from one day": Mistake(BT, "valid_from: 2011-11-01", "§valid_from: 2011-09-01", "two rows", "its own"),
    "an unknown time zone": Mistake(BT, "Europe/Copenhagen", "§Europe/Kopenhagen", "no time zone", "Europe/Copenhagen"),
    "an exception without a reason": Mistake(
        FT,
        "\nstart:",
        "  exceptions:\n    - §date: 2026-12-24\n      hours: closed\n\nstart:",
        "no `reason`",
        "`reason:`",
    ),
    "two exceptions for one day": Mistake(
        FT,
        "\nstart:",
        "  exceptions:\n    - date: 2026-12-24\n      hours: closed\n      reason: jul\n"
        "    - date: §2026-12-24\n      hours: 10:00-12:00\n      reason: jul\n\nstart:",
        "an exception already",
        "one of the two",
    ),
    "an unknown holiday": holiday("    - days: §Juledagg\n      hours: closed\n", "no holiday", "`Juledag`"),
    "a holiday named twice": holiday(
        "    - days: Juledag\n      hours: closed\n    - days: [§Juledag]\n      hours: 10:00-12:00\n",
        "second time",
        "once",
    ),
    "a holiday without hours": holiday("    - §days: all\n", "no `hours`", "`hours: closed`"),
    "holidays that are no list": holiday("    §days: all\n    hours: closed\n", "is a list", "`- days:"),
    "a soon without how soon": Mistake(FT, OPEN, f"      §{OPEN.strip()}\n      soon: lukket\n", "no `within`", "10m"),
    "too late to call it soon": Mistake(
        FT, OPEN, f"{OPEN}      soon: lukket\n      within: §9h\n", "`within` cannot be 9h", "1m to 2h"
    ),
    "a wait for the opening without an end": busy(
        "    wait_for_opening:\n      §on_open: koe\n      on_timeout: ingen\n", "no `max_wait`", "`max_wait: 15m`"
    ),
    # shared flows, languages, other lines
    "a flow that is not there": busy("    call: §sprogg\n    then: ingen\n", "no shared flow", "`sprog`"),
    "a call without a then": busy("    §call: sprog\n", "no `then`", "`then:`"),
    "a return in a line": Mistake(FT, "  slut: hangup", "  §slut: return", "only ends a shared flow", "`hangup`"),
    "a return with something after it": Mistake(
        SPROG, "dansk: return", "dansk:\n    §return: 1", "takes nothing", "return"
    ),
    "a flow that calls itself": Mistake(SPROG, "set_language: en", "call: §sprog", "calls itself", "`return`"),
    "a missing step of a flow": Mistake(SPROG, "no_input: dansk", "no_input: §dask", "no step `dask`", "`dansk`"),
    "an unreachable step of a flow": warning(
        SPROG, '        "2": engelsk\n', "", "no caller ever reaches the step `engelsk`", "delete it"
    ),
    "an unknown key of a flow": Mistake(SPROG, "start: vaelg", "§stat: x\nstart: vaelg", "no `stat`", "`start`"),
    "a language without prompts": busy(
        "    set_language: §sv\n    then: ingen\n", "no prompts in the language `sv`", "prompts/sv/"
    ),
    "a language in a word": busy("    set_language: §english\n    then: ingen\n", "not a language", "two letters"),
    "a line that is not there": busy("    transfer:\n      line: §bornetelefon\n", "no line", "`bornetelefonen`"),
    "a transfer to itself": busy("    transfer:\n      line: §foraeldretelefonen\n", "to itself", "one of its steps"),
    "a transfer to nowhere": busy("    §transfer:\n      on_failed: ingen\n", "to one place", "`line:`"),
    "a transfer to two places": busy(
        "    §transfer:\n      line: bornetelefonen\n      partner: nord\n", "to one place", "`partner:`"
    ),
    "a transfer that cannot fail": busy(
        "    transfer:\n      line: bornetelefonen\n      §on_failed: ingen\n", "never happens", "delete it"
    ),
    "a number in a flow": busy(
        '    transfer:\n      partner: §"+45 35555557"\n      on_failed: ingen\n', "a number stands", "name the partner"
    ),
    "a partner who cannot be reached": busy(
        "    transfer:\n      partner: §nattelinjen\n      on_failed: ingen\n", "no trunk that may dial out", "queue"
    ),
    "a partner without a way back": busy(
        "    transfer:\n      §partner: nattelinjen\n", "no `on_failed`", "`on_failed:`"
    ),
    "a goto": Mistake(BT, "    play: lukket\n", "    §goto: lukket\n", "no step `goto`", "`then: STEP`"),
    "a recording": Mistake(BT, "    play: lukket\n", "    §record: lukket\n", "no step `record`", "recordings-policy/"),
    "a number to dial": Mistake(BT, "    play: lukket\n", '    §dial: "112"\n', "no step `dial`", "may not dial"),
    # groups and lines
    "a night nobody covers": Mistake(
        BT, "groups:\n  day: [dag]\n  night: [nat]", "§groups:\n  day: [dag]", "nobody serves the night", "`night: ["
    ),
    "a group that does not exist": Mistake(BT, "night: [nat]", "night: [§natt]", "no group `natt`", "`nat`"),
    "a default group that does not exist": Mistake(GROUPS, "default: dag", "default: §dagg", "no group", "`dag`"),
    "an unknown strategy": Mistake(
        GROUPS, "    strategy: longest_idle", "    strategy: §longest_idel", "no strategy", "`longest_idle`"
    ),
    "a full queue that leads back to itself": Mistake(
        FT, WAIT, f"{WAIT}      max_length: 60\n      on_full: aabent\n", "round for ever", "an end or to the queue"
    ),
    "a limit without a way out": Mistake(FT, WAIT, f"{WAIT}      max_length: 60\n", "has no `on_full`", "`on_full:`"),
    "a key of the queue that no telephone has": Mistake(
        FT, WAIT, f'{WAIT}      keys:\n        §"A": travlt\n', "no key", '"9"'
    ),
    "an unknown sentence in the queue": Mistake(
        FT, "- play: [foraeldre-stadig, foraeldre-stadig-igen]", "- say: §place", "to compute called", "`position`"
    ),
    "closing time without an end": Mistake(
        BT, "        serve: 30m", "        serve: §30s", "cannot be 30s", "1m to 4h"
    ),
    "a farewell at closing time without words": Mistake(
        FT, "        then: travlt", "        then: §slut", "hung up on without a word", "says goodbye"
    ),
    "a weight of nothing": Mistake(
        GROUPS, "    wrap_up: 30s", "    wrap_up: 30s\n    members: {anna: §0}", "a weight cannot be", "1 to 100"
    ),
    "somebody named twice": Mistake(
        GROUPS, "    wrap_up: 30s", "    wrap_up: 30s\n    members: [anna, §anna]", "twice among the members", "delete"
    ),
    "a time for the first group": Mistake(
        FT, "  day: [dag]", "  day: [{group: §dag, after: 1m}]", "asked at once", "another group before it"
    ),
    "a later group without its time": Mistake(
        FT, "  day: [dag]", "  day: [dag, §{group: nat}]", "has no `after`", "`after: 60s`"
    ),
    "a head start of hours": Mistake(BT, "head_start: 3m", "head_start: §3h", "cannot be 3h", "0s to 1h"),
    "a bare number as a time": Mistake(GROUPS, "    ring: 20s", "    ring: §20", "not a length of time", "20s"),
    "too long a ring": Mistake(GROUPS, "    ring: 20s", "    ring: §20m", "cannot be 20m", "5s to 2m"),
    "no rounds at all": Mistake(GROUPS, "    rounds: 2", "    rounds: §0", "cannot be `0`", "1 to 20"),
    "a number without quotes": Mistake(BT, '"116111"', "§116111", "without quotes", '"116111"'),
    "a number with spaces": Mistake(BT, '"116111"', '§"116 111"', "not a telephone number", "without spaces"),
    "a number of another line": Mistake(FT, '"35555557"', '§"116111"', "belongs to the line", "of its own"),
    "a name that would break a phone": Mistake(BT, "name: B", "name: §B<sip:>", "cannot be shown", "letters"),
    "a language that is none": Mistake(FT, "language: da", "language: §dansk", "not a language", "two letters"),
    # prompts
    "an unknown prompt": Mistake(BT, "welcome: koe", "welcome: §koee", "no prompt `koee`", "`koe`"),
    "a prompt without files": Mistake(BT, "play: lukket", "play: §zzz", "no prompt `zzz`", "prompts/da/zzz.txt"),
    "a prompt's name with a capital": Mistake(BT, "play: lukket", "play: §Lukket", "cannot be the name", "`lukket`"),
    "an empty list of prompts": Mistake(BT, "play: lukket", "play: §[]", "list is empty", "at least one"),
    "a word that must not be said": Mistake(
        FT, "[foraeldre-velkommen,", "[§velkommen,", "`gratis`, which this line must never say", "another prompt"
    ),
}
MISTAKES["a menu without timeout"] = Mistake(
    BT,
    HOURS_STEP,
    MENU.replace("      timeout: 5s\n", "").replace("play: fare", "§play: fare"),
    "no `timeout`",
    "`timeout: 5s`",
)
for _key, _value in (("no_match", "koe"), ("max_tries", "3"), ("no_input", "koe")):
    MISTAKES[f"a menu without {_key}"] = Mistake(
        BT,
        HOURS_STEP,
        MENU.replace(f"      {_key}: {_value}\n", "").replace("play: fare", "§play: fare"),
        f"no `{_key}`",
        f"`{_key}:",
    )
MISTAKES["a line that never opens"] = Mistake(
    FT,
    "hours:\n  tz: Europe/Copenhagen\n  night: 23:00-02:00\n  table:\n    - daily: 06:00-02:00",
    "§hours:\n  tz: Europe/Copenhagen\n  night: 23:00-02:00\n  table:\n    - daily: closed",
    "never opens",
    "`daily: 06:00-02:00`",
)
MISTAKES["a loop when nobody is there"] = Mistake(
    FT,
    "  koe:\n    enqueue:\n      welcome: foraeldre-koe\n      announce:\n"
    "        - play: [foraeldre-stadig, foraeldre-stadig-igen]\n          first: 45s\n          every: 90s\n"
    "      max_wait: 45m\n      on_timeout: travlt\n      back: foraeldre-afbrudt\n      on_nobody: ingen\n"
    "      closing:\n        play: foraeldre-lukker\n        serve: 30m\n        then: travlt\n",
    "  §koe:\n    enqueue:\n      welcome: foraeldre-koe\n      max_wait: none\n"
    "      on_timeout: travlt\n      on_nobody: igen\n\n  igen:\n    play: foraeldre-ingen\n    then: koe\n",
    "round for ever",
    "lead to an end",
)


def expected_place(path: Path) -> Place | None:
    """Where the `§` stands, and the file without it; None: the place does not matter."""
    text = path.read_text(encoding="utf-8")
    before, mark, after = text.partition("§")
    if not mark:
        return None
    path.write_text(before + after, encoding="utf-8")
    return Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))


def errors_in(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.severity is Severity.ERROR]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_found_at_its_place(name: str, folder: Path, change: Change) -> None:
    mistake = MISTAKES[name]
    path = change(mistake.file, mistake.old, mistake.new)
    place = expected_place(path)
    read = read_folder(folder, TODAY)
    found = list(read.findings)
    fitting = [finding for finding in found if mistake.what in finding.what and finding.severity is mistake.severity]
    assert fitting, [str(finding) for finding in found]
    assert mistake.instead in fitting[0].instead, str(fitting[0])
    if place is not None:
        assert fitting[0].place == place
    assert fitting[0].place.file == path
    others = [str(finding) for finding in errors_in(found) if finding is not fitting[0]]
    assert others == []
    assert (read.plan is None) == (mistake.severity is Severity.ERROR)


def test_a_folder_with_an_error_is_no_plan_and_says_why(folder: Path, change: Change) -> None:
    change(BT, "closed: lukket", "closed: luket")
    change(FT, "closed: lukket", "closed: luket")
    with pytest.raises(
        CallflowError, match=r"there is no step `luket`; did you mean `lukket`\? \(and 1 more"
    ) as caught:
        load_plan(folder)
    assert len(caught.value.findings) == 2


def test_thirty_mistakes_and_more_are_planted() -> None:
    assert len(MISTAKES) >= 30


def test_all_findings_come_at_once(folder: Path, change: Change) -> None:
    for name in (
        "a time of day that is none",
        "a prompt without files",
        "a group that does not exist",
        "an unknown key",
    ):
        mistake = MISTAKES[name]
        change(mistake.file, mistake.old, mistake.new.replace("§", ""))
    assert len(errors_in(check_paths([folder], TODAY))) == 4


def test_a_finding_reads_as_a_compiler_says_it(folder: Path, change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    change(BT, "closed: lukket", "closed: luket")
    monkeypatch.chdir(folder.parent)
    (finding,) = errors_in(check_paths([folder], TODAY))
    line = (folder / BT).read_text(encoding="utf-8").splitlines().index("      closed: luket") + 1
    assert str(finding) == (f"callflows/{BT}:{line}:15: error: there is no step `luket`; did you mean `lukket`?")


def test_one_file_is_checked_alone_without_its_neighbours_mistakes(folder: Path, change: Change) -> None:
    change(BT, "closed: lukket", "closed: luket")
    assert check_paths([folder / FT], TODAY) == []
    assert len(check_paths([folder / BT], TODAY)) == 1


def test_lines_that_pass_callers_round_are_found(folder: Path, change: Change) -> None:
    way = "  lukket:\n    transfer:\n      line: {}\n"
    change(BT, "  lukket:\n    play: lukket\n    then: aabner\n", way.format("foraeldretelefonen"))
    change(FT, "  lukket:\n    play: foraeldre-lukket\n    then: aabner\n", way.format("bornetelefonen"))
    found = errors_in(check_paths([folder], TODAY))
    assert [finding.place.file.name for finding in found] == [BT, FT]
    assert all("passed round for ever" in finding.what for finding in found)


def test_a_language_that_lacks_a_prompt_is_told_prompt_by_prompt(folder: Path, change: Change) -> None:
    change(FT, "start: velkommen", "start: sprog")
    change(FT, "\nsteps:\n", "\nsteps:\n  sprog:\n    call: sprog\n    then: velkommen\n\n")
    found = errors_in(check_paths([folder], TODAY))
    said = {finding.what for finding in found}
    assert "there is no prompt `foraeldre-koe` in the language `en`" in said
    assert "there is no prompt `foraeldre-teknisk` in the language `en`" in said
    assert all(finding.place.file.name == FT or "`sprog`" in finding.what for finding in found)


def test_the_language_menu_and_the_wait_for_the_opening_can_be_switched_on_as_the_comments_say(
    folder: Path, change: Change
) -> None:
    change(BT, "start: velkommen", "start: sprog")
    change(BT, "\nsteps:\n", "\nsteps:\n  sprog:\n    call: sprog\n    then: velkommen\n\n")
    change(BT, OPEN, f"{OPEN}      soon: snart\n      within: 10m\n")
    change(BT, "  koe:\n", "  snart:\n    call: snart\n    then: koe\n\n  koe:\n")
    assert errors_in(check_paths([folder], TODAY)) == []
    steps = load_plan(folder).lines[LineId("bornetelefonen")].flow.steps
    assert steps[StepName("sprog.engelsk")] == SetLanguage(StepName("sprog.engelsk"), "en", StepName("velkommen"))
    assert isinstance(steps[StepName("snart.venter")], WaitForOpening)


def test_a_mistake_in_a_shared_flow_is_told_once_and_also_when_only_that_file_is_checked(
    folder: Path, change: Change
) -> None:
    path = change(SPROG, "no_input: dansk", "no_input: dask")
    for file in (BT, FT):
        change(file, "start: velkommen", "start: sprog")
        change(file, "\nsteps:\n", "\nsteps:\n  sprog:\n    call: sprog\n    then: velkommen\n\n")
    assert len(errors_in(check_paths([folder], TODAY))) == 1
    assert [finding.place.file for finding in check_paths([path], TODAY)] == [path]


def test_calls_and_returns_that_go_round_are_found(folder: Path, change: Change) -> None:
    change(SPROG, "start: vaelg", "start: dansk")
    change(FT, BUSY, "  travlt:\n    call: sprog\n    then: travlt\n")
    (finding,) = errors_in(check_paths([folder], TODAY))
    assert "go round for ever" in finding.what


def test_a_line_with_very_many_steps_in_flows_is_refused(folder: Path) -> None:
    shared = folder / "shared"
    (shared / "a0.yaml").write_text("start: x\nsteps:\n  x: {play: fare, then: y}\n  y: return\n", encoding="utf-8")
    for depth in range(1, 13):
        calls = "".join(f"  s{n}: {{call: a{depth - 1}, then: s{n + 1}}}\n" for n in range(3))
        (shared / f"a{depth}.yaml").write_text(f"start: s0\nsteps:\n{calls}  s3: return\n", encoding="utf-8")
    path = folder / FT
    text = path.read_text(encoding="utf-8").replace(BUSY, "  travlt:\n    call: a12\n    then: ingen\n")
    path.write_text(text, encoding="utf-8")
    (finding,) = errors_in(check_paths([folder], TODAY))
    assert "more than 2000 steps" in finding.what
