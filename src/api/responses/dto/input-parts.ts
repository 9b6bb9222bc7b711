import { IsIn, IsOptional, IsString, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Always, Nested, OptionalBeside } from '../../../schema/index.js';
import {
  FileData,
  FileId,
  FileName,
  ImageAddress,
  PartText,
  RefusalWords,
  SoundData,
  SoundFormat,
} from '../../wire/index.js';

@JSONSchema({ description: 'A piece of text.', example: { type: 'input_text', text: 'What is in this picture?' } })
class InputTextPart {
  @Always('input_text')
  readonly type: 'input_text';

  @PartText()
  readonly text: string;
}

@JSONSchema({
  description: 'An image: its address, or the id of one uploaded to the model provider.',
  example: { type: 'input_image', image_url: 'https://example.com/cat.png', detail: 'auto' },
})
class InputImagePart {
  @Always('input_image')
  readonly type: 'input_image';

  @OptionalBeside('file_id')
  @ImageAddress()
  readonly image_url?: string | null;

  @IsOptional()
  @IsString()
  @MinLength(1)
  @JSONSchema({ description: 'Id of an uploaded image.' })
  readonly file_id?: string | null;

  @IsOptional()
  @IsIn(['auto', 'low', 'high', 'original'])
  @JSONSchema({
    description: 'How closely the model looks: `high` costs more tokens, and is also what `original` means here.',
    default: 'auto',
  })
  readonly detail?: 'auto' | 'low' | 'high' | 'original' | null;
}

@JSONSchema({
  description: 'A file: its content, its web address, or the id of one uploaded to the model provider.',
  example: { type: 'input_file', filename: 'report.pdf', file_data: 'data:application/pdf;base64,JVBERg==' },
})
class InputFilePart {
  @Always('input_file')
  readonly type: 'input_file';

  @FileName()
  readonly filename?: string | null;

  @OptionalBeside('file_url', 'file_id')
  @FileData()
  readonly file_data?: string | null;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'Web address of the file, for models that fetch files themselves.' })
  readonly file_url?: string | null;

  @FileId()
  readonly file_id?: string | null;
}

@JSONSchema({ description: 'Recorded sound.' })
class InputSound {
  @SoundData()
  readonly data: string;

  @SoundFormat()
  readonly format: 'wav' | 'mp3';
}

@JSONSchema({
  description: 'A piece of sound for the model to hear.',
  example: { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
})
class InputAudioPart {
  @Always('input_audio')
  readonly type: 'input_audio';

  @Nested(() => InputSound)
  @JSONSchema({ description: 'The sound.' })
  readonly input_audio: InputSound;
}

@JSONSchema({ description: 'A piece of text that the model wrote.' })
class SaidTextPart {
  @Always('output_text')
  readonly type: 'output_text';

  @IsString()
  @JSONSchema({ description: 'The text.' })
  readonly text: string;
}

@JSONSchema({ description: 'A refusal of the model.' })
class SaidRefusalPart {
  @Always('refusal')
  readonly type: 'refusal';

  @RefusalWords()
  readonly refusal: string;
}

/** The parts of instructions. */
export type SystemPart = InputTextPart;

/** The parts of user messages and of tool outputs. */
export type UserPart = InputTextPart | InputImagePart | InputFilePart | InputAudioPart;

/** The parts of model output. */
export type AssistantPart = SaidTextPart | SaidRefusalPart | InputTextPart;

/** Classes of parts by their `type`, for each kind of item. */
export const SYSTEM_PARTS = { input_text: InputTextPart };
export const USER_PARTS = {
  input_text: InputTextPart,
  input_image: InputImagePart,
  input_file: InputFilePart,
  input_audio: InputAudioPart,
};
export const ASSISTANT_PARTS = { output_text: SaidTextPart, refusal: SaidRefusalPart, input_text: InputTextPart };
