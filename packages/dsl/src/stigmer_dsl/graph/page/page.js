"use strict";
(() => {
  const stage = document.getElementById("stage");
  const svg = stage.querySelector("svg");
  const whole = svg.viewBox.baseVal;
  const size = { width: whole.width, height: whole.height };
  let view;

  const show = () => svg.setAttribute("viewBox", [view.x, view.y, view.width, view.height].join(" "));

  const fit = () => {
    // The whole width, from the top: a long flow is read downwards, and would be unreadable as a whole.
    const box = stage.getBoundingClientRect();
    const scale = Math.min(1.25, box.width / size.width);
    const width = box.width / scale;
    const height = box.height / scale;
    view = { x: (size.width - width) / 2, y: Math.min(0, (size.height - height) / 2), width, height };
    show();
  };

  const zoom = (factor, clientX, clientY) => {
    const box = stage.getBoundingClientRect();
    const atX = clientX === undefined ? 0.5 : (clientX - box.left) / box.width;
    const atY = clientY === undefined ? 0.5 : (clientY - box.top) / box.height;
    const width = Math.min(Math.max(view.width * factor, 100), 20 * Math.max(size.width, size.height));
    const height = width * box.height / box.width;
    view = { x: view.x + (view.width - width) * atX, y: view.y + (view.height - height) * atY, width, height };
    show();
  };

  const pan = (x, y) => {
    const scale = view.width / stage.getBoundingClientRect().width;
    view.x -= x * scale;
    view.y -= y * scale;
    show();
  };

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(event.deltaY * 0.005), event.clientX, event.clientY);
    else pan(-event.deltaX, -event.deltaY);
  }, { passive: false });

  const fingers = new Map();
  stage.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("dragging");
  });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    if (fingers.size === 1) pan(event.clientX - before.clientX, event.clientY - before.clientY);
    else {
      const other = [...fingers.entries()].find(([id]) => id !== event.pointerId)[1];
      const gap = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      zoom(gap(before) / gap(event), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    }
    fingers.set(event.pointerId, event);
  });
  const lift = (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) stage.classList.remove("dragging");
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);

  document.getElementById("in").addEventListener("click", () => zoom(0.8));
  document.getElementById("out").addEventListener("click", () => zoom(1.25));
  document.getElementById("fit").addEventListener("click", fit);
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.key === "+" || event.key === "=") zoom(0.8);
    else if (event.key === "-") zoom(1.25);
    else if (event.key === "0") fit();
    else if (steps[event.key]) pan(...steps[event.key]);
  });
  addEventListener("resize", fit);
  fit();
})();
