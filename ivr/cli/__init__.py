"""The `ivr` command. Each command lives in a module of its own, loaded only when it is asked for: a report must not
wait for the telephone side to be imported."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS: dict[str, str] = {
    "check": "ivr.cli.callflow:check",
    "hours": "ivr.cli.callflow:hours",
    "simulate": "ivr.cli.simulate:simulate_call",
    "diagram": "ivr.cli.diagram:diagram",
    "prompts": "ivr.cli.callflow:prompts",
    "publish": "ivr.cli.publish:publish",
    "up": "ivr.cli.up:up",
    "down": "ivr.cli.up:down",
    "status": "ivr.cli.show_status:status",
    "call": "ivr.cli.phones:call",
    "softphone": "ivr.cli.phones:softphone",
    "heard": "ivr.cli.phones:heard",
    "volunteer": "ivr.cli.duty:volunteer",
    "partner": "ivr.cli.partner:partner",
    "override": "ivr.cli.duty:override",
    "handover": "ivr.cli.duty:handover",
    "calls": "ivr.cli.log:calls",
    "report": "ivr.cli.log:report",
    "events": "ivr.cli.log:events",
    "token": "ivr.cli.tokens:token",
    "asterisk": "ivr.cli.asterisk:asterisk",
}
"""Command name -> `module:attribute`."""


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def ivr() -> None:
    """The telephone exchange of a children's helpline.

    Example: ivr call 116111 --record hello.wav
    """
