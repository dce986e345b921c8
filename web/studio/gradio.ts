/** What the page's components use of Gradio (`stylize/studio/static/gradio.js`), without it. */
Studio.gradio = {
  root: () => ".",
  fileMark: {},
  queue: () => {},
  firstTab: (id: string) => {
    document.querySelector<HTMLElement>(`#${id} [role=tab]`)?.click();
  },
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = (): void => {
  document.documentElement.classList.toggle("dark", dark.matches);
};
dark.addEventListener("change", follow);
follow();
