// Follows the events of a run by Server-Sent Events, read with fetch: an EventSource cannot send the key.

import { problemOf } from "./api.js";
import { session } from "./session.js";

const SHORTEST = 500;
const LONGEST = 15000;
/** The server says something every 15 seconds; silence for longer means that the line is dead. */
const SILENCE = 40000;

/** Splits a stream of text into frames (WHATWG HTML, section 9.2.6). */
export class FrameReader {
  constructor() { this.rest = ""; }

  /** The frames that are whole after this piece; each has `id`, `event` and `data`. */
  push(text) {
    this.rest += text;
    const parts = this.rest.split(/\r?\n\r?\n/);
    this.rest = parts.pop();
    return parts.map(frameOf).filter((frame) => frame.data !== "");
  }
}

function frameOf(text) {
  const frame = { id: "", event: "message", data: "" };
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") frame.data += frame.data ? `\n${value}` : value;
    else if (name === "id" || name === "event") frame[name] = value;
  }
  return frame;
}

/**
 * Follow a run from its first event to its last. `onEvents` gets events in order, none twice; `onState` gets
 * "connecting", "live", "waiting" (with the seconds until the next try), "ended" or "refused" (with the Problem).
 * Returns a function that ends it.
 */
export function follow(executionId, { onEvents, onState }) {
  const control = { last: 0, closed: false, abort: null, wake: null, delay: SHORTEST };
  const wakeUp = () => control.wake?.();
  window.addEventListener("online", wakeUp);
  const close = () => {
    control.closed = true;
    control.abort?.abort();
    wakeUp();
    window.removeEventListener("online", wakeUp);
  };
  run(executionId, control, onEvents, onState);
  return close;
}

async function run(executionId, control, onEvents, onState) {
  while (!control.closed) {
    onState("connecting");
    let end = "";
    try {
      end = await once(executionId, control, onEvents, onState);
    } catch (problem) {
      if (control.closed) return;
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return onState("refused", problem);
    }
    if (control.closed) return;
    if (end === "ended") return onState("ended");
    // Apart from one another, so that all pages do not come back at the same moment.
    const wait = control.delay * (0.5 + Math.random() / 2);
    control.delay = Math.min(LONGEST, control.delay * 2);
    onState("waiting", Math.ceil(wait / 1000));
    await new Promise((resolve) => {
      control.wake = resolve;
      setTimeout(resolve, wait);
    });
  }
}

async function once(executionId, control, onEvents, onState) {
  control.abort = new AbortController();
  const headers = { ...session.headers(), accept: "text/event-stream" };
  if (control.last) headers["last-event-id"] = String(control.last);
  const path = `/api/v1/executions/${encodeURIComponent(executionId)}/events`;
  const answer = await fetch(path, { headers, signal: control.abort.signal, cache: "no-store" });
  if (answer.status === 204) return "ended";
  if (!answer.ok) throw await problemOf(answer);
  onState("live");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const frames = new FrameReader();
  let watch;
  const listen = () => {
    clearTimeout(watch);
    watch = setTimeout(() => control.abort.abort(), SILENCE);
  };
  try {
    for (;;) {
      listen();
      const { done, value } = await reader.read();
      if (done) return "cut";
      const found = frames.push(value);
      if (take(found, control, onEvents)) return "ended";
    }
  } finally {
    clearTimeout(watch);
  }
}

function take(found, control, onEvents) {
  const fresh = [];
  for (const frame of found) {
    if (frame.event === "end") {
      if (fresh.length) onEvents(fresh);
      return true;
    }
    const event = JSON.parse(frame.data);
    if (event.sequence_number <= control.last) continue;
    control.last = event.sequence_number;
    control.delay = SHORTEST;
    fresh.push(event);
  }
  if (fresh.length) onEvents(fresh);
  return false;
}
