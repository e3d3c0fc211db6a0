// How the pages get at what the server knows. All addresses are relative to the
// page's own, which holds the key.
import { useEffect, useRef, useState } from "./dom.js";

// get fetches JSON. It gives null for what has not changed.
export async function get(path, signal) {
  const answer = await fetch(`api/${path}`, { signal });
  if (answer.status === 204) return null;
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

// open sends a recording to be shown. Where spor has ended, another program may
// listen at its address.
export async function open(file, server) {
  if (!server.connected) throw new Error("spor has ended");
  const answer = await fetch("api/open", { method: "POST", body: file });
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

// useData fetches path, and again when revision changes. What was there before
// stays until the answer is in.
export function useData(path, revision) {
  const [state, setState] = useState({});
  useEffect(() => {
    if (!path) return undefined;
    const abort = new AbortController();
    get(path, abort.signal).then(
      (data) => data && setState({ path, data }),
      (error) => !abort.signal.aborted && setState({ path, error: error.message }),
    );
    return () => abort.abort();
  }, [path, revision]);
  return state;
}

// useSlow follows a value at most every so many ms.
export function useSlow(value, pause) {
  const [slow, setSlow] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + pause - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setSlow(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value]);
  return slow;
}

// useServer follows the state of the server. Connected is false while there is
// none, and for good once another one answers at its address.
export function useServer() {
  const [server, setServer] = useState({ connected: false });
  useEffect(() => {
    const events = new EventSource("api/events");
    let store = "";
    events.onmessage = (event) => {
      const state = JSON.parse(event.data);
      store ||= state.store;
      if (state.store === store) setServer({ connected: true, ...state });
      else events.close();
    };
    events.onerror = () => setServer((before) => ({ ...before, connected: false }));
    return () => events.close();
  }, []);
  return server;
}
