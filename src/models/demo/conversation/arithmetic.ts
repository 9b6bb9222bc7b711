const TOKEN = /\s*(\d+(?:\.\d+)?|\.\d+|\*\*|[-+*/%^()])/y;
/** Deeper nesting than this would only serve to exhaust the stack. */
const LONGEST_EXPRESSION = 200;

const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 4 };
const SIGN_PRECEDENCE = 3;

/**
 * The value of an arithmetic expression with + - * / % ^ (or **) and parentheses, or undefined if the text is none.
 * Division by zero gives an infinity or NaN, as in JavaScript.
 */
export function evaluate(expression: string): number | undefined {
  if (expression.length > LONGEST_EXPRESSION) return undefined;
  const tokens = tokenise(expression);
  if (tokens === undefined) return undefined;
  let next = 0;

  function operand(): number | undefined {
    const token = tokens?.[next++];
    if (token === '-' || token === '+') {
      const value = binary(SIGN_PRECEDENCE);
      return value === undefined ? undefined : token === '-' ? -value : value;
    }
    if (token === '(') {
      const value = binary(0);
      return tokens?.[next++] === ')' ? value : undefined;
    }
    return token === undefined || token in PRECEDENCE || token === ')' ? undefined : Number(token);
  }

  function binary(precedence: number): number | undefined {
    let left = operand();
    for (;;) {
      const operator = tokens?.[next] ?? '';
      const own = PRECEDENCE[operator];
      if (left === undefined || own === undefined || own <= precedence) return left;
      next++;
      // Powers group from the right: 2^3^2 is 2^9.
      const right = binary(operator === '^' ? own - 1 : own);
      left = right === undefined ? undefined : apply(operator, left, right);
    }
  }

  const value = binary(0);
  return next === tokens.length ? value : undefined;
}

function tokenise(expression: string): string[] | undefined {
  const tokens: string[] = [];
  const text = expression.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) return undefined;
    tokens.push(token === '**' ? '^' : token);
  }
  return tokens;
}

function apply(operator: string, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    default:
      return left ** right;
  }
}
