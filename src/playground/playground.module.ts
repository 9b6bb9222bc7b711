import { Module } from '@nestjs/common';
import { PlaygroundAssets } from './playground-assets.js';
import { PlaygroundController } from './playground.controller.js';

/** A page to try the workflows with. Left out of the application when `PLAYGROUND=off`. */
@Module({ controllers: [PlaygroundController], providers: [PlaygroundAssets] })
export class PlaygroundModule {}
