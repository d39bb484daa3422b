"""The pjsua2 side of `pjsua.py`: one process, one SIP stack, a JSON object per line in and out.

Rules: run only as `python -m sip.phone.pjsua_helper`; when the parent goes, every call is hung up and the account taken
off before this process ends. pjsua2 has no types and keeps raw pointers: whatever it was given stays referenced here.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

Told = dict[str, Any]


class Out:
    """The channel to the parent. What the C library prints goes to stderr instead."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
        os.dup2(2, 1)

    def __call__(self, **event: object) -> None:
        try:
            self._file.write(json.dumps(event) + "\n")
        except BrokenPipeError:
            return  # the parent is gone: stdin tells us the same in a moment


class HelperCall(pj.Call):  # type: ignore[misc]  # the library has no types
    def __init__(self, helper: Helper, account: Any, number: int, pj_id: int) -> None:
        super().__init__(account, pj_id)
        self.helper, self.number = helper, number
        self.sound = self.record = ""
        self.loop = False
        self.leaving = self.answered = self.over = False
        self.reason = ""
        self.player: Any = None
        self.recorder: Any = None
        self.kept: list[Any] = []

    def onCallState(self, prm: Any) -> None:  # noqa: N802  the library's name
        info, say = self.getInfo(), self.helper.say
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            say(told="state", call=self.number, state="ringing" if info.lastStatusCode == 180 else "trying", at=now())
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.answered = True
            say(told="state", call=self.number, state="answered", at=now(), call_id=info.callIdString)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED and not self.over:
            self.over = True
            self._say_ended(info)

    def _say_ended(self, info: Any) -> None:
        refused = not self.answered
        by = (
            "us"
            if self.leaving
            else "network"
            if refused and not self.reason and info.lastStatusCode == 408
            else "them"
        )
        cancelled = info.role == pj.PJSIP_ROLE_UAS and by == "them" and info.lastStatusCode == 487
        why = "CANCEL" if cancelled else info.lastReason if refused else "BYE"
        self.helper.say(
            told="ended",
            call=self.number,
            by=by,
            code=info.lastStatusCode if refused else None,
            why=why,
            reason="" if self.leaving else self.reason,
            at=now(),
        )

    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802
        event = prm.e
        if event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
            for line in event.body.tsxState.src.rdata.wholeMsg.split("\r\n"):
                name, _, value = line.partition(":")
                if name.strip().lower() == "reason":
                    self.reason = value.strip()

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        active = any(
            one.type == pj.PJMEDIA_TYPE_AUDIO and one.status == pj.PJSUA_CALL_MEDIA_ACTIVE for one in info.media
        )
        if not active:
            return
        audio = self.getAudioMedia(-1)
        if self.recorder is None and self.record:
            self.recorder = pj.AudioMediaRecorder()
            self.recorder.createRecorder(self.record)
            self.helper.say(told="recording", call=self.number, at=now())
        if self.recorder is not None:
            audio.startTransmit(self.recorder)
        if self.sound:
            self.play(self.sound, self.loop)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        self.helper.say(told="digit", call=self.number, digit=prm.digit)

    def play(self, path: str, loop: bool) -> None:
        self.sound, self.loop = path, loop
        if not self.hasMedia():
            return  # begins with the media
        if self.player is not None:
            self.kept.append(self.player)
            self.player.stopTransmit(self.getAudioMedia(-1))
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(path, 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)
        self.player.startTransmit(self.getAudioMedia(-1))

    def leave(self, code: int, reason: str) -> None:
        self.leaving = True
        with_reason = pj.CallOpParam()
        with_reason.statusCode = code
        if reason:
            header = pj.SipHeader()
            header.hName, header.hValue = "Reason", reason
            with_reason.txOption.headers.append(header)
        self.hangup(with_reason)


class HelperAccount(pj.Account):  # type: ignore[misc]
    def __init__(self, helper: Helper) -> None:
        super().__init__()
        self.helper = helper

    def onRegState(self, prm: Any) -> None:  # noqa: N802
        self.helper.say(told="registration", code=prm.code, why=prm.reason, active=self.getInfo().regIsActive)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        helper = self.helper
        call = helper.new_call(self, helper.next_incoming(), prm.callId)
        ringing = pj.CallOpParam()
        ringing.statusCode = 180
        call.answer(ringing)
        helper.say(told="ring", call=call.number, message=prm.rdata.wholeMsg, at=now())


