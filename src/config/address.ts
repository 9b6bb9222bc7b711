import { IsOptional, IsUrl } from 'class-validator';

/** Names of containers have underscores. */
const ADDRESS = { require_tld: false, allow_underscores: true, protocols: ['http', 'https'], require_protocol: true };

/** An address, which may be absent. No message shows a value: addresses, too, can hold credentials. */
export function Address(): PropertyDecorator {
  const message = '$property must be an http or https address, such as http://localhost:3000';
  return (target, property) => {
    for (const decorate of [IsOptional(), IsUrl(ADDRESS, { message })]) decorate(target, property);
  };
}
