import { IsIn, IsOptional, ValidateBy } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { isJsonObject } from '../../../kernel/index.js';
import { Always, Nested } from '../../../schema/index.js';
import {
  FileData,
  FileId,
  FileName,
  ImageAddress,
  PartText,
  RefusalWords,
  SoundData,
  SoundFormat,
} from '../shared-parts.js';

@JSONSchema({ description: 'A piece of text.', example: { type: 'text', text: 'What is in this picture?' } })
export class TextPart {
  @Always('text')
  readonly type: 'text';

  @PartText()
  readonly text: string;
}

@JSONSchema({ description: 'Where an image is and how closely to look at it.' })
class ImageUrl {
  @ImageAddress()
  readonly url: string;

  @IsOptional()
  @IsIn(['auto', 'low', 'high'])
  @JSONSchema({ description: 'How closely the model looks: `high` costs more tokens.', default: 'auto' })
  readonly detail?: 'auto' | 'low' | 'high' | null;
}

@JSONSchema({
  description: 'An image.',
  example: { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
})
class ImagePart {
  @Always('image_url')
  readonly type: 'image_url';

  @Nested(() => ImageUrl)
  @JSONSchema({ description: 'The image.' })
  readonly image_url: ImageUrl;
}

@JSONSchema({ description: 'Recorded sound.' })
class InputAudio {
  @SoundData()
  readonly data: string;

  @SoundFormat()
  readonly format: 'wav' | 'mp3';
}

@JSONSchema({
  description: 'A piece of sound for the model to hear.',
  example: { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
})
class AudioPart {
  @Always('input_audio')
  readonly type: 'input_audio';

  @Nested(() => InputAudio)
  @JSONSchema({ description: 'The sound.' })
  readonly input_audio: InputAudio;
}

@JSONSchema({ description: 'A file: its content, or the id of one uploaded to the model provider.' })
class InputFile {
  @FileName()
  readonly filename?: string | null;

  @IsOptional()
  @FileData()
  readonly file_data?: string | null;

  @FileId()
  readonly file_id?: string | null;
}

@JSONSchema({
  description: 'A file for the model to read.',
  example: { type: 'file', file: { filename: 'report.pdf', file_data: 'data:application/pdf;base64,JVBERg==' } },
})
class FilePart {
  @Always('file')
  readonly type: 'file';

  @Nested(() => InputFile)
  @JSONSchema({ description: 'The file.' })
  readonly file: InputFile;
}

@JSONSchema({ description: 'A refusal of the model.' })
class RefusalPart {
  @Always('refusal')
  readonly type: 'refusal';

  @RefusalWords()
  readonly refusal: string;
}

/** The parts of user messages. */
export type UserContentPart = TextPart | ImagePart | AudioPart | FilePart;

/** The parts of assistant messages. */
export type AssistantContentPart = TextPart | RefusalPart;

/** Classes of parts by their `type`, for each kind of message. */
export const TEXT_PARTS = { text: TextPart };
export const USER_PARTS = { text: TextPart, image_url: ImagePart, input_audio: AudioPart, file: FilePart };
export const ASSISTANT_PARTS = { text: TextPart, refusal: RefusalPart };

/** Checks that a list of parts is text, or one refusal: OpenAI's specification allows neither a mixture nor two refusals. */
export function RefusalStandsAlone(): PropertyDecorator {
  return ValidateBy(
    {
      name: 'refusalStandsAlone',
      validator: {
        validate: (parts: unknown) =>
          !Array.isArray(parts) ||
          parts.length === 1 ||
          !parts.some((part) => isJsonObject(part) && part['type'] === 'refusal'),
      },
    },
    { message: 'a part of type "refusal" must be the only part.' },
  );
}
