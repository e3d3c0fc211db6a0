// Every page uses these functions to build its elements. A value in a template
// becomes text or a property, never markup.
import { h, render } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export { render };
export { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback } from "./vendor/hooks.js";
export const html = htm.bind(h);
