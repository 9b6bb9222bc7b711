import { Module } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { Clock } from '../kernel/index.js';
import { configureModelProviders, ModelProviders } from '../models/index.js';

/** What the base classes of nodes need: the model providers. Import it into the module that provides your nodes. */
@Module({
  providers: [{ provide: ModelProviders, useFactory: configureModelProviders, inject: [AppConfig, Clock] }],
  exports: [ModelProviders],
})
export class NodesModule {}
