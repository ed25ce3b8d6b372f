// Lists that are read again while they are seen.

const EVERY = 4000;

/** Call `read` now and again, not while the page is hidden; returns what ends it. */
export function refreshing(read) {
  let timer = 0;
  let closed = false;
  const again = async () => {
    clearTimeout(timer);
    if (closed) return;
    if (!document.hidden) await read();
    timer = setTimeout(again, EVERY);
  };
  document.addEventListener("visibilitychange", again);
  timer = setTimeout(again, EVERY);
  return () => {
    closed = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", again);
  };
}
