export {
  type AnswerCall,
  type FakeAnswer,
  type FakeCall,
  FakeModel,
  fakeModel,
  fakeModelBySteps,
  FakePart,
  reasoning,
  toolCall,
} from './fake-model.js';
export {
  type RanStep,
  runWorkflow,
  type RunWorkflowOptions,
  type WorkflowInput,
  type WorkflowRun,
} from './run-workflow.js';
