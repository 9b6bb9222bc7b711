/** Why a text is not a value of a setting. */
export class InvalidValue {
  /** @param must what the value must be; stands after the word "must", and never quotes the value, since some are secrets */
  constructor(readonly must: string) {}
}

/** Reads the text of a variable, which is not empty and has no space around it. */
export type ValueKind<T> = (text: string) => T | InvalidValue;

/** Variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The environment that settings are read from, and what is found wrong with it. */
export class Source {
  readonly #variables: Variables;
  readonly #describe: (name: string) => string;
  /** True if Millrace is a module of an application that has a server of its own. */
  readonly isModule: boolean;
  /** One line for each value that is wrong. */
  readonly faults: string[] = [];

  /** @param describe names a variable in a fault, by where its value was given */
  constructor(variables: Variables, describe: (name: string) => string, isModule: boolean) {
    this.#variables = variables;
    this.#describe = describe;
    this.isModule = isModule;
  }

  /** The value of a variable, without the space around it; empty: the variable is not set. */
  readText(name: string): string {
    return this.#variables[name]?.trim() ?? '';
  }

  isSet(name: string): boolean {
    return this.readText(name) !== '';
  }

  /** Says where a value was given: in the variable, its file, or an option of the program. */
  describePlace(name: string): string {
    return this.#describe(name);
  }

  report(name: string, must: string): void {
    this.faults.push(`${this.#describe(name)} must ${must}`);
  }
}

/** Whether a value is secret. A secret may stand in a file that `<name>_FILE` names, even in one that is written later. */
type Secrecy = 'open' | 'secret' | 'secret, may be written later';

/** One variable of the environment. Nothing else says its name, its kind or its default. */
export class Setting<T> {
  /** @param usual the value where the variable is not set */
  constructor(
    readonly name: string,
    protected readonly kind: ValueKind<T>,
    protected readonly usual: T,
    readonly secrecy: Secrecy = 'open',
  ) {}

  /** Reads the value. One that is wrong is reported, and the default is returned. */
  read(source: Source): T {
    const text = source.readText(this.name);
    if (text === '') return this.usual;
    const value = this.kind(text);
    if (!(value instanceof InvalidValue)) return value;
    source.report(this.name, value.must);
    return this.usual;
  }
}

/**
 * A setting that has no option beside its variable: another name of a setting, or one that all programs on a machine
 * share.
 */
export class EnvironmentSetting<T> extends Setting<T> {
  readonly isOption = false;
}

/**
 * A setting that only the owner of a server may decide. Where Millrace is a module, its variable is not read, because
 * the application may use the same name for its own.
 */
export class ServerSetting<T> extends EnvironmentSetting<T> {
  override read(source: Source): T {
    return source.isModule ? this.usual : super.read(source);
  }
}

/** A setting whose variable holds JSON. As an option it is the value itself. */
export class JsonSetting<T> extends Setting<T | undefined> {
  readonly isJson = true;
}

/** Settings in groups, by their names in the program. */
export type Settings = { readonly [key: string]: Setting<unknown> | Settings };

/** The values of settings. */
export type SettingValues<S> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : SettingValues<S[K]>;
};

export function setting<T>(name: string, kind: ValueKind<T>, usual: NoInfer<T>): Setting<T> {
  return new Setting(name, kind, usual);
}

/** See {@link ServerSetting}. */
export function serverSetting<T>(name: string, kind: ValueKind<T>, usual: NoInfer<T>): ServerSetting<T> {
  return new ServerSetting(name, kind, usual);
}

/** See {@link EnvironmentSetting}; without a default. */
export function environmentSetting<T>(name: string, kind: ValueKind<T>): EnvironmentSetting<T | undefined> {
  return new EnvironmentSetting<T | undefined>(name, kind, undefined);
}

/** A setting without a default. */
export function optional<T>(name: string, kind: ValueKind<T>): Setting<T | undefined> {
  return new Setting<T | undefined>(name, kind, undefined);
}

/** A setting without a default, whose value may stand in a file. */
export function secret<T>(name: string, kind: ValueKind<T>): Setting<T | undefined> {
  return new Setting<T | undefined>(name, kind, undefined, 'secret');
}

/** See {@link JsonSetting}; without a default. Its value may stand in a file. */
export function jsonSecret<T>(name: string, kind: ValueKind<T>): JsonSetting<T> {
  return new JsonSetting<T>(name, kind, undefined, 'secret');
}

/** Lists all settings of these groups. */
export function listSettings(settings: Settings): readonly Setting<unknown>[] {
  return Object.values(settings).flatMap((each) => (each instanceof Setting ? [each] : listSettings(each)));
}

/** Reads all settings of these groups. What is wrong is reported to the source. */
export function readSettings<S extends Settings>(settings: S, source: Source): SettingValues<S> {
  const values = Object.entries(settings).map(([key, each]) => [
    key,
    each instanceof Setting ? each.read(source) : readSettings(each, source),
  ]);
  return Object.fromEntries(values) as SettingValues<S>;
}
