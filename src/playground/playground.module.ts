import { Module } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { Doors, HttpModule } from '../http/index.js';
import { PlaygroundAssets } from './playground-assets.service.js';
import { PlaygroundController } from './playground.controller.js';

/** A page to try the workflows with, unless `PLAYGROUND=off`. */
@Module({ imports: [HttpModule], providers: [PlaygroundAssets, PlaygroundController] })
export class PlaygroundModule {
  constructor({ http }: AppConfig, doors: Doors, controller: PlaygroundController) {
    if (http.playground) doors.open(controller, { isPublic: true });
  }
}
