// What is asked of the service. Addresses are relative: a proxy may put any path before them.

import { remember, remembered } from "./storage.js";

const PATIENCE = 60_000;

// An answer that is no success; `status` 0 means that none came.
export class Problem extends Error {
  constructor(status, told = {}, seconds = 1) {
    super(told.detail ?? "");
    this.status = status;
    this.detail = told.detail ?? "";
    this.errors = told.errors ?? [];
    this.seconds = seconds;
  }
}

export function key() {
  return document.getElementById("key").value.trim();
}

async function ask(address, options, signal) {
  const headers = { Accept: "application/json", ...options.headers };
  if (key()) headers.Authorization = `Bearer ${key()}`;
  const ends = AbortSignal.timeout(PATIENCE);
  let answer;
  let told;
  try {
    answer = await fetch(address, {
      ...options,
      headers,
      signal: signal && AbortSignal.any ? AbortSignal.any([signal, ends]) : (signal ?? ends),
      credentials: "same-origin",
      redirect: "error",
    });
    told = await answer.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0);
  }
  let body = {};
  try {
    body = JSON.parse(told);
  } catch {
    // A proxy may answer in its own words.
  }
  if (!answer.ok) throw new Problem(answer.status, body, Number(answer.headers.get("Retry-After")) || 1);
  return { body, status: answer.status, again: answer.headers.has("Idempotent-Replayed") };
}

export function post(address, body, { headers = {}, signal } = {}) {
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  return ask(
    address,
    { method: "POST", body: sent, headers: { "Content-Type": "application/json", ...headers } },
    signal,
  );
}

export function get(address, signal) {
  return ask(address, { method: "GET" }, signal);
}

// The key under which this content is sent, whether at the first click or the tenth: it is recorded
// once. It outlives a reload, since that may be how one tries again.
export function attempt(content) {
  const before = remembered("attempt");
  if (before?.content === content) return before.key;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  remember("attempt", { content, key });
  return key;
}
