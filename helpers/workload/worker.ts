/** A soak worker that opens its target, or lets an ordinary program do so. */
import { attemptsOf } from './attempts.ts';
import { order, record, work } from './worker-life.ts';

work(attemptsOf(order.attempt ?? 'open', order.target, record));
