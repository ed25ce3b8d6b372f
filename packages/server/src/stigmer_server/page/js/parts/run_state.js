// A run as its events tell it: a pure fold, the same that the server does, with every attempt kept for the timeline.

const WORKFLOW_STATUS = {
  workflow_started: "running", workflow_resumed: "running", workflow_paused: "paused",
  workflow_completed: "completed", workflow_failed: "failed", workflow_cancelled: "cancelled",
};
const TASK_STATUS = { task_completed: "completed", task_failed: "failed", task_skipped: "skipped", task_retry: "retrying" };
const MOST_ATTEMPTS = 500;

export function newRun() {
  return {
    status: "pending", startedAt: null, endedAt: null, message: "", output: null, error: null, last: 0, failedAt: "",
    tasks: new Map(),
  };
}

/** Change `run` by an event. Events come in order; one that was seen before changes nothing. */
export function apply(run, event) {
  if (event.sequence_number <= run.last) return;
  run.last = event.sequence_number;
  run.startedAt ??= event.timestamp_ms;
  if (event.message) run.message = event.message;
  if (event.task_reference) applyToTask(run, event);
  else applyToRun(run, event);
}

function applyToRun(run, event) {
  run.status = WORKFLOW_STATUS[event.event_type] ?? run.status;
  if (event.event_type === "workflow_completed") run.output = unwrap(event.payload?.output);
  if (event.event_type === "workflow_failed") {
    run.error = event.error ?? { message: event.message, type: "", status: 0, instance: "" };
    run.failedAt = taskOf(run, run.error.instance) || run.failedAt;
  }
  if (["completed", "failed", "cancelled"].includes(run.status)) {
    run.endedAt = event.timestamp_ms;
    for (const task of run.tasks.values()) close(task, event.timestamp_ms, run.status);
  }
}

function applyToTask(run, event) {
  if (run.status === "pending") run.status = "running";
  const task = run.tasks.get(event.task_reference) ?? newTask(event);
  run.tasks.set(event.task_reference, task);
  const payload = event.payload ?? {};
  if (event.event_type === "task_started") return begin(task, event, payload);
  const status = event.status === "cancelled" ? "cancelled" : TASK_STATUS[event.event_type];
  if (!status) return;
  if (!task.attempts.length) begin(task, event, payload);
  task.status = status;
  const attempt = task.attempts.at(-1);
  attempt.status = status === "retrying" ? "failed" : status;
  attempt.endedAt = event.timestamp_ms;
  attempt.error = event.error;
  task.error = event.error;
  if ("output" in payload) task.output = unwrap(payload.output);
  if (status === "failed") run.failedAt = event.task_reference;
}

function begin(task, event, payload) {
  const again = task.status === "retrying";
  task.status = "running";
  if (!again) {
    task.runs += 1;
    task.output = null;
  }
  task.error = null;
  if ("input" in payload) task.input = unwrap(payload.input);
  task.attempts.push({ number: event.attempt || 1, status: "running", startedAt: event.timestamp_ms, endedAt: null, error: null });
  if (task.attempts.length > MOST_ATTEMPTS) task.attempts.shift();
}

function close(task, at, status) {
  if (!["running", "retrying", "pending"].includes(task.status)) return;
  task.status = status === "completed" ? "completed" : "cancelled";
  const attempt = task.attempts.at(-1);
  if (attempt && attempt.endedAt === null) {
    attempt.endedAt = at;
    attempt.status = task.status;
  }
}

function newTask(event) {
  return {
    reference: event.task_reference, name: event.task_name || event.task_reference, status: "pending", runs: 0,
    attempts: [], input: null, output: null, error: null,
  };
}

/** The task that a pointer leads to or into. */
function taskOf(run, pointer) {
  for (let where = pointer ?? ""; where; where = where.slice(0, where.lastIndexOf("/"))) if (run.tasks.has(where)) return where;
  return "";
}

/** A value that was not told is null. */
function unwrap(value) {
  return value ?? null;
}

/** 0 to 100: the share of the first-level tasks that have ended. */
export function progressOf(run, total) {
  if (run.status === "completed") return 100;
  const ended = [...run.tasks.values()].filter(
    (task) => task.reference.split("/").length === 4 && ["completed", "failed", "skipped"].includes(task.status));
  return Math.min(99, Math.floor((100 * ended.length) / Math.max(total, 1)));
}
