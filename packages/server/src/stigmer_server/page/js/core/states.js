// The states of runs and tasks: a sign and a name beside each colour, because not everybody sees colours.

export const STATES = {
  pending: { sign: "○", name: "pending", colour: "#5b6b7b", path: "M16 9v7l5 3" },
  running: { sign: "▶", name: "running", colour: "#1d5fc4", path: "M12 9l10 7-10 7z" },
  completed: { sign: "✓", name: "completed", colour: "#1a7a3c", path: "M9 17l5 5 9-11" },
  failed: { sign: "✕", name: "failed", colour: "#b3261e", path: "M10 10l12 12M22 10L10 22" },
  cancelled: { sign: "⊘", name: "cancelled", colour: "#6b5a00", path: "M9 16h14" },
  paused: { sign: "‖", name: "paused", colour: "#7a3fb0", path: "M12 9v14M20 9v14" },
  skipped: { sign: "↷", name: "skipped", colour: "#5b6b7b", path: "M9 16h14" },
  retrying: { sign: "↻", name: "waiting to retry", colour: "#9a5b00", path: "M22 12a7 7 0 1 0 1 6" },
};

export const ENDED = new Set(["completed", "failed", "cancelled"]);
