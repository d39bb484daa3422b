"""What Asterisk says, as frozen shapes, without who it is about.

Written by `generate.py` from Asterisk's own description; do not change by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Application:
    name: str
    channel_ids: tuple[str, ...] = ()
    bridge_ids: tuple[str, ...] = ()
    endpoint_ids: tuple[str, ...] = ()
    device_names: tuple[str, ...] = ()
    events_allowed: tuple[object, ...] = ()
    events_disallowed: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationMoveFailed:
    timestamp: datetime
    channel: Channel
    destination: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationRegistered:
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class ApplicationReplaced:
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class ApplicationUnregistered:
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class AsteriskInfo:
    build: BuildInfo | None = None
    system: SystemInfo | None = None
    config: ConfigInfo | None = None
    status: StatusInfo | None = None


@dataclass(frozen=True, slots=True)
class AsteriskPing:
    ping: str
    timestamp: str


@dataclass(frozen=True, slots=True)
class Bridge:
    id: str
    technology: str
    bridge_type: str
    bridge_class: str
    creator: str
    name: str
    creationtime: datetime
    channels: tuple[str, ...] = ()
    video_mode: str | None = None
    video_source_id: str | None = None
    bridgevars: object | None = None


@dataclass(frozen=True, slots=True)
class BridgeAttendedTransfer:
    timestamp: datetime
    transferer_first_leg: Channel
    transferer_second_leg: Channel
    result: str
    is_external: bool
    destination_type: str
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    transfer_target: Channel | None = None
    transferer_first_leg_bridge: Bridge | None = None
    transferer_second_leg_bridge: Bridge | None = None
    destination_bridge: str | None = None
    destination_application: str | None = None
    destination_link_first_leg: Channel | None = None
    destination_link_second_leg: Channel | None = None
    destination_threeway_channel: Channel | None = None
    destination_threeway_bridge: Bridge | None = None


@dataclass(frozen=True, slots=True)
class BridgeBlindTransfer:
    timestamp: datetime
    channel: Channel
    context: str
    result: str
    is_external: bool
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    bridge: Bridge | None = None


@dataclass(frozen=True, slots=True)
class BridgeCreated:
    timestamp: datetime
    bridge: Bridge


@dataclass(frozen=True, slots=True)
class BridgeDestroyed:
    timestamp: datetime
    bridge: Bridge


@dataclass(frozen=True, slots=True)
class BridgeMerged:
    timestamp: datetime
    bridge: Bridge
    bridge_from: Bridge


@dataclass(frozen=True, slots=True)
class BridgeVideoSourceChanged:
    timestamp: datetime
    bridge: Bridge
    old_video_source_id: str | None = None


@dataclass(frozen=True, slots=True)
class BuildInfo:
    os: str
    kernel: str
    options: str
    machine: str
    date: str
    user: str


@dataclass(frozen=True, slots=True)
class CallBroadcast:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class CallClaimed:
    timestamp: datetime
    channel: Channel
    winner_app: str


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    state: str
    dialplan: DialplanCEP
    creationtime: datetime
    language: str


@dataclass(frozen=True, slots=True)
class ChannelCallerId:
    timestamp: datetime
    caller_presentation: int
    caller_presentation_txt: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelConnectedLine:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelDestroyed:
    timestamp: datetime
    cause: int
    cause_txt: str
    channel: Channel
    tech_cause: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelDialplan:
    timestamp: datetime
    channel: Channel
    dialplan_app: str
    dialplan_app_data: str


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived:
    timestamp: datetime
    digit: str
    duration_ms: int
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge:
    timestamp: datetime
    bridge: Bridge
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest:
    timestamp: datetime
    channel: Channel
    cause: int | None = None
    tech_cause: int | None = None
    soft: bool | None = None


@dataclass(frozen=True, slots=True)
class ChannelHold:
    timestamp: datetime
    channel: Channel
    musicclass: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge:
    timestamp: datetime
    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelStateChange:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelTalkingFinished:
    timestamp: datetime
    channel: Channel
    duration: int


@dataclass(frozen=True, slots=True)
class ChannelTalkingStarted:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelToneDetected:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelTransfer:
    timestamp: datetime
    state: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelUnhold:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelUserevent:
    timestamp: datetime
    eventname: str
    channel: Channel | None = None
    bridge: Bridge | None = None
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class ChannelVarset:
    timestamp: datetime
    variable: str
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class ConfigInfo:
    name: str
    default_language: str
    setid: SetId
    max_channels: int | None = None
    max_open_files: int | None = None
    max_load: float | None = None


@dataclass(frozen=True, slots=True)
class ConfigTuple:
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class ContactInfo:
    contact_status: str
    aor: str
    roundtrip_usec: str | None = None


@dataclass(frozen=True, slots=True)
class ContactStatusChange:
    timestamp: datetime
    endpoint: Endpoint
    contact_info: ContactInfo


@dataclass(frozen=True, slots=True)
class DeviceState:
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class DeviceStateChanged:
    timestamp: datetime
    device_state: DeviceState


@dataclass(frozen=True, slots=True)
class Dial:
    timestamp: datetime
    peer: Channel
    dialstatus: str
    caller: Channel | None = None
    forwarded: Channel | None = None


@dataclass(frozen=True, slots=True)
class DialplanCEP:
    app_name: str
    app_data: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    technology: str
    resource: str
    channel_ids: tuple[str, ...] = ()
    state: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointStateChange:
    timestamp: datetime
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class FormatLangPair:
    language: str
    format: str


@dataclass(frozen=True, slots=True)
class LiveRecording:
    name: str
    format: str
    target_uri: str
    state: str
    duration: int | None = None
    talking_duration: int | None = None
    silence_duration: int | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class LogChannel:
    channel: str
    status: str
    configuration: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    name: str
    old_messages: int
    new_messages: int


@dataclass(frozen=True, slots=True)
class MissingParams:
    params: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    description: str
    use_count: int
    status: str
    support_level: str


@dataclass(frozen=True, slots=True)
class Peer:
    peer_status: str
    cause: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class PeerStatusChange:
    timestamp: datetime
    endpoint: Endpoint
    peer: Peer


@dataclass(frozen=True, slots=True)
class Playback:
    id: str
    media_uri: str
    target_uri: str
    state: str
    next_media_uri: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class PlaybackContinuing:
    timestamp: datetime
    playback: Playback


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    timestamp: datetime
    playback: Playback


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    timestamp: datetime
    playback: Playback


@dataclass(frozen=True, slots=True)
class RESTResponse:
    timestamp: datetime
    transaction_id: str
    request_id: str
    status_code: int
    reason_phrase: str
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class RTPstat:
    txcount: int
    rxcount: int
    txploss: int
    rxploss: int
    local_ssrc: int
    remote_ssrc: int
    txoctetcount: int
    rxoctetcount: int
    channel_uniqueid: str
    txjitter: float | None = None
    rxjitter: float | None = None
    remote_maxjitter: float | None = None
    remote_minjitter: float | None = None
    remote_normdevjitter: float | None = None
    remote_stdevjitter: float | None = None
    local_maxjitter: float | None = None
    local_minjitter: float | None = None
    local_normdevjitter: float | None = None
    local_stdevjitter: float | None = None
    remote_maxrxploss: float | None = None
    remote_minrxploss: float | None = None
    remote_normdevrxploss: float | None = None
    remote_stdevrxploss: float | None = None
    local_maxrxploss: float | None = None
    local_minrxploss: float | None = None
    local_normdevrxploss: float | None = None
    local_stdevrxploss: float | None = None
    rtt: float | None = None
    maxrtt: float | None = None
    minrtt: float | None = None
    normdevrtt: float | None = None
    stdevrtt: float | None = None


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    timestamp: datetime
    recording: LiveRecording


@dataclass(frozen=True, slots=True)
class RecordingFinished:
    timestamp: datetime
    recording: LiveRecording


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    timestamp: datetime
    recording: LiveRecording


@dataclass(frozen=True, slots=True)
class SetId:
    user: str
    group: str


@dataclass(frozen=True, slots=True)
class Sound:
    id: str
    formats: tuple[FormatLangPair, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class StasisEnd:
    timestamp: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class StasisStart:
    timestamp: datetime
    channel: Channel
    args: tuple[str, ...] = ()
    replace_channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class StatusInfo:
    startup_time: datetime
    last_reload_time: datetime


@dataclass(frozen=True, slots=True)
class StoredRecording:
    name: str
    format: str


@dataclass(frozen=True, slots=True)
class SystemInfo:
    version: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class TextMessageReceived:
    timestamp: datetime
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    value: str


Event = (
    ApplicationMoveFailed
    | ApplicationRegistered
    | ApplicationReplaced
    | ApplicationUnregistered
    | BridgeAttendedTransfer
    | BridgeBlindTransfer
    | BridgeCreated
    | BridgeDestroyed
    | BridgeMerged
    | BridgeVideoSourceChanged
    | CallBroadcast
    | CallClaimed
    | ChannelCallerId
    | ChannelConnectedLine
    | ChannelCreated
    | ChannelDestroyed
    | ChannelDialplan
    | ChannelDtmfReceived
    | ChannelEnteredBridge
    | ChannelHangupRequest
    | ChannelHold
    | ChannelLeftBridge
    | ChannelStateChange
    | ChannelTalkingFinished
    | ChannelTalkingStarted
    | ChannelToneDetected
    | ChannelTransfer
    | ChannelUnhold
    | ChannelUserevent
    | ChannelVarset
    | ContactStatusChange
    | DeviceStateChanged
    | Dial
    | EndpointStateChange
    | MissingParams
    | PeerStatusChange
    | PlaybackContinuing
    | PlaybackFinished
    | PlaybackStarted
    | RESTResponse
    | RecordingFailed
    | RecordingFinished
    | RecordingStarted
    | StasisEnd
    | StasisStart
    | TextMessageReceived
)

EVENTS: Final[dict[str, type[Event]]] = {
    "ApplicationMoveFailed": ApplicationMoveFailed,
    "ApplicationRegistered": ApplicationRegistered,
    "ApplicationReplaced": ApplicationReplaced,
    "ApplicationUnregistered": ApplicationUnregistered,
    "BridgeAttendedTransfer": BridgeAttendedTransfer,
    "BridgeBlindTransfer": BridgeBlindTransfer,
    "BridgeCreated": BridgeCreated,
    "BridgeDestroyed": BridgeDestroyed,
    "BridgeMerged": BridgeMerged,
    "BridgeVideoSourceChanged": BridgeVideoSourceChanged,
    "CallBroadcast": CallBroadcast,
    "CallClaimed": CallClaimed,
    "ChannelCallerId": ChannelCallerId,
    "ChannelConnectedLine": ChannelConnectedLine,
    "ChannelCreated": ChannelCreated,
    "ChannelDestroyed": ChannelDestroyed,
    "ChannelDialplan": ChannelDialplan,
    "ChannelDtmfReceived": ChannelDtmfReceived,
    "ChannelEnteredBridge": ChannelEnteredBridge,
    "ChannelHangupRequest": ChannelHangupRequest,
    "ChannelHold": ChannelHold,
    "ChannelLeftBridge": ChannelLeftBridge,
    "ChannelStateChange": ChannelStateChange,
    "ChannelTalkingFinished": ChannelTalkingFinished,
    "ChannelTalkingStarted": ChannelTalkingStarted,
    "ChannelToneDetected": ChannelToneDetected,
    "ChannelTransfer": ChannelTransfer,
    "ChannelUnhold": ChannelUnhold,
    "ChannelUserevent": ChannelUserevent,
    "ChannelVarset": ChannelVarset,
    "ContactStatusChange": ContactStatusChange,
    "DeviceStateChanged": DeviceStateChanged,
    "Dial": Dial,
    "EndpointStateChange": EndpointStateChange,
    "MissingParams": MissingParams,
    "PeerStatusChange": PeerStatusChange,
    "PlaybackContinuing": PlaybackContinuing,
    "PlaybackFinished": PlaybackFinished,
    "PlaybackStarted": PlaybackStarted,
    "RESTResponse": RESTResponse,
    "RecordingFailed": RecordingFailed,
    "RecordingFinished": RecordingFinished,
    "RecordingStarted": RecordingStarted,
    "StasisEnd": StasisEnd,
    "StasisStart": StasisStart,
    "TextMessageReceived": TextMessageReceived,
}
