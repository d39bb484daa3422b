"""Which of Asterisk's modules may be there at all.

The list is the whole list: Asterisk loads nothing else, and its module directory holds nothing else. Left out on
purpose, because they show, keep or forward what a caller must not leave behind: `func_channel` and the header functions
(they read the caller's address after every wipe), `bridge_native_rtp` (passes the caller's RTCP name on), recording and
monitoring applications (`res_pjsip_one_touch_record_info` too), `res_pjsip_messaging` (in a talk it carries a caller's
text to the volunteer's phone under the line's name), CDR, CEL and logging back ends, `res_ari_asterisk` (loads modules
on demand), `res_ari_recordings`, `app_dial` (not needed: volunteers are rung by the controller or by `app_queue`).
"""

from __future__ import annotations

FOUNDATION = (
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_timing_timerfd",
    "pbx_config",
)

SIP = (
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",  # chan_pjsip silently needs it
    "res_pjsip_sdp_rtp",
    "res_pjsip_caller_id",  # the line's name and number on a volunteer's phone
    "res_pjsip_rfc3326",  # "answered elsewhere" on the phones that lost the race
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_authenticator_digest",
    "res_pjsip_outbound_authenticator_digest",  # partners whose server wants to know who dials
    "res_pjsip_registrar",
    "res_pjsip_acl",
    "res_pjsip_nat",
    "res_pjsip_path",  # how phones are reached through the front
    "res_pjsip_dlg_options",
    "res_pjsip_refer",  # a transfer key gets 603 (allow_transfer = no); unanswered, it would end the talk after 32 s
    "res_pjsip_dtmf_info",  # keys of phones that send them as INFO
    "res_pjsip_empty_info",  # a keep-alive of some carriers, unanswered like a transfer
    "chan_pjsip",
)

MEDIA = (
    "res_rtp_asterisk",
    "res_crypto",
    "res_srtp",
    "codec_ulaw",
    "codec_alaw",
    "codec_a_mu",
    "codec_g722",
    "codec_opus_open_source",
    "res_format_attr_opus",  # how Opus is described; without it a phone's wishes (rate, loss) are not understood
    "codec_resample",
    "format_pcm",
    "format_wav",
    "format_sln",
    "bridge_simple",
    "bridge_softmix",
    "bridge_holding",
    "chan_bridge_media",
    "res_musiconhold",
)

CONTROL = (
    "res_http_websocket",
    "res_websocket_client",
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_playback",
    "res_stasis_recording",  # res_ari_channels and res_ari_bridges are linked against it and against snoop
    "res_stasis_snoop",
    "app_stasis",
    "res_ari",
    "res_ari_model",
    "res_ari_applications",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_endpoints",
    "res_ari_events",
    "res_ari_playbacks",
)

DIALPLAN = (
    "func_callerid",  # without it the wipe does nothing, and says nothing
    "func_global",
    "func_timeout",
    "func_talkdetect",  # whether anything is heard from a caller in a talk; it keeps nothing
    "app_playback",
    "app_stack",
    "app_queue",
    "app_userevent",
    "app_channelredirect",
    "app_originate",
)

ALLOWED: tuple[str, ...] = (*FOUNDATION, *SIP, *MEDIA, *CONTROL, *DIALPLAN)
"""In the order in which they are loaded."""
