import htm from 'htm';
import { h } from 'preact';

export * from 'preact';
export * from 'preact/hooks';

/** Writes elements as tagged templates. */
export const html = htm.bind(h);
