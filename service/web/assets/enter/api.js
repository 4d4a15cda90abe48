// Requests to the API. Addresses are relative, so that they are valid below any path of a proxy.

import { loadItem, saveItem } from "./storage.js";

const TIMEOUT_MILLISECONDS = 60_000;

// What leads from the page to the index, which the addresses are relative to.
const root = document.querySelector("main").dataset.root ?? "";

// An error response; `status` 0 means that there was no response.
export class ProblemError extends Error {
  constructor(status, problem = {}, seconds = 1) {
    super(problem.detail ?? "");
    this.status = status;
    this.detail = problem.detail ?? "";
    this.errors = problem.errors ?? [];
    this.seconds = seconds;
  }
}

export function readKey() {
  return document.getElementById("key").value.trim();
}

async function sendRequest(address, options, signal) {
  const headers = { Accept: "application/json", ...options.headers };
  if (readKey()) headers.Authorization = `Bearer ${readKey()}`;
  const timeout = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  let answer;
  let text;
  try {
    answer = await fetch(root + address, {
      ...options,
      headers,
      signal: signal && AbortSignal.any ? AbortSignal.any([signal, timeout]) : (signal ?? timeout),
      credentials: "same-origin",
      redirect: "error",
    });
    text = await answer.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ProblemError(0);
  }
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // An error page of a proxy is not JSON.
  }
  if (!answer.ok) throw new ProblemError(answer.status, body, Number(answer.headers.get("Retry-After")) || 1);
  return { body, status: answer.status, isReplay: answer.headers.has("Idempotent-Replayed") };
}

export function post(address, body, { headers = {}, signal } = {}) {
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  return sendRequest(
    address,
    { method: "POST", body: sent, headers: { "Content-Type": "application/json", ...headers } },
    signal,
  );
}

export function get(address, signal) {
  return sendRequest(address, { method: "GET" }, signal);
}

// Returns the idempotency key for this content. It is the same for every attempt, also after a
// reload, so that the report is recorded once. `attempt` is the name under which it is stored.
export function idempotencyKeyFor(content, attempt = "attempt") {
  const previous = loadItem(attempt);
  if (previous?.content === content) return previous.key;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  saveItem(attempt, { content, key });
  return key;
}
