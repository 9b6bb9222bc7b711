import { describe, expect, it } from '@jest/globals';
import {
  CodeNode,
  type Compiled,
  compileTestWorkflow,
  SilentNode,
  SpeakingNode,
} from '../../../test/support/compiled-workflow.js';
import type { ChatRefs, Flow, Ref } from '../../workflow/index.js';
import { findPhases } from './find-phases.js';

function listPhases(define: (flow: Flow, request: ChatRefs) => Ref<unknown>, nested: readonly Compiled[] = []): object {
  return Object.fromEntries(findPhases(compileTestWorkflow({ define }, nested).workflow));
}

const speak = (flow: Flow, key: string, after: readonly Ref<unknown>[] = []): Ref<unknown> =>
  flow.node(SpeakingNode, undefined, { key, after, effect: true });
const silence = (flow: Flow, key: string): Ref<unknown> => flow.node(SilentNode, undefined, { key, effect: true });
const choose = (flow: Flow): Ref<'a' | 'b'> =>
  flow.node(CodeNode, undefined, { key: 'choose' }).map(() => 'a' as const);

describe('findPhases', () => {
  it('calls the last visible step the final answer, and the ones before it commentary', () => {
    const define = (flow: Flow): Ref<unknown> => {
      const first = speak(flow, 'first');
      const silent = silence(flow, 'silent');
      return speak(flow, 'last', [first, silent]);
    };
    expect(listPhases(define)).toEqual({ first: 'commentary', last: 'final_answer' });
  });

  it('gives no phases for a workflow with one visible step, or none', () => {
    expect(listPhases((flow) => speak(flow, 'only'))).toEqual({});
    expect(listPhases((flow) => silence(flow, 'only'))).toEqual({});
  });

  it('knows the steps of branches, if one of them always is the last visible one', () => {
    const define = (flow: Flow): Ref<unknown> => {
      speak(flow, 'first');
      return flow.route(choose(flow), {
        a: (branch) => speak(branch, 'x', [speak(branch, 'before')]),
        b: (branch) => speak(branch, 'y'),
      });
    };
    expect(listPhases(define)).toEqual({
      first: 'commentary',
      'route.a.before': 'commentary',
      'route.a.x': 'final_answer',
      'route.b.y': 'final_answer',
    });
  });

  it('gives no phases if the last visible step depends on the run', () => {
    const define = (flow: Flow): Ref<unknown> => {
      const first = speak(flow, 'first');
      return flow.route(choose(flow), { a: (branch) => speak(branch, 'x'), b: () => first });
    };
    expect(listPhases(define)).toEqual({});
  });

  it('reads nested workflows as steps of their own', () => {
    const inner = compileTestWorkflow({ id: 'inner', define: (flow) => speak(flow, 'say', [speak(flow, 'begin')]) });
    const define = (flow: Flow, request: ChatRefs): Ref<unknown> => {
      const nested = flow.workflow(inner.type, request, { key: 'nested' });
      return speak(flow, 'last', [nested]);
    };
    expect(listPhases(define, [inner])).toEqual({
      'nested/begin': 'commentary',
      'nested/say': 'commentary',
      last: 'final_answer',
    });
  });
});
