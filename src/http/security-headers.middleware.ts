import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Headers of every response, for browsers: they must not guess its type, run or load anything from it, show it in a frame, or let a
 * page of another origin embed it (CORS, if configured, still lets pages read it). Routes that send a page set their own policy. Strict-Transport-Security is left to the gateway that ends
 * TLS: only it knows whether all of its names are ready for it.
 * @see https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
export const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
];

/** Sets {@link SECURITY_HEADERS}. Helmet would do the same at five times the cost for each request. */
export function addSecurityHeaders(): RequestHandler {
  return (_request, response, next) => {
    for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
    next();
  };
}

/** The headers of Swagger UI: it runs its own scripts, has styles inside, and calls the server that it comes from. */
export function addDocsHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        // Swagger UI loads its arrows from data: addresses, and shows images in responses from blob: addresses.
        imgSrc: ["'self'", 'data:', 'blob:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    strictTransportSecurity: false,
  });
}
