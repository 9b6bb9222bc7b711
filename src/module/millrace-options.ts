import type { ModuleMetadata } from '@nestjs/common';
import type { RequestHandler } from 'express';
import type { CommonOptions } from '../config/index.js';
import type { ChatModel, ModelProvider, ProviderOptions } from '../models/index.js';

/**
 * The options of Millrace in an application. A setting that is left out is read from its environment variable
 * (`.env.example` lists them all), and has the default of that variable.
 */
export interface MillraceOptions extends CommonOptions {
  /** The providers of models, by name: `{ openai: { key: '…' } }`. */
  readonly providers?: ProviderOptions;
  /**
   * The application's own models, by the name of the provider that each replaces: a model in this process, another
   * vendor's SDK, or the fake of a test.
   */
  readonly models?: Readonly<Partial<Record<ModelProvider, ChatModel>>>;
  /**
   * The path below which the routes of Millrace are, without patterns: with `/ai`, clients use `https://…/ai/v1`. A
   * global prefix of the application does not apply to it. Default: `/`. Below any other path, Millrace answers unknown
   * routes with a 404.
   */
  readonly path?: string;
  /** True: `/health/live`, `/health/ready` and `/metrics` are served below the path. Default: false. */
  readonly watch?: boolean;
  /**
   * Handlers in front of all routes of Millrace, such as authentication: middleware and guards of the application do
   * not reach these routes. They refuse a request with one of Nest's exceptions, such as `UnauthorizedException`.
   */
  readonly middleware?: readonly RequestHandler[];
  /**
   * The variables from which settings that are not given as options are read. Default: `process.env`. With `{}`, only
   * `NODE_ENV` of the process is read, which keeps the demo off in production.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The options of Millrace, from a factory of the application. */
export interface MillraceAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Injection tokens of the factory's arguments. */
  readonly inject?: readonly unknown[];
  readonly useFactory: (...injected: never[]) => MillraceOptions | Promise<MillraceOptions>;
}
