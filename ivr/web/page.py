"""The page at `/`: where to call, where to look, what to type next, and how the lines are. All of it in one answer."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #22303a; --soft: #5c6b76; --paper: #fbfaf7; --card: #fff; --rule: #e3e0d8;
  --open: #2f7d5b; --closed: #8a6d3b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ea; --soft: #9fadb5; --paper: #161c20; --card: #1e262b;
  --rule: #313b41; --open: #6fc79d; --closed: #d9b36c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.55 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
p { margin: .25rem 0; }
.soft { color: var(--soft); }
.lines { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); }
.line { background: var(--card); border: 1px solid var(--rule); border-radius: .75rem; padding: 1rem 1.25rem; }
.line h3 { margin: 0; font-size: 1.1rem; }
.state { font-weight: 600; color: var(--closed); }
.open .state { color: var(--open); }
dl { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; margin: .9rem 0 0; }
dt { font-size: .85rem; color: var(--soft); }
dd { margin: 0; font-size: 1.7rem; font-variant-numeric: tabular-nums; line-height: 1.2; }
table { border-collapse: collapse; width: 100%; }
td { padding: .35rem .75rem .35rem 0; vertical-align: top; border-bottom: 1px solid var(--rule); }
code { font: .92em/1.4 ui-monospace, monospace; }
"""

SCRIPT: Final = """
"use strict";
const services = { day: "dagholdet svarer", night: "nattelinjen svarer" };
const reasons = { hours: "efter åbningstiderne", override: "bestemt i hånden", handover: "givet videre i hånden" };
const clock = new Intl.DateTimeFormat("da-DK",
  { weekday: "long", hour: "2-digit", minute: "2-digit", timeZone: "Europe/Copenhagen" });
function make(tag, text, name) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}
function card(line) {
  const box = make("section", "", line.open ? "line open" : "line");
  box.append(make("h3", line.name), make("p", "Nummer " + line.number, "soft"));
  const state = line.open ? "Åben" + (line.service ? ", " + services[line.service] : "") : "Lukket";
  box.append(make("p", state, "state"));
  let why = reasons[line.because];
  if (line.changes_at) why += (line.open ? ", til " : ", åbner ") + clock.format(new Date(line.changes_at));
  box.append(make("p", why, "soft"));
  const numbers = document.createElement("dl");
  for (const [label, value] of [["Venter", line.waiting], ["Taler", line.talking],
      ["Rådgivere klar", line.volunteers_reachable]]) {
    const pair = document.createElement("div");
    pair.append(make("dt", label), make("dd", String(value)));
    numbers.append(pair);
  }
  box.append(numbers);
  return box;
}
async function look() {
  const told = document.getElementById("told");
  try {
    const answer = await fetch("/board.json", { cache: "no-store" });
    if (!answer.ok) throw new Error("refused");
    const board = await answer.json();
    document.getElementById("lines").replaceChildren(...board.lines.map(card));
    document.getElementById("sip").textContent = board.sip;
    const number = board.lines.length ? board.lines[0].number : "116111";
    document.getElementById("call").textContent = ".venv/bin/ivr call " + number + " --record hej.wav";
    told.textContent = board.ready ? "Klar: et opkald nu bliver taget. Opdateret " + clock.format(new Date(board.now))
      : "Ikke klar: et opkald nu bliver ikke taget af os. Skriv  .venv/bin/ivr status  for at se hvorfor.";
  } catch (trouble) {
    told.textContent = "Styringen svarer ikke lige nu. Siden prøver igen af sig selv.";
  }
  setTimeout(look, 2000);
}
look();
"""

_BODY = """
<main>
<h1>Linjen</h1>
<p id="told" class="soft" role="status">Henter status ...</p>
<noscript><p>Linjernes tilstand vises med JavaScript. Uden: skriv <code>.venv/bin/ivr status</code>.</p></noscript>
<h2>Lige nu</h2>
<div id="lines" class="lines"></div>
<h2>Her ringer du</h2>
<p>Centralen tager imod SIP-opkald på <code id="sip">...</code>, i prøveopsætningen kun fra
<code>127.0.0.2</code>. Det letteste er kommandoen herunder: den ringer op som teleselskabet ville gøre.</p>
<h2>Det kan du skrive nu</h2>
<table>
<tr><td>Ring op og hør, hvad et barn hører</td>
<td><code id="call">.venv/bin/ivr call 116111 --record hej.wav</code></td></tr>
<tr><td>Lad en rådgivers telefon svare (NAVN fra <code>ivr volunteer list</code>)</td>
<td><code>.venv/bin/ivr softphone NAVN --answer-after 2 --talk 20</code></td></tr>
<tr><td>Giv linjen til nattelinjen</td><td><code>.venv/bin/ivr handover bornetelefonen night</code></td></tr>
</table>
<h2>Her kigger du</h2>
<table>
<tr><td>Hvad kører, og hvad er galt</td><td><code>.venv/bin/ivr status</code></td></tr>
<tr><td>Opkaldene, ét efter ét</td><td><code>.venv/bin/ivr calls --follow</code></td></tr>
<tr><td>Ubesvarede opkald</td><td><code>.venv/bin/ivr report missed --from DAG --to DAG</code></td></tr>
<tr><td>Alt, hvad der sker</td>
<td><code>.venv/bin/ivr events --follow</code> eller <code>GET /api/events</code></td></tr>
</table>
<p class="soft">Startede du med <code>--state MAPPE</code>, så skriv det også efter hver kommando. Adresserne under
<code>/api</code> kræver en nøgle: <code>.venv/bin/ivr token create --scope events:read</code></p>
</main>
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HTML: Final = (
    '<!doctype html><html lang="da"><head><meta charset="utf-8"><title>Linjen</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f"<style>{STYLE}</style></head><body>{_BODY}<script>{SCRIPT}</script></body></html>"
)
CSP: Final = (
    f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Only this style and this script run, and only this server is asked."""
