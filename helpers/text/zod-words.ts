import type { z } from 'zod';

/** What zod itself says where a schema has no words of its own. */
const ZODS_OWN = /^(?:Invalid|Too |Unrecognized)/;
const FORMATS: Readonly<Record<string, string>> = {
  date: 'a day, YYYY-MM-DD',
  datetime: 'a time, YYYY-MM-DDTHH:MM:SSZ',
};

/** What an issue's place must hold, in words. */
export function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_format':
      return FORMATS[issue.format] === undefined
        ? issue.message
        : `expected ${FORMATS[issue.format]}`;
    default:
      return issue.message;
  }
}

/**
 * What is wrong with one place of a file that a person wrote: `0.reason is missing`.
 * @param place in words.
 */
export function issueText(issue: z.core.$ZodIssue, place = issue.path.join('.')): string {
  const at = place || 'the file';
  const { message } = issue;
  if (issue.code === 'invalid_type' && message.endsWith('received undefined'))
    return `${at} is missing`;
  return `${at}: ${ZODS_OWN.test(message) ? expectation(issue) : message}`;
}

/** The same of all that is wrong. */
export const issuesText = ({ issues }: z.ZodError): string =>
  issues.map((issue) => issueText(issue)).join('; ');
