/** class-transformer publishes no public way to read `@Type`; this file is the one its README and Nest itself use. */
declare module 'class-transformer/cjs/storage.js' {
  export { defaultMetadataStorage } from 'class-transformer/types/storage.js';
}
