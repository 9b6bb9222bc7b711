/**
 * The door for tests of workflows: `import { fakeModel, runWorkflow } from 'millrace/testing'`. Works with any test runner.
 * @packageDocumentation
 */
export {
  type AnswerCall,
  type FakeAnswer,
  type FakeCall,
  FakeModel,
  fakeModel,
  fakeModelBySteps,
  FakePart,
  type RanStep,
  reasoning,
  runWorkflow,
  type RunWorkflowOptions,
  toolCall,
  type WorkflowInput,
  type WorkflowRun,
} from './testing/index.js';
