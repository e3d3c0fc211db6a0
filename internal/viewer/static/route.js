// In the address of a page, the part after the # contains everything that is needed
// to show the page again.
import { useEffect, useState } from "./dom.js";

function parse() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, id] = path.split("/");
  return { page: page || "traces", id: id || "", params: new URLSearchParams(query) };
}

export function useRoute() {
  const [route, setRoute] = useState(parse);
  useEffect(() => {
    const follow = () => setRoute(parse());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

// link returns the address of a page. It leaves out empty parameters.
export function link(page, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, v]) => v)).toString();
  return `#/${page}${query ? `?${query}` : ""}`;
}

export function go(page, params) {
  location.hash = link(page, params);
}

// replace changes the address. It adds no entry to the history.
export function replace(page, params) {
  history.replaceState(null, "", link(page, params));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
