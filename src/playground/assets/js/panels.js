import { findById } from './dom.js';

/** On narrow screens the panels at the sides are sheets over the conversation, each with a button that opens it. */
export class Panels {
  #panels = ['settings', 'graph'].map((id) => ({
    panel: findById(id, HTMLElement),
    opener: findById(`open-${id}`, HTMLButtonElement),
  }));

  constructor() {
    for (const { panel, opener } of this.#panels) {
      panel.tabIndex = -1;
      opener.addEventListener('click', () => {
        const isOpen = panel.classList.contains('open');
        this.close();
        if (isOpen) return;
        panel.classList.add('open');
        opener.setAttribute('aria-expanded', 'true');
        panel.focus();
      });
    }
  }

  /** Opens a panel if it is a sheet here. @param {'settings' | 'graph'} id */
  show(id) {
    const found = this.#panels.find(({ panel }) => panel.id === id);
    if (
      found !== undefined &&
      getComputedStyle(found.opener).display !== 'none' &&
      !found.panel.classList.contains('open')
    ) {
      found.opener.click();
    }
  }

  /** @returns {boolean} true if one was open */
  close() {
    const open = this.#panels.filter(({ panel }) => panel.classList.contains('open'));
    for (const { panel, opener } of open) {
      const hadFocus = panel.contains(document.activeElement);
      panel.classList.remove('open');
      opener.setAttribute('aria-expanded', 'false');
      if (hadFocus) opener.focus();
    }
    return open.length > 0;
  }
}
