// The start of the page: who is there, and which view is shown.

import { get } from "./core/api.js";
import { say } from "./core/announce.js";
import { el, fill } from "./core/dom.js";
import { find, go, route } from "./core/router.js";
import { session } from "./core/session.js";
import { register, registerHere, showHelp, startShortcuts } from "./core/shortcuts.js";
import { showInTab } from "./core/tab.js";
import { startTheme } from "./core/theme.js";
import { editorView } from "./views/editor_view.js";
import { executionsView } from "./views/executions_view.js";
import { loginView } from "./views/login_view.js";
import { runView } from "./views/run_view.js";
import { startView } from "./views/start_view.js";
import { workflowView } from "./views/workflow_view.js";
import { workflowsView } from "./views/workflows_view.js";
import { problemNote } from "./parts/note.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const signOut = document.getElementById("sign-out");
let leave = null;
let turn = 0;
/** Milliseconds after which a view that is not there yet is told to be on its way. */
const SLOW = 300;

route("/executions", executionsView);
route("/executions/:id", runView);
route("/workflows", workflowsView);
route("/workflows/new", editorView);
route("/workflows/:id", workflowView);
route("/workflows/:id/edit", editorView);
route("/workflows/:id/start", startView);

register({
  "g e": ["Go to the runs", () => go("/executions")],
  "g w": ["Go to the workflows", () => go("/workflows")],
  n: ["Register a workflow", () => { if (session.writes) go("/workflows/new"); }],
  "/": ["Go to the search", () => document.querySelector("input[type=search]")?.focus()],
  t: ["Light, dark, or like the system", () => document.getElementById("theme").click()],
  "?": ["This help", showHelp],
});

/** Show the view of the address. A view is a function that fills `page` and may return what ends it. */
async function show({ focus = true } = {}) {
  const mine = ++turn;
  leave?.();
  leave = null;
  registerHere({});
  nav.hidden = signOut.hidden = !session.role;
  if (!session.role) return loginView(main, signIn);
  const found = find();
  if (!found) return go("/executions");
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.part === found.part) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const page = el("div");
  const current = () => mine === turn;
  const slow = setTimeout(() => { if (current()) fill(main, el("p", { class: "loading", role: "status" }, "Loading …")); }, SLOW);
  try {
    const ending = await found.view(page, { ...found, current });
    if (!current()) return ending?.();
    leave = ending ?? null;
  } catch (problem) {
    if (!current()) return;
    showInTab("Not there");
    fill(page, el("div", { class: "head" }, el("h1", {}, problem.status === 404 ? "Not there" : "This did not work")), problemNote(problem),
      el("div", { class: "actions" },
        el("a", { class: "button", href: `#/${found.part}` }, found.part === "workflows" ? "All workflows" : "All runs"),
        problem.status === 404 ? null : el("button", { type: "button", on: { click: () => show() } }, "Try again")));
  } finally {
    clearTimeout(slow);
  }
  fill(main, page);
  const heading = page.querySelector("h1");
  if (heading && focus) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    say(heading.textContent);
  }
}

async function signIn(key) {
  const caller = await get("/api/v1/me", { key });
  session.keep(key);
  Object.assign(session, caller);
  await show();
}

function forget() {
  session.forget();
  show();
}

async function start() {
  startTheme(document.getElementById("theme"));
  startShortcuts();
  document.getElementById("help").addEventListener("click", showHelp);
  signOut.addEventListener("click", forget);
  window.addEventListener("signed-out", () => { if (session.role) forget(); });
  window.addEventListener("hashchange", () => show());
  if (session.key) {
    try {
      Object.assign(session, await get("/api/v1/me", { key: session.key }));
    } catch (problem) {
      if (problem.status === 401) session.forget();
      else {
        fill(main, problemNote(problem), el("button", { type: "button", on: { click: () => location.reload() } }, "Try again"));
        return;
      }
    }
  }
  await show({ focus: false });
}

start();
