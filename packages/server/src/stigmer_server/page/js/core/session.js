// The API key of this tab. It is kept until the tab is closed, and sent as a header only.

const NAME = "stigmer-key";

export const session = {
  role: "",
  name: "",
  get key() { return sessionStorage.getItem(NAME) ?? ""; },
  keep(key) { sessionStorage.setItem(NAME, key); },
  forget() { sessionStorage.removeItem(NAME); this.role = ""; this.name = ""; },
  /** Whether this key may register, start and control workflows. */
  get writes() { return this.role === "client" || this.role === "admin"; },
  headers() { return { authorization: `Bearer ${this.key}` }; },
};
