/** Members of test clusters by short names: 1, 2, 3. */
import { type MemberId, memberId } from '../../src/core/numbers.ts';

export const idOf = (name: number | string): MemberId => memberId(String(name).padStart(16, '0'));
export const nameOf = (id: MemberId): string => id.replace(/^0+/, '');
