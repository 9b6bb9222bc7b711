import { Module } from '@nestjs/common';
import { MillraceModule } from 'millrace';
import { WorkflowsModule } from './workflows/workflows.module.js';

@Module({
  imports: [MillraceModule.forRoot({ watch: true, http: { playground: true, docs: true } }), WorkflowsModule],
})
export class AppModule {}
