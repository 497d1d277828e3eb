/**
 * Becomes the program that it is given, with the arguments behind it, by execveat(2) on a descriptor: a program in a memfd,
 * which has no path, is started so.
 */
import { execveat } from './file-routes.ts';

const [program = '', ...more] = process.argv.slice(2);
execveat(program, [program, ...more]);
