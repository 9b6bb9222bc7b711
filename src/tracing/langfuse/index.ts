export { LegacyLangfuseExporter } from './legacy-langfuse-exporter.js';
