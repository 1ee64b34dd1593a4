/* The way between screens: by name, and back by the browser's own button. What a screen is about stays in memory. */
const screens = {};
let stack = [];

export const register = (named) => Object.assign(screens, named);
export const here = () => stack.at(-1)?.name;

function show() {
  const { name, about } = stack.at(-1);
  dispatchEvent(new CustomEvent("screen", { detail: name }));
  return screens[name](about);
}

/* Go on to a screen. */
export function go(name, about) {
  stack.push({ name, about });
  history.pushState({ depth: stack.length }, "");
  return show();
}

/* Begin anew with a screen: nothing lies behind it. */
export function start(name, about) {
  stack = [{ name, about }];
  history.replaceState({ depth: 1 }, "");
  return show();
}

export const again = () => show();

/* Only back to what lies behind in the stack: a skip link moves within the screen. */
addEventListener("popstate", ({ state }) => {
  if (!state || state.depth >= stack.length) return;
  stack = stack.slice(0, state.depth);
  show();
});
