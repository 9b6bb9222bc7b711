/**
 * A button that opens a list of buttons below it. Escape and leaving close it; the arrows go through it.
 * @param {HTMLButtonElement} opener
 * @param {HTMLElement} list
 * @param {(item: HTMLButtonElement) => void} onChoose
 */
export function setUpMenu(opener, list, onChoose) {
  const items = [...list.querySelectorAll('button')];
  /** @param {boolean} isOpen */
  const open = (isOpen) => {
    list.hidden = !isOpen;
    opener.setAttribute('aria-expanded', String(isOpen));
  };
  opener.addEventListener('click', () => {
    open(list.hidden === true);
    if (!list.hidden) items[0]?.focus();
  });
  list.addEventListener('click', ({ target }) => {
    if (!(target instanceof HTMLButtonElement)) return;
    open(false);
    opener.focus();
    onChoose(target);
  });
  list.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : undefined;
    if (event.key === 'Escape') {
      event.stopPropagation();
      open(false);
      opener.focus();
    } else if (step !== undefined) {
      event.preventDefault();
      const at = items.findIndex((item) => item === document.activeElement);
      items[(at + step + items.length) % items.length]?.focus();
    }
  });
  list.parentElement?.addEventListener('focusout', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && list.parentElement?.contains(relatedTarget))) open(false);
  });
}
