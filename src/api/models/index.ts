export { GraphsController } from './graphs.controller.js';
export { ModelsController } from './models.controller.js';
export { ModelCard, ModelList } from './dto/model-list.js';
export { ModelsModule } from './models.module.js';
