// Calls of the HTTP API. What the server refuses is thrown as a Problem.

import { session } from "./session.js";

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `status ${status}`);
    this.status = status;
    this.reason = body.reason ?? "";
    this.field = body.field ?? "";
    this.problems = body.problems ?? [];
  }
}

/** The answer to a request: JSON when it is JSON, else text. A body that is no text is sent as JSON. */
export async function call(method, path, { body, type, signal, key } = {}) {
  const headers = key === undefined ? session.headers() : { authorization: `Bearer ${key}` };
  let content = body;
  if (body !== undefined) {
    headers["content-type"] = type ?? "application/json";
    if (typeof body !== "string") content = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: content, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The server cannot be reached." });
  }
  if (!answer.ok) {
    const problem = await problemOf(answer);
    if (answer.status === 401 && key === undefined) window.dispatchEvent(new CustomEvent("signed-out"));
    throw problem;
  }
  if (answer.status === 204) return null;
  return (answer.headers.get("content-type") ?? "").includes("json") ? answer.json() : answer.text();
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body = {}, options = {}) => call("POST", path, { ...options, body });

/** A path with a query; parameters that are empty are left out, those that are lists repeated. */
export function withQuery(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one || one === 0) query.append(name, one);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export async function problemOf(answer) {
  try {
    return new Problem(answer.status, await answer.json());
  } catch {
    return new Problem(answer.status, { detail: `The server answered ${answer.status} ${answer.statusText}.` });
  }
}
