"""Every operation of Asterisk's REST interface, as a builder of a `Request`.

Written by `generate.py` from Asterisk's own description; do not change by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sip.ari.model import (
    Application,
    AsteriskInfo,
    AsteriskPing,
    Bridge,
    Channel,
    ConfigTuple,
    DeviceState,
    Endpoint,
    LiveRecording,
    LogChannel,
    Mailbox,
    Module,
    Playback,
    RTPstat,
    Sound,
    StoredRecording,
    Variable,
)
from sip.ari.request import Request, anything, delete, get, many, nothing, one, part, post, put, put_document, raw


def applications_filter(application_name: str, *, filter: Mapping[str, object] | None = None) -> Request[Application]:
    return put_document(f"applications/{part(application_name)}/eventFilter", one(Application), filter)


def applications_get(application_name: str) -> Request[Application]:
    return get(f"applications/{part(application_name)}", one(Application))


def applications_list() -> Request[tuple[Application, ...]]:
    return get("applications", many(Application))


def applications_subscribe(application_name: str, *, event_source: Sequence[str]) -> Request[Application]:
    return post(f"applications/{part(application_name)}/subscription", one(Application), eventSource=event_source)


def applications_unsubscribe(application_name: str, *, event_source: Sequence[str]) -> Request[Application]:
    return delete(f"applications/{part(application_name)}/subscription", one(Application), eventSource=event_source)


def asterisk_add_log(log_channel_name: str, *, configuration: str) -> Request[None]:
    return post(f"asterisk/logging/{part(log_channel_name)}", nothing, configuration=configuration)


def asterisk_delete_log(log_channel_name: str) -> Request[None]:
    return delete(f"asterisk/logging/{part(log_channel_name)}", nothing)


def asterisk_delete_object(config_class: str, object_type: str, id: str) -> Request[None]:
    return delete(f"asterisk/config/dynamic/{part(config_class)}/{part(object_type)}/{part(id)}", nothing)


def asterisk_get_global_var(*, variable: str) -> Request[Variable]:
    return get("asterisk/variable", one(Variable), variable=variable)


def asterisk_get_info(*, only: Sequence[str] | None = None) -> Request[AsteriskInfo]:
    return get("asterisk/info", one(AsteriskInfo), only=only)


def asterisk_get_module(module_name: str) -> Request[Module]:
    return get(f"asterisk/modules/{part(module_name)}", one(Module))


def asterisk_get_object(config_class: str, object_type: str, id: str) -> Request[tuple[ConfigTuple, ...]]:
    return get(f"asterisk/config/dynamic/{part(config_class)}/{part(object_type)}/{part(id)}", many(ConfigTuple))


def asterisk_list_log_channels() -> Request[tuple[LogChannel, ...]]:
    return get("asterisk/logging", many(LogChannel))


def asterisk_list_modules() -> Request[tuple[Module, ...]]:
    return get("asterisk/modules", many(Module))


def asterisk_load_module(module_name: str) -> Request[None]:
    return post(f"asterisk/modules/{part(module_name)}", nothing)


def asterisk_ping() -> Request[AsteriskPing]:
    return get("asterisk/ping", one(AsteriskPing))


def asterisk_reload_module(module_name: str) -> Request[None]:
    return put(f"asterisk/modules/{part(module_name)}", nothing)


def asterisk_rotate_log(log_channel_name: str) -> Request[None]:
    return put(f"asterisk/logging/{part(log_channel_name)}/rotate", nothing)


def asterisk_set_global_var(*, variable: str, value: str | None = None) -> Request[None]:
    return post("asterisk/variable", nothing, variable=variable, value=value)


def asterisk_unload_module(module_name: str) -> Request[None]:
    return delete(f"asterisk/modules/{part(module_name)}", nothing)


def asterisk_update_object(
    config_class: str, object_type: str, id: str, *, fields: Mapping[str, str] | None = None
) -> Request[tuple[ConfigTuple, ...]]:
    return put(
        f"asterisk/config/dynamic/{part(config_class)}/{part(object_type)}/{part(id)}", many(ConfigTuple), fields=fields
    )


def bridges_add_channel(
    bridge_id: str,
    *,
    channel: Sequence[str],
    role: str | None = None,
    absorb_dtmf: bool | None = None,
    mute: bool | None = None,
    inhibit_connected_line_updates: bool | None = None,
) -> Request[None]:
    return post(
        f"bridges/{part(bridge_id)}/addChannel",
        nothing,
        channel=channel,
        role=role,
        absorbDTMF=absorb_dtmf,
        mute=mute,
        inhibitConnectedLineUpdates=inhibit_connected_line_updates,
    )


def bridges_clear_video_source(bridge_id: str) -> Request[None]:
    return delete(f"bridges/{part(bridge_id)}/videoSource", nothing)


def bridges_create(
    *,
    type: str | None = None,
    bridge_id: str | None = None,
    name: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Request[Bridge]:
    return post("bridges", one(Bridge), type=type, bridgeId=bridge_id, name=name, variables=variables)


def bridges_create_with_id(
    bridge_id: str, *, type: str | None = None, name: str | None = None, variables: Mapping[str, str] | None = None
) -> Request[Bridge]:
    return post(f"bridges/{part(bridge_id)}", one(Bridge), type=type, name=name, variables=variables)


def bridges_destroy(bridge_id: str) -> Request[None]:
    return delete(f"bridges/{part(bridge_id)}", nothing)


def bridges_get(bridge_id: str) -> Request[Bridge]:
    return get(f"bridges/{part(bridge_id)}", one(Bridge))


def bridges_get_bridge_var(bridge_id: str, *, variable: str) -> Request[Variable]:
    return get(f"bridges/{part(bridge_id)}/variable", one(Variable), variable=variable)


def bridges_get_bridge_vars(bridge_id: str, *, variables: Sequence[str]) -> Request[object]:
    return get(f"bridges/{part(bridge_id)}/variables", anything, variables=variables)


def bridges_list() -> Request[tuple[Bridge, ...]]:
    return get("bridges", many(Bridge))


def bridges_play(
    bridge_id: str,
    *,
    media: Sequence[str],
    announcer_format: str | None = None,
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
    playback_id: str | None = None,
) -> Request[Playback]:
    return post(
        f"bridges/{part(bridge_id)}/play",
        one(Playback),
        media=media,
        announcer_format=announcer_format,
        lang=lang,
        offsetms=offsetms,
        skipms=skipms,
        playbackId=playback_id,
    )


def bridges_play_with_id(
    bridge_id: str,
    playback_id: str,
    *,
    media: Sequence[str],
    announcer_format: str | None = None,
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
) -> Request[Playback]:
    return post(
        f"bridges/{part(bridge_id)}/play/{part(playback_id)}",
        one(Playback),
        media=media,
        announcer_format=announcer_format,
        lang=lang,
        offsetms=offsetms,
        skipms=skipms,
    )


def bridges_record(
    bridge_id: str,
    *,
    name: str,
    format: str,
    recorder_format: str | None = None,
    max_duration_seconds: int | None = None,
    max_silence_seconds: int | None = None,
    if_exists: str | None = None,
    beep: bool | None = None,
    terminate_on: str | None = None,
) -> Request[LiveRecording]:
    return post(
        f"bridges/{part(bridge_id)}/record",
        one(LiveRecording),
        name=name,
        format=format,
        recorder_format=recorder_format,
        maxDurationSeconds=max_duration_seconds,
        maxSilenceSeconds=max_silence_seconds,
        ifExists=if_exists,
        beep=beep,
        terminateOn=terminate_on,
    )


def bridges_remove_channel(bridge_id: str, *, channel: Sequence[str]) -> Request[None]:
    return post(f"bridges/{part(bridge_id)}/removeChannel", nothing, channel=channel)


def bridges_set_bridge_var(
    bridge_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
) -> Request[None]:
    return post(
        f"bridges/{part(bridge_id)}/variable", nothing, variable=variable, value=value, report_events=report_events
    )


def bridges_set_bridge_vars(bridge_id: str, *, variables: Mapping[str, str]) -> Request[None]:
    return post(f"bridges/{part(bridge_id)}/variables", nothing, variables=variables)


def bridges_set_video_source(bridge_id: str, channel_id: str) -> Request[None]:
    return post(f"bridges/{part(bridge_id)}/videoSource/{part(channel_id)}", nothing)


def bridges_start_moh(bridge_id: str, *, moh_class: str | None = None) -> Request[None]:
    return post(f"bridges/{part(bridge_id)}/moh", nothing, mohClass=moh_class)


def bridges_stop_moh(bridge_id: str) -> Request[None]:
    return delete(f"bridges/{part(bridge_id)}/moh", nothing)


def channels_answer(channel_id: str) -> Request[None]:
    return post(f"channels/{part(channel_id)}/answer", nothing)


def channels_continue_in_dialplan(
    channel_id: str,
    *,
    context: str | None = None,
    extension: str | None = None,
    priority: int | None = None,
    label: str | None = None,
) -> Request[None]:
    return post(
        f"channels/{part(channel_id)}/continue",
        nothing,
        context=context,
        extension=extension,
        priority=priority,
        label=label,
    )


def channels_create(
    *,
    endpoint: str,
    app: str,
    app_args: str | None = None,
    channel_id: str | None = None,
    other_channel_id: str | None = None,
    originator: str | None = None,
    formats: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Request[Channel]:
    return post(
        "channels/create",
        one(Channel),
        endpoint=endpoint,
        app=app,
        appArgs=app_args,
        channelId=channel_id,
        otherChannelId=other_channel_id,
        originator=originator,
        formats=formats,
        variables=variables,
    )


def channels_dial(channel_id: str, *, caller: str | None = None, timeout: int | None = None) -> Request[None]:
    return post(f"channels/{part(channel_id)}/dial", nothing, caller=caller, timeout=timeout)


def channels_external_media(
    *,
    app: str,
    format: str,
    channel_id: str | None = None,
    variables: Mapping[str, str] | None = None,
    external_host: str | None = None,
    encapsulation: str | None = None,
    transport: str | None = None,
    connection_type: str | None = None,
    direction: str | None = None,
    data: str | None = None,
    transport_data: str | None = None,
) -> Request[Channel]:
    return post(
        "channels/externalMedia",
        one(Channel),
        app=app,
        format=format,
        channelId=channel_id,
        variables=variables,
        external_host=external_host,
        encapsulation=encapsulation,
        transport=transport,
        connection_type=connection_type,
        direction=direction,
        data=data,
        transport_data=transport_data,
    )


def channels_get(channel_id: str) -> Request[Channel]:
    return get(f"channels/{part(channel_id)}", one(Channel))


def channels_get_channel_var(channel_id: str, *, variable: str) -> Request[Variable]:
    return get(f"channels/{part(channel_id)}/variable", one(Variable), variable=variable)


def channels_get_channel_vars(channel_id: str, *, variables: Sequence[str]) -> Request[object]:
    return get(f"channels/{part(channel_id)}/variables", anything, variables=variables)


def channels_hangup(channel_id: str, *, reason_code: str | None = None, reason: str | None = None) -> Request[None]:
    return delete(f"channels/{part(channel_id)}", nothing, reason_code=reason_code, reason=reason)


def channels_hold(channel_id: str) -> Request[None]:
    return post(f"channels/{part(channel_id)}/hold", nothing)


def channels_list() -> Request[tuple[Channel, ...]]:
    return get("channels", many(Channel))


def channels_move(channel_id: str, *, app: str, app_args: str | None = None) -> Request[None]:
    return post(f"channels/{part(channel_id)}/move", nothing, app=app, appArgs=app_args)


def channels_mute(channel_id: str, *, direction: str | None = None) -> Request[None]:
    return post(f"channels/{part(channel_id)}/mute", nothing, direction=direction)


def channels_originate(
    *,
    endpoint: str,
    extension: str | None = None,
    context: str | None = None,
    priority: int | None = None,
    label: str | None = None,
    app: str | None = None,
    app_args: str | None = None,
    caller_id: str | None = None,
    timeout: int | None = None,
    variables: Mapping[str, str] | None = None,
    channel_id: str | None = None,
    other_channel_id: str | None = None,
    originator: str | None = None,
    formats: str | None = None,
) -> Request[Channel]:
    return post(
        "channels",
        one(Channel),
        endpoint=endpoint,
        extension=extension,
        context=context,
        priority=priority,
        label=label,
        app=app,
        appArgs=app_args,
        callerId=caller_id,
        timeout=timeout,
        variables=variables,
        channelId=channel_id,
        otherChannelId=other_channel_id,
        originator=originator,
        formats=formats,
    )


def channels_originate_with_id(
    channel_id: str,
    *,
    endpoint: str,
    extension: str | None = None,
    context: str | None = None,
    priority: int | None = None,
    label: str | None = None,
    app: str | None = None,
    app_args: str | None = None,
    caller_id: str | None = None,
    timeout: int | None = None,
    variables: Mapping[str, str] | None = None,
    other_channel_id: str | None = None,
    originator: str | None = None,
    formats: str | None = None,
) -> Request[Channel]:
    return post(
        f"channels/{part(channel_id)}",
        one(Channel),
        endpoint=endpoint,
        extension=extension,
        context=context,
        priority=priority,
        label=label,
        app=app,
        appArgs=app_args,
        callerId=caller_id,
        timeout=timeout,
        variables=variables,
        otherChannelId=other_channel_id,
        originator=originator,
        formats=formats,
    )


def channels_play(
    channel_id: str,
    *,
    media: Sequence[str],
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
    playback_id: str | None = None,
) -> Request[Playback]:
    return post(
        f"channels/{part(channel_id)}/play",
        one(Playback),
        media=media,
        lang=lang,
        offsetms=offsetms,
        skipms=skipms,
        playbackId=playback_id,
    )


def channels_play_with_id(
    channel_id: str,
    playback_id: str,
    *,
    media: Sequence[str],
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
) -> Request[Playback]:
    return post(
        f"channels/{part(channel_id)}/play/{part(playback_id)}",
        one(Playback),
        media=media,
        lang=lang,
        offsetms=offsetms,
        skipms=skipms,
    )


def channels_progress(channel_id: str) -> Request[None]:
    return post(f"channels/{part(channel_id)}/progress", nothing)


def channels_record(
    channel_id: str,
    *,
    name: str,
    format: str,
    max_duration_seconds: int | None = None,
    max_silence_seconds: int | None = None,
    if_exists: str | None = None,
    beep: bool | None = None,
    terminate_on: str | None = None,
) -> Request[LiveRecording]:
    return post(
        f"channels/{part(channel_id)}/record",
        one(LiveRecording),
        name=name,
        format=format,
        maxDurationSeconds=max_duration_seconds,
        maxSilenceSeconds=max_silence_seconds,
        ifExists=if_exists,
        beep=beep,
        terminateOn=terminate_on,
    )


def channels_redirect(channel_id: str, *, endpoint: str) -> Request[None]:
    return post(f"channels/{part(channel_id)}/redirect", nothing, endpoint=endpoint)


def channels_ring(channel_id: str) -> Request[None]:
    return post(f"channels/{part(channel_id)}/ring", nothing)


def channels_ring_stop(channel_id: str) -> Request[None]:
    return delete(f"channels/{part(channel_id)}/ring", nothing)


def channels_rtpstatistics(channel_id: str) -> Request[RTPstat]:
    return get(f"channels/{part(channel_id)}/rtp_statistics", one(RTPstat))


def channels_send_dtmf(
    channel_id: str,
    *,
    dtmf: str | None = None,
    before: int | None = None,
    between: int | None = None,
    duration: int | None = None,
    after: int | None = None,
) -> Request[None]:
    return post(
        f"channels/{part(channel_id)}/dtmf",
        nothing,
        dtmf=dtmf,
        before=before,
        between=between,
        duration=duration,
        after=after,
    )


def channels_set_channel_var(
    channel_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
) -> Request[None]:
    return post(
        f"channels/{part(channel_id)}/variable", nothing, variable=variable, value=value, report_events=report_events
    )


def channels_set_channel_vars(channel_id: str, *, variables: Mapping[str, str]) -> Request[None]:
    return post(f"channels/{part(channel_id)}/variables", nothing, variables=variables)


def channels_snoop_channel(
    channel_id: str,
    *,
    app: str,
    spy: str | None = None,
    whisper: str | None = None,
    app_args: str | None = None,
    snoop_id: str | None = None,
) -> Request[Channel]:
    return post(
        f"channels/{part(channel_id)}/snoop",
        one(Channel),
        app=app,
        spy=spy,
        whisper=whisper,
        appArgs=app_args,
        snoopId=snoop_id,
    )


def channels_snoop_channel_with_id(
    channel_id: str,
    snoop_id: str,
    *,
    app: str,
    spy: str | None = None,
    whisper: str | None = None,
    app_args: str | None = None,
) -> Request[Channel]:
    return post(
        f"channels/{part(channel_id)}/snoop/{part(snoop_id)}",
        one(Channel),
        app=app,
        spy=spy,
        whisper=whisper,
        appArgs=app_args,
    )


def channels_start_moh(channel_id: str, *, moh_class: str | None = None) -> Request[None]:
    return post(f"channels/{part(channel_id)}/moh", nothing, mohClass=moh_class)


def channels_start_silence(channel_id: str) -> Request[None]:
    return post(f"channels/{part(channel_id)}/silence", nothing)


def channels_stop_moh(channel_id: str) -> Request[None]:
    return delete(f"channels/{part(channel_id)}/moh", nothing)


def channels_stop_silence(channel_id: str) -> Request[None]:
    return delete(f"channels/{part(channel_id)}/silence", nothing)


def channels_transfer_progress(channel_id: str, *, states: str) -> Request[None]:
    return post(f"channels/{part(channel_id)}/transfer_progress", nothing, states=states)


def channels_unhold(channel_id: str) -> Request[None]:
    return delete(f"channels/{part(channel_id)}/hold", nothing)


def channels_unmute(channel_id: str, *, direction: str | None = None) -> Request[None]:
    return delete(f"channels/{part(channel_id)}/mute", nothing, direction=direction)


def device_states_delete(device_name: str) -> Request[None]:
    return delete(f"deviceStates/{part(device_name)}", nothing)


def device_states_get(device_name: str) -> Request[DeviceState]:
    return get(f"deviceStates/{part(device_name)}", one(DeviceState))


def device_states_list() -> Request[tuple[DeviceState, ...]]:
    return get("deviceStates", many(DeviceState))


def device_states_update(device_name: str, *, device_state: str) -> Request[None]:
    return put(f"deviceStates/{part(device_name)}", nothing, deviceState=device_state)


def endpoints_get(tech: str, resource: str) -> Request[Endpoint]:
    return get(f"endpoints/{part(tech)}/{part(resource)}", one(Endpoint))


def endpoints_list() -> Request[tuple[Endpoint, ...]]:
    return get("endpoints", many(Endpoint))


def endpoints_list_by_tech(tech: str) -> Request[tuple[Endpoint, ...]]:
    return get(f"endpoints/{part(tech)}", many(Endpoint))


def endpoints_refer(
    *, to: str, from_: str, refer_to: str, to_self: bool | None = None, variables: Mapping[str, str] | None = None
) -> Request[None]:
    return post(
        "endpoints/refer", nothing, to=to, **{"from": from_}, refer_to=refer_to, to_self=to_self, variables=variables
    )


def endpoints_refer_to_endpoint(
    tech: str,
    resource: str,
    *,
    from_: str,
    refer_to: str,
    to_self: bool | None = None,
    variables: Mapping[str, str] | None = None,
) -> Request[None]:
    return post(
        f"endpoints/{part(tech)}/{part(resource)}/refer",
        nothing,
        **{"from": from_},
        refer_to=refer_to,
        to_self=to_self,
        variables=variables,
    )


def endpoints_send_message(
    *, to: str, from_: str, body: str | None = None, variables: Mapping[str, str] | None = None
) -> Request[None]:
    return put("endpoints/sendMessage", nothing, to=to, **{"from": from_}, body=body, variables=variables)


def endpoints_send_message_to_endpoint(
    tech: str, resource: str, *, from_: str, body: str | None = None, variables: Mapping[str, str] | None = None
) -> Request[None]:
    return put(
        f"endpoints/{part(tech)}/{part(resource)}/sendMessage",
        nothing,
        **{"from": from_},
        body=body,
        variables=variables,
    )


def events_claim_channel(*, channel_id: str, application: str) -> Request[None]:
    return post("events/claim", nothing, channelId=channel_id, application=application)


def events_event_websocket(*, app: Sequence[str], subscribe_all: bool | None = None) -> Request[None]:
    return get("events", nothing, app=app, subscribeAll=subscribe_all)


def events_user_event(
    event_name: str,
    *,
    application: str,
    source: Sequence[str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Request[None]:
    return post(f"events/user/{part(event_name)}", nothing, application=application, source=source, variables=variables)


def mailboxes_delete(mailbox_name: str) -> Request[None]:
    return delete(f"mailboxes/{part(mailbox_name)}", nothing)


def mailboxes_get(mailbox_name: str) -> Request[Mailbox]:
    return get(f"mailboxes/{part(mailbox_name)}", one(Mailbox))


def mailboxes_list() -> Request[tuple[Mailbox, ...]]:
    return get("mailboxes", many(Mailbox))


def mailboxes_update(mailbox_name: str, *, old_messages: int, new_messages: int) -> Request[None]:
    return put(f"mailboxes/{part(mailbox_name)}", nothing, oldMessages=old_messages, newMessages=new_messages)


def playbacks_control(playback_id: str, *, operation: str) -> Request[None]:
    return post(f"playbacks/{part(playback_id)}/control", nothing, operation=operation)


def playbacks_get(playback_id: str) -> Request[Playback]:
    return get(f"playbacks/{part(playback_id)}", one(Playback))


def playbacks_stop(playback_id: str) -> Request[None]:
    return delete(f"playbacks/{part(playback_id)}", nothing)


def recordings_cancel(recording_name: str) -> Request[None]:
    return delete(f"recordings/live/{part(recording_name)}", nothing)


def recordings_copy_stored(recording_name: str, *, destination_recording_name: str) -> Request[StoredRecording]:
    return post(
        f"recordings/stored/{part(recording_name)}/copy",
        one(StoredRecording),
        destinationRecordingName=destination_recording_name,
    )


def recordings_delete_stored(recording_name: str) -> Request[None]:
    return delete(f"recordings/stored/{part(recording_name)}", nothing)


def recordings_get_live(recording_name: str) -> Request[LiveRecording]:
    return get(f"recordings/live/{part(recording_name)}", one(LiveRecording))


def recordings_get_stored(recording_name: str) -> Request[StoredRecording]:
    return get(f"recordings/stored/{part(recording_name)}", one(StoredRecording))


def recordings_get_stored_file(recording_name: str) -> Request[bytes]:
    return get(f"recordings/stored/{part(recording_name)}/file", raw)


def recordings_list_stored() -> Request[tuple[StoredRecording, ...]]:
    return get("recordings/stored", many(StoredRecording))


def recordings_mute(recording_name: str) -> Request[None]:
    return post(f"recordings/live/{part(recording_name)}/mute", nothing)


def recordings_pause(recording_name: str) -> Request[None]:
    return post(f"recordings/live/{part(recording_name)}/pause", nothing)


def recordings_stop(recording_name: str) -> Request[None]:
    return post(f"recordings/live/{part(recording_name)}/stop", nothing)


def recordings_unmute(recording_name: str) -> Request[None]:
    return delete(f"recordings/live/{part(recording_name)}/mute", nothing)


def recordings_unpause(recording_name: str) -> Request[None]:
    return delete(f"recordings/live/{part(recording_name)}/pause", nothing)


def sounds_get(sound_id: str) -> Request[Sound]:
    return get(f"sounds/{part(sound_id)}", one(Sound))


def sounds_list(*, lang: str | None = None, format: str | None = None) -> Request[tuple[Sound, ...]]:
    return get("sounds", many(Sound), lang=lang, format=format)
