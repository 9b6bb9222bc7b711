import { Module } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { Doors, HttpModule } from '../http/index.js';
import { DocsController } from './docs.controller.js';

/** The description of the API, and a page to read it, unless `DOCS=off`. */
@Module({ imports: [HttpModule], providers: [DocsController] })
export class DocsModule {
  constructor({ http }: AppConfig, doors: Doors, controller: DocsController) {
    if (http.docs) doors.open(controller, { isPublic: true });
  }
}