class Helper:
    def __init__(self) -> None:
        self.say = Out()
        self.calls: dict[int, HelperCall] = {}
        self._accounts: dict[str, HelperAccount] = {}
        self._endpoint: Any = pj.Endpoint()
        self._incoming = 0
        self._bind = ""
        self._open = True
        self._do: dict[str, Callable[[Told], None]] = {
            "open": self._on_open,
            "dial": self._on_dial,
            "answer": self._on_answer,
            "hangup": self._on_hangup,
            "digits": self._on_digits,
            "play": self._on_play,
            "hold": self._on_hold,
            "transfer": self._on_transfer,
            "request": self._on_request,
            "unregister": self._on_unregister,
            "close": self._on_close,
        }

    def run(self) -> None:
        waiting = b""
        while self._open:
            if self._bind:
                self._endpoint.libHandleEvents(10)
            ready, _, _ = select.select([0], [], [], 0 if self._bind else 1)
            if not ready:
                continue
            data = os.read(0, 65536)
            if not data:
                break
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
        self._farewell()

    def _take(self, told: Told) -> None:
        try:
            self._do[told["do"]](told)
        except pj.Error as trouble:
            self.say(told="trouble", call=told.get("call"), do=told["do"], why=trouble.reason)

    def _on_open(self, told: Told) -> None:
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = 16
        config.logConfig.level = config.logConfig.consoleLevel = 0
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad, config.medConfig.ecTailLen = True, 0
        endpoint, bind = self._endpoint, told["bind"]
        endpoint.libCreate()
        endpoint.libInit(config)
        endpoint.audDevManager().setNullDev()
        transport = pj.TransportConfig()
        transport.port, transport.boundAddress, transport.publicAddress = told["port"], bind, bind
        number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        endpoint.libStart()
        for codec in endpoint.codecEnum2():
            wanted = {"PCMA/8000/1": 255, "PCMU/8000/1": 254}.get(codec.codecId, 0)
            endpoint.codecSetPriority(codec.codecId, wanted)
        self._bind = bind
        port = int(endpoint.transportGetInfo(number).localName.rpartition(":")[2])
        self._account(f"<sip:phone@{bind}>", told.get("account"))
        self.say(told="open", port=port)

    def _account(self, identity: str, login: Told | None = None) -> HelperAccount:
        if identity not in self._accounts:
            config = pj.AccountConfig()
            config.idUri = identity
            config.mediaConfig.transportConfig.boundAddress = self._bind
            config.mediaConfig.transportConfig.publicAddress = self._bind
            config.natConfig.contactRewriteUse = config.natConfig.viaRewriteUse = 0
            if login is not None:
                config.idUri = f"<sip:{login['name']}@{login['server'].rpartition(':')[0]}>"
                config.regConfig.registrarUri = f"sip:{login['server']}"
                config.regConfig.timeoutSec = login["expires"]
                config.regConfig.retryIntervalSec = config.regConfig.firstRetryIntervalSec = 2
                config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", login["name"], 0, login["password"]))
            account = HelperAccount(self)
            account.create(config)
            self._accounts[identity] = account
        return self._accounts[identity]

    def new_call(self, account: HelperAccount, number: int, pj_id: int) -> HelperCall:
        call = HelperCall(self, account, number, pj_id)
        self.calls[number] = call
        return call

    def next_incoming(self) -> int:
        """The parent numbers its own calls from 1 up; those that come in count down."""
        self._incoming -= 1
        return self._incoming

    def _on_dial(self, told: Told) -> None:
        name = f'"{told["name"]}" ' if told["name"] else ""
        account = self._account(f"{name}<sip:{told['user']}@{self._bind}>")
        call = self.new_call(account, told["call"], pj.PJSUA_INVALID_ID)
        call.sound, call.record = told["sound"], told["record"]
        call.makeCall(told["to"], pj.CallOpParam(True))
        self.say(told="state", call=call.number, state="began", at=now(), call_id=call.getInfo().callIdString)

    def _on_answer(self, told: Told) -> None:
        call = self.calls[told["call"]]
        call.sound, call.record = told["sound"], told["record"]
        accept = pj.CallOpParam(True)
        accept.statusCode = 200
        call.answer(accept)

    def _on_hangup(self, told: Told) -> None:
        call = self.calls.get(told["call"])
        if call is not None and not call.over:
            call.leave(told["code"], told["reason"])

    def _on_digits(self, told: Told) -> None:
        self.calls[told["call"]].dialDtmf(told["digits"])

    def _on_play(self, told: Told) -> None:
        self.calls[told["call"]].play(told["sound"], told["loop"])

    def _on_hold(self, told: Told) -> None:
        how = pj.CallOpParam(True)
        if told["on"]:
            self.calls[told["call"]].setHold(how)
        else:
            how.opt.flag = pj.PJSUA_CALL_UNHOLD
            self.calls[told["call"]].reinvite(how)

    def _on_transfer(self, told: Told) -> None:
        self.calls[told["call"]].xfer(told["to"], pj.CallOpParam(True))

    def _on_request(self, told: Told) -> None:
        """Any request within the call, e.g. the INFO of a key."""
        request = pj.CallSendRequestParam()
        request.method = told["method"]
        request.txOption.contentType, request.txOption.msgBody = told["type"], told["body"]
        self.calls[told["call"]].sendRequest(request)

    def _on_unregister(self, told: Told) -> None:
        for account in self._accounts.values():
            if account.getInfo().regIsActive:
                account.setRegistration(False)

    def _on_close(self, told: Told) -> None:
        self._open = False

    def _farewell(self) -> None:
        if not self._bind:
            return
        for call in list(self.calls.values()):
            if not call.over:
                call.leave(0, "")
        self._on_unregister({})
        end = time.monotonic() + 3
        while time.monotonic() < end and not all(call.over for call in self.calls.values()):
            self._endpoint.libHandleEvents(10)
        self._endpoint.libHandleEvents(200)
        self.say(told="closed")


def now() -> float:
    return time.monotonic()


def main() -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is the parent's to handle: it hangs up first
    Helper().run()
    sys.stdout.flush()
    os._exit(0)  # the library's own tear-down trips over its Python objects; everything is said already


if __name__ == "__main__":
    main()
