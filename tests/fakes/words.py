"""What a caller is played, as Asterisk does it.

Rules (facts of Asterisk): playings of one caller follow each other; music ends when a prompt begins and does not come
back by itself; a playing that is taken away has ended like any other; a missing sound is accepted and ends as not
heard; who hangs up in the middle of a prompt did not hear it, and that is said before they are gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from ivr.core.commands import Play
from ivr.core.ids import PlayId, PromptId
from ivr.core.news import PlayEnded, Result
from tests.fakes.floor import Floor
from tests.fakes.legs import Caller, Later, Playing

Answered = Callable[[Result], None]


def play(floor: Floor, caller: Caller, command: Play) -> Result:
    if caller.talk is not None:
        floor.misuse.append(f"{command.play} is played into a talk")
        return Result.NOT_NOW
    if not caller.answered:
        floor.misuse.append(f"{command.play} is played to a caller who has not been answered")
    if knows(caller, command.play):
        return Result.ALREADY
    playing = Playing(command.play, deque(command.prompts))
    if caller.playing is None:
        _start(floor, caller, playing)
    else:
        caller.later.append(Later(lambda: _start(floor, caller, playing), play=command.play))
    return Result.DONE


def knows(caller: Caller, play: PlayId) -> bool:
    return any(each.play == play for each in caller.later) or (caller.playing is not None and caller.playing.id == play)


def music(floor: Floor, caller: Caller) -> Result:
    """Accepted at once; while words are played it begins after them."""
    if caller.talk is not None:
        floor.misuse.append(f"{caller.id} gets music in a talk")
        return Result.NOT_NOW

    if not caller.answered:
        floor.misuse.append(f"{caller.id} gets music and has not been answered")

    def begin() -> None:
        caller.music = True
        floor.listen(caller)

    if caller.playing is not None:
        caller.later.append(Later(begin))
        return Result.DONE
    if caller.music:
        return Result.ALREADY
    begin()
    return Result.DONE


def answer(floor: Floor, caller: Caller, answered: Answered) -> None:
    """Held back by Asterisk while words are played, like all that is not a playing."""

    def now() -> None:
        done = Result.ALREADY if caller.answered else Result.DONE
        caller.answered = True
        floor.listen(caller)
        answered(done)

    if caller.playing is None:
        now()
    else:
        caller.later.append(Later(now, drop=lambda: answered(Result.GONE)))


def stop(floor: Floor, caller: Caller, play: PlayId) -> Result:
    if caller.playing is not None and caller.playing.id == play:
        _finish(floor, caller, heard=True)
        return Result.DONE
    for waiting in caller.later:
        if waiting.play == play:
            caller.later.remove(waiting)
            _say_ended(floor, caller, play, heard=True)
            return Result.DONE
    return Result.GONE


def quiet(floor: Floor, caller: Caller) -> None:
    """All words and music end, because the caller is joined with somebody."""
    for waiting in [each for each in caller.later if each.play is not None]:
        caller.later.remove(waiting)
        if waiting.play is not None:
            _say_ended(floor, caller, waiting.play, heard=True)
    if caller.playing is not None:
        _finish(floor, caller, heard=True)
    caller.music = False


def drop(floor: Floor, caller: Caller) -> None:
    """The caller is gone: what plays has failed, what waits is forgotten, what was held back is told so."""
    waiting, caller.later = caller.later, deque()
    if caller.playing is not None:
        _finish(floor, caller, heard=False)
    for each in waiting:
        if each.drop is not None:
            each.drop()


def say(floor: Floor, caller: Caller, play: PlayId | None, prompts: tuple[PromptId, ...]) -> None:
    """Over a talk, for this caller alone; behind what is being said already."""
    playing = Playing(play, deque(prompts))
    if caller.playing is None:
        _start(floor, caller, playing)
    else:
        caller.later.append(Later(lambda: _start(floor, caller, playing), play=play))


def _start(floor: Floor, caller: Caller, playing: Playing) -> None:
    caller.playing = playing
    caller.music = False
    _next_prompt(floor, caller, playing)


def _next_prompt(floor: Floor, caller: Caller, playing: Playing) -> None:
    while playing.left:
        prompt = playing.left.popleft()
        if prompt not in floor.prompts:
            playing.missing = True
            continue
        playing.now = prompt
        caller.track.restart(floor.clock.monotonic())
        floor.listen(caller)
        playing.alarm = floor.clock.after(floor.prompts[prompt], lambda: _next_prompt(floor, caller, playing))
        return
    _finish(floor, caller, heard=not playing.missing)


def _finish(floor: Floor, caller: Caller, heard: bool) -> None:
    playing, caller.playing = caller.playing, None
    assert playing is not None
    if playing.alarm is not None:
        playing.alarm.cancel()
    if playing.id is not None:
        _say_ended(floor, caller, playing.id, heard)
    while caller.later and caller.playing is None:
        caller.later.popleft().do()
    floor.listen(caller)


def _say_ended(floor: Floor, caller: Caller, play: PlayId, heard: bool) -> None:
    def ended(at: datetime) -> PlayEnded:
        return PlayEnded(caller.id, play, heard, at)

    floor.emit(caller.id, ended)
