/** class-transformer exports no way to read what `@Type` recorded; this is the module that holds it. */
declare module 'class-transformer/cjs/storage.js' {
  export { defaultMetadataStorage } from 'class-transformer/types/storage.js';
}
