// Times and durations as people read them.

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });
const AGES = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

export function moment(time) {
  return time ? MOMENT.format(new Date(time)) : "–";
}

export function ago(time) {
  if (!time) return "–";
  const seconds = (new Date(time) - Date.now()) / 1000;
  for (const [length, unit] of AGES) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.round(seconds / length), unit);
  }
  return "now";
}

/** Milliseconds as `< 1 ms`, `1.2 s`, `3 min 4 s`, `2 h 5 min`. */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined || Number.isNaN(milliseconds)) return "–";
  if (milliseconds < 1) return "< 1 ms";
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
