"""Phones that nobody here wrote, over TLS and SRTP, through the front; a new certificate ends no talk."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator

import pytest

from sip.front.rpc import order
from sip.front.settings import FRONT, FrontPlaces
from sip.phone.own import OwnPhone
from sip.shown import ca_file
from tests.rigs.asterisk import pitches, tone
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line
from tests.rigs.secure import KINDS, SAYS, Login, SecurePhone, is_here
from tests.rigs.share import whole_or

pytestmark = pytest.mark.asterisk
CHILD = 1300
SHARE = whole_or(("baresip",), KINDS)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    """Phones must encrypt what is said, as if they came from elsewhere."""

    def required(line: LiveLine) -> None:
        with line.config.open("a", encoding="utf-8") as file:
            file.write('[phones]\nsrtp = "required"\n')

    with live_line(tmp_path_factory.mktemp("tls"), edit=required) as made:
        yield made


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.skipif(not is_here(kind), reason="not here")) for kind in SHARE]
)
def test_over_tls_both_hear_each_other_and_a_new_certificate_is_not_noticed(line: LiveLine, kind: str) -> None:
    async def story() -> None:
        password = json.loads((line.state / "accounts.json").read_text())["anna"]
        login = Login("anna", password, f"127.0.0.1:{line.base + 4}", ca_file(line.state))
        async with SecurePhone(kind, login) as phone, await OwnPhone.open(bind=CARRIER) as carrier:
            await phone.choose_sound()
            await eventually(lambda: line.reachable("anna") or None, "anna is reachable", 20.0)
            call = await carrier.dial(f"sip:116111@{line.server}", sound=tone(60, CHILD))
            heard = lambda: (pitches(call.heard.samples())[-1:] == [SAYS]) or None  # noqa: E731
            await eventually(heard, "the child hears the volunteer", 30.0)
            await eventually(lambda: CHILD in pitches(phone.heard()) or None, "the volunteer hears the child")
            await asyncio.to_thread(order, FrontPlaces(line.state / FRONT), "tls.reload")
            await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", line.base + 4), timeout=3)
            before = len(call.heard.samples())
            await eventually(lambda: len(call.heard.samples()) > before + 8000 or None, "a second later")
            assert pitches(call.heard.samples()[-6000:]) == [SAYS]
            assert (await call.renegotiate()).code == 200
            await call.hangup()
        await eventually(lambda: not line.reachable("anna") or None, "the phone has gone", 20.0)

    asyncio.run(story())
