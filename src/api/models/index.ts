export { ModelCard, ModelList } from './dto/model-list.js';
export { ModelGraphController } from './graphs.controller.js';
export { ModelsController } from './models.controller.js';
