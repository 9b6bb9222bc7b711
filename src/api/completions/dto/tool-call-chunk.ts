import { IsIn, IsInt, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Nested, OrAbsent } from '../../../schema/index.js';

@JSONSchema({ description: 'A piece of a call of a function.' })
class CalledFunctionChunk {
  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'Name of the function; in the first piece only.' })
  readonly name?: string;

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The next characters of the arguments.' })
  readonly arguments?: string;
}

@JSONSchema({ description: 'A piece of a call of a custom tool.' })
class CalledCustomToolChunk {
  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'Name of the tool; in the first piece only.' })
  readonly name?: string;

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The next characters of the input.' })
  readonly input?: string;
}

@JSONSchema({ description: "A piece of a call of one of the client's tools." })
export class ToolCallChunk {
  @IsInt()
  @JSONSchema({ description: 'Which of the calls this belongs to, counted from 0.' })
  readonly index: number;

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'Id of the call; in the first piece only.' })
  readonly id?: string;

  @OrAbsent()
  @IsIn(['function', 'custom'])
  @JSONSchema({ description: 'Kind of the tool; in the first piece only.' })
  readonly type?: 'function' | 'custom';

  @OrAbsent()
  @Nested(() => CalledFunctionChunk)
  @JSONSchema({ description: 'The piece, if a function is called.' })
  readonly function?: CalledFunctionChunk;

  @OrAbsent()
  @Nested(() => CalledCustomToolChunk)
  @JSONSchema({ description: 'The piece, if a custom tool is called.' })
  readonly custom?: CalledCustomToolChunk;
}
