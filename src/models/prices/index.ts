export { addCosts, type Cost, ModelPrices } from './model-prices.js';
