/** `synod alarm list|disarm`. */
import { ALARM_DEACTIVATE, ALARM_GET, type AlarmMember } from '../../../client/messages/maintenance.ts';
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments } from '../command-failure.ts';
import { EXIT_DONE } from '../exit-codes.ts';

export const alarmList = clientCommand({
  usage: '',
  description: '',
  flags: {},
  examples: ['synod alarm list'],
  async run({ words, client, print }) {
    if (words.length > 0) throw badArguments('alarm list command accepts no arguments');
    await print('alarm', await client.call(RPC.alarm, { action: ALARM_GET }));
    return EXIT_DONE;
  },
});

export const alarmDisarm = clientCommand({
  usage: '',
  description: 'Every alarm there is. One whose cause is still there comes again.',
  flags: {},
  examples: ['synod alarm disarm'],
  async run({ words, client, print }) {
    if (words.length > 0) throw badArguments('alarm disarm command accepts no arguments');
    const raised = await client.call(RPC.alarm, { action: ALARM_GET });
    const disarmed: AlarmMember[] = [];
    for (const { memberID, alarm } of raised.alarms) {
      const { alarms } = await client.call(RPC.alarm, { action: ALARM_DEACTIVATE, memberID, alarm });
      disarmed.push(...alarms);
    }
    await print('alarm', { header: raised.header, alarms: disarmed });
    return EXIT_DONE;
  },
});
