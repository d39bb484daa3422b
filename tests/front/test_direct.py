"""Without a front (`[front] mode = "direct"`): calls are taken as ever, and it is said what is missing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli.show_status import status_lines
from ivr.cli.up import up
from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, LiveLine, live_line


def direct(line: LiveLine) -> None:
    with line.config.open("a", encoding="utf-8") as config:
        config.write('[front]\nmode = "direct"\n')


@pytest.mark.asterisk
def test_asterisk_alone_takes_calls_and_status_says_what_is_missing(tmp_path: Path) -> None:
    async def story(line: LiveLine) -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            for number in ("116111", "+45116111"):
                call = await line.call(carrier, number)
                await call.until_sound(5.0)
                await call.hangup()

    with live_line(tmp_path, edit=direct) as line:
        asyncio.run(story(line))
        line.empty()
        told = line.status()
        assert told["front"]["mode"] == "direct"
        assert "can end it from anywhere" in " ".join(status_lines(told))
        assert not (line.state / "front").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[front]\nmode = "opensips"\n', 'front.mode is \'opensips\'; it can be "kamailio" or "direct"'),
        ('[front]\nmod = "direct"\n', "front.mod is not a setting; did you mean mode?"),
        ('sip_bind = "0.0.0.0"\n[phones]\nhost = "sip.example.dk"\n[front]\nmode = "kamailio"\n', "sip_bind must be"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    config = tmp_path / "voiceline.toml"
    config.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(up, ["--config", str(config), "--state", str(tmp_path / "state")])
    assert done.exit_code == 1
    assert sentence in done.output
