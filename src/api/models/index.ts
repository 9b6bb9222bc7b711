export { ModelCard, ModelList } from './dto/model-list.js';
export { ModelsModule } from './models.module.js';
