export { TokenVerifier } from './token-verifier.js';
