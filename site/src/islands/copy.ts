/** A command with a button that copies it, and says so. */
export function addCopyButton(host: HTMLElement): void {
  const code = host.querySelector('code');
  if (code === null || host.querySelector('button') !== null) return;
  const text = code.textContent ?? '';
  const button = document.createElement('button');
  const said = document.createElement('span');
  button.type = 'button';
  button.className = 'quiet';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy ${text}`);
  said.className = 'copied';
  said.setAttribute('role', 'status');
  button.addEventListener('click', () => {
    void copy(text, code).then((words) => (said.textContent = words));
  });
  code.after(button, said);
}

/** Where the clipboard is refused, the text is selected, so that a key copies it. */
async function copy(text: string, code: Element): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return 'copied';
  } catch {
    getSelection()?.selectAllChildren(code);
    return 'selected: copy it with the keyboard';
  }
}
