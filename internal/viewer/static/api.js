// The pages use these functions to fetch data from the server. All addresses are
// relative to the address of the page, because the address of the page contains the
// key.
import { useEffect, useRef, useState } from "./dom.js";

// get fetches JSON. It returns null if the data has not changed.
export async function get(path, signal) {
  const answer = await fetch(`api/${path}`, { signal });
  if (answer.status === 204) return null;
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

// open sends a recording to the server, and the server shows the recording. If spor
// has ended, open does not send the file, because another program may now listen at
// the address.
export async function open(file, server) {
  if (!server.connected) throw new Error("spor has ended");
  const answer = await fetch("api/open", { method: "POST", body: file });
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

// useData fetches the data at path. Each time that revision changes, it fetches the
// data again. Until the new data has arrived, it returns the old data.
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

// useSlow returns a copy of value. After a change, the copy does not change again for
// at least pause, in ms.
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

// useFresh returns a value that changes with revision. While a time range moves, the
// value also changes every five seconds.
export function useFresh(revision, moves) {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (!moves) return undefined;
    const timer = setInterval(() => setTick((n) => n + 1), 5000);
    return () => clearInterval(timer);
  }, [moves]);
  return `${revision} ${tick}`;
}

// useServer returns the state of the server. connected is false while the server
// does not respond. connected is also false if another server responds at the same
// address.
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
