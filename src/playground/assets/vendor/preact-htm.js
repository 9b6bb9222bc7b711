import htm from 'htm';
import { h } from 'preact';

export * from 'preact';
export * from 'preact/hooks';

/**
 * Writes elements as tagged templates. Its own types do not fit how it is imported.
 * @type {(strings: TemplateStringsArray, ...values: any[]) => any}
 */
export const html = /** @type {any} */ (htm).bind(h);
