export { OtlpExporter, type OtlpExporterOptions } from './otlp-exporter.js';
