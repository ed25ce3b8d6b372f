// Which view belongs to the part of the address behind `#`.

const routes = [];

/** A view for a pattern such as `/executions/:id`; it gets the parameters, and the query as URLSearchParams. */
export function route(pattern, view) {
  routes.push({ parts: pattern.split("/").slice(1), view });
}

/** The view of the present address and what it gets, or null. */
export function find() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  const parts = path.split("/").slice(1).map(decode);
  for (const { parts: wanted, view } of routes) {
    if (wanted.length !== parts.length) continue;
    const found = {};
    const fits = wanted.every((one, index) => {
      if (!one.startsWith(":")) return one === parts[index];
      found[one.slice(1)] = parts[index];
      return parts[index] !== "";
    });
    if (fits) return { view, parameters: found, query: new URLSearchParams(query), part: parts[0] };
  }
  return null;
}

export function go(path) {
  location.hash = `#${path}`;
}

/** Change the query of the address without another entry in the history. */
export function setQuery(parameters) {
  const path = location.hash.split("?")[0];
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  const text = query.toString();
  history.replaceState(null, "", text ? `${path}?${text}` : path);
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
