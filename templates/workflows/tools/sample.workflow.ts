import { IsIn } from 'class-validator';
import { agent, AgentTool, type ChatRefs, Describe, type Flow, Workflow } from 'millrace';

const CITIES = { Berlin: 'Europe/Berlin', Tokyo: 'Asia/Tokyo' };

class TimeArgs {
  @IsIn(Object.keys(CITIES))
  @Describe('The city')
  readonly city!: keyof typeof CITIES;
}

/** A tool that the model may call while it answers. Its constructor may ask for services of your application. */
class TimeTool extends AgentTool<TimeArgs, string> {
  readonly name = 'local_time';
  readonly description = 'Tells what time it is in a city';
  readonly argsType = TimeArgs;

  execute({ city }: TimeArgs): string {
    return `${city}: ${new Date().toLocaleTimeString('en-GB', { timeZone: CITIES[city] })}`;
  }
}

/** One agent that can call a tool. */
@Workflow({ id: 'sample', description: 'Sample' })
export class SampleWorkflow {
  readonly answer = agent({
    instructions: 'Answer the user. Use your tools for what you cannot know.',
    tools: [TimeTool],
  });

  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}
