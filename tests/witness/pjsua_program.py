"""pjsua2 with a softphone's buttons: a process with an account for each volunteer; JSON lines in and out.

Rules: run only as `python -m tests.witness.pjsua_program`; it ends when its input does, after hanging up. The library
has no types and keeps raw pointers: whatever it was given stays referenced here.
"""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

import pjsua2 as pj

Told = dict[str, Any]
G711 = {"PCMA/8000/1": 255, "PCMU/8000/1": 254, "G722/16000/1": 253}
CODECS = {"alaw": "PCMA/8000/1", "ulaw": "PCMU/8000/1", "g722": "G722/16000/1"}


class PhoneCall(pj.Call):  # type: ignore[misc]  # the library has no types
    def __init__(self, phone: PhoneAccount, pj_id: int) -> None:
        super().__init__(phone, pj_id)
        self.phone = phone
        self.over = False

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            say(told="answered", name=self.phone.name)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.over = True
            say(told="ended", name=self.phone.name, code=info.lastStatusCode, why=info.lastReason)

    def onCallMediaState(self, prm: Any) -> None:
        self.connect()

    def onCallTransferStatus(self, prm: Any) -> None:
        say(told="transfer", name=self.phone.name, code=prm.statusCode)

    def connect(self) -> None:
        """What is to be said goes into the call, wherever its sound stands now."""
        info = self.getInfo()  # kept: its list is freed with it
        active = any(
            one.type == pj.PJMEDIA_TYPE_AUDIO and one.status == pj.PJSUA_CALL_MEDIA_ACTIVE for one in info.media
        )
        if active and self.phone.source is not None:
            self.phone.source.startTransmit(self.getAudioMedia(-1))

    def disconnect(self) -> None:
        if self.phone.source is not None and self.hasMedia():
            self.phone.source.stopTransmit(self.getAudioMedia(-1))


class PhoneAccount(pj.Account):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.call: PhoneCall | None = None
        self.kept: list[Any] = []
        self.source: Any = None
        """What is said; None: the microphone is off, and nothing at all is sent (the library sends no silence)."""

    def onRegState(self, prm: Any) -> None:
        say(told="registered", name=self.name, code=prm.code, active=self.getInfo().regIsActive)

    def onIncomingCall(self, prm: Any) -> None:
        call = PhoneCall(self, prm.callId)
        if self.call is not None and not self.call.over:
            busy = pj.CallOpParam()
            busy.statusCode = 486
            call.answer(busy)
            self.kept.append(call)
            return
        self.call = call
        ringing = pj.CallOpParam()
        ringing.statusCode = 180
        call.answer(ringing)
        say(told="ring", name=self.name)

    def speak(self, path: str) -> None:
        if self.call is not None and not self.call.over:
            self.call.disconnect()
        self.kept.append(self.source)
        self.source = None
        if path:
            self.source = pj.AudioMediaPlayer()
            self.source.createPlayer(path, 0)
        if self.call is not None and not self.call.over:
            self.call.connect()


class Program:
    def __init__(self) -> None:
        self.endpoint: Any = pj.Endpoint()
        self.accounts: dict[str, PhoneAccount] = {}
        self.open = True

    def begin(self, told: Told) -> None:
        config = pj.EpConfig()
        config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly, config.uaConfig.maxCalls = 0, True, 32
        config.logConfig.level = config.logConfig.consoleLevel = 0
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad, config.medConfig.ecTailLen, config.medConfig.maxMediaPorts = not told["vad"], 0, 254
        self.endpoint.libCreate()
        self.endpoint.libInit(config)
        self.endpoint.audDevManager().setNullDev()
        transport = pj.TransportConfig()
        transport.boundAddress = transport.publicAddress = "127.0.0.1"
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.codecs("alaw")
        say(told="open")

    def codecs(self, first: str) -> None:
        for codec in self.endpoint.codecEnum2():
            wanted = G711.get(codec.codecId, 0)
            self.endpoint.codecSetPriority(codec.codecId, 255 if codec.codecId == CODECS[first] else min(wanted, 254))

    def account(self, told: Told) -> None:
        config = pj.AccountConfig()
        config.idUri = f"<sip:{told['name']}@127.0.0.1>"
        config.regConfig.registrarUri = f"sip:{told['server']}"
        config.regConfig.timeoutSec = 60
        config.regConfig.retryIntervalSec = config.regConfig.firstRetryIntervalSec = 2
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", told["name"], 0, told["password"]))
        config.mediaConfig.transportConfig.boundAddress = config.mediaConfig.transportConfig.publicAddress = "127.0.0.1"
        config.natConfig.contactRewriteUse = config.natConfig.viaRewriteUse = 0
        account = PhoneAccount(told["name"])
        account.create(config)
        self.accounts[told["name"]] = account
        account.speak(told["sound"])

    def press(self, told: Told) -> None:
        """A button of one account's phone. Raises pj.Error when the moment is not one for it."""
        account, param = self.accounts[told["name"]], pj.CallOpParam(True)
        call, button = account.call, told["button"]
        if button == "speak":
            account.speak(told["with"])
            return
        if call is None or call.over:
            say(told="trouble", name=account.name, why="there is no call")
        elif button == "answer":
            param.statusCode = 200
            call.answer(param)
        elif button == "hangup":
            call.hangup(param)
        elif button == "hold":
            call.setHold(param)
        elif button == "resume":
            param.opt.flag = pj.PJSUA_CALL_UNHOLD
            call.reinvite(param)
        elif button == "info":
            digits = pj.CallSendDtmfParam()
            digits.method, digits.digits = pj.PJSUA_DTMF_METHOD_SIP_INFO, told["with"]
            call.sendDtmf(digits)
        elif button == "key":
            call.dialDtmf(told["with"])
        elif button == "transfer":
            call.xfer(told["with"], param)
        elif button == "codec":
            self.codecs(told["with"])
            param.opt.flag = pj.PJSUA_CALL_REINIT_MEDIA
            call.reinvite(param)
            self.codecs("alaw")

    def run(self) -> None:
        waiting = b""
        while self.open:
            if self.endpoint.libGetState() == pj.PJSUA_STATE_RUNNING:
                self.endpoint.libHandleEvents(10)
            if not select.select([0], [], [], 0)[0]:
                continue
            data = os.read(0, 65536)
            self.open = bool(data)
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                self.take(json.loads(line))
        self.end()

    def take(self, told: Told) -> None:
        try:
            {"open": self.begin, "account": self.account, "press": self.press}[told["do"]](told)
        except pj.Error as trouble:
            say(told="trouble", name=told.get("name"), why=f"{told.get('button', told['do'])}: {trouble.reason}")

    def end(self) -> None:
        for account in self.accounts.values():
            if account.call is not None and not account.call.over:
                account.call.hangup(pj.CallOpParam())
            account.setRegistration(False)
        end = time.monotonic() + 2
        while time.monotonic() < end and any(each.getInfo().regIsActive for each in self.accounts.values()):
            self.endpoint.libHandleEvents(10)


OUT = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")


def say(**event: object) -> None:
    try:
        OUT.write(json.dumps(event) + "\n")
    except BrokenPipeError:
        return  # whoever started this is gone: the input ends in a moment


if __name__ == "__main__":
    os.dup2(2, 1)  # what the C library prints
    Program().run()
    os._exit(0)  # the library's own tear-down trips over its Python objects
