/** Why a text is no value of a setting. */
export class Refusal {
  /** @param must what the value must be, to stand behind "must"; never the value, since some are secrets */
  constructor(readonly must: string) {}
}

/** Reads what a variable is set to, which is not empty and has no space around it. */
export type Kind<T> = (text: string) => T | Refusal;

/** Variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The environment that settings are read from, and what is found wrong with it. */
export class Source {
  readonly #variables: Variables;
  readonly #describe: (name: string) => string;
  /** True if Millrace is a module of an application that has a server of its own. */
  readonly isModule: boolean;
  /** One line for each value that is none. */
  readonly faults: string[] = [];

  /** @param describe what a fault calls a variable, by where its value was given */
  constructor(variables: Variables, describe: (name: string) => string, isModule: boolean) {
    this.#variables = variables;
    this.#describe = describe;
    this.isModule = isModule;
  }

  /** Without the space around it; empty: the variable is not set. */
  text(name: string): string {
    return this.#variables[name]?.trim() ?? '';
  }

  isSet(name: string): boolean {
    return this.text(name) !== '';
  }

  /** By where its value was given: the variable, its file, or an option of the program. */
  place(name: string): string {
    return this.#describe(name);
  }

  report(name: string, must: string): void {
    this.faults.push(`${this.#describe(name)} must ${must}`);
  }
}

/** Whether a value is secret. A secret may stand in a file that `<name>_FILE` names, even in one that is written later. */
export type Secrecy = 'open' | 'secret' | 'secret, may be written later';

/** One variable of the environment. Nothing else says its name, its kind or its default. */
export class Setting<T> {
  /** @param usual the value where the variable is not set */
  constructor(
    readonly name: string,
    protected readonly kind: Kind<T>,
    protected readonly usual: T,
    readonly secrecy: Secrecy = 'open',
  ) {}

  /** The default for a value that is none, which is reported. */
  read(source: Source): T {
    const text = source.text(this.name);
    if (text === '') return this.usual;
    const value = this.kind(text);
    if (!(value instanceof Refusal)) return value;
    source.report(this.name, value.must);
    return this.usual;
  }
}

/** One that has no option beside its variable: another name of a setting, or what all programs on a machine share. */
export class EnvironmentSetting<T> extends Setting<T> {
  readonly isOption = false;
}

/**
 * One that only the owner of the server can have. An application that Millrace is a module of has its own, and may well call
 * it the same.
 */
export class ServerSetting<T> extends EnvironmentSetting<T> {
  override read(source: Source): T {
    return source.isModule ? this.usual : super.read(source);
  }
}

/** Settings by what the program calls them, in groups. */
export type Settings = { readonly [key: string]: Setting<unknown> | Settings };

/** What settings come to. */
export type Values<S> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : Values<S[K]>;
};

export function setting<T>(name: string, kind: Kind<T>, usual: NoInfer<T>): Setting<T> {
  return new Setting(name, kind, usual);
}

/** See {@link ServerSetting}. */
export function serverSetting<T>(name: string, kind: Kind<T>, usual: NoInfer<T>): ServerSetting<T> {
  return new ServerSetting(name, kind, usual);
}

/** See {@link EnvironmentSetting}; without a default. */
export function environmentSetting<T>(name: string, kind: Kind<T>): EnvironmentSetting<T | undefined> {
  return new EnvironmentSetting<T | undefined>(name, kind, undefined);
}

/** One without a default. */
export function optional<T>(name: string, kind: Kind<T>): Setting<T | undefined> {
  return new Setting<T | undefined>(name, kind, undefined);
}

/** One without a default whose value may stand in a file. */
export function secret<T>(name: string, kind: Kind<T>): Setting<T | undefined> {
  return new Setting<T | undefined>(name, kind, undefined, 'secret');
}

/** All settings of these groups. */
export function listSettings(settings: Settings): readonly Setting<unknown>[] {
  return Object.values(settings).flatMap((each) => (each instanceof Setting ? [each] : listSettings(each)));
}

/** Reads all settings of these groups. What is wrong is reported to the source. */
export function readSettings<S extends Settings>(settings: S, source: Source): Values<S> {
  const values = Object.entries(settings).map(([key, each]) => [
    key,
    each instanceof Setting ? each.read(source) : readSettings(each, source),
  ]);
  return Object.fromEntries(values) as Values<S>;
}
